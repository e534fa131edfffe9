"""How far a delivery may miss its quantity: the item's tolerance, else the customer's, else the company's."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from hub.domain.ledger import wanted
from hub.domain.order import ZERO, LineState, OrderState

_HUNDRED = Decimal(100)
_MICRO = Decimal("0.000001")


def over_tolerance(state: OrderState, line: LineState, company: Decimal, quantity: Decimal) -> Decimal:
    """How much more than `quantity` of the line the customer takes and pays; `company`: percent if nobody else says."""
    percent = line.item.over_delivery_percent if line.item is not None else None
    if percent is None:
        percent = state.customer.over_delivery_percent if state.customer is not None else None
    return _share(quantity, company if percent is None else percent)


def under_tolerance(state: OrderState, line: LineState, company: Decimal) -> Decimal:
    """How much less than is wanted of the line counts as all of it; `company`: percent if nobody else says."""
    percent = line.item.under_delivery_percent if line.item is not None else None
    if percent is None:
        percent = state.customer.under_delivery_percent if state.customer is not None else None
    return _share(wanted(line), company if percent is None else percent)


def _share(quantity: Decimal, percent: Decimal) -> Decimal:
    return (quantity * percent / _HUNDRED).quantize(_MICRO, ROUND_DOWN) if percent else ZERO
