"""What holds for the settlements of any order: they add up to what was delivered, and vanish with what comes back."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.effects import SettlementPosted, SettlementRecorded
from hub.domain.model import OrderLine
from hub.domain.policy import LateDelivery, Policy
from tests.support.adjustments import agreeable, with_line_adjustments
from tests.support.orders import START, Story, line

PRICES = st.decimals("0.01", "999", places=3).map(Decimal)
PERCENT = st.sampled_from(["0", "0", "2.5", "33.333", "100"]).map(Decimal)
VAT = st.sampled_from([("S", "19"), ("S", "7"), ("Z", "0"), ("E", "0"), ("AE", "0")])
LATE = st.sampled_from([None, LateDelivery(percent=Decimal("0.7"), per="day", cap=Decimal(5))])
Groups = dict[tuple[str, Decimal], tuple[Decimal, Decimal]]


@st.composite
def orders(draw: st.DrawFn) -> tuple[tuple[OrderLine, ...], dict[str, Any]]:
    lines = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        category, rate = draw(VAT)
        made = line(
            str(number),
            quantity=draw(st.integers(1, 40)),
            price=draw(PRICES),
            base_quantity=Decimal(draw(st.sampled_from([1, 3, 100]))),
            discount_percent=draw(PERCENT),
            vat_category=category,
            vat_rate=Decimal(rate),
            requested_delivery=draw(st.sampled_from([None, START.date().replace(day=1)])),
        )
        lines.append(with_line_adjustments(draw, made))
    discount = draw(PERCENT)
    adjustments = agreeable(draw, tuple(lines), discount)
    return tuple(lines), {"discount_percent": discount, "currency": "EUR", "adjustments": adjustments}


def delivered(order: tuple[tuple[OrderLine, ...], dict[str, Any]], policy: Policy, *parts: dict[str, int]) -> Story:
    lines, fields = order
    story = Story(policy, limit="999999999")
    story.place(*lines, **fields)
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    for part in parts:
        if part:
            story.report("logistics", "delivered", part)
    return story


def groups(settlements: list[SettlementRecorded]) -> Groups:
    """Taxable amount and VAT by category and rate, credit notes deducted."""
    sums: Groups = {}
    for each in settlements:
        sign = 1 if each.kind == "invoice" else -1
        for row in each.vat:
            taxable, tax = sums.get((row.category, row.rate), (Decimal(0), Decimal(0)))
            sums[row.category, row.rate] = taxable + sign * row.taxable_amount, tax + sign * row.tax_amount
    return sums


def charged_once(settlements: list[SettlementRecorded]) -> Decimal:
    """What of the order's charges by amount is settled, credit notes deducted."""
    return sum(
        (
            each.amount if settlement.kind == "invoice" else -each.amount
            for settlement in settlements
            for each in settlement.adjustments
            if each.role == "once"
        ),
        Decimal(0),
    )


def stated_rounding(settlements: list[SettlementRecorded]) -> Decimal:
    differences = [each for settlement in settlements for each in settlement.differences]
    return sum((each.amount for each in differences if each.kind == "rounding"), Decimal(0))


@given(orders(), LATE, st.data())
def test_two_deliveries_settled_one_by_one_are_one_settlement_but_for_the_rounding_they_state(
    order: tuple[tuple[OrderLine, ...], dict[str, Any]], late: LateDelivery | None, data: st.DataObject
) -> None:
    first = {each.line_id: data.draw(st.integers(0, int(each.quantity))) for each in order[0]}
    second = {each.line_id: int(each.quantity) - first[each.line_id] for each in order[0]}
    parts = [{line_id: quantity for line_id, quantity in part.items() if quantity} for part in (first, second)]
    once = delivered(order, Policy(late_delivery=late), *parts).sent(SettlementRecorded)
    twice = delivered(order, Policy(late_delivery=late, settlement="per-delivery"), *parts).sent(SettlementRecorded)
    assert len(once) == 1
    assert len(twice) == sum(1 for part in parts if part)
    assert sum(each.tax_inclusive for each in twice) + stated_rounding(twice) == once[0].tax_inclusive
    assert stated_rounding(once) == 0
    assert abs(stated_rounding(twice)) <= Decimal("0.01") * (20 * len(order[0]) + 6)
    assert charged_once(twice) == charged_once(once)


@given(order=orders(), late=LATE, paid=st.booleans(), per_delivery=st.booleans())
def test_what_is_settled_and_returned_in_full_nets_to_zero(
    order: tuple[tuple[OrderLine, ...], dict[str, Any]], late: LateDelivery | None, *, paid: bool, per_delivery: bool
) -> None:
    policy = Policy(late_delivery=late, settlement="per-delivery" if per_delivery else "at-close")
    half = {each.line_id: int(each.quantity) // 2 for each in order[0] if each.quantity > 1}
    rest = {each.line_id: int(each.quantity) - half.get(each.line_id, 0) for each in order[0]}
    story = delivered(order, policy, half, rest)
    due = story.order.payable
    if paid and due > 0:
        story.pay(due)
    story.report("logistics", "returned")
    settlements = story.sent(SettlementRecorded)
    assert all(amounts == (0, 0) for amounts in groups(settlements).values())
    assert stated_rounding(settlements) == 0
    quantities: Counter[str] = Counter()
    for each in settlements:
        for part in each.lines:
            quantities[part.line_id] += part.quantity if each.kind == "invoice" else -part.quantity  # type: ignore[assignment]
    assert not any(quantities.values())
    books: Counter[str] = Counter()
    for posting in story.sent(SettlementPosted):
        for entry in posting.entries:
            books[entry.account] += entry.debit - entry.credit  # type: ignore[assignment]
    owed = due if paid and due > 0 else Decimal(0)
    assert {account: amount for account, amount in books.items() if amount} == (
        {"bank": owed, "customer-credit": -owed} if owed else {}
    )
    assert story.account is not None
    assert (story.account.reserved, story.account.receivable) == (0, -owed)
