"""Whatever bytes come, decoding ends with a struct or a CodecError, in memory bounded by the bytes."""

from __future__ import annotations

import contextlib
import random
import tracemalloc
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.codec import SCHEMA_DIR, Codec
from hub.codec.lock import current, read_lock
from hub.codec.records import RECORDS, schema_name
from hub.errors import CodecError
from tests.support.messages import example, reference_decode
from tests.support.mutations import COUNT

CODEC = Codec.load()
REASONS = {
    "empty", "bad-magic", "unknown-schema", "truncated", "trailing-bytes", "not-utf8", "invalid-value",
}  # fmt: skip
MUTANTS = max(30_000, COUNT)


def _mutate(message: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """The message with one to four injuries of the kinds that happen: flipped, cut, doubled, spliced, huge numbers."""
    raw = bytearray(message)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(raw) + 1)
        match rng.randrange(8):
            case 0 if raw:
                raw[at % len(raw)] ^= 1 << rng.randrange(8)
            case 1:
                del raw[at:]
            case 2:
                raw[at:at] = rng.randbytes(rng.randint(1, 9))
            case 3:
                del raw[at : at + rng.randint(1, 9)]
            case 4:
                raw[at:at] = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"[-rng.randint(1, 10) :]
            case 5:
                raw[at:] = rng.choice(others)[at:]
            case 6 if raw:
                raw[at % len(raw)] = rng.choice(b"\x00\x01\x02\x7f\x80\xff")
            case 7:
                raw[at:at] = raw[at : at + rng.randint(1, 300)]
    return bytes(raw)


def test_injured_messages_are_refused_or_read_as_the_reference_reads_them() -> None:
    rng = random.Random(5)
    schemas = {entry.name: fastavro.parse_schema(entry.schema) for entry in current(read_lock(SCHEMA_DIR)).values()}
    messages = [CODEC.encode(example(struct)) for struct in RECORDS]
    reasons: set[str] = set()
    read = 0
    for _ in range(MUTANTS):
        raw = _mutate(rng.choice(messages), messages, rng)
        try:
            value: Any = CODEC.decode(raw)
        except CodecError as error:
            reasons.add(error.reason)
            continue
        read += 1
        struct = type(value)
        assert reference_decode(schemas[schema_name(struct.__name__)], struct, raw[5:]) == value
        assert CODEC.decode(CODEC.encode(value)) == value
    assert reasons == REASONS
    assert read > MUTANTS // 50, "hardly any injury left a readable message: the comparison proves little"


@settings(max_examples=max(300, COUNT))
@given(schema=st.sampled_from(RECORDS), body=st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_or_read(schema: type[Any], body: bytes) -> None:
    raw = b"\0" + CODEC.schema_id(schema).to_bytes(4, "big") + body
    with contextlib.suppress(CodecError):
        assert isinstance(CODEC.decode(raw), schema)


@pytest.mark.parametrize("fill", [b"\x00", b"\x02", b"\x7f", b"\x80", b"\xfe", b"\xff"])
@pytest.mark.parametrize("struct", RECORDS, ids=lambda struct: struct.__name__)
def test_a_large_message_of_one_byte_takes_memory_in_proportion(struct: type[Any], fill: bytes) -> None:
    size = 20_000
    message = CODEC.encode(example(struct))
    tracemalloc.start()
    try:
        for start in range(5, len(message), 11):
            with pytest.raises(CodecError):
                CODEC.decode(message[:start] + fill * size)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100 * size
