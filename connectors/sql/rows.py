"""What a record says, as rows of tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from connectors import order_tables, settlement_tables
from connectors.outbound import decoded
from connectors.tables import Cell, Table
from hub.codec import Codec
from hub.domain.effects import ExceptionRaised, SettlementPosted, SettlementRecorded
from hub.domain.order import OrderState
from hub.runtime.spec import Record
from hub.topics import ORDERS_EXCEPTIONS, ORDERS_STATE, SETTLEMENTS, SETTLEMENTS_JOURNAL

TOPICS = (ORDERS_STATE, ORDERS_EXCEPTIONS, SETTLEMENTS, SETTLEMENTS_JOURNAL)


@dataclass(frozen=True, slots=True)
class Kept:
    """A table of the database: whose rows it holds, and how they are told apart."""

    table: Table
    owner: str
    """The column that names what a record is about."""
    key: tuple[str, ...]
    """Names a row."""


NUMBER = "number"
"""Counts the rows that one record has in a table, from 1, where nothing of their own tells them apart."""


def _numbered(table: Table) -> Kept:
    owner, *_ = table.columns
    return Kept(Table(table.name, {**table.columns, NUMBER: "BIGINT"}), owner, (owner, NUMBER))


KEPT = (
    Kept(order_tables.ORDERS, "order_id", ("order_id",)),
    Kept(order_tables.LINES, "order_id", ("order_id", "line_id")),
    Kept(order_tables.EXCEPTIONS, "exception_id", ("exception_id",)),
    Kept(settlement_tables.SETTLEMENTS, "settlement_id", ("settlement_id",)),
    *map(_numbered, settlement_tables.TABLES[1:]),
)
OF_TOPIC = {
    ORDERS_STATE: KEPT[:2],
    ORDERS_EXCEPTIONS: KEPT[2:3],
    SETTLEMENTS: KEPT[3:-1],
    SETTLEMENTS_JOURNAL: KEPT[-1:],
}
"""The tables that the records of a topic come to."""

Row = tuple[str, Sequence[Cell]]
"""A table's name and the cells."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one record says of an order, an exception, a settlement or a posting."""

    owner: str
    """Its id."""
    rows: tuple[Row, ...]
    """Empty: it is not there any more."""


def said(codec: Codec, record: Record) -> Said:
    """The rows of a record. Raises CodecError."""
    if record.value is None:
        return Said((record.key or b"").decode(), ())
    match record.topic:
        case "orders.state":
            state = decoded(codec, OrderState, record)
            return Said(state.order_id, _named(order_tables.order_rows(state)))
        case "orders.exceptions":
            raised = decoded(codec, ExceptionRaised, record)
            return Said(raised.exception_id, _named([order_tables.exception_row(raised)]))
        case "settlements":
            settled = decoded(codec, SettlementRecorded, record)
            return Said(settled.settlement_id, _named(_counted(settlement_tables.settlement_rows(settled))))
        case "settlements.journal":
            posted = decoded(codec, SettlementPosted, record)
            return Said(posted.event_id, _named(_counted(settlement_tables.journal_rows(posted))))
    raise ValueError(record.topic)


def _named(rows: Iterable[tuple[Table, Sequence[Cell]]]) -> tuple[Row, ...]:
    return tuple((table.name, cells) for table, cells in rows)


def _counted(rows: Iterator[settlement_tables.Row]) -> Iterator[settlement_tables.Row]:
    counts: dict[str, int] = {}
    for table, cells in rows:
        if table is settlement_tables.SETTLEMENTS:
            yield table, cells
            continue
        counts[table.name] = number = counts.get(table.name, 0) + 1
        yield table, (*cells, number)
