"""VAT categories: what rate each may have, how its rules are numbered, and the exemption reason it must state."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from hub.domain.en16931.document import ZERO, Category, Exemption, Vat
from hub.domain.model import Frozen


class CategoryRule(Frozen):
    """What EN 16931 says of one VAT category."""

    prefix: str
    """Of its rule numbers, see `rule`: -05 on the rate of lines, -06 of allowances, -07 of charges, -08 on the taxable
    amount, -09 on the tax, -10 on the exemption reason."""
    rate: Literal["positive", "not negative", "zero", "none"]
    exemption: Literal["required", "forbidden", "allowed"]
    standard: Exemption | None = None
    """The exemption reason rule -10 itself names."""


CATEGORIES: Mapping[Category, CategoryRule] = {
    "S": CategoryRule("S", "positive", "forbidden"),
    "Z": CategoryRule("Z", "zero", "forbidden"),
    "E": CategoryRule("E", "zero", "required"),
    "AE": CategoryRule("AE", "zero", "required", Exemption("AE", "VATEX-EU-AE", "Reverse charge")),
    "K": CategoryRule("IC", "zero", "required", Exemption("K", "VATEX-EU-IC", "Intra-community supply")),
    "G": CategoryRule("G", "zero", "required", Exemption("G", "VATEX-EU-G", "Export outside the EU")),
    "O": CategoryRule("O", "none", "required", Exemption("O", "VATEX-EU-O", "Not subject to VAT")),
    "L": CategoryRule("AF", "not negative", "forbidden"),
    "M": CategoryRule("AG", "not negative", "forbidden"),
    "B": CategoryRule("B", "not negative", "allowed"),
}
"""In the order the breakdown lists them."""

_SPLIT_PAYMENT = {"05": "BR-CO-04", "06": "BR-32", "07": "BR-37", "08": "BR-45", "09": "BR-46", "10": "BR-47"}
"""Category B has no numbered rules of its own on rates and amounts: the general ones."""


def rule(category: Category, number: str) -> str:
    """The number of a category's rule from the last part of it: K and 08 are BR-IC-08."""
    return _SPLIT_PAYMENT[number] if category == "B" else f"BR-{CATEGORIES[category].prefix}-{number}"


_ORDER: Mapping[Category, int] = {category: place for place, category in enumerate(CATEGORIES)}


def group(vat: Vat) -> Vat:
    """The breakdown group (BG-23) a line, allowance or charge falls into: 19, 19.0 and 19.00 are one rate, 19."""
    if CATEGORIES[vat.category].rate == "none":
        return vat if vat.rate is None else Vat(vat.category)
    return Vat(vat.category, (vat.rate or ZERO).normalize() + ZERO)


def group_order(vat: Vat) -> tuple[int, Decimal]:
    """Sorting key of the breakdown: by category, then by rate from high to low."""
    return _ORDER[vat.category], -(vat.rate or ZERO)


def rate_is_legal(vat: Vat) -> bool:
    """BR-S-05 and its kin: S has a rate above zero, L, M and B any, O none (0 counts as none), the others 0."""
    match CATEGORIES[vat.category].rate:
        case "positive":
            return vat.rate is not None and vat.rate > 0
        case "not negative":
            return vat.rate is not None and vat.rate >= 0
        case "zero":
            return vat.rate is not None and vat.rate == 0
        case "none":
            return vat.rate is None or vat.rate == 0


def exemption(category: Category, given: tuple[Exemption, ...]) -> Exemption:
    """The reason for a category: the one given, else the standard's own, else empty (BT-120, BT-121)."""
    for candidate in given:
        if candidate.category == category and (candidate.code or candidate.reason):
            return candidate
    return CATEGORIES[category].standard or Exemption(category)
