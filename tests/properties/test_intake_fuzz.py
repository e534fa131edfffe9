"""Whatever bytes come in, a connector answers with documents and refusals, never with an exception."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from pyarrow import parquet

from connectors.base import Accepted, Receipt, Refusal
from connectors.defaults import Defaults, Vat
from connectors.detect import read
from connectors.mapped.mapping import TableMapping, load_mapping
from hub.codec import Codec

EXAMPLES = Path(__file__).parents[2] / "examples"
ORDER_XML = (EXAMPLES / "order.xml").read_bytes()
CHANGE_XML = (EXAMPLES / "order-change.xml").read_bytes()
_VALUES = r'[>"]([^<>"\n]+)[<"]'
ORDERS_JSONL = (EXAMPLES / "orders.jsonl").read_bytes()
ORDERS_X12 = (EXAMPLES / "orders.x12").read_bytes()
ORDERS_EDIFACT = (EXAMPLES / "orders.edi").read_bytes()
ORDERS_CSV = (EXAMPLES / "orders.csv").read_bytes()
MAPPING = replace(load_mapping(EXAMPLES / "orders-mapping.yaml"), files="*")
REPORTS = TableMapping(
    event="PaymentReceived",
    format="parquet",
    fields={"source": "/bank", "customer_id": "{who}", "amount": "{paid}", "currency": "{in}", "occurred_at": "{at}"},
)
_PAYMENTS = [{"who": "K-1", "paid": 12.5, "in": "EUR", "at": "2026-03-02T08:15:00Z"}, {"who": "K-2", "paid": 1.0}]
_STREAM = pa.BufferOutputStream()
parquet.write_table(pa.Table.from_pylist(_PAYMENTS), _STREAM)
REPORTS_PARQUET = _STREAM.getvalue().to_pybytes()
CODEC = Codec.load()
DEFAULTS = Defaults(Vat("E", Decimal(0)), "EUR", "DE")
fuzzed = settings(max_examples=int(os.environ.get("HUB_FUZZ", "500")))
"""`HUB_FUZZ=100000 ./run test tests/properties/test_intake_fuzz.py` looks longer."""

snippets = st.one_of(
    st.binary(max_size=8),
    st.text(max_size=6).map(str.encode),
    st.sampled_from(
        [
            b"",
            b"-",
            b"0",
            b"1e9",
            b"NaN",
            b"9" * 19,
            b"<a/>",
            b"<!DOCTYPE a>",
            b"&amp;",
            b"&x;",
            b"\x00",
            b'"',
            b"{",
            b"]]>",
        ]
    ),
)


def mutated(original: bytes) -> st.SearchStrategy[bytes]:
    """The document with up to six stretches of it replaced."""
    place = st.integers(0, len(original))
    cut = st.tuples(place, st.integers(0, 30), snippets)

    def apply(cuts: list[tuple[int, int, bytes]]) -> bytes:
        document = original
        for start, length, text in cuts:
            document = document[:start] + text + document[start + length :]
        return document

    return st.lists(cut, max_size=6).map(apply)


def revalued(original: bytes, value: str) -> st.SearchStrategy[bytes]:
    """The document with one to three of its values, as `value` finds them, replaced: it stays well-formed."""
    places = [match.span(1) for match in re.finditer(value.encode(), original)]
    printable = st.text(st.characters(exclude_characters='<>&"\\', exclude_categories=["C"]), max_size=12)
    number = st.decimals().map(str)
    odd = st.sampled_from(
        ["", "NaN", "-1", "0", "1e400", "1_000", "9" * 18, "0.0000001", "2026-13-01", "٣", "S", "true"]
    )
    changes = st.dictionaries(st.sampled_from(places), printable | number | odd, min_size=1, max_size=3)

    def apply(changed: dict[tuple[int, int], str]) -> bytes:
        document = original
        for (start, end), text in sorted(changed.items(), reverse=True):
            document = document[:start] + text.encode() + document[end:]
        return document

    return changes.map(apply)


def check(raw: bytes, mappings: Sequence[TableMapping] = ()) -> None:
    for result in read(io.BufferedReader(io.BytesIO(raw)), "fuzz", DEFAULTS, mappings):
        if isinstance(result, Accepted):
            CODEC.encode(result.event)  # what an edge takes can always be sent
        elif not isinstance(result, Receipt):
            assert isinstance(result, Refusal)
            assert result.problems
            assert all(problem.reason for problem in result.problems)


@fuzzed
@given(mutated(ORDER_XML) | revalued(ORDER_XML, _VALUES) | revalued(CHANGE_XML, _VALUES))
def test_any_bytes_like_ubl_are_taken_or_refused(raw: bytes) -> None:
    check(raw)


@fuzzed
@given(mutated(ORDERS_JSONL) | revalued(ORDERS_JSONL, r': "([^"]*)"'))
def test_any_bytes_like_json_lines_are_taken_or_refused(raw: bytes) -> None:
    check(raw)


@fuzzed
@given(mutated(ORDERS_X12) | revalued(ORDERS_X12, r"[*]([^*~\n]*)[*~]"))
def test_any_bytes_like_x12_are_taken_or_refused(raw: bytes) -> None:
    check(raw)


@fuzzed
@given(mutated(ORDERS_EDIFACT) | revalued(ORDERS_EDIFACT, r"[+:]([^+:'\n]*)[+:']"))
def test_any_bytes_like_edifact_are_taken_or_refused(raw: bytes) -> None:
    check(raw)


@fuzzed
@given(mutated(ORDERS_CSV) | revalued(ORDERS_CSV, r"[;]([^;\n]*)[;\n]"))
def test_any_bytes_like_a_table_are_taken_or_refused(raw: bytes) -> None:
    check(raw, [MAPPING])


@fuzzed
@given(mutated(REPORTS_PARQUET))
def test_any_bytes_like_parquet_are_taken_or_refused(raw: bytes) -> None:
    check(raw, [REPORTS])


@fuzzed
@given(st.binary(max_size=2_000))
def test_any_bytes_at_all_are_taken_or_refused(raw: bytes) -> None:
    check(raw)


def test_a_mistake_in_a_line_of_a_table_is_told_with_the_row_it_is_in() -> None:
    rows = ORDERS_CSV.split(b"\n")
    at = next(number for number, row in enumerate(rows) if row.startswith(b"SO-9002") and b";19;" in row)
    rows[at] = rows[at].replace(b";19;", b";0;")
    results = list(read(io.BufferedReader(io.BytesIO(b"\n".join(rows))), "table", DEFAULTS, [MAPPING]))
    (refused,) = (each for each in results if isinstance(each, Refusal))
    assert f"(line {at + 1})" in refused.problems[0].what
