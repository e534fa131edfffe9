"""What is told of orders to those who watch: which steps were taken, since when the hub had them to take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from hub.agents import credit, orders
from hub.agents.watching import BOUNDS, label, marks, steps
from hub.codec import Codec
from hub.domain.events import CustomerUpdated, StatusReported
from hub.domain.model import Frozen
from hub.domain.policy import Policy
from hub.policy import load_policy
from hub.ruleset import Rules, load_ruleset
from hub.runtime.marks import Mark
from hub.runtime.spec import AgentSpec, Headers, Record, since_ms
from hub.runtime.store import Store
from hub.runtime.work import StateCache, Work
from hub.topics import (
    CREDIT_DECISIONS,
    CREDIT_REQUESTS,
    CUSTOMERS_EVENTS,
    MAX_EVENT_BYTES,
    ORDERS_COMMANDS,
    ORDERS_EVENTS,
    STATUS_TOPIC,
)
from tests.support.nodes import node
from tests.support.orders import CUSTOMER, ORDER, START, Story, line, stock_order_in_work

T0 = 1_764_000_000_000


def _steps(story: Story, happening: Any) -> list[str]:
    before = story.state
    count = len(story.decisions)
    happening()
    found: list[str] = []
    for decision in story.decisions[count:]:
        found += steps(before, decision)
        before = decision.state
    return found


def test_an_order_is_routed_once_and_again_when_it_was_changed() -> None:
    story = Story()
    assert _steps(story, story.place) == ["routed"]
    assert _steps(story, lambda: story.report("logistics", "accepted")) == []


def test_an_order_that_waits_for_consent_is_not_routed_before_it_comes() -> None:
    story = Story(Policy(confirmation="required"))
    assert _steps(story, story.place) == []
    assert _steps(story, story.confirm) == ["routed"]


def test_an_order_is_routed_when_the_last_node_has_answered() -> None:
    story = Story(nodes=[node("plant", per_day=100)], nodes_answer=False)
    assert _steps(story, lambda: story.place(line(item_id="MK-1"))) == []
    assert story.order.routed == 0
    (asked,) = story.order.capacity
    request = next(each for each in story.effects if getattr(each, "event_id", "") == asked.request_id)
    assert _steps(story, lambda: story.receive(story.ask_node(request))) == ["routed"]  # type: ignore[arg-type]


def test_a_delivery_is_settled_and_what_is_credited_later_is_no_such_step() -> None:
    story = stock_order_in_work()
    story.report("logistics", "shipped", {"1": 10})
    assert _steps(story, lambda: story.report("logistics", "delivered", {"1": 10})) == ["settled"]
    assert _steps(story, lambda: story.report("logistics", "returned", {"1": 2})) == []


def test_an_order_that_stands_still_is_marked_with_whose_turn_it_is() -> None:
    story = stock_order_in_work()
    assert marks(story.order) == ()
    story.wait(timedelta(days=3))
    stalled_at = int(story.now.timestamp() * 1000)
    assert marks(story.order) == (Mark(("stalled", "logistics", "critical"), stalled_at),)
    story.report("logistics", "shipped", {"1": 10})
    assert marks(story.order) == ()


def _promised_in(days: int) -> Story:
    story = Story(Policy(schedule=load_policy().schedule))
    story.place(requested_delivery=START.date() + timedelta(days=days))
    return story


@pytest.mark.parametrize(
    ("hours", "bound"),
    [(-500, "-168"), (-168, "-168"), (-25, "-24"), (-1, "-1"), (0, "24"), (24, "24"), (25, "72"), (9_999, "+Inf")],
)
def test_an_open_order_is_counted_by_the_slack_it_has_and_late_ones_by_themselves(hours: int, bound: str) -> None:
    story = _promised_in(days=9)
    assert story.order.schedule is not None
    assert story.order.schedule.slack_hours is not None
    slack = replace(story.order.schedule, slack_hours=hours)
    assert label(replace(story.order, schedule=slack)) == f"confirmed/{bound}"
    assert bound in BOUNDS


def test_an_order_that_is_settled_or_promised_for_no_day_is_counted_by_its_status_alone() -> None:
    story = stock_order_in_work()
    assert label(story.order) == "confirmed"
    late = _promised_in(days=0)
    late.report("logistics", "accepted")
    assert label(late.order) == "confirmed/-24"
    late.report("logistics", "shipped", {"1": 10})
    late.report("logistics", "delivered", {"1": 10})
    assert label(late.order) == "settled"


# --- since when --------------------------------------------------------------------------------------


class Hub:
    """Both agents, one partition, no Kafka."""

    def __init__(self, directory: Path) -> None:
        self.codec = Codec.load()
        rules = Rules(load_ruleset())
        self.agents: tuple[AgentSpec[Any], ...] = (
            orders.create_agent(self.codec, rules, max_event_bytes=MAX_EVENT_BYTES),
            credit.create_agent(self.codec, rules, max_event_bytes=MAX_EVENT_BYTES),
        )
        self.stores = {agent.name: Store(directory / agent.name) for agent in self.agents}
        self.steps: list[tuple[str, int]] = []

    def send(self, topic: str, event: Frozen, key: str, at: int) -> None:
        self._take(Record(topic, 0, 0, at, 0, key.encode(), self.codec.encode(event), ()))

    def _take(self, record: Record) -> None:
        agent = next(each for each in self.agents if record.topic in each.inputs)
        store = self.stores[agent.name]
        work = Work(agent, 0, 1, now=datetime.now(UTC), store=store, cache=StateCache(9))
        agent.handler.on_record(work, record)
        store.write(work.seal(), applied={}, checkpoints={}, known=work.replaced())
        self.steps += work.steps
        for (topic, _), outputs in work.outputs.items():
            if topic in (CREDIT_REQUESTS, CREDIT_DECISIONS):
                for key, value, headers in outputs:
                    self._take(Record(topic, 0, 0, record.timestamp + 500, 0, key, value, headers))


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    hub = Hub(tmp_path)
    terms = CustomerUpdated(
        customer_id=CUSTOMER,
        name="Weserland",
        currency="EUR",
        credit_limit=Decimal(1_000),
        event_id="terms",
        source="/test",
        occurred_at=START,
    )
    hub.send(CUSTOMERS_EVENTS, terms, CUSTOMER, T0)
    yield hub
    for store in hub.stores.values():
        store.close()


def test_routing_counts_from_the_order_though_the_account_was_asked_in_between(hub: Hub) -> None:
    placed = Story().placed(line(item_id="ST-1"))
    hub.send(ORDERS_EVENTS, placed, ORDER, T0 + 60_000)
    assert hub.steps == [("routed", T0 + 60_000)]


def test_routing_counts_from_the_release_when_a_person_had_to_see_to_the_order(hub: Hub) -> None:
    story = Story()
    hub.send(ORDERS_EVENTS, story.placed(line(item_id="ST-1", quantity=500)), ORDER, T0 + 60_000)
    assert hub.steps == []
    hub.send(ORDERS_COMMANDS, story.commanded(command="override-credit", role="credit-manager"), ORDER, T0 + 7_200_000)
    assert hub.steps == [("routed", T0 + 7_200_000)]


def test_settling_counts_from_when_the_report_came_in_not_from_when_the_goods_arrived(hub: Hub) -> None:
    story = Story()
    hub.send(ORDERS_EVENTS, story.placed(line(item_id="ST-1")), ORDER, T0)
    for number, kind in enumerate(("accepted", "shipped", "delivered"), 1):
        report: StatusReported = story.status("logistics", kind, {} if kind == "accepted" else {"1": 10})  # type: ignore[arg-type]
        hub.send(STATUS_TOPIC["logistics"], replace(report, occurred_at=START), ORDER, T0 + 1_000 * number)
    assert hub.steps == [("routed", T0), ("settled", T0 + 3_000)]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], T0),
        ([("hub-since-ms", b"%d" % (T0 - 5))], T0 - 5),
        ([("hub-since-ms", b"%d" % (T0 + 5))], T0),
        ([("hub-since-ms", b"yesterday")], T0),
        ([("hub-since-ms", b"9" * 5_000)], T0),
    ],
    ids=["none", "earlier", "later than the record itself", "no number", "endless"],
)
def test_a_time_that_cannot_be_is_not_believed(headers: Headers, expected: int) -> None:
    assert since_ms(Record("in", 0, 0, T0, 0, b"k", b"v", headers)) == expected
