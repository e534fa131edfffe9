"""The demonstration's script, played through the domain alone: every scene shows what it says it shows."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from connectors.base import Event
from hub.codec import Codec
from hub.domain.credit import CreditAccount, Reservation
from hub.domain.decide import decide
from hub.domain.decide_credit import decide_credit, decide_customer
from hub.domain.decision import Context, Decision, Received
from hub.domain.effects import Effect, ExceptionRaised, SettlementRecorded, WorkOrderIssued
from hub.domain.events import CreditRequested, CustomerUpdated, Fact, ItemUpdated, PaymentReceived, TimerFired
from hub.domain.headline import headline
from hub.domain.model import DEPARTMENTS
from hub.domain.monitor import Monitor, MonitorRule
from hub.domain.order import OrderState, next_due
from hub.domain.policy import Policy
from hub.domain.statements import ItemStated
from hub.rules import load_reviewer, load_router
from hub.simulator import scenes as script
from hub.simulator.actor import Behaviour
from hub.simulator.company import CUSTOMERS
from hub.simulator.customers import Customers
from hub.simulator.departments import Desk
from hub.simulator.orders import Cue, Playing, play, terms
from hub.simulator.scenario import load_scenario

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECONDS = 12.0
CODEC = Codec.load()
ROUTER = load_router()
REVIEWER = load_reviewer()


DEMO = load_scenario("demo")


def _actors() -> dict[str, Behaviour]:
    desks = {str(name): Desk(name, DEMO.habits(name), seed=7) for name in DEPARTMENTS}
    return {"customers": Customers(DEMO.customers, seed=7), **desks}


@dataclass
class Theatre:
    """Orders, accounts, departments and customers without Kafka, on a clock of its own."""

    policy: Policy
    now: datetime = NOON
    orders: dict[str, OrderState] = field(default_factory=dict)
    accounts: dict[str, CreditAccount] = field(default_factory=dict)
    reservations: dict[tuple[str, str], Reservation] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    refused: list[tuple[Fact, str]] = field(default_factory=list)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    actors: dict[str, Behaviour] = field(default_factory=_actors)
    _plan: list[tuple[datetime, int, Any]] = field(default_factory=list)
    _pending: dict[tuple[str, str], int] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    def play(self, cues: Iterable[Cue], terms: Iterable[CustomerUpdated], until: float) -> None:
        for known in terms:
            self._receive(known)
        for cue in cues:
            self._at(cue.at, cue.event)
        end = NOON + timedelta(seconds=until)
        while self._plan and self._plan[0][0] <= end:
            self.now, number, what = heapq.heappop(self._plan)
            if not isinstance(what, tuple):
                self._receive(what)
            elif self._pending.get(what) == number:
                events, seconds = self.actors[what[0]].report(what[1], self.now)
                for event in events:
                    self._receive(event)
                self._arm(what, seconds)

    def _at(self, seconds: float, what: Any) -> int:
        number = next(self._numbers)
        heapq.heappush(self._plan, (self.now + timedelta(seconds=seconds), number, what))
        return number

    def _arm(self, who: tuple[str, str], seconds: float | None) -> None:
        self._pending[who] = -1 if seconds is None else self._at(seconds, who)

    def _receive(self, event: Event) -> None:
        raw = CODEC.encode(event)
        event = CODEC.decode(raw)
        if isinstance(event, CustomerUpdated | PaymentReceived):
            booked = decide_customer(self.accounts.get(event.customer_id), event, self.policy)
            assert booked.outcome == "applied", booked
            assert booked.account
            self.accounts[event.customer_id] = booked.account
            return
        assert not isinstance(event, CreditRequested | ItemUpdated | ItemStated)
        context = Context(self.now, self.policy, ROUTER, CODEC.decode, REVIEWER)
        decision = decide(self.orders.get(event.order_id), Received(event, raw, "test", 0, 0), context)
        self.outcomes[event.order_id, decision.outcome] += 1
        if decision.outcome == "refused":
            self.refused.append((event, decision.code))
        else:
            self._carry_out(event.order_id, decision)

    def _carry_out(self, order_id: str, decision: Decision) -> None:
        assert decision.state is not None
        self.orders[order_id] = decision.state
        if due := next_due(decision.state):
            timer = TimerFired(event_id=f"{order_id}-{due}", source="t", occurred_at=due, order_id=order_id)
            self._at(max((due - self.now).total_seconds(), 0), timer)
        for effect in decision.effects:
            self.effects.append(effect)
            if isinstance(effect, CreditRequested):
                self._ask(effect)
            who = effect.department if isinstance(effect, WorkOrderIssued) else "customers"
            subject, seconds = self.actors[who].take(effect)
            self._arm((who, subject), seconds)

    def _ask(self, request: CreditRequested) -> None:
        key = (request.customer_id, request.order_id)
        account, held = self.accounts.get(request.customer_id), self.reservations.get(key)
        decision = decide_credit(account, held, request, self.now, self.policy)
        assert decision.account
        assert decision.reservation
        self.accounts[request.customer_id] = decision.account
        self.reservations[key] = decision.reservation
        if decision.decided:
            self._at(0.01, decision.decided)


IMPATIENT = Monitor(
    {
        "stalled": MonitorRule(
            says="stand still",
            status={"order": ("open",)},
            longer_than=timedelta(seconds=15),
            unless=("credit-refused",),
        )
    }
)


@pytest.fixture(scope="module")
def played() -> Theatre:
    theatre = Theatre(Policy(monitor=IMPATIENT))
    playing = Playing(300, SECONDS, 7)
    theatre.play(play(NOON, playing, DEMO.customers, staged=True), terms(NOON, playing), until=50)
    return theatre


def status(theatre: Theatre, scene: script.Scene) -> str:
    return headline(theatre.orders[scene.order_id])


def settlement(theatre: Theatre, scene: script.Scene) -> SettlementRecorded:
    (found,) = (e for e in theatre.effects if isinstance(e, SettlementRecorded) and e.order_id == scene.order_id)
    return found


def test_every_ordinary_order_is_settled_in_the_end(played: Theatre) -> None:
    ordinary = {order_id: headline(state) for order_id, state in played.orders.items() if order_id.startswith("SO-")}
    assert len(ordinary) == 300 - len(script.SCENES)
    assert set(ordinary.values()) == {"settled", "closed"}
    assert [code for event, code in played.refused if getattr(event, "order_id", "").startswith("SO-")] == []


def test_every_department_every_currency_and_several_vat_rates_take_part(played: Theatre) -> None:
    assert {e.department for e in played.effects if isinstance(e, WorkOrderIssued)} == set(DEPARTMENTS)
    settlements = [effect for effect in played.effects if isinstance(effect, SettlementRecorded)]
    assert {each.currency for each in settlements} == {customer.currency for customer in CUSTOMERS}
    assert len({(row.category, row.rate) for each in settlements for row in each.vat}) >= 8


def test_a_duplicate_counts_once(played: Theatre) -> None:
    assert played.outcomes[script.DUPLICATE.order_id, "duplicate"] == 1
    assert settlement(played, script.DUPLICATE).payable > 0


def test_a_report_before_its_order_waits_and_then_counts(played: Theatre) -> None:
    assert played.outcomes[script.EARLY.order_id, "parked"] == 1
    assert played.orders[script.EARLY.order_id].parked == ()
    assert status(played, script.EARLY) in {"settled", "closed"}


def test_an_order_over_the_limit_is_refused_credit(played: Theatre) -> None:
    state = played.orders[script.OVER_LIMIT.order_id]
    assert state.credit == "refused"
    assert "credit-refused" in {each.kind for each in state.exceptions}


def test_a_negative_quantity_is_refused(played: Theatre) -> None:
    assert [code for event, code in played.refused if event.event_id.startswith("DEMO-INVALID")] == [
        "quantity-not-positive"
    ]
    assert script.INVALID.order_id not in played.orders


def test_an_order_nobody_works_on_is_stalled(played: Theatre) -> None:
    assert status(played, script.STALLED) == "stalled"
    stalled = {e.order_id for e in played.effects if isinstance(e, ExceptionRaised) and e.kind == "stalled"}
    assert stalled == {script.STALLED.order_id}, "of the one without credit it is known what it waits for"


def test_a_delivery_in_two_parts_is_settled_once(played: Theatre) -> None:
    (line,) = settlement(played, script.PARTIAL).lines
    assert len(line.event_ids) == 2
    assert line.delivered == line.ordered == 50


def test_a_cancelled_order_ends_without_a_settlement(played: Theatre) -> None:
    assert status(played, script.CANCELLED) == "cancelled"
    actions = [
        e.action for e in played.effects if isinstance(e, WorkOrderIssued) and e.order_id == script.CANCELLED.order_id
    ]
    assert actions == ["create", "cancel"]


def test_a_changed_order_is_settled_as_changed(played: Theatre) -> None:
    lines = {line.line_id: line for line in settlement(played, script.CHANGED).lines}
    assert lines["1"].ordered == lines["1"].delivered == 60
    assert set(lines) == {"1", "2", "3"}


def test_refused_work_goes_to_the_next_candidate(played: Theatre) -> None:
    (line,) = played.orders[script.REJECTED.order_id].lines
    assert line.rejected_by == ("production",)
    assert [part.department for part in line.allocations] == ["procurement"]
    assert status(played, script.REJECTED) in {"settled", "closed"}


def test_no_reservation_is_left_and_no_account_is_overdrawn(played: Theatre) -> None:
    open_orders = {script.STALLED.order_id}
    for (_, order_id), reservation in played.reservations.items():
        assert (reservation.reserved > 0) == (order_id in open_orders)
    for account in played.accounts.values():
        assert account.reserved + account.receivable <= (account.terms.limit or 0)


def test_the_same_seed_plays_the_same_script_and_another_one_another() -> None:
    def cues(seed: int) -> list[Cue]:
        return play(NOON, Playing(30, 5, seed), DEMO.customers, staged=True)

    assert cues(1) == cues(1)
    assert cues(1) != cues(2)
