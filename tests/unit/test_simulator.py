"""The simulator's scenarios, played through the domain alone: each shows what it is for, and the same for a seed."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.base import Event
from hub.domain.effects import CustomerNotified, Effect, ExceptionRaised, SettlementRecorded, WorkOrderIssued
from hub.domain.events import OperatorCommanded, OrderConfirmed, OrderPaid, OrderPlaced, StatusReported
from hub.domain.headline import headline
from hub.domain.model import DEPARTMENTS
from hub.domain.monitor import STALLED, Monitor
from hub.errors import ConfigError
from hub.policy import load_policy
from hub.rules import load_reviewer, load_router
from hub.simulator.actor import Behaviour
from hub.simulator.conduct import Conduct, CustomerHabits, DepartmentHabits, draw
from hub.simulator.customers import Customers
from hub.simulator.departments import Desk
from hub.simulator.orders import Playing, play, terms
from hub.simulator.scenario import Scenario, load_scenario, scenarios
from hub.simulator.score import Score
from tests.support.hubs import PureHub
from tests.support.orders import START

SEED = 3
MINUTES = timedelta(minutes=4)


class Rehearsal:
    """A scenario on a hub without Kafka, on a clock of its own."""

    def __init__(self, scenario: Scenario, *, seed: int = SEED, prefix: str = "SIM-1-", orders: int = 40) -> None:
        policy = load_policy()
        stalled = replace(policy.monitor.rules[STALLED], longer_than=timedelta(seconds=scenario.stalled_after))
        policy = replace(policy, monitor=Monitor({**policy.monitor.rules, STALLED: stalled}, policy.monitor.calendars))
        self.hub = PureHub(policy, load_router(), load_reviewer())
        self.said: list[Event] = []
        self.score = Score(prefix, timedelta(seconds=scenario.promised))
        self._playing = Playing(orders, orders / scenario.rate, seed, prefix=prefix, customers="SIM-")
        self._scenario = scenario
        self._cast: dict[str, Behaviour] = {
            name: Desk(name, scenario.habits(name), seed=seed, pace=scenario.pace, prefix=prefix)
            for name in DEPARTMENTS
        }
        self._cast["customers"] = Customers(scenario.customers, seed=seed, pace=scenario.pace, prefix=prefix)
        self._plan: list[tuple[datetime, int, Any]] = []
        self._pending: dict[tuple[str, str], int] = {}
        self._numbers = count()
        self._heard: Counter[str] = Counter()

    def play(self, until: timedelta = MINUTES) -> None:
        self.hub.tell(*terms(START, self._playing, self._scenario.credit))
        for cue in play(START, self._playing, self._scenario.customers, staged=self._scenario.staged):
            self._at(cue.at, cue.event)
        self.go_on(until)

    def go_on(self, duration: timedelta) -> None:
        """Let so much time pass, second by second."""
        end = self.hub.now + duration
        while self.hub.now < end:
            until = min([end, self.hub.now + timedelta(seconds=1), *(self._plan[0][:1] if self._plan else ())])
            self.hub.wait(max(until - self.hub.now, timedelta()))
            while self._plan and self._plan[0][0] <= self.hub.now:
                self._perform(*heapq.heappop(self._plan)[1:])
            self._listen()

    def tell(self, *events: Event) -> None:
        for event in events:
            self.said.append(event)
            self.hub.tell(event)
            self.score.take(event, self.hub.now)
        self._listen()

    def _perform(self, number: int, what: Any) -> None:
        if not isinstance(what, tuple):
            self.tell(what)
        elif self._pending.get(what) == number:
            events, seconds = self._cast[what[0]].report(what[1], self.hub.now)
            self.tell(*events)
            self._arm(what, seconds)

    def _listen(self) -> None:
        for order_id in list(self.hub._orders):
            effects = self.hub.effects(order_id)
            for effect in effects[self._heard[order_id] :]:
                self.score.take(effect, self.hub.now)
                self._tell(effect)
            self._heard[order_id] = len(effects)
            state = self.hub.order(order_id)
            self.score.take(state, self.hub.now)

    def _tell(self, effect: Effect) -> None:
        if isinstance(effect, WorkOrderIssued | CustomerNotified | SettlementRecorded):
            who = effect.department if isinstance(effect, WorkOrderIssued) else "customers"
            subject, seconds = self._cast[who].take(effect)
            if subject:
                self._arm((who, subject), seconds)

    def _at(self, seconds: float, what: Any) -> int:
        number = next(self._numbers)
        heapq.heappush(self._plan, (self.hub.now + timedelta(seconds=seconds), number, what))
        return number

    def _arm(self, who: tuple[str, str], seconds: float | None) -> None:
        self._pending[who] = -1 if seconds is None else self._at(seconds, who)

    def raised(self) -> list[ExceptionRaised]:
        return [
            effect
            for order_id in self.hub._orders
            for effect in self.hub.effects(order_id)
            if isinstance(effect, ExceptionRaised) and effect.action == "opened"
        ]


def rehearsed(name: str, **options: Any) -> Rehearsal:
    rehearsal = Rehearsal(load_scenario(name), **options)
    rehearsal.play()
    return rehearsal


def test_a_scenario_of_good_will_has_every_order_delivered_on_time_and_no_exception() -> None:
    rehearsal = Rehearsal(Scenario(about="all goes well"))
    rehearsal.play()
    result = rehearsal.score.result(rehearsal.hub.now)
    assert (result.placed, result.on_time, result.late, result.total.opened) == (40, 40, 0, 0)
    assert result.on_time_percent == 100
    assert rehearsal.score.open_orders == 0


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("late-supplier", {"late"}),
        ("silent-production", {"stalled"}),
        ("rejections", {"no-candidate", "shipment-rejected"}),
        ("double-orders", {"on-hold"}),
        ("tight-credit", {"credit-refused"}),
        ("bad-day", {"late", "stalled", "on-hold", "credit-refused", "no-candidate"}),
    ],
)
def test_a_scenario_opens_the_exceptions_it_is_there_to_train_on(name: str, kinds: set[str]) -> None:
    opened = {each.kind for each in rehearsed(name).raised()}
    assert kinds <= opened, opened


def test_every_scenario_that_comes_with_the_hub_can_be_loaded_and_played() -> None:
    assert set(scenarios()) >= {"demo", "calm-day", "bad-day"}
    for name in scenarios():
        assert rehearsed(name, orders=20).score.result(START).placed >= 9, name


def test_a_late_supplier_is_one_case_however_many_orders_wait_for_it() -> None:
    late = [each for each in rehearsed("late-supplier").raised() if each.kind == "late"]
    assert len(late) > 5
    assert len({each.case_id for each in late}) == 1
    assert "ACME" in late[0].root


def essence(events: Iterable[Event], prefix: str) -> Counter[tuple[str, ...]]:
    """What was said, without the times of the clock and the names of the performance."""
    said: Counter[tuple[str, ...]] = Counter()
    for event in events:
        match event:
            case StatusReported(order_id=order, department=who, kind=what, lines=lines):
                said[order.removeprefix(prefix), who, what, str(lines)] += 1
            case OrderPlaced(order_id=order, lines=lines):
                said[order.removeprefix(prefix), "placed", str(lines)] += 1
            case OrderConfirmed(order_id=order, accepted=accepted):
                said[order.removeprefix(prefix), "confirmed", str(accepted)] += 1
            case OrderPaid(order_id=order, amount=amount):
                said[order.removeprefix(prefix), "paid", str(amount)] += 1
    return said


def test_the_same_seed_says_the_same_whatever_the_run_is_called_and_another_seed_something_else() -> None:
    first, again, other = (
        rehearsed("bad-day", seed=seed, prefix=prefix)
        for seed, prefix in ((5, "SIM-5-"), (5, "SIM-tuesday-"), (6, "SIM-6-"))
    )
    assert essence(first.said, "SIM-5-") == essence(again.said, "SIM-tuesday-")
    assert essence(first.said, "SIM-5-") != essence(other.said, "SIM-6-")


def test_a_stalled_order_that_a_person_re_routes_is_delivered_and_counted_as_theirs() -> None:
    rehearsal = rehearsed("silent-production")
    stalled = [each for each in rehearsal.raised() if each.kind == "stalled"]
    assert stalled
    before = rehearsal.score.result(rehearsal.hub.now)
    assert (before.total.ended, before.total.by_people) == (0, 0)
    for each in stalled:
        state = rehearsal.hub.order(each.order_id)
        assert state is not None
        for line in state.lines:
            if any(part.department == "production" for part in line.allocations):
                rehearsal.tell(reroute(each.order_id, line.line.line_id, rehearsal.hub.now))
    rehearsal.go_on(MINUTES)
    after = rehearsal.score.result(rehearsal.hub.now)
    assert after.total.by_people == after.total.ended == len(stalled)
    assert after.late == len(stalled)
    assert after.total.first_touch_seconds
    assert after.total.median_seconds
    assert after.total.median_seconds >= after.total.first_touch_seconds


def reroute(order_id: str, line_id: str, now: datetime) -> OperatorCommanded:
    return OperatorCommanded(
        event_id=f"{order_id}-{line_id}-reroute",
        source="desk",
        occurred_at=now,
        order_id=order_id,
        command="reroute",
        owner="mei",
        reason="production does not answer",
        target=line_id,
        role="order-desk",
    )


def test_a_department_answers_only_about_the_orders_of_its_performance() -> None:
    rehearsal = Rehearsal(Scenario(about="x"), prefix="SIM-1-")
    rehearsal.play()
    issued = next(effect for effect in rehearsal.hub.effects("SIM-1-00001") if isinstance(effect, WorkOrderIssued))
    desk = Desk(issued.department, DepartmentHabits(), prefix="SIM-1-")
    assert desk.take(issued)[1] is not None
    assert desk.take(replace(issued, order_id="SO-1")) == ("", None)


def test_who_is_silent_does_nothing_else_and_never_and_always_are_meant() -> None:
    assert draw(DepartmentHabits(silent=1, late=1, rejecting=1), "x") == (True, False, False, False, False, 0)
    always = draw(CustomerHabits(late=1, partial=1, duplicating=1), "x")
    assert always[:5] == (False, False, True, True, True)
    assert {draw(DepartmentHabits(), str(number)) for number in range(100)} == {Conduct()}


def test_an_order_is_late_when_the_time_promised_is_over_and_an_urgent_one_after_half_of_it() -> None:
    rehearsal = Rehearsal(Scenario(about="x", promised=10_000), orders=30)
    rehearsal.play()
    urgent = [each for each in rehearsal.score.orders.values() if each.terms and each.terms.priority == "urgent"]
    assert urgent
    taken = max(at - (rehearsal.score.orders[key].placed_at or at) for key, at in rehearsal.score._delivered.items())
    strict = Rehearsal(Scenario(about="x", promised=taken.total_seconds() * 1.2), orders=30)
    strict.play()
    assert strict.score.result(strict.hub.now).late <= len(urgent)
    hopeless = Rehearsal(Scenario(about="x", promised=1), orders=30)
    hopeless.play()
    assert hopeless.score.result(hopeless.hub.now).on_time == 0
    assert {headline(each) for each in hopeless.score.orders.values()} <= {"settled", "closed"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("orders: 10", "about"),
        ("about: x\nordres: 10", "ordres"),
        ("about: x\nrate: 0", r"line 2: rate: it is from 0.01"),
        ("about: x\nproduction: {late: 2}", r"line 2: production.late: it is from 0 for never to 1 for always"),
        ("about: [", "is not YAML"),
    ],
)
def test_a_scenario_that_is_wrong_is_refused_by_line_and_field(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        load_scenario(str(path))


def test_an_unknown_scenario_is_told_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"no scenario 'x'; there are bad-day, calm-day, .*or name a YAML file"):
        load_scenario("x")


NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def trouble(action: str, exception_id: str = "e1", order_id: str = "SIM-1-1") -> ExceptionRaised:
    return ExceptionRaised(
        event_id=f"{exception_id}-{action}",
        source="/orderhub/orders",
        occurred_at=NOON,
        order_id=order_id,
        exception_id=exception_id,
        kind="late",
        action=action,  # type: ignore[arg-type]
        severity="warning",
        owner="",
        detail="",
    )


def test_an_exception_is_by_people_only_if_somebody_did_something_while_it_was_open() -> None:
    score = Score("SIM-1-", timedelta(seconds=60))
    for number, message in enumerate(
        (
            trouble("opened", "mine"),
            reroute("SIM-1-1", "1", NOON),
            trouble("closed", "mine"),
            trouble("opened", "by itself", "SIM-1-2"),
            trouble("closed", "by itself", "SIM-1-2"),
            reroute("SIM-1-2", "1", NOON),
            trouble("opened", "of others", "SO-1"),
        )
    ):
        score.take(message, NOON + timedelta(seconds=10 * number))
    total = score.result(NOON).total
    assert (total.opened, total.ended, total.by_people) == (2, 2, 1)
    assert (total.median_seconds, total.longest_seconds, total.first_touch_seconds) == (15, 20, 10)
