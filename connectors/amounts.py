"""Amounts that documents state, held against what they should come to."""

from __future__ import annotations

from decimal import Decimal

from hub.domain.money import quantum

TOLERANCE = 2
"""By how many minor units a stated amount may differ from the computed one (Peppol R022, R024: 0.02)."""


def agree(stated: Decimal, computed: Decimal, currency: str, lines: int = 1) -> bool:
    """Whether a stated amount is the computed one but for rounding, which each line may add to."""
    return abs(stated - computed) <= TOLERANCE * lines * quantum(currency)
