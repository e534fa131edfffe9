"""`hub send`: documents of the world outside in, events on the hub's topics out, each acknowledged by Kafka."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Annotated, Any, cast, get_args

import orjson
import typer
from rich.console import Console
from rich.text import Text

from connectors import detect
from connectors.base import Accepted, Problem, Refusal, key_of
from connectors.publishing import Placed, Publisher, topic_of
from connectors.ubl_line import Vat
from hub.codec import Codec
from hub.config import load
from hub.domain.events import CustomerFact
from hub.domain.model import VatCategory
from hub.errors import CodecError

_WAITING = 1_000
"""Documents read and not yet acknowledged, at most."""


def send(
    files: Annotated[list[str], typer.Argument(help="JSON Lines or UBL order XML, told apart by content; - is stdin.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check and say what would be sent.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="For a program: one object a line for each document.")
    ] = False,
    vat: Annotated[
        str | None, typer.Option(help="How to tax order lines without a VAT category: CATEGORY:PERCENT, e.g. S:20.")
    ] = None,
) -> None:
    """Check orders and other events, send them to their topics and wait until Kafka has them.

    Sending the same again changes nothing: a document's ids follow from its content. Fails if one was refused.
    """
    report = _Report(as_json=as_json)
    asyncio.run(_send(files, None if vat is None else _parse_vat(vat), report, dry_run=dry_run))
    if not as_json:
        typer.echo(f"{report.accepted} {'valid' if dry_run else 'accepted'}, {report.refused} refused.", err=True)
    if report.refused:
        raise typer.Exit(1)


def _parse_vat(text: str) -> Vat:
    category, _, rate = text.partition(":")
    if category not in get_args(VatCategory) or not rate.replace(".", "", 1).isdecimal() or not rate.isascii():
        raise typer.BadParameter(
            f"{text!r} is not CATEGORY:PERCENT with a category of {', '.join(get_args(VatCategory))}, like S:20",
            param_hint="--vat",
        )
    return Vat(cast("VatCategory", category), Decimal(rate))


@dataclass(frozen=True, slots=True)
class _Handed:
    """A document on its way; `answer` is Kafka's, None when it is not sent."""

    document: Accepted | Refusal
    answer: Awaitable[Placed] | None = None


async def _send(files: Sequence[str], vat: Vat | None, report: _Report, *, dry_run: bool) -> None:
    async with AsyncExitStack() as stack:
        codec = Codec.load()
        publisher: Publisher | None = None
        if not dry_run:
            settings = load()
            publisher = await stack.enter_async_context(Publisher(settings.kafka_client(), codec, settings.partitions))
        waiting: asyncio.Queue[_Handed | None] = asyncio.Queue(_WAITING)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_reported(waiting, report))
                async for document in _from_thread(_documents(files, vat)):
                    await waiting.put(await _hand_over(document, publisher, codec))
                await waiting.put(None)
        except ExceptionGroup as group:
            left = [waiting.get_nowait() for _ in range(waiting.qsize())]
            await asyncio.gather(*(each.answer for each in left if each and each.answer), return_exceptions=True)
            raise group.exceptions[0] from None


async def _hand_over(document: Accepted | Refusal, publisher: Publisher | None, codec: Codec) -> _Handed:
    if isinstance(document, Refusal):
        return _Handed(document)
    try:
        if publisher is None:
            codec.encode(document.event)
            return _Handed(document)
        return _Handed(document, await publisher.submit(document.event))
    except CodecError as error:
        return _Handed(Refusal(document.where, (Problem("", str(error)),), b""))


async def _reported(waiting: asyncio.Queue[_Handed | None], report: _Report) -> None:
    """Say what became of every document, in order, as soon as it is known."""
    while handed := await waiting.get():
        report(handed.document, await handed.answer if handed.answer else None)


def _documents(files: Sequence[str], vat: Vat | None) -> Iterator[Accepted | Refusal]:
    for name in files:
        try:
            # Standard input by its number: an interpreter that ends does not wait for a reader of this one.
            with open(0 if name == "-" else name, "rb", closefd=name != "-") as stream:
                yield from detect.read(stream, "stdin" if name == "-" else name, vat)
        except OSError as error:
            yield Refusal(name, (Problem("", f"it cannot be read: {error.strerror}"),), b"")


async def _from_thread(items: Iterator[Accepted | Refusal]) -> AsyncIterator[Accepted | Refusal]:
    """The items, drawn in a thread: a pipe that brings nothing for a while does not hold up what is under way."""
    loop = asyncio.get_running_loop()
    ready: deque[Accepted | Refusal | Exception | None] = deque()
    arrived = asyncio.Event()
    room = threading.Semaphore(_WAITING)

    def hand(item: Accepted | Refusal | Exception | None) -> None:
        room.acquire()
        ready.append(item)
        if len(ready) <= 1:  # else the reader is awake, or was just told
            loop.call_soon_threadsafe(arrived.set)

    def draw() -> None:
        try:
            for item in items:
                hand(item)
            hand(None)
        except Exception as error:  # noqa: BLE001 - raised again where the items are used
            hand(error)

    threading.Thread(target=draw, daemon=True, name="documents").start()
    while True:
        while not ready:  # the event may be left from an item that is taken already
            arrived.clear()
            await arrived.wait()
        item = ready.popleft()
        room.release()
        if item is None:
            return
        if isinstance(item, Exception):
            raise item
        yield item


class _Report:
    """Prints and counts."""

    def __init__(self, *, as_json: bool) -> None:
        self.accepted = 0
        self.refused = 0
        self._as_json = as_json
        self._console = Console(highlight=False, soft_wrap=True)

    def __call__(self, document: Accepted | Refusal, placed: Placed | None) -> None:
        if isinstance(document, Accepted):
            self.accepted += 1
        else:
            self.refused += 1
        if self._as_json:
            typer.echo(orjson.dumps(_as_object(document, placed)))
        elif isinstance(document, Accepted):
            subject = "customer" if isinstance(document.event, CustomerFact) else "order"
            status, place = (
                ("accepted", f"is at {placed}") if placed else ("valid", f"is for {topic_of(document.event)}")
            )
            text = f"{document.where}: {type(document.event).__name__} of {subject} {key_of(document.event)} {place}"
            self._console.print(Text.assemble((f"{status:9}", "green"), text))
            for assumption in document.assumed:
                self._console.print(Text.assemble(("assumed  ", "yellow"), f"{document.where}: {assumption}"))
        else:
            for problem in document.problems:
                self._console.print(Text.assemble(("refused  ", "red"), f"{document.where}: {problem}"))


def _as_object(document: Accepted | Refusal, placed: Placed | None) -> dict[str, Any]:
    if isinstance(document, Refusal):
        problems = [asdict(problem) for problem in document.problems]
        return {"where": document.where, "status": "refused", "problems": problems}
    event = document.event
    return {
        "where": document.where,
        "status": "accepted" if placed else "valid",
        "type": type(event).__name__,
        "event_id": event.event_id,
        "key": key_of(event),
        "topic": topic_of(event),
        "partition": placed.partition if placed else None,
        "offset": placed.offset if placed else None,
        "assumed": list(document.assumed),
    }
