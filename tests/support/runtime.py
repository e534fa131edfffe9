"""Word counts on a real Kafka: topics of their own, workers in this process, and what came out of them."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition

from hub import kafka_admin
from hub.metrics import Metrics
from hub.runtime.partitioner import partition_of
from hub.runtime.spec import APPLIED_TOPIC, AgentSpec, Headers, Record, RuntimeConfig
from hub.runtime.worker import Worker, utc_now
from hub.topics import DEFAULT_PARTITIONS, Topic
from tests.wordcount import spec

PATIENCE = 30.0
"""Seconds after which a test that waits has failed."""

Words = Iterable[tuple[bytes | None, bytes | None]]


async def until(condition: Callable[[], Any], task: asyncio.Task[None] | None = None) -> None:
    """Wait for a condition; fail when it does not come, or when the task it depends on ends first."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if task is not None and task.done():
            task.result()
            raise AssertionError("the worker ended")
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.01)


@dataclass
class Running:
    """A worker in this process."""

    worker: Worker
    metrics: Metrics
    task: asyncio.Task[None]
    failed: bool = False
    """Whether it was meant to fail, and did."""

    async def ready(self) -> None:
        """Wait until it has recovered and reads."""
        await until(lambda: self.worker.ready, self.task)

    async def stop(self) -> None:
        """Stop it; raises what ended it."""
        self.worker.stop()
        await asyncio.wait_for(self.task, PATIENCE)

    async def failure(self) -> Exception:
        """What it ended with of its own accord."""
        done, _ = await asyncio.wait({self.task}, timeout=PATIENCE)
        assert done, "the worker goes on"
        error = self.task.exception()
        assert isinstance(error, Exception), "the worker ended as if nothing had happened"
        self.failed = True
        return error

    def value(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that carry these labels."""
        self.worker.observe()
        return sum(
            sample.value
            for metric in self.metrics.registry.collect()
            for sample in metric.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


@dataclass
class Field:
    """One test's topics and workers, on a Kafka it shares with others."""

    kafka: str
    prefix: str
    home: Path
    partitions: int = DEFAULT_PARTITIONS

    def spec(self, name: str = "", source: str | None = None, **options: Any) -> AgentSpec[Any]:
        """A word count with topics of this test alone."""
        made = spec(self.prefix + name, source, **options)
        return replace(made, dead_letter=f"{self.prefix}.dead")

    def config(self, data: str = "data", **overrides: Any) -> RuntimeConfig:
        """How a worker runs here; workers that share `data` share their local state."""
        settings = {"session_timeout_ms": 6_000, "broker_wait_ms": 2_000, **overrides}
        return RuntimeConfig(app_id=self.prefix, bootstrap=self.kafka, data_dir=self.home / data, **settings)

    # --- topics ----------------------------------------------------------------------------------

    async def create(self, *agents: AgentSpec[Any]) -> None:
        """Create what the agents need and is not there; changelogs are compacted."""
        compacted = {APPLIED_TOPIC, *(agent.changelog for agent in agents)}
        topics = [
            Topic(name, "word", (), "test", "internal", "", "compact" if name in compacted else "delete")
            for name in set().union(*(agent.topics for agent in agents))
        ]
        async with self.admin() as admin:
            await kafka_admin.create(admin, topics, partitions=self.partitions, replication_factor=1)

    async def recreate(self, topic: str, agent: AgentSpec[Any]) -> None:
        """Delete a topic with all its records and create it again."""
        async with self.admin() as admin:
            await admin.delete_topics([topic])
            while topic in await admin.list_topics():
                await asyncio.sleep(0.05)
        await self.create(agent)

    async def empty(self, topic: str) -> None:
        """Delete all records of a topic, as retention does."""
        tps = [TopicPartition(topic, number) for number in range(self.partitions)]
        async with self.admin() as admin:
            await admin.delete_records({tp: RecordsToDelete(before_offset=-1) for tp in tps})

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        """An admin client."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
        await admin.start()
        try:
            yield admin
        finally:
            await admin.close()

    @asynccontextmanager
    async def producer(self, **options: Any) -> AsyncIterator[AIOKafkaProducer]:
        """A producer like that of an upstream system."""
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka, **options)
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()

    async def feed(
        self, topic: str, words: Words, *, partition: int | None = None, headers: Headers | None = None
    ) -> None:
        """Send words, acknowledged, each to the partition of its key unless told otherwise."""
        async with self.producer(linger_ms=5) as producer:
            sent = []
            for key, value in words:
                at = partition_of(key or b"", self.partitions) if partition is None else partition
                sent.append(await producer.send(topic, value, key, partition=at, headers=headers))
            await asyncio.gather(*sent)

    # --- workers ---------------------------------------------------------------------------------

    @asynccontextmanager
    async def running(
        self,
        *agents: AgentSpec[Any],
        data: str = "data",
        clock: Callable[[], datetime] = utc_now,
        wait: bool = True,
        **overrides: Any,
    ) -> AsyncIterator[Running]:
        """A worker of the agents, ready; at the end of the block it is stopped."""
        metrics = Metrics()
        worker = Worker(self.config(data, **overrides), agents, metrics, clock)
        running = Running(worker, metrics, asyncio.create_task(worker.run()))
        try:
            if wait:
                await running.ready()
            yield running
        finally:
            worker.stop()
            done, _ = await asyncio.wait({running.task}, timeout=PATIENCE)
        assert done, "the worker does not stop"
        if not running.failed:
            running.task.result()

    # --- what came out ---------------------------------------------------------------------------

    async def read(self, topic: str, count: int | None = None, *, isolation: str = "read_committed") -> list[Record]:
        """The records of a topic, in order per partition: `count` of them as they come, or all that there are."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.kafka,
            isolation_level=isolation,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=50,
            max_partition_fetch_bytes=8 << 20,
        )
        await consumer.start()
        try:
            tps = [TopicPartition(topic, number) for number in range(self.partitions)]
            consumer.assign(tps)
            ends = await consumer.end_offsets(tps) if count is None else {}
            found: list[Record] = []
            deadline = time.monotonic() + PATIENCE
            while (
                len(found) < count
                if count is not None
                else [tp for tp in tps if await consumer.position(tp) < ends[tp]]
            ):
                assert time.monotonic() < deadline, f"{len(found)} of {count} records of {topic} came"
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    found += records
            return found
        finally:
            await consumer.stop()

    async def counts(self, topic: str, count: int | None = None) -> dict[str, list[tuple[int, int]]]:
        """What a word count reported, by word: (count, total) in order."""
        found: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for record in await self.read(topic, count):
            word, number, total = json.loads(record.value or b"")
            found[word].append((number, total))
        return dict(found)

    async def table(self, topic: str) -> dict[bytes, bytes]:
        """The latest value of every key: what a compacted topic says in the end."""
        latest: dict[bytes, bytes | None] = {record.key or b"": record.value for record in await self.read(topic)}
        return {key: value for key, value in latest.items() if value is not None}


def words(count: int, *, distinct: int = 40, first: int = 0) -> list[tuple[bytes, bytes]]:
    """Input: each word's values are known from its place."""
    return [(b"w%d" % (i % distinct), b"%d" % i) for i in range(first, first + count)]


def expected(fed: Sequence[tuple[bytes, bytes]]) -> dict[str, list[tuple[int, int]]]:
    """What a word count reports of the input when each record took effect once, in order."""
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for key, value in fed:
        count, total = found[key.decode()][-1] if found[key.decode()] else (0, 0)
        found[key.decode()].append((count + 1, total + int(value)))
    return dict(found)
