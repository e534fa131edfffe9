"""What a record says, as rows of tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from connectors import settlement_tables
from connectors.outbound import decoded
from connectors.tables import Cell, Table, columns
from hub.codec import Codec
from hub.domain.effects import ExceptionRaised, SettlementPosted, SettlementRecorded
from hub.domain.headline import headline, waits_for
from hub.domain.ledger import billed
from hub.domain.model import Address
from hub.domain.order import ZERO, LineState, OrderState, Terms
from hub.runtime.spec import Record
from hub.topics import ORDERS_EXCEPTIONS, ORDERS_STATE, SETTLEMENTS, SETTLEMENTS_JOURNAL

TOPICS = (ORDERS_STATE, ORDERS_EXCEPTIONS, SETTLEMENTS, SETTLEMENTS_JOURNAL)

ORDERS = Table(
    "orders",
    columns(
        "order_id status waits_for customer_id purchase_order currency placed_at@ moved_at@ revision+ order_class "
        "priority region requested_delivery/ promised/ delivered_on/ deliver_to_name deliver_to_city "
        "deliver_to_country commercial credit billing production procurement logistics reserved# payable# paid# "
        "prepaid# credit_balance#"
    ),
)
LINES = Table(
    "order_lines",
    columns(
        "order_id line_id item_id description unit ordered# price# base_quantity# discount_percent# vat_category "
        "vat_rate# requested_delivery/ suppliers unallocated# allocated# cancelled# short# shipped# delivered# "
        "returned# missing# billed#"
    ),
)
EXCEPTIONS = Table(
    "exceptions",
    columns(
        "exception_id order_id kind action severity priority+ owner detail root case_id opened_at@ changed_at@ "
        "closed_at@"
    ),
)
_NOT_PLACED = Terms("", "", "", Address("", "", "", "", ""), ZERO, None, "", "normal", "", "")
"""Of an order that only reports have named so far."""


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
    Kept(ORDERS, "order_id", ("order_id",)),
    Kept(LINES, "order_id", ("order_id", "line_id")),
    Kept(EXCEPTIONS, "exception_id", ("exception_id",)),
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
            return Said(state.order_id, tuple(_order(state)))
        case "orders.exceptions":
            raised = decoded(codec, ExceptionRaised, record)
            return Said(raised.exception_id, (_exception(raised),))
        case "settlements":
            settled = decoded(codec, SettlementRecorded, record)
            return Said(settled.settlement_id, tuple(_counted(settlement_tables.settlement_rows(settled))))
        case "settlements.journal":
            posted = decoded(codec, SettlementPosted, record)
            return Said(posted.event_id, tuple(_counted(settlement_tables.journal_rows(posted))))
    raise ValueError(record.topic)


def _order(state: OrderState) -> Iterator[Row]:
    terms = state.terms or _NOT_PLACED
    yield (
        "orders",
        (
            state.order_id, headline(state), "; ".join(waits_for(state)), terms.customer_id, terms.purchase_order,
            terms.currency, state.placed_at, state.moved_at, state.revision, state.order_class, state.priority,
            state.region, terms.requested_delivery, state.promised, state.delivered_on, terms.deliver_to.name,
            terms.deliver_to.city, terms.deliver_to.country, state.commercial, state.credit, state.billing,
            state.production.status, state.procurement.status, state.logistics.status, state.reserved, state.payable,
            state.paid, state.prepaid, state.credit_balance,
        ),
    )  # fmt: skip
    for line in state.lines:
        yield "order_lines", _line(state.order_id, line)


def _line(order_id: str, state: LineState) -> Sequence[Cell]:
    line = state.line
    suppliers = dict.fromkeys(each.supplier for each in state.allocations)
    allocated = sum((each.quantity for each in state.allocations), Decimal(0))
    return (
        order_id, line.line_id, line.item_id, line.description, line.unit, line.quantity, line.price,
        line.base_quantity, line.discount_percent, line.vat_category, line.vat_rate, line.requested_delivery,
        " ".join(suppliers), state.unallocated, allocated, state.cancelled, state.short, state.shipped,
        state.delivered, state.returned, state.missing, billed(state),
    )  # fmt: skip


def _exception(raised: ExceptionRaised) -> Row:
    closed_at = raised.occurred_at if raised.action == "closed" else None
    return (
        "exceptions",
        (
            raised.exception_id, raised.order_id, raised.kind, raised.action, raised.severity, raised.priority,
            raised.owner, raised.detail, raised.root, raised.case_id, raised.opened_at, raised.occurred_at, closed_at,
        ),
    )  # fmt: skip


def _counted(rows: Iterator[settlement_tables.Row]) -> Iterator[Row]:
    counts: dict[str, int] = {}
    for table, cells in rows:
        if table is settlement_tables.SETTLEMENTS:
            yield table.name, cells
            continue
        counts[table.name] = number = counts.get(table.name, 0) + 1
        yield table.name, (*cells, number)
