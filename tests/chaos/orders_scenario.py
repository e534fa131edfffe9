"""The hub itself: orders, some of them out of the ordinary, and a company that answers what the hub says."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from random import Random

import yaml
from msgspec.structs import replace

from connectors.base import Event, key_of
from connectors.publishing import topic_of
from hub.agents import capacity, credit, orders
from hub.codec import Codec
from hub.domain.effects import SettlementRecorded
from hub.domain.events import OrderCancelled, OrderPlaced, StatusReported
from hub.domain.ids import work_order_id
from hub.domain.model import LineQuantity, OrderAdjustment
from hub.rules import RULES_DIR
from hub.ruleset import Rules, load_ruleset
from hub.runtime.partitioner import partition_of
from hub.runtime.spec import Record
from hub.simulator.actor import Behaviour
from hub.simulator.customers import Customers
from hub.simulator.departments import Desk
from hub.simulator.orders import Cue, Playing, play, terms
from hub.simulator.scenario import load_scenario
from hub.topics import (
    CUSTOMER_NOTIFICATIONS,
    MAX_EVENT_BYTES,
    ORDERS_EVENTS,
    ORDERS_STATE,
    SETTLEMENTS,
    TOPICS,
    WORK_TOPIC,
)
from tests.chaos.capacity_oracle import CapacityOracle
from tests.chaos.credit_oracle import CreditOracle
from tests.chaos.feed import Feed, open_feed
from tests.chaos.orders_oracle import OrdersOracle
from tests.chaos.scenario import Records
from tests.chaos.settlement_oracle import SettlementOracle
from tests.chaos.verdict import Verdict

_BACKLOG = 150
_PER_SECOND = 10
_SENT_BACK = 0.15
"""Part of the settlements of which a unit comes back."""
_WITHDRAWN = 0.1
"""Part of the orders that are cancelled while departments may be at work on them."""
_SECOND_THOUGHTS = (0.5, 8.0)
"""Seconds after which they are."""
_PACE = 0.4
_IMPATIENT = {"credit_wait": "PT2S", "parked_for": "PT6S", "confirmation_wait": "PT8S"}
"""Waiting times a run of a minute sees the end of."""
_WATCHED = """
monitor:
  - name: unanswered
    unanswered: [production, procurement, logistics]
    longer_than: PT1S
    says: have had no answer
    escalate: [{after: PT1S, to: head}, {after: PT1S, to: boss}]
  - name: stalled
    status: {order: [open]}
    longer_than: PT3S
    says: stand still
    unless: [unanswered]
"""
_NODES = """
calendars:
  - {name: always, time_zone: Asia/Shanghai, hours: {mon-sun: "00:00-24:00"}}
nodes:
  - {name: works, department: production, calendar: always, capacity: {per_day: 400, unit: C62}, smallest_part: 20}
"""
"""A plant with less capacity than is wanted of it."""
_SOON_MS = 60_000


class OrdersLoad:
    """The demonstration's script, with more that goes wrong; departments and customers answer what is committed."""

    def __init__(
        self, feed: Feed, codec: Codec, partitions: int, random: Random, change_rules: Callable[[], None]
    ) -> None:
        self._change_rules = change_rules
        self._feed = feed
        self._codec = codec
        self._partitions = partitions
        self._random = random
        scenario = load_scenario("demo")
        self._habits = scenario.customers
        self._behaviours: Mapping[str, Behaviour] = {
            **{
                topic: Desk(department, scenario.habits(department), pace=_PACE)
                for department, topic in WORK_TOPIC.items()
            },
            **dict.fromkeys((CUSTOMER_NOTIFICATIONS, SETTLEMENTS), Customers(scenario.customers)),
        }
        self._agenda: list[tuple[float, int, str, str]] = []
        self._withdrawn: list[Cue] = []
        self._turn = count()
        self._latest: dict[tuple[str, str], int] = {}

    async def backlog(self) -> None:
        now = datetime.now(UTC)
        for event in terms(now, Playing(10 * _BACKLOG, 1, 0)):
            await self._send(event)
        playing = Playing(_BACKLOG, 1, self._random.randrange(2**31))
        for cue in play(now, playing, self._habits, staged=True):
            await self._perform(cue)
            self._withdrawn += self._second_thoughts(cue.event, 0)
        await self._feed.flush()

    async def play(self, seconds: float) -> None:
        started = time.monotonic()
        playing = Playing(int(_PER_SECOND * seconds) + 10, seconds, self._random.randrange(2**31))
        cues = [_renumbered(cue) for cue in play(datetime.now(UTC), playing, self._habits, staged=True)]
        withdrawn = [each for cue in cues for each in self._second_thoughts(cue.event, cue.at)]
        for cue in sorted([*self._withdrawn, *cues, *withdrawn], key=lambda cue: cue.at):
            await asyncio.sleep(max(0.0, started + cue.at - time.monotonic()))
            await self._perform(cue)
            if cue.at > seconds / 2:
                self._change_rules()
        await self._feed.flush()

    async def react(self, records: Sequence[Record]) -> None:
        for record in records:
            if record.topic == SETTLEMENTS and self._random.random() < _SENT_BACK:
                await self._send_back(self._codec.decode_as(SettlementRecorded, record.value))
            if behaviour := self._behaviours.get(record.topic):
                subject, seconds = behaviour.take(self._codec.decode(record.value))
                self._note(record.topic, subject, seconds)
        while self._agenda and self._agenda[0][0] <= time.monotonic():
            _, turn, topic, subject = heapq.heappop(self._agenda)
            if self._latest.get((topic, subject)) == turn:
                events, seconds = self._behaviours[topic].report(subject, datetime.now(UTC))
                for event in events:
                    await self._send(event)
                self._note(topic, subject, seconds)

    def settled(self, records: Records) -> bool:
        """Everybody has said what there was to say, and no order waits for a time that comes soon."""
        due = {record.key: int(dict(record.headers).get("hub-due-ms", b"0")) for record in records[ORDERS_STATE]}
        soon = time.time() * 1000 + _SOON_MS
        return not self._latest and not any(0 < each < soon for each in due.values())

    def left(self) -> str:
        return f"not said yet: {list(self._latest)[:20]}"

    def _note(self, topic: str, subject: str, seconds: float | None) -> None:
        """What was to be said about the subject is replaced by what is now."""
        if not subject:
            return
        self._latest.pop((topic, subject), None)
        if seconds is not None:
            turn = self._latest[topic, subject] = next(self._turn)
            heapq.heappush(self._agenda, (time.monotonic() + seconds, turn, topic, subject))

    async def _perform(self, cue: Cue) -> None:
        event = cue.event
        if isinstance(event, OrderPlaced):
            settlement = self._random.choice(("at-close", "per-delivery"))
            event = replace(event, settlement=settlement, adjustments=tuple(self._agreed(event)))
        await self._send(event, wrong_partition=cue.wrong_partition)
        if isinstance(event, OrderPlaced):
            for following, wrong_partition in self._mischief(event):
                await self._send(following, wrong_partition=wrong_partition)
            if self._random.random() < 0.02:
                await self._send_garbage(event)

    def _agreed(self, order: OrderPlaced) -> Iterator[OrderAdjustment]:
        """What some orders allow and charge: freight, insurance and a bonus."""
        if self._random.random() < 0.4:
            category, rate = order.lines[0].vat_category, order.lines[0].vat_rate
            yield OrderAdjustment("charge", amount=Decimal(7), reason_code="FC", vat_category=category, vat_rate=rate)
        if self._random.random() < 0.3:
            yield OrderAdjustment("charge", percent=Decimal("1.5"), reason="Insurance")
        if self._random.random() < 0.2:
            yield OrderAdjustment("allowance", percent=Decimal("2.5"), reason="Bonus")

    async def _send_back(self, settlement: SettlementRecorded) -> None:
        """The customer returns a unit of what was just billed."""
        line = settlement.lines[0]
        if settlement.kind == "invoice" and line.quantity >= 1:
            report = StatusReported(
                event_id=f"{settlement.settlement_id}-back",
                source="returns-desk",
                occurred_at=settlement.occurred_at,
                order_id=settlement.order_id,
                work_order_id=work_order_id(settlement.order_id, "logistics"),
                department="logistics",
                kind="returned",
                lines=(LineQuantity(line.line_id, Decimal(1)),),
            )
            await self._send(report)

    def _mischief(self, order: OrderPlaced) -> Iterator[tuple[Event, bool]]:
        """What now and then goes wrong with an order, right after it was placed."""
        chance = self._random.random()
        if chance < 0.03:
            yield order, False
        elif chance < 0.05:
            yield order, True
        elif chance < 0.08:
            yield _cancellation(order), False
        elif chance < 0.10:
            line = replace(order.lines[0], quantity=Decimal(-1))
            yield replace(order, event_id=f"{order.event_id}-negative", lines=(line,)), False

    def _second_thoughts(self, event: Event, at: float) -> Iterator[Cue]:
        """A cancellation that may cross what departments say."""
        if isinstance(event, OrderPlaced) and self._random.random() < _WITHDRAWN:
            yield Cue(at + self._random.uniform(*_SECOND_THOUGHTS), _cancellation(event))

    async def _send(self, event: Event, *, wrong_partition: bool = False) -> None:
        key = key_of(event).encode()
        partition = (partition_of(key, self._partitions) + wrong_partition) % self._partitions
        await self._feed.send(topic_of(event), self._codec.encode(event), key=key, partition=partition)

    async def _send_garbage(self, order: OrderPlaced) -> None:
        value = self._codec.encode(order)
        key = order.order_id.encode()
        broken = self._random.choice((value[:-3], b"", value + b"!", b"\0" * 5 + value, b"x" * (MAX_EVENT_BYTES + 1)))
        await self._feed.send(ORDERS_EVENTS, broken, key=key, partition=partition_of(key, self._partitions))


class OrdersScenario:
    """What the hub promises."""

    name = "orders"

    def __init__(self, directory: Path) -> None:
        """`directory` takes the rules of the run."""
        self._rules_dir = directory / "rules"
        self._rules_dir.mkdir(parents=True, exist_ok=True)
        rules = (RULES_DIR / "allocation.yaml").read_text()
        (self._rules_dir / "allocation.yaml").write_text(rules.replace("[production, ", "[works, production, "))
        (self._rules_dir / "nodes.yaml").write_text(_NODES)
        (self._rules_dir / "monitor.yaml").write_text(_WATCHED)
        policy = yaml.safe_load((RULES_DIR / "policy.yaml").read_text())
        (self._rules_dir / "policy.yaml").write_text(yaml.safe_dump(policy | _IMPATIENT))
        self._codec = Codec.load()
        ruleset = Rules(load_ruleset(self._rules_dir))
        self.agents = (
            orders.create_agent(self._codec, ruleset, max_event_bytes=MAX_EVENT_BYTES),
            credit.create_agent(self._codec, ruleset, max_event_bytes=MAX_EVENT_BYTES),
            capacity.create_agent(self._codec, ruleset, max_event_bytes=MAX_EVENT_BYTES),
        )
        self.topics = tuple(TOPICS.values())
        self.environment = {"HUB_RULES_DIR": str(self._rules_dir), "HUB_RULES_POLL_MS": "500"}

    @asynccontextmanager
    async def load(self, bootstrap: str, partitions: int, random: Random) -> AsyncIterator[OrdersLoad]:
        async with open_feed(bootstrap) as it:
            yield OrdersLoad(it, self._codec, partitions, random, self._change_rules)

    def _change_rules(self) -> None:
        """The company calls a rule by another name: what is decided from then on quotes it.

        A worker that starts in this moment finds the file as it was or as it is.
        """
        path = self._rules_dir / "allocation.yaml"
        changed = path.with_suffix(".new")
        changed.write_text(path.read_text().replace("made-here", "made-by-us"))
        changed.replace(path)

    def examine(self, records: Records, partitions: int) -> Verdict:
        verdict = Verdict()
        OrdersOracle(self._codec, partitions).examine(verdict, records)
        CreditOracle(self._codec).examine(verdict, records)
        SettlementOracle(self._codec).examine(verdict, records)
        CapacityOracle(self._codec, self._rules_dir).examine(verdict, records)
        return verdict


def _renumbered(cue: Cue) -> Cue:
    """The script's orders have the numbers of the backlog's: these come later."""
    event = cue.event
    order_id = f"{key_of(event)}-L"
    if isinstance(event, OrderPlaced):
        event = replace(event, order_id=order_id, event_id=f"{order_id}-placed")
    else:
        event = replace(event, order_id=order_id, event_id=f"{event.event_id}-L")
    return Cue(cue.at, event, cue.wrong_partition)


def _cancellation(order: OrderPlaced) -> OrderCancelled:
    return OrderCancelled(
        event_id=f"{order.order_id}-withdrawn",
        source="web-shop",
        occurred_at=order.occurred_at,
        order_id=order.order_id,
    )
