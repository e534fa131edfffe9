"""Many orders ask one node for capacity, again and again: its days are never overloaded and always add up."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.domain.calendar import is_working_day, local_day
from hub.domain.capacity import Booking, NodeLoad
from hub.domain.decide_capacity import decide_capacity
from hub.domain.events import CapacityLine, CapacityRequested
from hub.domain.node import Capacity, last_begin
from tests.support.nodes import WEEKDAYS, node

START = datetime(2025, 3, 3, 8, tzinfo=UTC)
PER_DAY = Decimal(7)
PLANT = node("plant", per_day=7, horizon=4, lead_days=2)
LINES = st.lists(
    st.tuples(
        st.sampled_from(["1", "2"]),
        st.integers(1, 15),
        st.integers(1, 4),
        st.sampled_from([None, None, 1, 3]),
    ),
    max_size=2,
    unique_by=lambda each: each[0],
)
UNIT, PIECES = {"1": "C62", "2": "PR"}, {"C62": 1, "PR": 2}
REQUESTS = st.lists(st.tuples(st.integers(0, 4), LINES, st.integers(0, 40)), min_size=1, max_size=25)


class Plant:
    """A node with everything that was booked, and the clock."""

    def __init__(self) -> None:
        self.now = START
        self.load: NodeLoad | None = None
        self.bookings: dict[str, Booking] = {}
        self.count = 0

    def request(self, order: str, lines: list[Any], *, firm: bool = False) -> CapacityRequested:
        self.count += 1
        held = self.granted(order)
        return CapacityRequested(
            event_id=f"request-{self.count}",
            source="/test",
            occurred_at=self.now,
            node="plant",
            order_id=order,
            entry=self.count,
            lines=tuple(
                CapacityLine(
                    line_id,
                    Decimal(quantity),
                    UNIT[line_id],
                    Decimal(quantity) if firm else min(Decimal(quantity), held[line_id]),
                    Decimal(min(smallest, quantity)),
                    None if days is None else self.now.date() + timedelta(days=days),
                )
                for line_id, quantity, smallest, days in lines
            ),
        )

    def ask(self, request: CapacityRequested) -> Any:
        decision = decide_capacity(self.load, self.bookings.get(request.order_id), request, self.now, PLANT)
        self.load = decision.load
        if decision.booking is not None:
            self.bookings[request.order_id] = decision.booking
        return decision

    def granted(self, order: str) -> defaultdict[str, Decimal]:
        total: defaultdict[str, Decimal] = defaultdict(Decimal)
        for part in self.bookings[order].days if order in self.bookings else ():
            total[part.line_id] += part.quantity
        return total

    def booked(self) -> dict[Any, Decimal]:
        """By day, today and later, what all orders have booked."""
        total: defaultdict[Any, Decimal] = defaultdict(Decimal)
        for booking in self.bookings.values():
            for part in booking.days:
                total[part.day] += part.quantity * PIECES[part.unit]
        return {day: quantity for day, quantity in total.items() if day >= local_day(WEEKDAYS, self.now)}

    def loaded(self) -> dict[Any, Decimal]:
        return {each.day: each.quantity for each in self.load.days} if self.load else {}


@settings(max_examples=300)
@given(REQUESTS)
def test_a_node_is_never_given_more_than_it_has_the_capacity_for(requests: list[Any]) -> None:
    plant = Plant()
    for order, lines, hours in requests:
        plant.now += timedelta(hours=hours)
        request = plant.request(f"order-{order}", lines)
        before = plant.granted(request.order_id)
        decided = plant.ask(request).decided
        grants = {grant.line_id: grant for grant in decided.lines}
        assert plant.loaded() == plant.booked()
        assert all(quantity <= PER_DAY and is_working_day(WEEKDAYS, day) for day, quantity in plant.loaded().items())
        for line in request.lines:
            grant = grants[line.line_id]
            more = grant.quantity - before[line.line_id]
            assert line.firm <= grant.quantity <= line.quantity
            assert more <= 0 or more >= line.smallest_part or grant.quantity == line.quantity
            assert grant.quantity in (line.firm, line.quantity) or line.quantity - grant.quantity >= line.smallest_part
            assert (grant.ready_on is None) == (grant.quantity == 0)


@settings(max_examples=100)
@given(REQUESTS)
def test_all_orders_that_end_leave_an_empty_node(requests: list[Any]) -> None:
    plant = Plant()
    for order, lines, hours in requests:
        plant.now += timedelta(hours=hours)
        plant.ask(plant.request(f"order-{order}", lines))
    for order in list(plant.bookings):
        plant.ask(plant.request(order, []))
    assert plant.loaded() == {}


def test_work_goes_to_the_first_days_with_room_and_says_when_it_is_ready() -> None:
    plant = Plant()
    plant.ask(plant.request("a", [("1", 5, 1, None)]))
    grant = plant.ask(plant.request("b", [("1", 10, 1, None)])).decided.lines[0]
    assert [(part.day.day, part.quantity) for part in plant.bookings["b"].days] == [(3, 2), (4, 7), (5, 1)]
    assert (grant.quantity, grant.ready_on) == (10, (START + timedelta(days=4)).date())


def test_nothing_is_begun_later_than_will_do() -> None:
    plant = Plant()
    latest = (last_begin(PLANT, START.date() + timedelta(days=3)) - START.date()).days
    grant = plant.ask(plant.request("a", [("1", 20, 1, latest)])).decided.lines[0]
    assert grant.quantity == 14


def test_what_an_operator_gives_to_a_node_is_booked_beyond_its_capacity() -> None:
    plant = Plant()
    plant.ask(plant.request("a", [("1", 100, 1, None)], firm=True))
    assert plant.loaded() == plant.booked()
    assert sum(plant.loaded().values()) == 100
    assert plant.ask(plant.request("b", [("1", 1, 1, None)])).decided.lines[0].quantity == 0


def test_a_repeated_request_gets_the_answer_it_got_and_an_old_one_none() -> None:
    plant = Plant()
    first = plant.request("a", [("1", 5, 1, None)])
    second = plant.request("a", [("1", 6, 1, None)])
    answer = plant.ask(second).decided
    again = plant.ask(second)
    assert (again.outcome, again.decided) == ("duplicate", answer)
    late = plant.ask(first)
    assert (late.outcome, late.code, late.decided) == ("ignored", "request-over", None)
    assert plant.loaded() == {START.date(): Decimal(6)}


def test_a_node_without_a_limit_or_that_is_gone_takes_on_all() -> None:
    plant = Plant()
    request = plant.request("a", [("1", 500, 1, None)])
    for unlimited in (None, replace(PLANT, capacity=None)):
        decision = decide_capacity(None, None, request, START, unlimited)
        assert decision.decided is not None
        assert decision.decided.lines[0].quantity == 500


def test_what_is_booked_is_converted_when_the_node_counts_in_another_unit() -> None:
    plant = Plant()
    plant.ask(plant.request("a", [("1", 5, 1, None)]))
    dozens = replace(PLANT, capacity=Capacity(Decimal(1), "DZN"))
    request = plant.request("b", [("1", 8, 1, 0)])
    decision = decide_capacity(plant.load, None, request, START, dozens)
    assert decision.decided is not None
    assert decision.decided.lines[0].quantity == 7
