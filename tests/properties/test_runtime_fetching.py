"""What is taken from Kafka's bytes is what aiokafka itself would take, whatever batches they hold."""

from __future__ import annotations

import struct
from typing import NamedTuple

import pytest
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from hub.runtime.fetching import unpacked

AT = TopicPartition("in", 3)
PRODUCERS = (7, 8)
_CONTROL = 0x20
_ATTRIBUTES, _CRC = 21, 17
"""Where they lie in a batch of format 2."""


class Written(NamedTuple):
    """One batch to be put into the bytes."""

    offsets: list[int]
    """Of its records, relative to the batch's own; compaction leaves gaps."""
    producer: int | None
    """Whose transaction it is of."""
    marker: int | None
    """0 aborts the producer's transaction, 1 commits it; None for records."""
    compressed: bool


def _bytes(written: list[Written]) -> tuple[bytes, int, list[tuple[int, int]]]:
    """The batches as a fetch gives them, the offset after them, and the aborted transactions among them."""
    chunks, offset = [], 100
    begun: dict[int, int] = {}
    aborted = []
    for batch in written:
        chunks.append(_batch(batch, offset))
        if batch.producer is not None:
            if batch.marker is None:
                begun.setdefault(batch.producer, offset)
            elif (first := begun.pop(batch.producer, None)) is not None and batch.marker == 0:
                aborted.append((batch.producer, first))
        offset += max(batch.offsets, default=0) + 1
    return b"".join(chunks), offset, aborted


def _batch(batch: Written, base: int) -> bytes:
    transactional = batch.producer is not None
    builder = DefaultRecordBatchBuilder(
        2, 1 if batch.compressed else 0, int(transactional), batch.producer if transactional else -1, 0, 0, 1 << 20
    )
    for relative in batch.offsets:
        key = struct.pack(">hh", 0, batch.marker) if batch.marker is not None else str(relative).encode()
        builder.append(relative, 1_700_000_000_000 + relative, key, b"v%d" % relative, [("h", b"1")])
    raw = bytearray(builder.build())
    raw[0:8] = struct.pack(">q", base)
    if batch.marker is not None:
        (attributes,) = struct.unpack_from(">h", raw, _ATTRIBUTES)
        struct.pack_into(">h", raw, _ATTRIBUTES, attributes | _CONTROL)
    struct.pack_into(">I", raw, _CRC, calc_crc32c(bytes(raw[_ATTRIBUTES:])))
    return bytes(raw)


_RECORDS = st.lists(st.integers(0, 9), min_size=1, max_size=5, unique=True).map(sorted)
_BATCHES = st.lists(
    st.one_of(
        st.builds(Written, _RECORDS, st.sampled_from((None, *PRODUCERS)), st.none(), st.booleans()),
        st.builds(Written, st.just([0]), st.sampled_from(PRODUCERS), st.sampled_from((0, 1)), st.just(value=False)),
    ),
    min_size=1,
    max_size=12,
)


def _fetched(raw: bytes, aborted: list[tuple[int, int]], begin: int, level: int) -> PartitionRecords:
    return PartitionRecords(AT, MemoryRecords(raw), list(aborted), begin, None, None, True, level)


@given(_BATCHES, st.integers(100, 130), st.sampled_from((READ_COMMITTED, READ_UNCOMMITTED)), st.integers(1, 20))
def test_batches_hold_the_records_that_aiokafka_reads_one_by_one(
    written: list[Written], begin: int, level: int, limit: int
) -> None:
    raw, end, aborted = _bytes(written)
    theirs = _fetched(raw, aborted, begin, level)
    expected = [(r.offset, r.timestamp, r.key, r.value, list(r.headers)) for r in theirs]
    ours = _fetched(raw, aborted, begin, level)
    taken = []
    while ours._records.has_next():
        portion = unpacked(AT, ours, limit)
        assert len(portion) < limit + 5
        taken += portion
    assert [(r.offset, r.timestamp, r.key, r.value, list(r.headers)) for r in taken] == expected
    assert {(r.topic, r.partition) for r in taken} <= {tuple(AT)}
    assert ours.next_fetch_offset == theirs.next_fetch_offset == end


def test_a_batch_that_was_changed_on_its_way_is_not_taken() -> None:
    raw = bytearray(_bytes([Written([0, 1], None, None, compressed=False)])[0])
    raw[-3] ^= 1
    with pytest.raises(CorruptRecordException, match=r"in\[3\]: a batch at 100"):
        unpacked(AT, _fetched(bytes(raw), [], 100, READ_COMMITTED), 10)
