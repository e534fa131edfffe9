"""What is compiled beside Python's own: dates, moments, numbers, and that nothing is lost or left of memory."""

from __future__ import annotations

import contextlib
import re
import tracemalloc
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.codec.binary import Layout, Layouts
from hub.codec.malformed import Malformed
from hub.codec.shape import record_of
from hub.domain.model import Frozen
from hub.errors import ConfigError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOWHERE = type("Nowhere", (tzinfo,), {"utcoffset": lambda *_: None})()
"""A zone that does not know how far it is from UTC."""
PLAIN = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,9})?", re.ASCII)


class OfDay(Frozen):
    value: date


class OfMoment(Frozen):
    value: datetime


class OfNumber(Frozen):
    value: Decimal


class OfFlag(Frozen):
    value: bool


class OfWhole(Frozen):
    number: int


class OfChoice(Frozen):
    by: Literal["Güterzug", "sea"]


class Carrier(StrEnum):
    PLANE = "plane"


class Part(Frozen):
    name: str


class LargerPart(Part):
    size: int = 0


class Whole(Frozen):
    parts: tuple[Part, ...]
    number: Decimal = Decimal(0)


def _layout(struct: type[msgspec.Struct]) -> Layout:
    return Layouts().layout(record_of(struct), b"")


def _long(number: int) -> bytes:
    """As the Avro specification has it, in Python."""
    rest, code = (number << 1) ^ (number >> 63), bytearray()
    while rest > 127:
        code.append(rest & 127 | 128)
        rest >>= 7
    return bytes([*code, rest])


def _refused(layout: Layout, value: Any) -> str:
    with pytest.raises(Malformed) as refusal:
        layout.write(value)
    return f"{refusal.value.path}: {refusal.value.text}"


@given(value=st.dates())
@example(date.min)
@example(date.max)
@example(date(2000, 2, 29))
@example(date(1900, 3, 1))
def test_a_day_is_what_python_reckons(value: date) -> None:
    layout = _layout(OfDay)
    message = layout.write(OfDay(value))
    assert message == _long((value - EPOCH.date()).days)
    assert layout.read(message) == (OfDay(value), len(message))


@given(value=st.datetimes(timezones=st.just(UTC)))
@example(datetime.min.replace(tzinfo=UTC))
@example(datetime.max.replace(tzinfo=UTC))
@example(EPOCH - timedelta(microseconds=1))
def test_a_moment_is_what_python_reckons(value: datetime) -> None:
    layout = _layout(OfMoment)
    message = layout.write(OfMoment(value))
    assert message == _long((value - EPOCH) // timedelta(microseconds=1))
    read, end = layout.read(message)
    assert (read, end) == (OfMoment(value), len(message))
    assert isinstance(read, OfMoment)
    assert read.value.tzinfo is UTC


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    layout = _layout(OfMoment)
    there = datetime(2025, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    assert layout.write(OfMoment(there)) == layout.write(OfMoment(there.astimezone(UTC)))


@pytest.mark.parametrize(
    ("moment", "why"),
    [
        (datetime(2025, 3, 1), "2025-03-01 00:00:00 has no time zone"),  # noqa: DTZ001
        (datetime(2025, 3, 1, tzinfo=NOWHERE), "2025-03-01 00:00:00 has no time zone"),
        (
            datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
            "0001-01-01 00:00:00+01:00 is outside the years 1 to 9999 in UTC",
        ),
    ],
    ids=["naive", "zone without offset", "before the calendar"],
)
def test_a_moment_that_has_none_in_utc_is_refused(moment: datetime, why: str) -> None:
    assert _refused(_layout(OfMoment), OfMoment(moment)) == f"value: {why}"


@pytest.mark.parametrize("days", [-719_163, 2_932_897, 2**40, -(2**63)])
def test_a_day_outside_the_calendar_is_refused(days: int) -> None:
    with pytest.raises(Malformed, match="outside the years 1 to 9999"):
        _layout(OfDay).read(_long(days))


@given(text=st.text("0123456789.-+eE _", max_size=32))
@example("-" + "9" * 18 + "." + "9" * 9)
@example("0" * 19)
@example("1.")
def test_a_number_is_plain_or_refused(text: str) -> None:
    message = _long(len(text)) + text.encode()
    layout = _layout(OfNumber)
    if PLAIN.fullmatch(text):
        read, _ = layout.read(message)
        assert isinstance(read, OfNumber)
        assert str(read.value) == str(Decimal(text))
        assert layout.write(read) == _long(len(str(read.value))) + str(read.value).encode()
    else:
        with pytest.raises(Malformed, match="is not a plain decimal number"):
            layout.read(message)


def test_numbers_that_come_and_go_are_written_as_they_are() -> None:
    """Texts are remembered by the number's place in memory, where another may be by and by."""
    layout = _layout(OfNumber)
    lasting = [Decimal(number) / 100 for number in range(20_000)]
    for number in [*lasting, *lasting[::-1]]:
        for value in (number, Decimal(number) + 1):
            text = str(value)
            assert layout.write(OfNumber(value)) == _long(len(text)) + text.encode()


@pytest.mark.parametrize("value", [1, 0, None, "true"])
def test_a_flag_is_a_flag(value: Any) -> None:
    assert _refused(_layout(OfFlag), OfFlag(value)) == f"value: {value!r} is not a value of its type"


def test_a_whole_number_too_large_to_show_is_refused() -> None:
    why = "number: int too large to show does not fit 64 bits"
    assert _refused(_layout(OfWhole), OfWhole(10**5_000)) == why


@pytest.mark.parametrize("value", ["plane", Carrier.PLANE])
def test_what_is_no_choice_is_refused_whichever_kind_of_text_it_is(value: Any) -> None:
    assert _refused(_layout(OfChoice), OfChoice(value)) == f"by: {value!r} is not one of Güterzug, sea"


def test_a_choice_of_any_letters_is_read_as_written() -> None:
    layout = _layout(OfChoice)
    message = layout.write(OfChoice("Güterzug"))
    assert layout.read(message) == (OfChoice("Güterzug"), len(message))


def test_a_field_never_set_is_refused() -> None:
    for shape in (str, bytes, bool, int, Decimal, date, datetime, Literal["a"], str | None, tuple[str, ...], Part):
        struct = msgspec.defstruct("Changing", [("value", shape)])
        half_made = struct("a")
        del half_made.value  # type: ignore[attr-defined]
        assert _refused(_layout(struct), half_made) == "value: nothing is not a value of its type"


def test_a_count_that_is_cut_short_is_not_laid_to_an_item() -> None:
    layout = _layout(Whole)
    with pytest.raises(Malformed) as refusal:
        layout.read(b"\x02\x02a")
    assert refusal.value.path == "parts"


def test_nothing_is_no_message() -> None:
    nothing: Any = None
    with pytest.raises(TypeError, match="expected bytes"):
        _layout(Part).read(nothing)
    with pytest.raises(TypeError, match="expected bytes"):
        Layouts().layout(record_of(Part), nothing)


def test_a_byte_that_is_no_flag_is_refused() -> None:
    with pytest.raises(Malformed, match="2 is neither true nor false"):
        _layout(OfFlag).read(b"\x02")


def test_what_is_no_part_of_its_type_is_named_by_its_place() -> None:
    layout = _layout(Whole)
    wrong: Any
    for wrong in (OfFlag(value=True), "a text", None, object()):
        said = _refused(layout, Whole((Part("a"), wrong)))
        assert said.startswith("parts[1]: ")
        assert said.endswith(" is not a value of its type")
    listed: Any = [Part("a")]
    assert _refused(layout, Whole(listed)).startswith("parts: [Part(")
    unset = msgspec.structs.replace(Part("a"))
    msgspec.structs.force_setattr(unset, "name", 7)
    assert _refused(layout, Whole((unset,))) == "parts[0].name: 7 is not a value of its type"


def test_a_part_of_a_larger_type_is_written_as_the_part_it_is() -> None:
    layout = _layout(Whole)
    message = layout.write(Whole((LargerPart("a", 3),)))
    assert layout.read(message) == (Whole((Part("a"),)), len(message))


def test_a_record_of_too_many_fields_is_refused() -> None:
    fields = [(f"field_{number}", int) for number in range(65)]
    with pytest.raises(ConfigError, match="Large has 65 fields; a record has at most 64"):
        _layout(msgspec.defstruct("Large", fields, bases=(Frozen,)))
    assert _layout(msgspec.defstruct("Small", fields[:64], bases=(Frozen,))).name == "Small"


def test_nothing_is_left_of_what_was_written_and_read() -> None:
    layout = _layout(Whole)
    message = layout.write(Whole((Part("ä" * 40), Part("b")), Decimal("1.50")))
    broken = message[:-1] + b"x"
    bad: Any = Whole((Part("ä" * 40), OfFlag(value=True)))  # type: ignore[arg-type]

    def work() -> None:
        layout.write(layout.read(message)[0])
        for attempt in (lambda: layout.read(message[:-3]), lambda: layout.read(broken), lambda: layout.write(bad)):
            with contextlib.suppress(Malformed):
                attempt()

    work()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(3_000):
            work()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 10_000, "memory grows with the messages"


def test_only_so_many_numbers_are_remembered() -> None:
    layout = _layout(OfNumber)
    tracemalloc.start()
    try:
        for number in range(30_000):
            layout.write(OfNumber(Decimal(number)))
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept < 1_500_000, "8,192 numbers take less"


def test_a_message_that_is_not_of_what_is_replaced_is_refused() -> None:
    layout = _layout(Whole)
    one, two = Whole((Part("a"),)), Whole((Part("a"), Part("b")))
    assert layout.rewrite(two, one, layout.write(one)) == layout.write(two)
    with pytest.raises(Malformed, match="has another length"):
        layout.rewrite(Whole((Part("c"),)), two, layout.write(one))
