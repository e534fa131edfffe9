"""Random EN 16931 documents that break no rule."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from hypothesis import strategies as st
from msgspec.structs import replace

from hub.domain.en16931 import Adjustment, Category, Document, DocumentAdjustment, Line, Vat
from hub.domain.money import minor_unit

ZERO = Decimal(0)
_RATES: tuple[tuple[Category, str], ...] = (
    ("S", "25"),
    ("S", "19"),
    ("S", "5.5"),
    ("Z", "0"),
    ("E", "0"),
    ("AE", "0"),
    ("K", "0"),
    ("G", "0"),
    ("L", "6.5"),
    ("M", "4"),
    ("B", "22"),
)
VATS = tuple(Vat(category, Decimal(rate)) for category, rate in _RATES)
NOT_SUBJECT = Vat("O")


def decimals(low: str, high: str, places: int) -> st.SearchStrategy[Decimal]:
    scale = 10**places
    return st.integers(int(Decimal(low) * scale), int(Decimal(high) * scale)).map(
        lambda units: Decimal(units).scaleb(-places)
    )


@cache
def amounts(currency: str, low: str = "-50", high: str = "500") -> st.SearchStrategy[Decimal]:
    return decimals(low, high, minor_unit(currency))


percentages = decimals("0", "100", 2)
_KINDS = st.sampled_from(("allowance", "charge"))


@cache
def adjustments(currency: str, vats: tuple[Vat, ...] | None = None) -> st.SearchStrategy[Adjustment]:
    """Of a line, or with VAT of a document."""
    struct, vat = (Adjustment, {}) if vats is None else (DocumentAdjustment, {"vat": st.sampled_from(vats)})
    reason = st.just("agreed")
    absolute = st.builds(struct, kind=_KINDS, amount=amounts(currency), reason=reason, **vat)
    base = st.none() | amounts(currency)
    relative = st.builds(struct, kind=_KINDS, percent=percentages, base_amount=base, reason=reason, **vat)
    return absolute | relative


_QUANTITIES = st.one_of(decimals("0", "20", 0), decimals("-3", "300", 3), decimals("0", "2", 6))
_PRICES = decimals("0", "100", 2) | decimals("0", "5", 5)
_BASE_QUANTITIES = st.sampled_from((Decimal(1), Decimal(1), Decimal(3), Decimal(7), Decimal(100)))


def _numbered(lines: list[Line]) -> tuple[Line, ...]:
    return tuple(replace(line, line_id=str(number)) for number, line in enumerate(lines, 1))


def _in(currency: str, vats: tuple[Vat, ...]) -> st.SearchStrategy[Document]:
    line = st.builds(
        Line,
        line_id=st.just(""),
        quantity=_QUANTITIES,
        price=_PRICES,
        vat=st.sampled_from(vats),
        base_quantity=_BASE_QUANTITIES,
        adjustments=st.lists(adjustments(currency), max_size=2).map(tuple),
    )
    return st.builds(
        Document,
        currency=st.just(currency),
        lines=st.lists(line, min_size=1, max_size=6).map(_numbered),
        adjustments=st.lists(adjustments(currency, vats), max_size=3).map(tuple),
        prepaid=st.just(ZERO) | amounts(currency),
        rounding=st.just(ZERO) | amounts(currency, "-1", "1"),
        third_party=st.just(ZERO) | amounts(currency, "0", "20"),
    )


_DOCUMENTS = st.one_of(
    *(_in(currency, vats) for currency in ("EUR", "JPY", "KWD") for vats in (VATS, VATS[:2], (NOT_SUBJECT,)))
)


def documents() -> st.SearchStrategy[Document]:
    return _DOCUMENTS
