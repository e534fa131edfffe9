"""What the hub writes is what fastavro writes, byte for byte, and what fastavro writes the hub reads."""

from __future__ import annotations

from typing import Any

import fastavro
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.codec import SCHEMA_DIR, Codec
from hub.codec.lock import read_schema
from hub.codec.records import RECORDS, schema_name
from hub.domain.capacity import Booking, NodeLoad
from hub.domain.credit import CreditAccount, Reservation
from hub.domain.model import Frozen
from hub.domain.order import OrderState
from tests.support.messages import any_of, example, reference_decode, reference_encode

CODEC = Codec.load()
SCHEMAS = {struct: fastavro.parse_schema(read_schema(SCHEMA_DIR, schema_name(struct.__name__))) for struct in RECORDS}
STATES = (OrderState, CreditAccount, Reservation, NodeLoad, Booking)
"""What the agents keep, and write again and again."""


@pytest.mark.parametrize("struct", RECORDS, ids=lambda struct: struct.__name__)
@settings(max_examples=40)
@given(data=st.data())
def test_every_message_is_what_fastavro_makes_of_it_and_reads_back(struct: type[Frozen], data: st.DataObject) -> None:
    value = data.draw(any_of(struct))
    body = reference_encode(SCHEMAS[struct], value)

    message = CODEC.encode(value)

    assert message == b"\x00" + CODEC.schema_id(struct).to_bytes(4, "big") + body
    assert CODEC.decode(message) == value
    assert reference_decode(SCHEMAS[struct], struct, body) == value


@pytest.mark.parametrize("struct", RECORDS, ids=lambda struct: struct.__name__)
@settings(max_examples=15)
@given(data=st.data())
def test_what_is_read_has_the_types_its_struct_declares(struct: type[Frozen], data: st.DataObject) -> None:
    read = CODEC.decode(CODEC.encode(data.draw(any_of(struct))))
    assert _checked(read) == read


@pytest.mark.parametrize("struct", STATES, ids=lambda struct: struct.__name__)
@settings(max_examples=30)
@given(data=st.data())
def test_what_replaces_another_is_written_as_if_it_stood_alone(struct: type[Frozen], data: st.DataObject) -> None:
    old = data.draw(any_of(struct))
    new = _mixed(old, data.draw(any_of(struct)), data)

    assert CODEC.encode(new, old, CODEC.encode(old)) == CODEC.encode(new)


def test_what_was_written_by_another_schema_is_not_copied() -> None:
    old = example(CreditAccount)
    assert CODEC.encode(old, old, b"\x00\x00\x00\xff\xff" + CODEC.encode(old)[:4:-1]) == CODEC.encode(old)


def _mixed(one: Any, other: Any, data: st.DataObject) -> Any:
    """A value that has some parts of one and some of another, the very same objects."""
    match data.draw(st.sampled_from(("one", "other", "both"))), one:
        case "both", msgspec.Struct() if type(one) is type(other):
            names = one.__struct_fields__
            return type(one)(**{name: _mixed(getattr(one, name), getattr(other, name), data) for name in names})
        case "both", tuple() if isinstance(other, tuple):
            mixed = [_mixed(each, by, data) for each, by in zip(one, other, strict=False)]
            return (*mixed, *data.draw(st.sampled_from((one, other, ()))))
        case "other", _:
            return other
    return one


def test_arrays_in_several_blocks_and_blocks_that_say_their_size_are_read() -> None:
    """Avro lets a writer split an array, and say how many bytes a block has so that readers may skip it."""
    item = b"\x06\x06"
    written = b"\x04" + 2 * item + b"\x00"
    account = example(CreditAccount)
    message = CODEC.encode(account)
    assert message.count(written) == 1
    assert CODEC.decode(message.replace(written, 2 * (b"\x02" + item) + b"\x00")) == account
    assert CODEC.decode(message.replace(written, b"\x03\x08" + 2 * item + b"\x00")) == account


def _checked(value: Any) -> Any:
    """The same through msgspec's own strict validation."""
    return msgspec.convert(msgspec.to_builtins(value), type(value))
