"""The committed view of every topic: what a `read_committed` consumer sees, kept as it grows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from hub.runtime.spec import APPLIED_TOPIC, AgentSpec, Record


class View:
    """All committed records by topic, in order within each partition."""

    def __init__(self, bootstrap: str, topics: Iterable[str], partitions: int) -> None:
        self.records: dict[str, list[Record]] = {topic: [] for topic in sorted(set(topics))}
        self._unseen: list[Record] = []
        self._places = [TopicPartition(topic, number) for topic in self.records for number in range(partitions)]
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=4 << 20,
            fetch_max_wait_ms=50,
        )

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        self._consumer.assign(self._places)
        await self._consumer.seek_to_beginning(*self._places)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._consumer.stop()

    async def catch_up(self) -> list[Record]:
        """Read what was committed since; gives the new records, also those a call has read that then failed."""
        ends = await self._consumer.end_offsets(self._places)
        while behind := [place for place in self._places if await self._consumer.position(place) < ends[place]]:
            for place, taken in (await self._consumer.getmany(*behind, timeout_ms=100)).items():
                records = [
                    Record(
                        place.topic, place.partition, r.offset, r.timestamp, r.timestamp_type, r.key, r.value, r.headers
                    )
                    for r in taken
                ]
                self.records[place.topic].extend(records)
                self._unseen += records
        new, self._unseen = self._unseen, []
        return new

    def behind(self, agents: Sequence[AgentSpec[Any]]) -> dict[str, tuple[int, int]]:
        """The applied and the last offset of every source that its agent has not applied all of."""
        applied = {(record.key, record.partition): int(record.value or b"-1") for record in self.records[APPLIED_TOPIC]}
        return {
            f"{agent.name}: {source}[{partition}]": (done, last)
            for agent in agents
            for source in agent.inputs
            for partition, last in self._lasts(source).items()
            if (done := applied.get((f"{agent.name}/{source}".encode(), partition), -1)) < last
        }

    def _lasts(self, topic: str) -> dict[int, int]:
        lasts: defaultdict[int, int] = defaultdict(int)
        for record in self.records[topic]:
            lasts[record.partition] = record.offset
        return lasts
