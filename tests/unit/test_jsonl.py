"""JSON Lines become events line by line, and the format of a stream is told by its first bytes."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.base import Accepted, Read, Refusal, key_of
from connectors.defaults import NO_DEFAULTS, Defaults
from connectors.detect import read
from hub.domain.events import CustomerUpdated, OrderPlaced

EXAMPLES = Path(__file__).parents[2] / "examples"
LINES = (EXAMPLES / "orders.jsonl").read_bytes()


def results(raw: bytes, defaults: Defaults = NO_DEFAULTS) -> list[Read]:
    return list(read(io.BufferedReader(io.BytesIO(raw)), "input", defaults))


def test_every_line_is_an_event_keyed_by_its_order_or_customer() -> None:
    customer, order = results(LINES)
    assert isinstance(customer, Accepted)
    assert isinstance(order, Accepted)
    assert isinstance(customer.event, CustomerUpdated)
    assert isinstance(order.event, OrderPlaced)
    assert order.event.lines[1].price == Decimal("12.00")
    assert [key_of(customer.event), key_of(order.event)] == ["0088:4098765000010", "SO-100417"]


def test_blank_lines_windows_line_ends_and_a_byte_order_mark_do_not_matter() -> None:
    windows = b"\xef\xbb\xbf" + LINES.replace(b"\n", b"\r\n\r\n  \r\n")
    assert [result.event for result in results(windows) if isinstance(result, Accepted)] == [
        result.event for result in results(LINES) if isinstance(result, Accepted)
    ]
    assert len(results(windows)) == 2


def test_a_bad_line_is_refused_by_its_number_and_the_rest_goes_on() -> None:
    order = json.loads(LINES.splitlines()[1])
    order["lines"][0]["quantity"] = "-1"
    order["currncy"] = order.pop("currency")
    bad = json.dumps(order).encode()
    first, second, third, fourth = results(b"\n".join([LINES.splitlines()[0], b"{oops", bad, LINES.splitlines()[1]]))
    assert isinstance(first, Accepted)
    assert isinstance(second, Refusal)
    assert second.where == "input:2"
    assert second.raw == b"{oops"
    assert isinstance(third, Refusal)
    assert third.raw == bad
    assert {problem.what for problem in third.problems} == {"currency", "lines[0].quantity", "currncy"}
    assert isinstance(fourth, Accepted)
    assert fourth.where == "input:4"


def test_a_line_beyond_the_bound_is_refused_and_the_next_one_read() -> None:
    long = b'{"note": "' + b"x" * (3 * 1024 * 1024) + b'"}\n'
    refusal, customer, _ = results(long + LINES)
    assert isinstance(refusal, Refusal)
    assert "longer than 1048576 bytes" in refusal.reason
    assert isinstance(customer, Accepted)
    assert customer.where == "input:2"


def test_an_xml_document_is_read_as_ubl_with_or_without_a_byte_order_mark() -> None:
    raw = (EXAMPLES / "order.xml").read_bytes()
    utf16 = raw.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16")
    events = []
    for document in (raw, b"\xef\xbb\xbf" + raw, utf16):
        (result,) = results(document)
        assert isinstance(result, Accepted)
        events.append(result.event)
    assert events[0] == events[1] == events[2]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "it is empty"),
        (b"[\n" + LINES, "it holds a JSON array; write one object a line"),
        (b"order;quantity\n1;2\n", "it begins like none of UBL XML (<), JSON Lines ({)"),
        (b"\x00\x01\x02", "it begins like none of"),
    ],
)
def test_anything_else_is_refused_once_with_what_was_expected(raw: bytes, reason: str) -> None:
    (refusal,) = results(raw)
    assert isinstance(refusal, Refusal)
    assert reason in refusal.reason
