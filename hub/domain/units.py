"""Units of measure (UN/ECE Recommendation 20) that are multiples of one another."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

_FAMILIES: tuple[Mapping[str, Decimal], ...] = (
    {"MGM": Decimal("0.000001"), "GRM": Decimal("0.001"), "KGM": Decimal(1), "TNE": Decimal(1000)},
    {"MMT": Decimal("0.001"), "CMT": Decimal("0.01"), "MTR": Decimal(1), "KMT": Decimal(1000)},
    {"MMK": Decimal("0.000001"), "CMK": Decimal("0.0001"), "MTK": Decimal(1)},
    {"MLT": Decimal("0.001"), "LTR": Decimal(1), "HLT": Decimal(100), "MTQ": Decimal(1000)},
    {"SEC": Decimal(1), "MIN": Decimal(60), "HUR": Decimal(3600)},
    {"C62": Decimal(1), "EA": Decimal(1), "H87": Decimal(1), "PR": Decimal(2), "DZN": Decimal(12), "CEN": Decimal(100)},
)
"""Mass, length, area, volume, time, count: each unit in the family's base unit."""

_ONE = Decimal(1)
_FACTORS: Mapping[str, tuple[int, Decimal]] = {
    unit: (number, factor) for number, family in enumerate(_FAMILIES) for unit, factor in family.items()
}


def convert(quantity: Decimal, unit: str | None, to: str) -> Decimal | None:
    """`quantity` of `unit` in the unit `to`; None when no factor between the two is declared. No unit means `to`."""
    if unit is None or unit == to:
        return quantity
    source, target = _FACTORS.get(unit), _FACTORS.get(to)
    if source is None or target is None or source[0] != target[0]:
        return None
    converted = quantity * source[1] / target[1]
    return converted.quantize(_ONE) if converted == converted.to_integral_value() else converted
