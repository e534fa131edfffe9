"""Whatever becomes of workers and clocks, every alert is opened once and taken further once, and none is missed."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.agents.orders import create_agent
from hub.codec import Codec
from hub.domain.effects import ExceptionRaised
from hub.domain.order import OrderState
from hub.domain.policy import Policy
from hub.errors import HubError
from hub.metrics import Metrics
from hub.policy import load_policy
from hub.rules import RULES_DIR
from hub.ruleset import Rules, load_ruleset
from hub.runtime import partition as under_test
from hub.runtime.partition import Partition
from hub.runtime.spec import APPLIED_TOPIC, AgentSpec, RuntimeConfig
from hub.runtime.work import Output, state_headers
from hub.topics import MAX_EVENT_BYTES, ORDERS_EVENTS, ORDERS_EXCEPTIONS, ORDERS_STATE
from tests.support.effort import examples
from tests.support.orders import START, Story
from tests.support.small_kafka import SmallConsumer, SmallKafka, SmallProducer

HOUR = timedelta(hours=1)
CODEC = Codec.load()
MONITOR = """
monitor:
  - name: it
    unanswered: [logistics]
    longer_than: PT1H
    says: have had no answer
    escalate: [{after: PT2H, to: lead}, {after: PT3H, to: head}]
"""
ORDERS = 5


def _rules() -> Rules:
    with tempfile.TemporaryDirectory() as directory:
        for name in ("policy.yaml", "allocation.yaml"):
            (Path(directory) / name).write_text((RULES_DIR / name).read_text())
        (Path(directory) / "monitor.yaml").write_text(MONITOR)
        return Rules(load_ruleset(Path(directory)))


RULES = _rules()
AGENT: AgentSpec[OrderState] = create_agent(CODEC, RULES, max_event_bytes=MAX_EVENT_BYTES)


def _waiting(number: int, policy: Policy) -> OrderState:
    """An order that logistics was given so many quarters of an hour after the first."""
    story = Story(policy, order_id=f"ORD-{number}")
    story.now = START + number * timedelta(minutes=15)
    story.place()
    return story.order


WAITING = [_waiting(number, replace(load_policy(), monitor=RULES.current.policy.monitor)) for number in range(ORDERS)]


class World:
    """A partition, its owner, and the clock on the wall."""

    def __init__(self, kafka: SmallKafka, home: Path) -> None:
        self.now = START
        self._kafka = kafka
        self._home = home
        self._homes = 0
        self._own()

    def _own(self) -> None:
        consumer = SmallConsumer(self._kafka)
        self._partition: Partition[OrderState] = Partition(
            RuntimeConfig("app", "nowhere", self._home / str(self._homes), cached_states=2),
            AGENT,
            0,
            1,
            sources=consumer,
            acknowledge=lambda _: None,
            metrics=Metrics(),
            clock=lambda: self.now,
            recoveries=asyncio.Semaphore(1),
        )
        self._task = asyncio.create_task(self._partition.run())

    async def pass_(self, minutes: int) -> None:
        """Time goes on; a worker that has died is started again."""
        if self._task.done():
            await self.kill(0)
        self.now += timedelta(minutes=minutes)
        self._partition._wake.set()
        for _ in range(30):
            await asyncio.sleep(0)

    async def jump_back(self, _: int) -> None:
        """Somebody sets the clock back by an hour."""
        self.now -= HOUR
        await self.pass_(0)

    async def suspend(self, _: int) -> None:
        """The worker stands still for an hour: to it, the clock jumps."""
        await self.pass_(60)

    async def kill(self, _: int) -> None:
        """The process is gone at once, and another opens its directory."""
        self._task.cancel()
        await asyncio.wait({self._task})
        if not self._task.cancelled() and not isinstance(self._task.exception(), HubError):
            self._task.result()
        await self._partition.close(graceful=False)
        self._own()

    async def lose_disk(self, _: int) -> None:
        """Another worker takes the partition over, with nothing on its disk."""
        self._homes += 1
        await self.kill(0)

    async def lose_commit(self, _: int) -> None:
        """Nothing of the next transaction is committed."""
        self._kafka.fates.append("lost")

    async def hear_nothing(self, _: int) -> None:
        """The next transaction is committed, and nobody hears of it."""
        self._kafka.fates.append("unanswered")

    async def finish(self) -> None:
        """All is well again, for two days."""
        self._kafka.fates.clear()
        for _ in range(48):
            await self.pass_(60)
        assert not self._task.done(), self._task.exception()
        self._task.cancel()
        await asyncio.wait({self._task})
        await self._partition.close()


@contextmanager
def _small_kafka() -> Iterator[SmallKafka]:
    kafka = SmallKafka(ORDERS_EVENTS)
    states = [
        (state.order_id.encode(), CODEC.encode(state), state_headers(_ms(state.watch_due), "confirmed"))
        for state in WAITING
    ]
    applied: Output = (f"{AGENT.name}/{ORDERS_EVENTS}".encode(), b"-1", [])
    kafka.append({(ORDERS_STATE, 0): states, (APPLIED_TOPIC, 0): [applied]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(under_test, "PartitionProducer", lambda *_: SmallProducer(kafka))
        patch.setattr(under_test, "recover", kafka.recover)
        yield kafka


def _ms(moment: datetime | None) -> int:
    return 0 if moment is None else int(moment.timestamp() * 1000)


async def _play(kafka: SmallKafka, steps: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as home:
        world = World(kafka, Path(home))
        for name, argument in steps:
            await getattr(world, name)(argument)
        await world.finish()


TROUBLE = ["jump_back", "suspend", "kill", "lose_disk", "lose_commit", "hear_nothing"]
STEP = st.tuples(st.just("pass_"), st.integers(1, 50)) | st.tuples(st.sampled_from(TROUBLE), st.just(0))


@settings(max_examples=examples(25))
@given(st.lists(STEP, max_size=25))
def test_every_alert_is_opened_and_taken_further_once(steps: list[tuple[str, int]]) -> None:
    with _small_kafka() as kafka:
        asyncio.run(_play(kafka, steps))
        raised = [
            CODEC.decode_as(ExceptionRaised, value or b"") for _, (_, value, _) in kafka.logs[ORDERS_EXCEPTIONS, 0]
        ]
    assert Counter((each.order_id, each.action, each.owner) for each in raised) == Counter(
        (state.order_id, action, owner)
        for state in WAITING
        for action, owner in (("opened", ""), ("escalated", "lead"), ("escalated", "head"))
    )
    for each in raised:
        due = next(state.watch_due for state in WAITING if state.order_id == each.order_id)
        assert due == (START + HOUR + int(each.order_id[4:]) * timedelta(minutes=15)).astimezone(UTC)
        if each.action == "opened":
            assert each.opened_at == due, "it is as old as its cause, whenever somebody looked"
            assert each.occurred_at >= due, "nobody is told before"
