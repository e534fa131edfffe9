"""What an order is worth: its lines as an EN 16931 document, in whatever quantities are asked about."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from hub.domain.en16931 import Adjustment, Document, DocumentAdjustment, Line, Vat
from hub.domain.ledger import wanted
from hub.domain.model import OrderLine
from hub.domain.money import exact, round_half_up
from hub.domain.order import ZERO, LineState

_HUNDRED = Decimal(100)
_DISCOUNT = "95"
"""UNCL 5189: discount."""


def document(
    currency: str, discount_percent: Decimal, lines: Iterable[tuple[OrderLine, Decimal]], prepaid: Decimal = ZERO
) -> Document:
    """The lines in the given quantities, the order's discount as one allowance per VAT category and rate (BG-20)."""
    billed = tuple(_line(line, quantity) for line, quantity in lines)
    adjustments: tuple[DocumentAdjustment, ...] = ()
    if discount_percent:
        groups = dict.fromkeys(line.vat for line in billed)
        adjustments = tuple(
            DocumentAdjustment("allowance", percent=discount_percent, reason_code=_DISCOUNT, vat=vat) for vat in groups
        )
    return Document(currency, billed, adjustments, prepaid)


def value(currency: str, discount_percent: Decimal, lines: Iterable[LineState]) -> Decimal:
    """What the wanted quantities come to with VAT: BT-112 of their `document`, without the rest of its totals.

    For lines that passed `hub.domain.checks`: what they come to is defined.
    """
    with exact():
        taxable: dict[tuple[str, Decimal], Decimal] = {}
        for line in lines:
            quantity = wanted(line)
            if quantity > ZERO:
                item = line.line
                group = (item.vat_category, item.vat_rate)
                taxable[group] = taxable.get(group, ZERO) + _net(item, quantity, currency)
        total = ZERO
        for (_, rate), amount in taxable.items():
            if discount_percent:
                amount -= round_half_up(amount * discount_percent / _HUNDRED, currency)  # noqa: PLW2901
            total += amount + round_half_up(amount * rate / _HUNDRED, currency)
        return total


def _net(line: OrderLine, quantity: Decimal, currency: str) -> Decimal:
    base = round_half_up(quantity * line.price / line.base_quantity, currency)
    discount = line.discount_percent
    return base - round_half_up(base * discount / _HUNDRED, currency) if discount else base


def net(line: OrderLine, quantity: Decimal, currency: str) -> Decimal:
    """Net amount (BT-131) of `quantity` of a line."""
    with exact():
        return _net(line, quantity, currency)


def _line(line: OrderLine, quantity: Decimal) -> Line:
    discount = line.discount_percent
    return Line(
        line.line_id,
        quantity,
        line.price,
        Vat(line.vat_category, line.vat_rate),
        line.base_quantity,
        (Adjustment("allowance", percent=discount, reason_code=_DISCOUNT),) if discount else (),
    )
