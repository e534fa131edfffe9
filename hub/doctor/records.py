"""What the newest input records give away: how their producers partition, and what their clocks say. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from hub.doctor.finding import Finding
from hub.runtime.partitioner import partition_of
from hub.runtime.spec import Record

_AHEAD_MS = 5_000
"""So far a producer's clock may be ahead of ours."""
_TOLERATED_MS = 500
_HARMFUL_MS = 30_000
"""Due times are by the workers' clocks, retention and session timeouts by Kafka's."""
_CREATED = 0
"""Timestamp type of a time that the producer set."""


def judge_partitioners(records: Iterable[Record], partitions: int) -> Iterator[Finding]:
    """A finding for each topic with records elsewhere than at murmur2 of their key; one if there is none."""
    seen: Counter[str] = Counter()
    elsewhere: Counter[str] = Counter()
    keyless: Counter[str] = Counter()
    for record in records:
        seen[record.topic] += 1
        if record.key is None:
            keyless[record.topic] += 1
        elif partition_of(record.key, partitions) != record.partition:
            elsewhere[record.topic] += 1
    for topic, count in sorted(elsewhere.items()):
        yield Finding(
            "partitioners",
            "warning",
            f"{topic}: {count} of the newest {seen[topic]} records are not on the partition of their key",
            "have its producers partition by murmur2 of the key: partitioner=murmur2_random with librdkafka (C, "
            "Python, Go, .NET); until then each such record takes a hop more",
        )
    for topic, count in sorted(keyless.items()):
        yield Finding(
            "partitioners",
            "warning",
            f"{topic}: {count} of the newest {seen[topic]} records have no key",
            "have its producers key by what `hub topics list` says; each such record takes a hop more",
        )
    if not elsewhere and not keyless:
        yield Finding("partitioners", "ok", f"the newest {seen.total()} input records are where their keys belong")


def judge_producers_clocks(records: Iterable[Record], now_ms: int) -> Iterator[Finding]:
    """A finding for each topic whose newest records are from the future."""
    ahead: dict[str, int] = {}
    for record in records:
        if record.timestamp_type == _CREATED:
            ahead[record.topic] = max(ahead.get(record.topic, 0), record.timestamp - now_ms)
    for topic, by_ms in sorted(ahead.items()):
        if by_ms > _AHEAD_MS:
            yield Finding(
                "clock",
                "warning",
                f"{topic} has records from {by_ms / 1000:.0f} s in the future",
                "set the clocks of its producers by NTP: retention and times in the audit trail go by them",
            )


def judge_clock(appended_ms: int, before_ms: int, after_ms: int) -> Finding:
    """Kafka's clock against ours: it appended a record at a time that lies between ours before and after.

    So its clock is at least `appended - after` ahead of ours, and at most `appended - before`.
    """
    least, most = appended_ms - after_ms, appended_ms - before_ms
    if least <= 0 <= most:
        return Finding("clock", "ok", f"Kafka's clock is ours, to {after_ms - before_ms} ms")
    off = min(abs(least), abs(most))
    which = "ahead of" if least > 0 else "behind"
    said = f"Kafka's clock is {off / 1000:.1f} s {which} ours"
    if off <= _TOLERATED_MS:
        return Finding("clock", "ok", said)
    return Finding(
        "clock", "failed" if off > _HARMFUL_MS else "warning", said, "set both by NTP (chrony, systemd-timesyncd)"
    )
