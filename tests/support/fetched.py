"""Records as Kafka would deliver them, without a Kafka."""

from __future__ import annotations

from hub.runtime.reader import Batch
from hub.runtime.spec import Headers, Record


def record(
    offset: int,
    key: bytes | None = b"k",
    value: bytes | None = b"1",
    *,
    topic: str = "in",
    partition: int = 0,
    headers: Headers | None = None,
) -> Record:
    """One record."""
    return Record(
        topic=topic,
        partition=partition,
        offset=offset,
        timestamp=1_700_000_000_000,
        timestamp_type=0,
        key=key,
        value=value,
        headers=headers or [],
    )


def batch(
    offsets: range, *, topic: str = "in", partition: int = 0, epoch: int = 1, number: int = 0, size: int = 0
) -> Batch:
    """Consecutive records as the transport hands them over."""
    records = [record(offset, topic=topic, partition=partition) for offset in offsets]
    return Batch(topic, partition, epoch, number, records, size)
