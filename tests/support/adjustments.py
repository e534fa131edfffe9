"""What lines and orders allow and charge, in any combination the hub takes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from hub.domain.agreement_checks import check_agreement
from hub.domain.checks import check_line
from hub.domain.events import OrderPlaced
from hub.domain.model import Adjustment, OrderAdjustment, OrderLine
from tests.support.orders import ADDRESS, START

KINDS = st.sampled_from(("allowance", "charge"))
PERCENTS = st.sampled_from(("0.5", "3", "12.5", "33.333")).map(Decimal)


def amounts(places: int = 2) -> st.SearchStrategy[Decimal]:
    return st.integers(0, 3000).map(lambda units: Decimal(units).scaleb(-places))


def line_adjustments(places: int = 2) -> st.SearchStrategy[tuple[Adjustment, ...]]:
    by_amount = st.builds(Adjustment, KINDS, amount=amounts(places), reason=st.just("Agreed"))
    by_percent = st.builds(Adjustment, KINDS, percent=PERCENTS, reason=st.just("In percent"))
    of_base = st.builds(Adjustment, KINDS, percent=PERCENTS, base_amount=amounts(places), reason=st.just("Of a base"))
    return st.lists(by_amount | by_percent | of_base, max_size=3).map(tuple)


def order_adjustments(lines: Sequence[OrderLine], places: int = 2) -> st.SearchStrategy[tuple[OrderAdjustment, ...]]:
    known = [(line.vat_category, line.vat_rate) for line in lines]
    vats: list[dict[str, Any]] = [{}, *({"vat_category": category, "vat_rate": rate} for category, rate in known)]
    vat = st.sampled_from(vats)
    by_amount = st.builds(
        lambda kind, amount, vat: OrderAdjustment(kind, amount=amount, reason="Agreed", **vat),
        KINDS,
        amounts(places),
        vat,
    )
    by_percent = st.builds(
        lambda kind, percent, vat: OrderAdjustment(kind, percent=percent, reason="In percent", **vat),
        KINDS,
        PERCENTS,
        vat,
    )
    freight = st.builds(lambda amount: OrderAdjustment("charge", amount=amount, reason_code="FC"), amounts(places))
    return st.lists(by_amount | by_percent | freight, max_size=3).map(tuple)


def with_line_adjustments(draw: st.DrawFn, line: OrderLine, places: int = 2) -> OrderLine:
    """The line with some allowances and charges, if it can bear them."""
    adjusted = replace(line, adjustments=draw(line_adjustments(places)))
    return line if check_line(adjusted) else adjusted


def agreeable(
    draw: st.DrawFn, lines: tuple[OrderLine, ...], discount: Decimal, currency: str = "EUR", places: int = 2
) -> tuple[OrderAdjustment, ...]:
    """Allowances and charges of an order of these lines, if it can bear them."""
    order = OrderPlaced(
        event_id="1", source="/test", occurred_at=START, order_id="1", customer_id="C", purchase_order="P",
        currency=currency, lines=lines, deliver_to=ADDRESS, discount_percent=discount,
        adjustments=draw(order_adjustments(lines, places)),
    )  # fmt: skip
    return () if check_agreement(order, lines) else order.adjustments
