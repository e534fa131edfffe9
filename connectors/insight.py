"""The figures of one partition's orders, read share by share as by `connectors.reconciling`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from connectors.reading import Reader
from connectors.shelf import MAX_BYTES, Held, shelves
from hub.codec import Codec
from hub.config import load
from hub.domain.insight.departments import EndOf
from hub.domain.insight.figures import Figures
from hub.domain.insight.history import History, Sent, history
from hub.domain.journal import JournalEntry
from hub.domain.order import OrderState
from hub.domain.reconciliation.dossier import Period
from hub.rules.quotes import Quotes
from hub.topics import (
    LOGISTICS_ORDERS,
    ORDERS_EXCEPTIONS,
    ORDERS_JOURNAL,
    ORDERS_STATE,
    PROCUREMENT_ORDERS,
    PRODUCTION_ORDERS,
    SETTLEMENTS,
)

_SENT = (PRODUCTION_ORDERS, PROCUREMENT_ORDERS, LOGISTICS_ORDERS, ORDERS_EXCEPTIONS, SETTLEMENTS)
TOPICS = (ORDERS_JOURNAL, ORDERS_STATE, *_SENT)
"""What the figures are from."""


@dataclass(frozen=True, slots=True)
class Job:
    """One partition to look into."""

    partition: int
    period: Period
    """Of the days orders were placed on."""
    now: datetime
    quotes: Quotes
    end_of: EndOf
    max_bytes: int = MAX_BYTES


def run(job: Job) -> Figures:
    """The figures of one partition, in this process; the settings are those of its environment.

    Raises BrokerError, CodecError.
    """
    settings = load()
    return asyncio.run(figures(job, Reader(settings.kafka_client(), settings.partitions), Codec.load()))


async def figures(job: Job, reader: Reader, codec: Codec) -> Figures:
    """The figures of the partition's orders that were placed in the period. Raises BrokerError, CodecError."""
    found = Figures()
    async for shelf in shelves(reader, TOPICS, job.partition, job.max_bytes):
        for _, held in shelf:
            told = _history(held, codec)
            if told is not None and not _is_outside(told, job.period):
                found.add(told, job.quotes.quoted(told.explanations), job.now, job.end_of)
    return found


def _history(held: Held, codec: Codec) -> History | None:
    state = next((codec.decode_as(OrderState, raw) for raw in held.of(ORDERS_STATE)), None)
    entries = [codec.decode_as(JournalEntry, raw) for raw in held.of(ORDERS_JOURNAL)]
    sent: dict[str, Sent] = {}
    for topic in _SENT:
        for raw in held.of(topic):
            message = codec.decode(raw)
            sent[message.event_id] = message
    return history(state, ((entry, codec.decode(entry.payload)) for entry in entries), sent)


def _is_outside(told: History, period: Period) -> bool:
    return period.ended_before(told.placed_at) or period.begins_after(told.placed_at)
