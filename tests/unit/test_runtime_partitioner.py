"""A record lies where Kafka's Java producer and aiokafka would have put it."""

from __future__ import annotations

import pytest
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.partitioner import murmur2 as reference
from hypothesis import example, given
from hypothesis import strategies as st

from hub.runtime.partitioner import murmur2, partition_of

KEYS = st.binary(max_size=64)


@given(KEYS)
@example(b"")
@example(b"\xff" * 7)
def test_the_hash_is_that_of_aiokafka(key: bytes) -> None:
    assert murmur2(key) == reference(key) & 0xFFFFFFFF


@given(KEYS, st.integers(1, 500))
def test_the_partition_is_the_one_the_default_partitioner_takes(key: bytes, partitions: int) -> None:
    everything = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key, everything, everything)


@pytest.mark.parametrize(
    ("key", "signed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_that_of_the_java_client(key: bytes, signed: int) -> None:
    """The values of `org.apache.kafka.common.utils.UtilsTest.testMurmur2`."""
    assert murmur2(key) == signed & 0xFFFFFFFF
