"""Records of one partition by order, in bounded memory: what does not fit is left for another reading.

When the bytes exceed the bound, the keys are halved by a hash: one half is kept, the other is owed. So a partition of
any size is read as often as it needs to be, and each time only its share of the orders is held.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from zlib import crc32

from connectors.reading import Reader
from hub.runtime.spec import Record
from hub.topics import TOPICS

MAX_BYTES = 256 * 1024 * 1024
"""Of records that a process holds at a time."""
_COMPACTED = frozenset(name for name, topic in TOPICS.items() if topic.cleanup == "compact")
_DEEPEST = 20
"""Halvings: a millionth of a partition is held however large it is."""


@dataclass(frozen=True, slots=True)
class Share:
    """Some of the keys: those whose hash ends in these bits."""

    bits: int = 0
    value: int = 0

    def __contains__(self, key: bytes) -> bool:
        return crc32(key) & ((1 << self.bits) - 1) == self.value

    def halves(self) -> tuple[Share, Share]:
        """The share in two."""
        return Share(self.bits + 1, self.value), Share(self.bits + 1, self.value | 1 << self.bits)


@dataclass(slots=True)
class Held:
    """One order's records, undecoded; of a compacted topic the last."""

    topics: list[str] = field(default_factory=list)
    """Of each record."""
    values: list[bytes] = field(default_factory=list)

    def of(self, topic: str) -> list[bytes]:
        """Those of a topic, in its order."""
        return [value for of, value in zip(self.topics, self.values, strict=True) if of == topic]

    def size(self) -> int:
        """Bytes."""
        return sum(map(len, self.values))


class Shelf:
    """The orders of one share; `owed` are the shares that were given up for want of room."""

    def __init__(self, share: Share, max_bytes: int) -> None:
        self.owed: list[Share] = []
        self._share = share
        self._max_bytes = max_bytes
        self._orders: dict[bytes, Held] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._orders)

    def __iter__(self) -> Iterator[tuple[bytes, Held]]:
        return iter(self._orders.items())

    def put(self, record: Record) -> None:
        """Takes a record if it is of this share."""
        key, value = record.key, record.value
        if key is None or key not in self._share:
            return
        held = self._orders.get(key)
        if held is None:
            held = self._orders[key] = Held()
        topic = record.topic
        if topic in _COMPACTED and topic in held.topics:
            place = held.topics.index(topic)
            self._bytes -= len(held.values.pop(place))
            del held.topics[place]
        if value is not None:
            held.topics.append(topic)
            held.values.append(value)
            self._bytes += len(value)
        while self._bytes > self._max_bytes and self._share.bits < _DEEPEST:
            self._halve()

    def clear(self) -> None:
        """Takes everything off it."""
        self._orders.clear()
        self._bytes = 0

    def _halve(self) -> None:
        kept, owed = self._share.halves()
        self.owed.append(owed)
        self._share = kept
        for key in [key for key in self._orders if key not in kept]:
            self._bytes -= self._orders.pop(key).size()


async def shelves(
    reader: Reader, topics: Sequence[str], partition: int, max_bytes: int = MAX_BYTES
) -> AsyncIterator[Shelf]:
    """All that topics hold in a partition, by order: every order is on one of the shelves.

    A shelf is cleared when the next one is asked for.
    """
    shares = [Share()]
    while shares:
        shelf = Shelf(shares.pop(), max_bytes)
        async for batch in reader.after(topics, {}, follow=False, partition=partition):
            for record in batch:
                shelf.put(record)
        shares += shelf.owed
        yield shelf
        shelf.clear()
