"""Read a peer's output back as any `read_committed` consumer would, and hold it against the workload."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition


@dataclass(frozen=True)
class Verdict:
    """What is wrong with an output; all zero when nothing is."""

    lost: int
    """Events whose output is missing."""
    doubled: int
    """Outputs beyond one per event."""
    disordered: int
    """Outputs whose count is not one more than the key's before."""
    wrong: int
    """Keys whose last count and sum are not what the workload adds up to."""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.doubled or self.disordered or self.wrong)


class Output:
    """The running examination of one output topic: feed it every value, then ask for the verdict."""

    def __init__(self) -> None:
        self._seen: dict[str, set[int]] = {}
        self._last: dict[str, tuple[int, int]] = {}
        self._repeated = 0
        self._disordered = 0

    def add(self, value: bytes) -> None:
        """Take the next output."""
        total = orjson.loads(value)
        key, count = total["key"], total["count"]
        seen = self._seen.setdefault(key, set())
        if count in seen:
            self._repeated += 1
        seen.add(count)
        if count != self._last.get(key, (0, 0))[0] + 1:
            self._disordered += 1
        self._last[key] = (count, total["sum"])

    def verdict(self, totals: Mapping[str, tuple[int, int]]) -> Verdict:
        """Compare with the totals the workload adds up to."""
        seen = sum(map(len, self._seen.values()))
        right = sum(
            len(self._seen.get(key, set()).intersection(range(1, count + 1))) for key, (count, _) in totals.items()
        )
        return Verdict(
            lost=sum(count for count, _ in totals.values()) - right,
            doubled=self._repeated + seen - right,
            disordered=self._disordered,
            wrong=sum(self._last.get(key) != total for key, total in totals.items()),
        )


async def read_committed(bootstrap: str, topic: str, partitions: int, take: Callable[[bytes], None]) -> list[list[int]]:
    """Give every committed value of the topic to `take`; return the committed offsets of each partition."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=8 << 20,
    )
    await consumer.start()
    try:
        homes = [TopicPartition(topic, partition) for partition in range(partitions)]
        consumer.assign(homes)
        await consumer.seek_to_beginning(*homes)
        ends = await consumer.end_offsets(homes)
        offsets: list[list[int]] = [[] for _ in homes]
        behind = {home for home in homes if ends[home]}
        while behind:
            for home, records in (await consumer.getmany(timeout_ms=200)).items():
                mine = offsets[home.partition]
                for record in records:
                    mine.append(record.offset)
                    take(record.value)
            behind = {home for home in behind if await consumer.position(home) < ends[home]}
        return offsets
    finally:
        await consumer.stop()
