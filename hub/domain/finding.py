"""What a check finds wrong, and what numbers of an order may be."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from hub.domain.en16931 import Vat
from hub.domain.en16931.vat import CATEGORIES, rate_is_legal
from hub.domain.model import Frozen, VatCategory
from hub.domain.order import ZERO

_HUNDRED = Decimal(100)
_MICRO = Decimal("0.000001")
_MAX_MAGNITUDE = 11
"""Powers of ten: a number is below 10**12, so that with six decimals it has at most 18 digits."""
VAT_REMEDY = "VAT category S has a rate above 0, every other category has rate 0 (BR-S-05, BR-Z-05 and their kin)"


Severity = Literal["refuse", "hold", "warn"]
"""refuse: it cannot be carried out. hold: a person has to look at it first. warn: it is noted and goes on."""


class Finding(Frozen):
    """What a check found wrong."""

    check: str
    field: str
    value: str
    remedy: str
    severity: Severity = "refuse"
    hold: str = "review"
    """The kind of hold, if it is one."""
    whole_order: bool = True
    """Whether a hold is on the order, not only on the line it was found in."""

    def __str__(self) -> str:
        """For a person."""
        return f"{self.check}: {self.field} is {self.value!r}: {self.remedy}"


def is_number(value: Decimal) -> bool:
    """Whether `value` is below 10**12 with at most 6 decimals."""
    return value.is_finite() and value.adjusted() <= _MAX_MAGNITUDE and not value % _MICRO


def is_percentage(value: Decimal) -> bool:
    """Whether `value` is such a number from 0 to 100."""
    return is_number(value) and ZERO <= value <= _HUNDRED


def is_vat(category: VatCategory, rate: Decimal) -> bool:
    """Whether a VAT category may have this rate (BR-S-05 and its kin)."""
    return category in CATEGORIES and is_percentage(rate) and rate_is_legal(Vat(category, rate))
