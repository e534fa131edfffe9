"""What topics hold, as it was committed: read from outside, without joining a group or moving anybody's offset."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from hub import kafka_admin
from hub.errors import BrokerError
from hub.kafka_refusals import forbidden, out_of_reach
from hub.runtime.partitioner import partition_of
from hub.runtime.spec import Record
from hub.topics import TOPICS

Place = tuple[str, int]
"""A topic and one of its partitions."""


class Position(NamedTuple):
    """How far a partition was read."""

    next: int
    """The offset to go on at."""
    timestamp: int = -1
    """Of the record before it, by which it is known again; -1 if there was none."""


_CHUNK = 2_000
_FETCH_BYTES = 4 * 1024 * 1024
"""Of a partition at a time: four times the client's default, for whoever reads one partition after the other."""


class Reader:
    """Reads the hub's topics; `client` is what every aiokafka client takes, `partitions` how many each topic has."""

    def __init__(self, client: Mapping[str, Any], partitions: int) -> None:
        self._client = client
        self._partitions = partitions

    def partition_of(self, key: bytes) -> int:
        """Where records of this key lie, in each topic that `check` has found as declared."""
        return partition_of(key, self._partitions)

    async def check(self, topics: Sequence[str]) -> None:
        """Raise BrokerError or TopicError unless Kafka answers and has the topics as declared."""
        await kafka_admin.check(self._client, [TOPICS[topic] for topic in topics], partitions=self._partitions)

    async def spans(self, topics: Sequence[str]) -> Mapping[Place, tuple[int, int]]:
        """The first offset of every partition, and the one after its last committed record."""
        wanted = [TopicPartition(topic, number) for topic in topics for number in range(self._partitions)]
        async with self._consumer() as consumer:
            begins, ends = await consumer.beginning_offsets(wanted), await consumer.end_offsets(wanted)
        return {(tp.topic, tp.partition): (begins[tp], ends[tp]) for tp in wanted}

    async def held(
        self, topics: Sequence[str], *, partition: int | None = None, since_ms: int = 0
    ) -> AsyncIterator[Record]:
        """Every record the topics held when asked, each partition in order.

        `partition`: of that one only. `since_ms`: from the first record with that timestamp or a later one.
        """
        async for batch in self._read(topics, partition, since_ms, follow=False):
            for record in batch:
                yield record

    async def followed(self, topics: Sequence[str], *, only_new: bool = False) -> AsyncGenerator[list[Record], None]:
        """The same in batches, and what comes after, without end; an empty batch when nothing came for a while.

        `only_new`: what comes after only.
        """
        async for batch in self._read(topics, None, 0, follow=True, only_new=only_new):
            yield batch

    async def after(
        self,
        topics: Sequence[str],
        positions: Mapping[Place, int],
        *,
        follow: bool,
        partition: int | None = None,
        behind: Callable[[Mapping[str, int]], None] = lambda _: None,
    ) -> AsyncGenerator[list[Record], None]:
        """Batches of the records from the positions on (topic, partition: offset), from the beginning without one.

        Without `follow`, those that the topics held when asked. `partition`: of that one only. `behind` is told, before
        each batch, how many committed records of each topic come after it, as far as Kafka has said so already.
        """
        async for batch in self._read(topics, partition, 0, follow=follow, positions=positions, behind=behind):
            yield batch

    async def _read(
        self,
        topics: Sequence[str],
        partition: int | None,
        since_ms: int,
        *,
        follow: bool,
        only_new: bool = False,
        positions: Mapping[Place, int] | None = None,
        behind: Callable[[Mapping[str, int]], None] = lambda _: None,
    ) -> AsyncIterator[list[Record]]:
        numbers = range(self._partitions) if partition is None else (partition,)
        wanted = [TopicPartition(topic, number) for topic in topics for number in numbers]
        async with self._consumer() as consumer:
            consumer.assign(wanted)
            ends = await consumer.end_offsets(wanted)
            begins = ends if only_new else await consumer.beginning_offsets(wanted)
            if since_ms:
                later = await consumer.offsets_for_times(dict.fromkeys(wanted, since_ms))
                begins = {tp: found.offset if found else ends[tp] for tp, found in later.items()}
            for tp in wanted:
                begins[tp] = max(begins[tp], (positions or {}).get((tp.topic, tp.partition), 0))
                consumer.seek(tp, begins[tp])
            unread = {tp for tp in wanted if follow or begins[tp] < ends[tp]}
            while unread:
                fetched = await consumer.getmany(*unread, timeout_ms=200, max_records=_CHUNK)
                behind(await _lag(consumer, wanted))
                yield [
                    record
                    for tp, records in fetched.items()
                    for record in records
                    if follow or record.offset < ends[tp]
                ]
                if not follow:
                    unread = {tp for tp in unread if await consumer.position(tp) < ends[tp]}

    @asynccontextmanager
    async def _consumer(self) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(
            **self._client,
            group_id=None,
            enable_auto_commit=False,
            isolation_level="read_committed",
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        try:
            await consumer.start()
            yield consumer
        except KafkaError as error:
            raise BrokerError(
                forbidden(self._client, error) or (await out_of_reach(self._client, error)).sentence
            ) from error
        finally:
            await consumer.stop()


async def _lag(consumer: AIOKafkaConsumer, wanted: Sequence[TopicPartition]) -> Mapping[str, int]:
    """How many committed records of each topic were not fetched yet, by what the last fetches have told."""
    lag: Counter[str] = Counter()
    for tp in wanted:
        lag[tp.topic] += max(0, (consumer.last_stable_offset(tp) or 0) - await consumer.position(tp))
    return lag
