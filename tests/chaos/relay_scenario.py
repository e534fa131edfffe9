"""The two tiny agents under a load of words."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random
from types import MappingProxyType

import orjson

from hub.runtime.partitioner import partition_of
from hub.runtime.spec import APPLIED_TOPIC, Record
from hub.topics import Topic
from tests.chaos import relay, relay_oracle
from tests.chaos.feed import Feed, open_feed
from tests.chaos.scenario import Records
from tests.chaos.verdict import Verdict

_WORDS = 400
_BACKLOG = 10_000
_PER_SECOND = 1_000
_TICK = 0.05


def _topic(name: str) -> Topic:
    compact = name in {relay.WORDS_STATE, relay.GROUPS_STATE, APPLIED_TOPIC}
    small = {"segment.bytes": "1048576", "min.cleanable.dirty.ratio": "0.1"}
    return Topic(
        name=name,
        key="",
        records=(),
        owner="tests",
        direction="internal",
        doc="",
        cleanup="compact" if compact else "delete",
        configs=small if compact else {},
    )


class RelayLoad:
    """Values of random words; few of them on a wrong partition, without a word, or unreadable."""

    def __init__(self, feed: Feed, partitions: int, random: Random) -> None:
        self._feed = feed
        self._partitions = partitions
        self._random = random
        self._numbers: Counter[bytes] = Counter()

    async def backlog(self) -> None:
        for _ in range(_BACKLOG):
            await self._send()
        await self._feed.flush()

    async def play(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            for _ in range(int(_PER_SECOND * _TICK)):
                await self._send()
            await asyncio.sleep(_TICK)
        await self._feed.flush()

    async def react(self, records: Sequence[Record]) -> None:
        """Words get no answer from outside."""

    def settled(self, records: Records) -> bool:
        return relay_oracle.settled(records)

    def left(self) -> str:
        return f"words sent: {self._numbers.total()}"

    async def _send(self) -> None:
        word = b"word-%03d" % self._random.randrange(_WORDS)
        partition = partition_of(word, self._partitions)
        self._numbers[word] += 1
        value = orjson.dumps([self._numbers[word], self._random.randint(-1_000, 1_000)])
        chance = self._random.random()
        key: bytes | None = word
        if chance < 0.005:
            partition = (partition + 1) % self._partitions
        elif chance < 0.007:
            key = None
        elif chance < 0.01:
            value = value[:-1]
        await self._feed.send(relay.WORDS_IN, value, key=key, partition=partition)


class RelayScenario:
    """What the runtime promises, shown on agents that have nothing to do with orders."""

    name = "relay"
    agents = relay.AGENTS
    topics = tuple(_topic(name) for name in sorted(relay.WORDS.topics | relay.GROUPS.topics))
    environment: Mapping[str, str] = MappingProxyType({})

    @asynccontextmanager
    async def load(self, bootstrap: str, partitions: int, random: Random) -> AsyncIterator[RelayLoad]:
        async with open_feed(bootstrap) as it:
            yield RelayLoad(it, partitions, random)

    def examine(self, records: Records, partitions: int) -> Verdict:
        return relay_oracle.examine(records, partitions)
