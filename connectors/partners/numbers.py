"""Prices and quantities as trading partners' formats can say them."""

from __future__ import annotations

from decimal import Decimal

from hub.domain.money import exact


def per_unit(price: Decimal, base_quantity: Decimal) -> Decimal:
    """The price of one unit, to 12 decimals where it has more."""
    with exact():
        quotient = price / base_quantity
        return quotient if quotient == round(quotient, 12) else round(quotient, 12)
