"""`hub order`: one order as it stands, and how it came to that."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import orjson
import typer
from rich.console import Console

from connectors.reading import Reader
from hub.cli.order_view import render
from hub.codec import Codec
from hub.config import Settings, load
from hub.domain.headline import headline
from hub.domain.journal import JournalEntry
from hub.domain.order import OrderState
from hub.errors import HubError
from hub.runtime.partitioner import partition_of
from hub.topics import ORDERS_JOURNAL, ORDERS_STATE

app = typer.Typer(help="What the hub knows of an order.", no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class OrderFile:
    """An order's state and the journal it is the fold of."""

    state: OrderState
    journal: Sequence[JournalEntry]


@app.callback()
def _orders() -> None:
    """A group of commands, also while it has only one."""


@app.command()
def show(
    order_id: Annotated[str, typer.Argument(help="The hub's id of the order.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """Show where an order stands, line by line, and its story: what happened, who said so, what was decided and why."""
    settings, codec = load(), Codec.load()
    found = asyncio.run(find(settings, codec, order_id))
    if found is None:
        raise HubError(f"There is no order {order_id} at {settings.kafka_bootstrap}: see `hub tail {ORDERS_STATE}`.")
    if as_json:
        typer.echo(orjson.dumps(as_object(found, codec), option=orjson.OPT_INDENT_2))
    else:
        render(Console(highlight=False), found.state, found.journal, codec)


async def find(settings: Settings, codec: Codec, order_id: str) -> OrderFile | None:
    """The order from the one partition it lives on; None if the hub has never heard of it."""
    reader = Reader(settings.kafka_client(), settings.partitions)
    await reader.check([ORDERS_STATE, ORDERS_JOURNAL])
    key = order_id.encode()
    partition = partition_of(key, settings.partitions)
    latest: bytes | None = None
    async for record in reader.held([ORDERS_STATE], partition=partition):
        if record.key == key:
            latest = record.value
    if latest is None:
        return None
    state = codec.decode_as(OrderState, latest)
    # The journal is kept for ever: look first only at what is not older than the order says it is.
    since_ms = int(state.placed_at.timestamp() * 1000) if state.placed_at else 0
    journal = await _journal(reader, codec, state, partition, since_ms)
    if len(journal) < state.entries and since_ms:
        journal = await _journal(reader, codec, state, partition, 0)
    return OrderFile(state, journal)


async def _journal(
    reader: Reader, codec: Codec, state: OrderState, partition: int, since_ms: int
) -> list[JournalEntry]:
    """The order's entries up to the one its state is from."""
    key = state.order_id.encode()
    entries: list[JournalEntry] = []
    async for record in reader.held([ORDERS_JOURNAL], partition=partition, since_ms=since_ms):
        if record.key == key:
            entry = codec.decode_as(JournalEntry, record.value)
            entries.append(entry)
            if entry.entry >= state.entries:
                break
    return entries


def as_object(found: OrderFile, codec: Codec) -> dict[str, Any]:
    """State and journal for a program: decimals as text, times in ISO 8601, events decoded."""
    state = msgspec.to_builtins(found.state)
    for internal in ("seen", "parked"):
        del state[internal]
    journal = []
    for entry in found.journal:
        fields = msgspec.to_builtins(entry)
        journal.append(fields | {"payload": msgspec.to_builtins(codec.decode(entry.payload))})
    return {"order_id": found.state.order_id, "headline": headline(found.state), "state": state, "journal": journal}
