"""A Kafka small enough to try thousands of interleavings on: one input, transactions, fencing, in memory.

It stands in for the producer, the consumer and the recovery of one `Partition`; everything between them is real.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from aiokafka.errors import KafkaError, ProducerFenced
from faust.types import TP

from hub.runtime.marks import unpack
from hub.runtime.reader import Batch
from hub.runtime.recovery import Recovered
from hub.runtime.spec import APPLIED_TOPIC, AgentSpec, Headers, Record, RuntimeConfig
from hub.runtime.store import Entry, Store
from hub.runtime.work import Output
from tests.support.fetched import record

Fate = Literal["lost", "unanswered"]
"""What becomes of a commit: nothing of it is visible, or all of it though the answer never comes."""


@dataclass
class SmallKafka:
    """The logs, and who may write to them."""

    source: str
    input: list[Record] = field(default_factory=list)
    logs: dict[tuple[str, int], list[tuple[int, Output]]] = field(default_factory=lambda: defaultdict(list))
    """Committed messages with their offsets; each transaction takes one more for its marker."""
    ends: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    epoch: int = 0
    fates: deque[Fate] = field(default_factory=deque)
    """What the next commits meet; none left is success."""

    def feed(self, key: bytes, value: bytes, headers: Headers | None = None) -> None:
        """Append to the input."""
        self.input.append(record(len(self.input), key, value, topic=self.source, headers=headers))

    def append(self, outputs: Mapping[tuple[str, int], Sequence[Output]]) -> dict[tuple[str, int], int]:
        """Commit; gives the next offsets as a producer knows them, before the markers."""
        ends = {}
        for at, messages in outputs.items():
            for message in messages:
                self.logs[at].append((self.ends[at], message))
                self.ends[at] += 1
            ends[at] = self.ends[at]
            self.ends[at] += 1
        return ends

    async def recover(self, _: RuntimeConfig, spec: AgentSpec[Any], partition: int, store: Store) -> Recovered:
        """What `hub.runtime.recovery.recover` does, in small."""
        await asyncio.sleep(0)
        for topic in (spec.changelog, APPLIED_TOPIC):
            for offset, (key, value, headers) in self.logs[topic, partition]:
                if offset < store.checkpoints.get(topic, 0):
                    continue
                if topic == APPLIED_TOPIC:
                    source = (key or b"").decode().partition("/")[2]
                    store.write({}, applied={source: int(value or b"")}, checkpoints={topic: offset + 1})
                else:
                    beside = dict(headers)
                    due, label = int(beside.get("hub-due-ms", b"0")), beside.get("hub-label", b"").decode()
                    marks = unpack(beside["hub-marks"]) if "hub-marks" in beside else ()
                    entry = None if value is None else Entry(value, due, label, marks)
                    store.write({key or b"": entry}, applied={}, checkpoints={topic: offset + 1})
        return Recovered(0, 0.0, rebuilt=False)


class SmallProducer:
    """Stands in for `PartitionProducer`."""

    def __init__(self, kafka: SmallKafka) -> None:
        self._kafka = kafka
        self._epoch = 0

    async def start(self) -> None:
        """Fence the previous owner."""
        await asyncio.sleep(0)
        self._kafka.epoch += 1
        self._epoch = self._kafka.epoch

    async def commit(self, outputs: Mapping[tuple[str, int], Sequence[Output]], _: int) -> dict[tuple[str, int], int]:
        """Commit, unless fenced or fated otherwise."""
        await asyncio.sleep(0)
        if self._epoch != self._kafka.epoch:
            raise ProducerFenced
        fate = self._kafka.fates.popleft() if self._kafka.fates else None
        if fate == "lost":
            raise KafkaError("the connection is gone")
        ends = self._kafka.append(outputs)
        await asyncio.sleep(0)
        if fate == "unanswered":
            raise KafkaError("the connection is gone")
        return ends

    async def stop(self) -> None:
        """Close the connections."""
        await asyncio.sleep(0)


class SmallConsumer:
    """Stands in for `BatchConsumer`, as one worker sees it: epochs, numbers and a position per topic."""

    def __init__(self, kafka: SmallKafka) -> None:
        self._kafka = kafka
        self._position = 0
        self._epochs: dict[str, int] = defaultdict(int)
        self._number = 0
        self._opened = False
        self._full = False
        self._fetched: list[tuple[int, int, list[Record]]] = []

    def close(self) -> None:
        """Stop reading until opened again."""
        self._opened = False

    async def open(self, tp: TP, offset: int) -> tuple[int, int]:
        """Seek; a new epoch begins."""
        await asyncio.sleep(0)
        self._epochs[tp.topic] += 1
        if tp.topic == self._kafka.source:
            self._position, self._number, self._opened = offset, 0, True
        return self._epochs[tp.topic], 0

    def fetch(self, size: int) -> Batch | None:
        """The next records, None when there are none or nothing is to be read."""
        if not self._opened or self._full:
            return None
        records = self._kafka.input[self._position : self._position + size]
        if not records:
            return None
        epoch, number = self._epochs[self._kafka.source], self._number
        self._position += len(records)
        self._number += 1
        self._fetched.append((epoch, number, records))
        return Batch(self._kafka.source, 0, epoch, number, list(records), 0)

    def fetched_before(self, which: int) -> Batch | None:
        """A batch of an earlier opening, as one that was long on its way; None when there is none."""
        current = self._epochs[self._kafka.source]
        old = [each for each in self._fetched if each[0] < current]
        if not old:
            return None
        epoch, number, records = old[which % len(old)]
        return Batch(self._kafka.source, 0, epoch, number, list(records), 0)

    def on_buffer_full(self, _: TP) -> None:
        """Enough for now."""
        self._full = True

    def on_buffer_drop(self, _: TP) -> None:
        """There is room again."""
        self._full = False

    def unread(self, _: TP) -> int | None:
        """Records beyond the position."""
        return len(self._kafka.input) - self._position
