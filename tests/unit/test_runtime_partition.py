"""Whatever the interleaving of fetches, rebalances, takeovers and failed commits: every record, once, in order."""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import LogCapture

from hub.errors import HandlerError, HubError, TopicError
from hub.metrics import Metrics
from hub.runtime import partition as under_test
from hub.runtime import telling
from hub.runtime.partition import Partition
from hub.runtime.reader import Batch
from hub.runtime.spec import AgentSpec, Record, RuntimeConfig
from hub.runtime.tracing import Taken, Tracing, take
from hub.runtime.work import Work
from hub.runtime.worker import utc_now
from tests.support.small_kafka import SmallConsumer, SmallKafka, SmallProducer
from tests.wordcount import Count, WordCount, spec

AGENT = spec()
SOURCE = AGENT.sources[0]


class Owner:
    """A worker's partition, from its assignment to its end."""

    def __init__(
        self,
        kafka: SmallKafka,
        home: Path,
        agent: AgentSpec[Any] = AGENT,
        partitions: int = 1,
        *,
        tracing: Tracing | None = None,
    ) -> None:
        self.home = home
        self.consumer = SmallConsumer(kafka)
        self.acknowledged: list[int] = []
        config = RuntimeConfig("app", "nowhere", home, max_batch_records=3, cached_states=2, poison_attempts=2)
        self.partition: Partition[Any] = Partition(
            config,
            agent,
            0,
            partitions,
            sources=self.consumer,
            acknowledge=self._acknowledge,
            metrics=Metrics(),
            clock=utc_now,
            recoveries=asyncio.Semaphore(1),
            tracing=tracing,
        )
        self.task = asyncio.create_task(self.partition.run())

    def _acknowledge(self, batch: Batch) -> None:
        self.acknowledged.append(batch.number)

    def deliver(self, batch: Batch | None) -> None:
        if batch is not None:
            self.partition.deliver(batch)

    async def end(self) -> None:
        """Let go as a worker does; only errors with a sentence are fine."""
        await self.partition.pause()
        self.task.cancel()
        await asyncio.wait({self.task})
        if not self.task.cancelled() and not isinstance(self.task.exception(), HubError):
            self.task.result()
        await self.partition.close(graceful=self.task.cancelled())

    async def die(self) -> None:
        """End as a killed process does: nothing is tidied up, only the disk remains."""
        self.task.cancel()
        await asyncio.wait({self.task})
        await self.partition.close(graceful=False)

    async def failure(self) -> BaseException | None:
        """What the partition ended with."""
        await asyncio.wait({self.task}, timeout=10)
        error = self.task.exception()
        await self.partition.close(graceful=False)
        return error

    async def until_said(self, kafka: SmallKafka, count: int) -> list[list[Any]]:
        """Read everything until so many messages are out."""
        await self.read_until(lambda: self.task.done() or len(messages(kafka)) >= count)
        assert not self.task.done(), self.task.exception()
        return messages(kafka)

    async def read_until(self, condition: Callable[[], bool], size: int = 9) -> None:
        """Read on until something is so, or has not become so in a long time."""
        async with asyncio.timeout(10):
            while not condition():
                self.deliver(self.consumer.fetch(size))
                await asyncio.sleep(0)


def messages(kafka: SmallKafka) -> list[list[Any]]:
    return [json.loads(value or b"") for _, (_, value, _) in kafka.logs[AGENT.outputs[0], 0]]


class Story:
    """One run: what was fed, who owns the partition, and who thinks so."""

    def __init__(self, home: Path, kafka: SmallKafka) -> None:
        self.kafka = kafka
        self.home = home
        self.homes = 0
        self.zombies: list[Owner] = []
        self.owner = self._new_owner()

    def _new_owner(self, home: Path | None = None) -> Owner:
        self.homes += 1
        return Owner(self.kafka, home or self.home / str(self.homes))

    # --- what may happen -------------------------------------------------------------------------

    async def feed(self, count: int) -> None:
        for _ in range(count):
            number = len(self.kafka.input)
            self.kafka.feed(b"w%d" % (number % 7 % 3), b"%d" % number)

    async def fetch(self, size: int) -> None:
        self.owner.deliver(self.owner.consumer.fetch(size))

    async def fetch_late(self, which: int) -> None:
        self.owner.deliver(self.owner.consumer.fetched_before(which))

    async def pause(self, _: int) -> None:
        self.owner.consumer.close()
        await self.owner.partition.pause()

    async def resume(self, _: int) -> None:
        self.owner.partition.resume()

    async def rebalance(self, late: int) -> None:
        """The partition stays; what was on its way arrives after it is opened again."""
        await self.pause(0)
        await self.wait(late)
        await self.resume(0)
        await self.wait(late)
        await self.fetch_late(late)

    async def restart(self, _: int) -> None:
        await self.owner.end()
        self.owner = self._new_owner(self.owner.home)

    async def restart_without_disk(self, _: int) -> None:
        await self.owner.end()
        self.owner = self._new_owner()

    async def take_over(self, size: int) -> None:
        """Another worker becomes the owner while this one reads on as if nothing had happened."""
        self.zombies.append(self.owner)
        self.owner = self._new_owner()
        zombie = self.zombies[-1]
        zombie.deliver(zombie.consumer.fetch(size))

    async def lose(self, _: int) -> None:
        self.kafka.fates.append("lost")

    async def hear_nothing(self, _: int) -> None:
        self.kafka.fates.append("unanswered")

    async def wait(self, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)

    # --- the end ---------------------------------------------------------------------------------

    async def finish(self) -> None:
        """Let it come to rest, with everything applied."""
        self.kafka.fates.clear()
        for zombie in self.zombies:
            await zombie.end()
        await self.restart(0)
        for _ in range(2_000):
            assert not self.owner.task.done(), self.owner.task.exception()
            await self.fetch(5)
            await asyncio.sleep(0)
            if len(messages(self.kafka)) >= len(self.kafka.input) and self.owner.partition.ready:
                break
        await self.wait(20)
        self.stored = dict(self.owner.partition._state)
        await self.owner.end()

    def check(self) -> None:
        expected: list[list[Any]] = []
        totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for record in self.kafka.input:
            word = (record.key or b"").decode()
            totals[word][0] += 1
            totals[word][1] += int(record.value or b"")
            expected.append([word, *totals[word]])
        assert messages(self.kafka) == expected
        changelog = {key: value for _, (key, value, _) in self.kafka.logs[AGENT.changelog, 0]}
        assert {key: entry.raw for key, entry in self.stored.items()} == changelog
        assert {key.decode(): json.loads(entry.raw) for key, entry in self.stored.items()} == dict(totals)


@contextmanager
def _small_kafka() -> Iterator[SmallKafka]:
    kafka = SmallKafka(SOURCE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(under_test, "PartitionProducer", lambda *_: SmallProducer(kafka))
        patch.setattr(under_test, "recover", kafka.recover)
        yield kafka


async def _tell(kafka: SmallKafka, steps: list[tuple[str, int]]) -> Story:
    with tempfile.TemporaryDirectory() as home:
        story = Story(Path(home), kafka)
        for name, argument in steps:
            await getattr(story, name)(argument)
        await story.finish()
    return story


TROUBLE = ["fetch_late", "pause", "resume", "rebalance", "restart", "restart_without_disk", "take_over", "lose"]
EVENTS = [*TROUBLE, "hear_nothing", *["fetch"] * 8]
STEP = st.tuples(
    st.tuples(st.just("feed"), st.integers(0, 6)),
    st.tuples(st.just("fetch"), st.integers(1, 5)),
    st.tuples(st.just("wait"), st.integers(0, 9)),
    st.tuples(st.sampled_from(EVENTS), st.integers(1, 5)),
    st.tuples(st.just("wait"), st.integers(0, 9)),
)


@settings(max_examples=40)
@given(st.lists(STEP, min_size=12, max_size=20))
def test_whatever_happens_every_record_takes_effect_once_in_order(steps: list[tuple[tuple[str, int], ...]]) -> None:
    with _small_kafka() as kafka:
        asyncio.run(_tell(kafka, [act for step in steps for act in step])).check()


# --- what ends the process -----------------------------------------------------------------------


class Killed(BaseException):
    """The end of the process, at a point of the handler's choosing."""


class Deadly(WordCount):
    """Ends the process on one value, and fails on every timer while told to."""

    def __init__(self, *, deadly: bytes = b"", bad_timers: bool = False) -> None:
        super().__init__(AGENT.outputs[0], remind_after_ms=0 if bad_timers else None)
        self.deadly = deadly
        self.bad_timers = bad_timers

    def on_record(self, work: Work[Count], record: Record) -> None:
        if record.value == self.deadly:
            raise Killed
        super().on_record(work, record)

    def on_timer(self, work: Work[Count], key: bytes, due_ms: int) -> None:
        if self.bad_timers:
            raise RuntimeError("a bug in the timer")
        super().on_timer(work, key, due_ms)


@pytest.fixture
def small_kafka() -> Iterator[SmallKafka]:
    with _small_kafka() as small_kafka:
        yield small_kafka


async def test_a_record_that_kills_the_process_is_refused_and_no_other(small_kafka: SmallKafka, tmp_path: Path) -> None:
    for number in range(20):
        small_kafka.feed(b"w", b"%d" % number)
    agent = replace(AGENT, handler=Deadly(deadly=b"11"))
    deaths = 0
    while True:
        owner = Owner(small_kafka, tmp_path, agent)
        await owner.read_until(lambda: owner.task.done() or len(messages(small_kafka)) >= 19)  # noqa: B023 - awaited here
        if not owner.task.done():
            break
        assert isinstance(await owner.failure(), Killed)
        deaths += 1
        assert deaths <= 3
    await owner.end()
    assert [total for _, _, total in messages(small_kafka)][-1] == sum(range(20)) - 11
    ((_, (key, value, headers)),) = small_kafka.logs["hub.dead-letter", 0]
    assert (key, value) == (b"w", b"11")
    assert dict(headers)["hub-dlq-code"] == b"poison"


async def test_states_written_with_another_number_of_partitions_are_not_gone_on_with(
    small_kafka: SmallKafka, tmp_path: Path
) -> None:
    for number in range(8):
        small_kafka.feed(b"word-%d" % number, b"1")
    owner = Owner(small_kafka, tmp_path)
    await owner.until_said(small_kafka, 8)
    await owner.end()
    error = await Owner(small_kafka, tmp_path, partitions=2).failure()
    assert isinstance(error, TopicError)
    assert "with 2 partitions its key belongs on 1: the number of partitions was changed" in str(error)


async def test_records_that_wait_for_kafka_when_the_process_is_killed_are_not_suspected(
    small_kafka: SmallKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_kafka.feed(b"w", b"7")
    committing = asyncio.Event()

    async def hang(*_: Any) -> Any:
        committing.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(SmallProducer, "commit", hang)
        for _ in range(4):
            committing.clear()
            owner = Owner(small_kafka, tmp_path)
            await owner.read_until(committing.is_set)
            await owner.die()
    owner = Owner(small_kafka, tmp_path)
    assert await owner.until_said(small_kafka, 1) == [["w", 1, 7]]
    await owner.end()


async def test_a_timer_that_ends_the_process_again_and_again_is_given_up_and_condemns_no_record(
    small_kafka: SmallKafka, tmp_path: Path
) -> None:
    agent = replace(AGENT, handler=Deadly(bad_timers=True))
    small_kafka.feed(b"w", b"1")
    owner = Owner(small_kafka, tmp_path, agent)
    await owner.until_said(small_kafka, 1)
    assert "on the timer of b'w'" in str(await owner.failure())
    owner = Owner(small_kafka, tmp_path, agent)
    await owner.read_until(owner.task.done, size=1)
    assert isinstance(await owner.failure(), HandlerError)
    small_kafka.feed(b"v", b"2")

    owner = Owner(small_kafka, tmp_path, agent)
    await owner.until_said(small_kafka, 2)
    assert await owner.failure() is not None  # the timer of v
    ((_, (key, value, headers)),) = small_kafka.logs["hub.dead-letter", 0]
    assert (key, value) == (b"w", None)
    assert dict(headers)["hub-dlq-code"] == b"poison-timer"
    assert b"is given up" in dict(headers)["hub-dlq-reason"]

    owner = Owner(small_kafka, tmp_path)
    small_kafka.feed(b"w", b"3")
    await owner.read_until(lambda: ["w", 2, 4] in messages(small_kafka))
    await owner.end()
    assert len(small_kafka.logs["hub.dead-letter", 0]) == 1


# --- traces and the log --------------------------------------------------------------------------


class Collected(list[Taken]):
    """Spans, where no collector is."""

    def committed(self, agent: str, partition: int, taken: Sequence[Taken], records: int, begun_ns: int) -> None:
        """Keep them."""
        assert (agent, partition) == (AGENT.name, 0)
        assert records >= len(taken)
        assert begun_ns <= taken[0].begun_ns
        self.extend(taken)


TRACE = "0af7651916cd43dd8448eb211c80319c"
SAMPLED = [("traceparent", f"00-{TRACE}-b7ad6b7169203331-01".encode()), ("tracestate", b"shop=1")]
NOT_SAMPLED = [("traceparent", f"00-{TRACE}-b7ad6b7169203331-00".encode())]


def _traces(small_kafka: SmallKafka) -> list[list[tuple[str, bytes]]]:
    return [list(headers) for _, (_, _, headers) in small_kafka.logs[AGENT.outputs[0], 0]]


async def test_what_a_sampled_record_leads_to_is_the_child_of_its_span_and_other_traces_go_through(
    small_kafka: SmallKafka, tmp_path: Path
) -> None:
    for headers in (SAMPLED, NOT_SAMPLED, [], [("traceparent", b"nonsense")]):
        small_kafka.feed(b"w", b"1", headers)
    collected = Collected()
    owner = Owner(small_kafka, tmp_path, tracing=collected)
    await owner.until_said(small_kafka, 4)
    await owner.end()
    (taken,) = collected
    child = ("traceparent", f"00-{TRACE}-{taken.span_id:016x}-01".encode())
    assert (taken.record.offset, taken.traceparent) == (0, SAMPLED[0][1].decode())
    assert _traces(small_kafka) == [[child, SAMPLED[1]], NOT_SAMPLED, [], [("traceparent", b"nonsense")]]


async def test_a_transaction_that_came_to_nothing_has_no_span_and_its_repetition_the_same_ids(
    small_kafka: SmallKafka, tmp_path: Path
) -> None:
    small_kafka.feed(b"w", b"1", SAMPLED)
    small_kafka.fates.append("lost")
    collected = Collected()
    failed = Owner(small_kafka, tmp_path, tracing=collected)
    await failed.read_until(failed.task.done)
    assert await failed.failure() is not None
    assert collected == []
    owner = Owner(small_kafka, tmp_path, tracing=collected)
    await owner.until_said(small_kafka, 1)
    await owner.end()
    again = SmallKafka(SOURCE)
    again.feed(b"w", b"1", SAMPLED)
    assert collected[0].span_id == take(AGENT.name, again.input[0], SAMPLED, 0)[0].span_id  # type: ignore[union-attr]


async def test_without_a_collector_a_trace_goes_through_as_it_came(small_kafka: SmallKafka, tmp_path: Path) -> None:
    small_kafka.feed(b"w", b"1", SAMPLED)
    owner = Owner(small_kafka, tmp_path)
    await owner.until_said(small_kafka, 1)
    await owner.end()
    assert _traces(small_kafka) == [SAMPLED]


async def test_the_log_tells_key_partition_offset_and_trace_of_every_record_to_whoever_asks(
    small_kafka: SmallKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_kafka.feed(b"w", b"1", SAMPLED)
    small_kafka.feed(b"w", b"no number", SAMPLED)
    said = LogCapture()
    verbose = structlog.make_filtering_bound_logger(logging.DEBUG)
    log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[said], wrapper_class=verbose)
    monkeypatch.setattr(telling, "_log", log)
    owner = Owner(small_kafka, tmp_path, replace(AGENT, key_name="order_id"))
    await owner.read_until(lambda: len(small_kafka.logs["hub.dead-letter", 0]) > 0)
    await owner.end()
    told = [each for each in said.entries if each["event"] in {"applied", "dead letter"}]
    assert [(each["event"], each["log_level"], each["offset"]) for each in told] == [
        ("dead letter", "warning", 1),
        ("applied", "debug", 0),
        ("applied", "debug", 1),
    ]
    for each in told:
        assert each.items() >= {"order_id": "w", "partition": 0, "topic": SOURCE, "trace_id": TRACE}.items()
