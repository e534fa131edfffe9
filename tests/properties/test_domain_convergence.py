"""Independent reports lead to the same order in whatever order, and however often, they arrive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise, permutations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.domain.events import OrderEvent, OrderPaid, StatusKind
from hub.domain.model import Department
from hub.domain.order import OrderState
from tests.support.effort import examples
from tests.support.orders import ORDER, Story, line

SUPPLIER: dict[str, tuple[Department, StatusKind]] = {
    "MK": ("production", "produced"),
    "BU": ("procurement", "received"),
}
EVENTUALLY = settings(max_examples=examples(200))


@st.composite
def split(draw: st.DrawFn, quantity: int) -> list[int]:
    """A quantity in one to three parts."""
    cuts = draw(st.sets(st.integers(1, quantity - 1), max_size=2)) if quantity > 1 else set()
    ends = [0, *sorted(cuts), quantity]
    return [after - before for before, after in pairwise(ends)]


@st.composite
def stories(draw: st.DrawFn) -> list[OrderEvent]:
    """A whole order as its sources tell it, in the order it happened; not everything is delivered."""
    story = Story()
    lines = [
        line(str(number), f"{draw(st.sampled_from(['MK', 'BU', 'ST']))}-{number}", draw(st.integers(1, 12)))
        for number in range(1, draw(st.integers(1, 3)) + 1)
    ]
    placed = story.placed(*lines)
    reports: list[OrderEvent] = []
    departments: set[Department] = {"logistics"}
    departments.update(SUPPLIER[each.item_id[:2]][0] for each in lines if each.item_id[:2] in SUPPLIER)
    for department in sorted(departments):
        reports.append(story.status(department, "accepted"))
        for days in draw(st.lists(st.integers(1, 9), max_size=2)):
            expected = placed.occurred_at + timedelta(days=days)
            reports.append(story.status(department, "scheduled", expected_at=expected))
    for each in lines:
        quantity = int(each.quantity)
        if supplier := SUPPLIER.get(each.item_id[:2]):
            reports.extend(story.status(*supplier, {each.line_id: part}) for part in draw(split(quantity)))
        shipped = draw(split(quantity))
        reports.extend(story.status("logistics", "shipped", {each.line_id: part}) for part in shipped)
        arrived = sum(shipped[: draw(st.integers(0, len(shipped)))])
        if arrived:
            reports.extend(
                story.status("logistics", "delivered", {each.line_id: part}) for part in draw(split(arrived))
            )
    troubled = draw(st.lists(st.sampled_from(sorted(departments)), max_size=2))
    reports.extend(story.status(department, "problem", reason="something") for department in troubled)
    if draw(st.booleans()):
        reports.append(
            OrderPaid(order_id=ORDER, amount=Decimal(draw(st.integers(1, 300))), currency="EUR", **story.head())
        )
    return [placed, *reports]


def play(events: Sequence[OrderEvent]) -> OrderState:
    story = Story()
    for event in events:
        story.receive(event)
    return story.order


def essence(state: OrderState) -> dict[str, Any]:
    """What must not depend on the order of arrival: all but when and how the hub got there."""
    works = {
        department: (work.status, work.expected_at, work.moved_at)
        for department, work in (
            ("production", state.production),
            ("procurement", state.procurement),
            ("logistics", state.logistics),
        )
    }
    return {
        "axes": (state.commercial, state.credit, state.billing, works),
        "lines": [replace(each, delivered_by=tuple(sorted(each.delivered_by)), billed_to="") for each in state.lines],
        "money": (state.reserved, state.payable, state.paid, state.settlement_id != ""),
        "problems": sorted((each.kind, each.subject) for each in state.exceptions),
        "waiting": len(state.parked),
        "revision": state.revision,
    }


@EVENTUALLY
@given(stories(), st.data())
def test_a_shuffled_story_ends_as_the_one_told_in_order(events: list[OrderEvent], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(events))
    assert essence(play(shuffled)) == essence(play(events))


@EVENTUALLY
@given(stories(), st.data())
def test_repetitions_anywhere_change_nothing(events: list[OrderEvent], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(events), max_size=8))
    told = list(events)
    for event in again:
        told.insert(data.draw(st.integers(told.index(event) + 1, len(told))), event)
    assert essence(play(told)) == essence(play(events))


@EVENTUALLY
@given(stories())
def test_nothing_of_a_consistent_story_is_left_waiting(events: list[OrderEvent]) -> None:
    state = play(list(reversed(events)))
    assert state.parked == ()
    assert all(each.delivered <= each.shipped <= each.line.quantity for each in state.lines)


def test_every_order_of_arrival_of_a_whole_order_ends_the_same() -> None:
    """All 5,040 of them: the order itself, what two departments report, and the payment."""
    story = Story()
    events: list[OrderEvent] = [
        story.placed(line("1", "MK-1")),
        story.status("production", "accepted"),
        story.status("production", "produced", {"1": 10}),
        story.status("logistics", "accepted"),
        story.status("logistics", "shipped", {"1": 10}),
        story.status("logistics", "delivered", {"1": 10}),
        OrderPaid(order_id=ORDER, amount=Decimal(119), currency="EUR", **story.head()),
    ]
    told = essence(play(events))
    assert told["axes"][:3] == ("closed", "settled", "paid")
    assert all(essence(play(shuffled)) == told for shuffled in permutations(events))
