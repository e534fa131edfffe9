"""What a unit costs before VAT: price discounts and quantity scales, as EN 16931 can carry them (BG-29)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hub.domain.en16931.document import ONE, ZERO
from hub.domain.model import Frozen
from hub.domain.money import exact


class Price(Frozen):
    """Item net price (BT-146) and the quantity it is for (BT-149)."""

    amount: Decimal
    base_quantity: Decimal = ONE


class PriceBreak(Frozen):
    """One step of a quantity scale: the price from a quantity on."""

    from_quantity: Decimal
    price: Decimal
    """For the base quantity of the scale."""


def price_discount(gross_price: Decimal, percent: Decimal) -> Decimal:
    """BT-147 of a percentage off the gross price (BT-148); not rounded, prices have no minor unit."""
    with exact():
        return (gross_price * percent / 100).normalize() + ZERO


def volume_price(breaks: Sequence[PriceBreak], quantity: Decimal, base_quantity: Decimal = ONE) -> Price | None:
    """The whole quantity at the price of the highest step it reaches; None below the lowest step.

    A negative quantity (a return) has the price of its size.
    """
    reached = [step for step in breaks if step.from_quantity <= abs(quantity)]
    if not reached:
        return None
    return Price(max(reached, key=_from_quantity).price, base_quantity)


def graduated_price(breaks: Sequence[PriceBreak], quantity: Decimal, base_quantity: Decimal = ONE) -> Price | None:
    """Each step's price for the part of the quantity beyond its threshold; None for nothing, or if no step is from 0.

    An invoice line has one price, so it is that of the whole quantity: 120 pieces at 10 from 0 and 9 beyond 100 cost
    1180 per 120.
    """
    size = abs(quantity)
    steps = sorted(breaks, key=_from_quantity)
    if size == 0 or not steps or steps[0].from_quantity != 0:
        return None
    with exact():
        ends = [step.from_quantity for step in steps[1:]] + [size]
        parts = (
            (min(end, size) - step.from_quantity) * step.price
            for step, end in zip(steps, ends, strict=True)
            if step.from_quantity < size
        )
        return Price(sum(parts, ZERO), size * base_quantity)


def _from_quantity(step: PriceBreak) -> Decimal:
    return step.from_quantity
