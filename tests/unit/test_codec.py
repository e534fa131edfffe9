"""What the codec says of messages that are not right, coming in or going out."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hub.codec import Codec, cloud_event_headers
from hub.codec.records import RECORDS
from hub.domain.events import OrderCancelled, OrderPaid, StatusReported
from hub.domain.model import LineQuantity
from hub.errors import CodecError
from tests.support.messages import example

CODEC = Codec.load()
NOON = datetime(2025, 3, 4, 12, tzinfo=UTC)
PAID = OrderPaid(event_id="e", source="s", occurred_at=NOON, order_id="o", amount=Decimal("1.50"), currency="EUR")
REPORT = StatusReported(
    event_id="e", source="s", occurred_at=NOON, order_id="o", work_order_id="w", department="production",
    kind="produced", lines=(LineQuantity("1", Decimal(1)), LineQuantity("zwölf", Decimal(2), "KGM")),
)  # fmt: skip


def _refused(raw: bytes | None, **arguments: Any) -> CodecError:
    with pytest.raises(CodecError) as refusal:
        CODEC.decode(raw, **arguments)
    return refusal.value


def _unsendable(value: Any) -> str:
    with pytest.raises(CodecError) as refusal:
        CODEC.encode(value)
    assert refusal.value.reason == "invalid-value"
    return str(refusal.value)


@pytest.mark.parametrize("raw", [None, b""])
def test_a_message_without_a_value_is_empty(raw: bytes | None) -> None:
    assert _refused(raw).reason == "empty"


def test_other_formats_are_told_by_their_first_byte() -> None:
    refusal = _refused(b'{"order_id": 1}')
    assert refusal.reason == "bad-magic"
    assert "b'{\"or'" in str(refusal)


def test_an_unknown_schema_is_named() -> None:
    refusal = _refused(b"\0\0\1\0\0....")
    assert (refusal.reason, "schema 65536" in str(refusal)) == ("unknown-schema", True)


@pytest.mark.parametrize("struct", RECORDS, ids=lambda struct: struct.__name__)
def test_a_message_cut_anywhere_is_truncated(struct: type[Any]) -> None:
    message = CODEC.encode(example(struct))
    assert {_refused(message[:end]).reason for end in range(1, len(message))} == {"truncated"}


def test_where_a_message_is_cut_is_said_by_field() -> None:
    message = CODEC.encode(REPORT)
    refusal = _refused(message[: message.index(b"\x06KGM")])
    assert str(refusal) == "StatusReported.lines[1].unit: the message ends before this is complete."


def test_bytes_after_a_message_are_counted() -> None:
    refusal = _refused(CODEC.encode(PAID) + b"xyz")
    assert (refusal.reason, str(refusal)) == ("trailing-bytes", "OrderPaid is followed by 3 more bytes.")


def test_a_text_that_is_not_utf8_is_named() -> None:
    refusal = _refused(CODEC.encode(REPORT).replace("ö".encode(), b"\xf6w"))
    assert refusal.reason == "not-utf8"
    assert str(refusal) == "StatusReported.lines[1].line_id: byte 2 of the text is not UTF-8."


def test_a_message_above_the_bound_is_not_read() -> None:
    message = CODEC.encode(PAID)
    assert CODEC.decode(message, max_bytes=len(message)) == PAID
    assert _refused(message, max_bytes=len(message) - 1).reason == "too-large"


def test_a_value_that_is_no_choice_is_shown_beside_the_choices() -> None:
    refusal = _refused(CODEC.encode(REPORT).replace(b"production", b"produktion"))
    assert refusal.reason == "invalid-value"
    assert str(refusal) == ("StatusReported.department: 'produktion' is not one of logistics, procurement, production.")


@pytest.mark.parametrize(
    "text",
    [
        "1E+9", "1e9", "NaN", "Infinity", "-", "", ".5", "5.", "+1", " 1", "1 ", "1_0", "٣", "0x1", "1\n",
        "1" * 19, "0." + "1" * 10, "1E+999999999",
    ],
)  # fmt: skip
def test_a_decimal_is_plain_or_refused(text: str) -> None:
    body = text.encode()
    message = CODEC.encode(PAID).replace(b"\x081.50", bytes([2 * len(body)]) + body)
    refusal = _refused(message)
    assert refusal.reason == "invalid-value"
    assert str(refusal).startswith("OrderPaid.amount: ")


@pytest.mark.parametrize("text", ["0", "-0", "-1.000000000", "9" * 18 + "." + "9" * 9, "007.50"])
def test_a_plain_decimal_is_read_as_written(text: str) -> None:
    message = CODEC.encode(PAID).replace(b"\x081.50", bytes([2 * len(text)]) + text.encode())
    assert str(CODEC.decode(message).amount) == str(Decimal(text))


def test_a_moment_outside_the_calendar_is_refused() -> None:
    noon = CODEC.encode(PAID)[9:17]
    refusal = _refused(CODEC.encode(PAID).replace(noon, b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
    assert refusal.reason == "invalid-value"
    assert "outside the years 1 to 9999" in str(refusal)


@pytest.mark.parametrize(
    ("length", "reason"),
    [
        (b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", "truncated"),
        (b"\x80\x80\x80\x80\x80\x80\x80\x80\x20", "truncated"),
        (b"\x03", "invalid-value"),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "invalid-value"),
        (b"\xff" * 11, "invalid-value"),
        (b"\xff" * 200_000, "invalid-value"),
    ],
    ids=["2**63-1", "2**58", "-2", "-2**63", "more than 64 bits", "never ending"],
)
def test_a_claimed_length_allocates_nothing(length: bytes, reason: str) -> None:
    head = CODEC.encode(PAID)[:5]
    lines = CODEC.encode(REPORT).index(b"\x04\x02" + b"1")
    listed = CODEC.encode(REPORT)[:lines]
    tracemalloc.start()
    try:
        assert _refused(head + length + b"x" * 20).reason == reason
        assert _refused(listed + length + b"x" * 20).reason in (reason, "truncated", "invalid-value")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * len(length) + 100_000


@pytest.mark.parametrize(
    ("code", "number"),
    [
        (b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 2**63 - 1),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", -(2**63)),
        (b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", None),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", None),
    ],
)
def test_a_number_has_64_bits_or_is_refused(code: bytes, number: int | None) -> None:
    one = CODEC.encode(msgspec.structs.replace(PAID, sequence=1))
    assert one.count(b"\x02\x02\x02o") == 1
    message = one.replace(b"\x02\x02\x02o", b"\x02" + code + b"\x02o")
    if number is None:
        assert "more than 64 bits" in str(_refused(message))
    else:
        assert CODEC.decode(message).sequence == number


def test_a_message_of_another_type_than_asked_for_is_refused() -> None:
    assert CODEC.decode_as(OrderPaid, CODEC.encode(PAID)) == PAID
    with pytest.raises(CodecError, match="is a OrderPaid, not a OrderCancelled") as refusal:
        CODEC.decode_as(OrderCancelled, CODEC.encode(PAID))
    assert refusal.value.reason == "wrong-type"


def test_a_struct_without_a_schema_cannot_be_sent() -> None:
    with pytest.raises(CodecError, match="LineQuantity is not a record type") as refusal:
        CODEC.encode(LineQuantity("1", Decimal(1)))
    assert refusal.value.reason == "wrong-type"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"amount": Decimal("NaN")}, "amount cannot be sent: 'NaN' is not a plain decimal"),
        ({"amount": Decimal("1E+18")}, "amount cannot be sent: '1E+18' is not a plain decimal"),
        ({"amount": Decimal("1E+999999")}, "amount cannot be sent: '1E+999999' is not a plain decimal"),
        ({"amount": Decimal("1E-10")}, "amount cannot be sent: '1E-10' is not a plain decimal"),
        ({"amount": None}, "amount cannot be sent: None is not a value of its type"),
        ({"amount": "1.50"}, "amount cannot be sent: '1.50' is not a value of its type"),
        ({"currency": None}, "currency cannot be sent: None is not a value of its type"),
        ({"currency": "\ud800"}, "currency cannot be sent: '\\ud800' holds half a surrogate pair"),
        ({"occurred_at": NOON.replace(tzinfo=None)}, "occurred_at cannot be sent: 2025-03-04 12:00:00 has no time"),
        ({"sequence": 2**63}, "sequence cannot be sent: 9223372036854775808 does not fit 64 bits"),
        ({"sequence": "1"}, "sequence cannot be sent: '1' is not a value of its type"),
    ],
)
def test_a_value_that_cannot_be_sent_is_named_by_field(change: dict[str, Any], says: str) -> None:
    assert f"OrderPaid.{says}" in _unsendable(msgspec.structs.replace(PAID, **change))


def test_a_value_that_cannot_be_sent_is_found_inside_lists() -> None:
    broken = msgspec.structs.replace(REPORT, lines=(*REPORT.lines, LineQuantity("3", Decimal("Infinity"))))
    assert _unsendable(broken).startswith("StatusReported.lines[2].quantity cannot be sent: 'Infinity'")


def test_scientific_notation_goes_out_plain() -> None:
    value = msgspec.structs.replace(PAID, amount=Decimal("1.5E+3"))
    assert CODEC.decode(CODEC.encode(value)).amount.as_tuple() == Decimal(1500).as_tuple()


def test_two_equal_decimals_keep_their_own_notation() -> None:
    for text in ("1.0", "1", "1.00", "1.0"):
        read = CODEC.decode(CODEC.encode(msgspec.structs.replace(PAID, amount=Decimal(text))))
        assert str(read.amount) == text


def test_headers_are_cloudevents_attributes() -> None:
    assert dict(cloud_event_headers(PAID)) == {
        "ce_specversion": b"1.0",
        "ce_type": b"orderhub.OrderPaid",
        "ce_id": b"e",
        "ce_source": b"s",
        "ce_time": b"2025-03-04T12:00:00+00:00",
    }
