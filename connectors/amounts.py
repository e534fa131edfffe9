"""Amounts that documents state, held against what they should come to."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from hub.domain.money import quantum

TOLERANCE = 2
"""By how many minor units a stated amount may differ from the computed one (Peppol R022, R024: 0.02)."""
_PERCENT_STEP = Decimal("0.000001")


def agree(stated: Decimal, computed: Decimal, currency: str, lines: int = 1) -> bool:
    """Whether a stated amount is the computed one but for rounding, which each line may add to."""
    return abs(stated - computed) <= TOLERANCE * lines * quantum(currency)


def exact_percent(amount: Decimal, whole: Decimal) -> Decimal | None:
    """The percentage that an amount is of a whole, when six decimals say it exactly: it is right for every part."""
    percent = (amount * 100 / whole).quantize(_PERCENT_STEP, ROUND_HALF_UP) if whole else Decimal(0)
    return percent if percent * whole == amount * 100 else None
