"""`hub tail`: what a topic holds, decoded, as it was committed."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Any

import msgspec
import orjson
import typer
from rich.console import Console
from rich.text import Text

from connectors.reading import Reader
from hub.cli.as_json import Json, print_json
from hub.codec import Codec
from hub.config import load
from hub.errors import CodecError, TopicError
from hub.runtime.spec import Record
from hub.topics import TOPICS

_ENVELOPE = {"event_id", "source", "occurred_at", "sequence"}
"""What every event has; shown with `--json` only."""
_MAX_BASE64 = 400


def _topics() -> list[str]:
    return list(TOPICS)


def tail(
    topic: Annotated[str, typer.Argument(help="One of `hub topics list`.", autocompletion=_topics)],
    *,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Begin with the oldest record.")] = False,
    follow: Annotated[bool, typer.Option(help="Go on with what comes; else end with what is there now.")] = True,
    key: Annotated[str | None, typer.Option(help="Only records of this key: an order, or a customer.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="End after so many records.")] = None,
    as_json: Json = False,
) -> None:
    """Show what is committed to a topic, decoded; Ctrl-C ends it. `--no-follow` shows what is there and ends."""
    if topic not in TOPICS:
        near = get_close_matches(topic, TOPICS, 1)
        hint = f"did you mean {near[0]}?" if near else "`hub topics list` names them."
        raise TopicError(f"{topic} is no topic of the hub; {hint}")
    show = _Printer(Codec.load(), as_json=as_json)
    asyncio.run(_tail(topic, show, None if key is None else key.encode(), limit, since=from_beginning, follow=follow))


async def _tail(topic: str, show: _Printer, key: bytes | None, limit: int | None, *, since: bool, follow: bool) -> None:
    settings = load()
    reader = Reader(settings.kafka_client(), settings.partitions)
    await reader.check([topic])
    shown = 0
    async for record in _records(reader, topic, since=since, follow=follow):
        if key is None or record.key == key:
            show(record)
            shown += 1
            if shown == limit:
                return


async def _records(reader: Reader, topic: str, *, since: bool, follow: bool) -> AsyncIterator[Record]:
    if not follow:
        async for record in reader.held([topic]):
            yield record
        return
    async for batch in reader.followed([topic], only_new=not since):
        for record in sorted(batch, key=lambda record: record.timestamp):
            yield record


class _Printer:
    """Prints records for a person or a program."""

    def __init__(self, codec: Codec, *, as_json: bool) -> None:
        self._codec = codec
        self._as_json = as_json
        self._console = Console(highlight=False, soft_wrap=True)

    def __call__(self, record: Record) -> None:
        entry = record_as_object(record, self._codec)
        if self._as_json:
            print_json(entry)
            return
        when = datetime.fromtimestamp(record.timestamp / 1000, UTC).replace(tzinfo=None)
        where = f"{when.isoformat(' ', 'milliseconds')}Z {record.topic}-{record.partition}@{record.offset} "
        what = entry["type"] or ("deleted" if record.value is None else "not a message of the hub")
        self._console.print(
            Text.assemble((where, "dim"), (safe(entry["key"] or "(no key)"), "bold"), " ", (what, "green"))
        )
        for name, text in _details(entry).items():
            self._console.print(Text.assemble((f"    {name}: ", "cyan"), safe(text)))


def record_as_object(record: Record, codec: Codec) -> dict[str, Any]:
    """A record for a program: decimals as text, times in ISO 8601, embedded messages decoded, other bytes in base64.

    `type` is None where there is no value, or one that is no message of the hub's: then `value` is its base64, and
    `problem` says what is wrong with it.
    """
    entry: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "key": None if record.key is None else record.key.decode(errors="replace"),
        "headers": {name: value.decode(errors="replace") for name, value in record.headers},
    }
    if record.value is None:
        return entry | {"type": None, "value": None}
    try:
        value = codec.decode(record.value)
    except CodecError as error:
        return entry | {"type": None, "value": b64encode(record.value).decode(), "problem": str(error)}
    return entry | {"type": type(value).__name__, "value": _plain(value, codec)}


def _plain(value: Any, codec: Codec) -> Any:
    match value:
        case msgspec.Struct():
            return {name: _plain(getattr(value, name), codec) for name in value.__struct_fields__}
        case tuple():
            return [_plain(item, codec) for item in value]
        case bytes():
            try:
                inner = codec.decode(value)
            except CodecError:
                return b64encode(value).decode()
            return {"type": type(inner).__name__, **_plain(inner, codec)}
    return msgspec.to_builtins(value)


def _details(entry: dict[str, Any]) -> dict[str, str]:
    """What is worth a line each: headers that say more than the value, and the fields that say something."""
    lines = {name: text for name, text in entry["headers"].items() if not name.startswith("ce_")}
    if "problem" in entry:
        return lines | {"problem": entry["problem"], "base64": entry["value"][:_MAX_BASE64]}
    fields = {name: part for name, part in (entry["value"] or {}).items() if name not in _ENVELOPE}
    return lines | {
        name: part if isinstance(part, str) else orjson.dumps(part).decode()
        for name, part in fields.items()
        if part not in (None, "", [])
    }


def safe(text: str) -> str:
    """The text without what could command a terminal."""
    return text if text.isprintable() else repr(text)[1:-1]
