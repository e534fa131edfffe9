"""What one partition has received and not yet taken into a transaction."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from hub.errors import HandlerError
from hub.runtime.poison import Suspect
from hub.runtime.reader import Batch
from hub.runtime.spec import Record

_CAPACITY_BYTES = 16 << 20
"""Of one topic; as much again may be on its way."""


class Portion(NamedTuple):
    """Records of one batch that go into one transaction."""

    topic: str
    records: list[Record]
    finished: Batch | None
    """The batch, when these are its last records: to be acknowledged once they are committed."""


class Inbox:
    """Batches in the order they came, none missing, none from before the last opening.

    `capacity`: how many records of one topic may wait, if their bytes are not too many before that, until `full` is
    called with it; `room` is called when there is space again.
    """

    def __init__(
        self, topics: Iterable[str], capacity: int, full: Callable[[str], None], room: Callable[[str], None]
    ) -> None:
        self._queue: deque[Batch] = deque()
        self._waiting = dict.fromkeys(topics, 0)
        self._bytes = dict.fromkeys(self._waiting, 0)
        self._capacity = capacity
        self._full = full
        self._room = room
        self._stopped: set[str] = set()
        self._expected: dict[str, tuple[int, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._queue)

    def waiting(self, topic: str) -> int:
        """How many records of `topic` wait here."""
        return self._waiting[topic]

    def reset(self) -> None:
        """Forget everything; batches are dropped until their topic is opened."""
        self._queue.clear()
        self._expected.clear()
        self._stopped.clear()
        self._waiting = dict.fromkeys(self._waiting, 0)
        self._bytes = dict.fromkeys(self._waiting, 0)

    def open(self, topic: str, epoch: int) -> None:
        """From now on batches of this epoch are expected, counted from 0."""
        self._expected[topic] = (epoch, 0)

    def put(self, batch: Batch) -> None:
        """Queue a batch; one of an earlier epoch is dropped, it will be or was read again.

        Raises:
            HandlerError: a batch is missing; going on would lose its records.
        """
        epoch, number = self._expected.get(batch.topic, (None, 0))
        if batch.epoch != epoch:
            return
        if batch.number != number:
            raise HandlerError(
                f"batch {batch.number} of {batch.topic}[{batch.partition}] came where {number} was due: records "
                "would be lost, so this process ends and reads them again"
            )
        self._expected[batch.topic] = (batch.epoch, number + 1)
        self._queue.append(batch)
        topic = batch.topic
        self._waiting[topic] += len(batch.records)
        self._bytes[topic] += batch.size
        much = self._waiting[topic] >= self._capacity or self._bytes[topic] >= _CAPACITY_BYTES
        if much and topic not in self._stopped:
            self._stopped.add(topic)
            self._full(topic)

    def take(self, limit: int, applied: Mapping[str, int], suspect: Suspect | None) -> tuple[list[Portion], int]:
        """Take at most `limit` records that are not applied yet; also gives how many were skipped as applied.

        While there is a suspect, a transaction takes records of one batch only, and few of the suspected ones.
        """
        portions: list[Portion] = []
        skipped = 0
        while self._queue and limit > 0:
            batch = self._queue[0]
            fresh = _after(batch.records, applied.get(batch.topic, -1))
            skipped += len(batch.records) - len(fresh)
            size = min(limit, len(fresh))
            if suspect is not None and fresh:
                size = min(size, _cautious(suspect, batch.topic, fresh))
            taken, batch_rest = fresh[:size], fresh[size:]
            self._shrink(batch.topic, len(batch.records) - len(batch_rest), 0 if batch_rest else batch.size)
            batch.records = batch_rest
            if not batch_rest:
                self._queue.popleft()
            portions.append(Portion(batch.topic, taken, None if batch_rest else batch))
            limit -= size
            if batch_rest or (suspect is not None and taken):
                break
        return portions, skipped

    def _shrink(self, topic: str, count: int, size: int) -> None:
        """So many records are taken; their bytes count until all of their batch are."""
        self._waiting[topic] -= count
        self._bytes[topic] -= size
        little = self._waiting[topic] <= self._capacity // 2 and self._bytes[topic] <= _CAPACITY_BYTES // 2
        if topic in self._stopped and little:
            self._stopped.discard(topic)
            self._room(topic)


def _after(records: list[Record], applied: int) -> list[Record]:
    """The records beyond the applied offset."""
    if records[0].offset > applied:
        return records
    return [record for record in records if record.offset > applied]


def _cautious(suspect: Suspect, topic: str, records: list[Record]) -> int:
    """How many of the records may go into one transaction."""
    if suspect.covers(topic, records[0].offset):
        return suspect.next_size
    clean = next((index for index, record in enumerate(records) if suspect.covers(topic, record.offset)), None)
    return len(records) if clean is None else clean
