"""`hub order`: orders as they stand, how one came to that, and what an operator may command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from connectors.reading import Reader
from hub.cli import order_command, order_list
from hub.cli.as_json import Json, print_json
from hub.cli.order_story import Sent, chapters
from hub.cli.order_view import render
from hub.codec import Codec
from hub.config import Settings, load
from hub.domain.effects import CustomerNotified, WorkOrderIssued
from hub.domain.headline import headline
from hub.domain.journal import JournalEntry
from hub.domain.order import OrderState
from hub.errors import HubError
from hub.topics import CUSTOMER_NOTIFICATIONS, ORDERS_JOURNAL, ORDERS_STATE, WORK_TOPIC

_SENT = (*WORK_TOPIC.values(), CUSTOMER_NOTIFICATIONS)

app = typer.Typer(help="Orders: list, watch, look into one, command.", no_args_is_help=True)
app.command("list")(order_list.list_)
app.command("watch")(order_list.watch)
app.command("command")(order_command.command)


@dataclass(frozen=True, slots=True)
class OrderFile:
    """An order's state, the journal it is the fold of, and who was told of it."""

    state: OrderState
    journal: Sequence[JournalEntry]
    sent: Mapping[str, Sent]
    """By event id, the work orders and notifications that the journal's decisions sent."""


@app.command()
def show(
    order_id: Annotated[str, typer.Argument(help="The hub's id of the order.")],
    *,
    as_json: Json = False,
) -> None:
    """Show where an order stands, what it waits for and since when, and its story.

    The story is told by the journal: who did what and when, what was decided by which rule, and who was told.
    """
    settings, codec = load(), Codec.load()
    found = asyncio.run(find(settings, codec, order_id))
    if found is None:
        raise HubError(f"There is no order {order_id} at {settings.kafka_bootstrap}: see `hub tail {ORDERS_STATE}`.")
    if as_json:
        print_json(as_object(found, codec))
    else:
        story = chapters(found.journal, found.sent, codec)
        render(Console(highlight=False), found.state, story, datetime.now(UTC))


async def find(settings: Settings, codec: Codec, order_id: str) -> OrderFile | None:
    """The order from the one partition it lives on; None if the hub has never heard of it."""
    reader = Reader(settings.kafka_client(), settings.partitions)
    await reader.check([ORDERS_STATE, ORDERS_JOURNAL, *_SENT])
    key = order_id.encode()
    partition = reader.partition_of(key)
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
    sent = {each.event_id: each async for each in _sent(reader, codec, key, partition, since_ms)}
    return OrderFile(state, journal, sent)


async def _sent(reader: Reader, codec: Codec, key: bytes, partition: int, since_ms: int) -> AsyncIterator[Sent]:
    """What departments and the customer were told of the order."""
    async for record in reader.held(_SENT, partition=partition, since_ms=since_ms):
        if record.key == key:
            message = codec.decode(record.value)
            if isinstance(message, WorkOrderIssued | CustomerNotified):
                yield message


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
        sent = [msgspec.to_builtins(found.sent[each]) for each in entry.effect_ids if each in found.sent]
        journal.append(fields | {"payload": msgspec.to_builtins(codec.decode(entry.payload)), "sent": sent})
    return {"order_id": found.state.order_id, "headline": headline(found.state), "state": state, "journal": journal}
