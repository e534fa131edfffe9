"""Orders, their lines and exceptions as flat tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.tables import Cell, Table, columns
from hub.domain.effects import ExceptionRaised
from hub.domain.headline import headline, waits_for
from hub.domain.ledger import billed
from hub.domain.model import Address
from hub.domain.order import ZERO, LineState, OrderState, Terms

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

Row = tuple[Table, Sequence[Cell]]


def order_rows(state: OrderState) -> Iterator[Row]:
    """An order's row, and those of its lines."""
    terms = state.terms or _NOT_PLACED
    yield (
        ORDERS,
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
        yield LINES, _line(state.order_id, line)


def _line(order_id: str, state: LineState) -> Sequence[Cell]:
    line = state.line
    suppliers = dict.fromkeys(each.supplier for each in state.allocations)
    allocated = sum((each.quantity for each in state.allocations), ZERO)
    return (
        order_id, line.line_id, line.item_id, line.description, line.unit, line.quantity, line.price,
        line.base_quantity, line.discount_percent, line.vat_category, line.vat_rate, line.requested_delivery,
        " ".join(suppliers), state.unallocated, allocated, state.cancelled, state.short, state.shipped,
        state.delivered, state.returned, state.missing, billed(state),
    )  # fmt: skip


def exception_row(raised: ExceptionRaised) -> Row:
    """An exception as it stands after this."""
    closed_at = raised.occurred_at if raised.action == "closed" else None
    return (
        EXCEPTIONS,
        (
            raised.exception_id, raised.order_id, raised.kind, raised.action, raised.severity, raised.priority,
            raised.owner, raised.detail, raised.root, raised.case_id, raised.opened_at, raised.occurred_at, closed_at,
        ),
    )  # fmt: skip
