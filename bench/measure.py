"""What a peer committed, when, and at what cost: seen from outside, by the broker's last stable offsets.

While a peer runs, `watch` asks the broker every 50 ms how far a `read_committed` reader could read its output
topic, and the kernel how much processor time the peer has used. Afterwards `timing` turns those offsets into
counts of records (markers of transactions and aborted records take offsets too) with what the checker read.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.process import Peer
from hub.errors import HubError

INTERVAL = 0.05
"""Seconds between looks; the error of a run's duration is at most two of them."""
QUIET = 6.0
"""A peer is done when everything is there and nothing has moved for this many seconds: the rarest commits, those of
Quix Streams, are 5 s apart, and what is doubled may come after what is due."""
STALLED = 60.0
"""A peer that commits nothing for this long has failed; covers start-up as well."""


class StalledError(HubError):
    """The peer stopped before its output was complete."""


@dataclass(frozen=True)
class Look:
    """One look at a running peer."""

    at: float
    """Seconds, monotonic."""
    offsets: tuple[int, ...]
    """Last stable offset of every partition of the output topic."""
    cpu: float
    """Processor seconds the peer has used."""


@dataclass(frozen=True)
class Timing:
    """How fast a peer was, from its first to its last committed output."""

    start_up: float
    """Seconds from the process's start to the first committed output."""
    seconds: float
    rate: float | None
    """Events per second: those committed after the first look that saw any, or of a warm peer all, by their time."""
    second_half: float | None
    """Events per second of the second half of the events, when everything is warm."""
    counted: int
    """Events committed meanwhile."""
    cpu: float
    """Processor seconds the peer used meanwhile."""


async def watch(
    bootstrap: str, topic: str, partitions: int, expected: int, peer: Peer, *, quiet: float = QUIET
) -> list[Look]:
    """Look at the peer until it has added `expected` outputs and is still.

    The first look is what was there before: the peer is held until then, or one that is quick would be done. After it
    each look that differs from the one before is kept.

    Raises:
        StalledError: the peer ended, or has committed nothing for `STALLED` seconds.
    """
    peer.hold()
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")
    await consumer.start()
    try:
        homes = [TopicPartition(topic, partition) for partition in range(partitions)]
        looks: list[Look] = []
        while True:
            ends = await consumer.end_offsets(homes)
            look = Look(time.monotonic(), tuple(ends[home] for home in homes), peer.cpu_seconds())
            if not looks:
                peer.release()
            if not looks or look.offsets != looks[-1].offsets:
                looks.append(look)
            still = look.at - looks[-1].at
            written = sum(look.offsets) - sum(looks[0].offsets)
            if written >= expected and still >= quiet:
                return looks
            if peer.ended or still >= STALLED:
                why = "ended by itself" if peer.ended else f"has committed nothing for {STALLED:.0f} s"
                raise StalledError(
                    f"{peer.name} {why}; {written} offsets of {topic} written, {expected} events given, see {peer.log}"
                )
            await asyncio.sleep(INTERVAL)
    finally:
        await consumer.stop()


def timing(looks: Sequence[Look], committed: Sequence[Sequence[int]], *, warm: bool = False) -> Timing:
    """Turn looks, the first before and the last after everything, into speeds.

    `committed` holds the offsets of the committed records of each partition, ascending. A peer that is `warm` had
    nothing to start at the first look: what it does until its first commit counts.
    """
    counts = [sum(map(bisect_left, committed, look.offsets)) for look in looks]
    total = counts[-1]
    first = 0 if warm else next(i for i, count in enumerate(counts) if count > counts[0])
    last = counts.index(total)
    middle = next(i for i, count in enumerate(counts) if count * 2 >= counts[0] + total)

    def rate(begin: int) -> float | None:
        seconds = looks[last].at - looks[begin].at
        return (total - counts[begin]) / seconds if seconds > 0 else None

    return Timing(
        start_up=looks[first].at - looks[0].at,
        seconds=looks[last].at - looks[first].at,
        rate=rate(first),
        second_half=rate(middle),
        counted=total - counts[first],
        cpu=looks[last].cpu - looks[first].cpu,
    )


def in_sequence(timings: Sequence[Timing]) -> Timing:
    """Several stretches of work as one."""
    seconds = sum(each.seconds for each in timings)
    counted = sum(each.counted for each in timings)
    return Timing(
        start_up=timings[0].start_up,
        seconds=seconds,
        rate=counted / seconds if seconds else None,
        second_half=None,
        counted=counted,
        cpu=sum(each.cpu for each in timings),
    )
