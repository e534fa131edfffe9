"""Orders as they stand with their lines and exceptions, read from the topics as rows of tables."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from connectors.order_tables import EXCEPTIONS, LINES, ORDERS, Row, exception_row, order_rows
from connectors.reading import Reader
from connectors.shelf import MAX_BYTES, Held, shelves
from hub.codec import Codec
from hub.domain.effects import ExceptionRaised
from hub.domain.order import OrderState
from hub.domain.reconciliation.dossier import Period
from hub.topics import ORDERS_EXCEPTIONS, ORDERS_STATE

TOPICS = (ORDERS_STATE, ORDERS_EXCEPTIONS)
TABLES = (ORDERS, LINES, EXCEPTIONS)

_OVER = frozenset(("closed", "cancelled"))


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which orders are wanted."""

    period: Period
    """Of the days they were placed on; one that was never placed is of none."""
    only_open: bool = False
    """Not those that are closed or cancelled."""

    def __contains__(self, state: OrderState) -> bool:
        at, days = state.placed_at, self.period
        if self.only_open and state.commercial in _OVER:
            return False
        if at is None:
            return days.since is None and days.until is None
        return not (days.begins_after(at) or days.ended_before(at))


async def rows(
    reader: Reader, codec: Codec, partitions: int, chosen: Chosen, max_bytes: int = MAX_BYTES
) -> AsyncIterator[Row]:
    """The rows of every order that was chosen, in all tables. Raises BrokerError, CodecError."""
    for partition in range(partitions):
        async for shelf in shelves(reader, TOPICS, partition, max_bytes):
            for _, held in shelf:
                for row in _rows(held, codec, chosen):
                    yield row


def _rows(held: Held, codec: Codec, chosen: Chosen) -> Iterator[Row]:
    for raw in held.of(ORDERS_STATE):
        state = codec.decode_as(OrderState, raw)
        if state in chosen:
            yield from order_rows(state)
            latest: dict[str, ExceptionRaised] = {}
            for said in held.of(ORDERS_EXCEPTIONS):
                raised = codec.decode_as(ExceptionRaised, said)
                latest[raised.exception_id] = raised
            yield from map(exception_row, latest.values())
