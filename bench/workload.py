"""The trivial workload every peer gets: amounts for a set of keys, and what must come out of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from aiokafka.partitioner import murmur2

from bench.load import Message

PARTITIONS = 8
SEED = 20_251_123
"""Fixed, so that every run and every machine measures the same events."""


@dataclass(frozen=True)
class Workload:
    """`events` additions of 1 to 1,000 to `keys` keys, drawn evenly; a smaller one is the beginning of a larger."""

    events: int
    keys: int

    def __iter__(self) -> Iterator[tuple[bytes, int]]:
        """Yield key and amount of every event."""
        draw = random.Random(SEED).random
        names = [b"key-%07d" % number for number in range(self.keys)]
        for _ in range(self.events):
            yield names[int(draw() * self.keys)], 1 + int(draw() * 1000)

    def messages(self) -> Iterator[Message]:
        """Yield the events as they lie in the topic, partitioned by key as Java and aiokafka do."""
        home: dict[bytes, int] = {}
        for key, amount in self:
            partition = home.get(key)
            if partition is None:
                partition = home[key] = (murmur2(key) & 0x7FFFFFFF) % PARTITIONS
            yield Message(partition, key, b'{"key":"%b","amount":%d}' % (key, amount))

    @cached_property
    def totals(self) -> dict[str, tuple[int, int]]:
        """Count and sum every key must end with."""
        totals: dict[bytes, tuple[int, int]] = {}
        for key, amount in self:
            count, total = totals.get(key, (0, 0))
            totals[key] = (count + 1, total + amount)
        return {key.decode(): total for key, total in totals.items()}
