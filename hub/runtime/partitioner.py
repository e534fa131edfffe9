"""Kafka's default partitioner (murmur2 of the key), as the Java client and aiokafka have it."""

from __future__ import annotations

from functools import lru_cache
from itertools import count

_SEED = 0x9747B28C
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """The 32-bit murmur2 hash of Kafka's `Utils.murmur2`, unsigned."""
    length = len(data)
    h = _SEED ^ length
    whole = length & ~3
    for i in range(0, whole, 4):
        k = (int.from_bytes(data[i : i + 4], "little") * _M) & _MASK
        k ^= k >> 24
        h = ((h * _M) & _MASK) ^ ((k * _M) & _MASK)
    if whole != length:
        h = ((h ^ int.from_bytes(data[whole:], "little")) * _M) & _MASK
    h ^= h >> 13
    h = (h * _M) & _MASK
    return h ^ (h >> 15)


@lru_cache(maxsize=131_072)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition Kafka's Java producer puts `key` on, among `partitions`."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


@lru_cache(maxsize=8)
def addresses(partitions: int) -> tuple[str, ...]:
    """For each of `partitions` a key that belongs on it, which is nobody's id: the control character begins none."""
    found: dict[int, str] = {}
    for number in count():
        address = f"\x1e{number}"
        found.setdefault(partition_of(address.encode(), partitions), address)
        if len(found) == partitions:
            return tuple(found[partition] for partition in range(partitions))
    raise AssertionError("unreachable: there is no last number")
