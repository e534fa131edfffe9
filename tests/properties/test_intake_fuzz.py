"""Whatever bytes come in, a connector answers with documents and refusals, at a price in proportion to them."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pyarrow import parquet

from connectors.base import Accepted, Receipt, Refusal
from connectors.defaults import Defaults, Vat
from connectors.detect import read
from connectors.mapped.mapping import TableMapping, load_mapping
from hub.codec import Codec
from hub.domain.events import OrderPlaced
from hub.intake import IntakeError, event_from_document
from hub.intake.json_events import IntakeProblem, object_from_json
from tests.support.mutations import fuzzed, mutated, revalued, within_bounds

EXAMPLES = Path(__file__).parents[2] / "examples"
ORDER_XML = (EXAMPLES / "order.xml").read_bytes()
CHANGE_XML = (EXAMPLES / "order-change.xml").read_bytes()
_X12, _EDIFACT = r"[*]([^*~\n]*)[*~]", r"[+:]([^+:'\n]*)[+:']"
_VALUES = r'[>"]([^<>"\n]+)[<"]'
ORDERS_JSONL = (EXAMPLES / "orders.jsonl").read_bytes()
ORDER_JSON = ORDERS_JSONL.splitlines()[1]
ORDERS_X12 = (EXAMPLES / "orders.x12").read_bytes()
ORDERS_EDIFACT = (EXAMPLES / "orders.edi").read_bytes()
CHARGED_JSON = (EXAMPLES / "order-charges.jsonl").read_bytes()
_CHARGE = (
    b"<cac:AllowanceCharge><cbc:ChargeIndicator>true</cbc:ChargeIndicator>"
    b"<cbc:AllowanceChargeReasonCode>FC</cbc:AllowanceChargeReasonCode>"
    b"<cbc:MultiplierFactorNumeric>1</cbc:MultiplierFactorNumeric><cbc:Amount>5.00</cbc:Amount>"
    b"<cbc:BaseAmount>500.00</cbc:BaseAmount><cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>19</cbc:Percent>"
    b"</cac:TaxCategory></cac:AllowanceCharge>"
)
_TOTALS = re.compile(rb"<cac:Anticipated.*</cac:Anticipated\w+>|<cbc:LineExtensionAmount.*?</cbc:\w+>", re.DOTALL)
CHARGED_XML = _TOTALS.sub(b"", ORDER_XML).replace(b"<cac:AllowanceCharge>", _CHARGE + b"<cac:AllowanceCharge>")
_SAC = b"\nSAC*C*D240***2500~\nSAC*A*ZZZZ******0.5*EA*3**02***Bonus~\nSAC*A*C310****Z*2~"
CHARGED_X12 = ORDERS_X12.replace(b"BY*USD~", b"BY*USD~" + _SAC).replace(b"AMT*TT*1824~\n", b"")
CHARGED_X12 = CHARGED_X12.replace(b"SE*20*", b"SE*22*").replace(b"SE*11*", b"SE*14*")
_ALC = b"ALC+C++6+2+FC:::Fracht'\nRTE+1:2:100:PCE'\nMOA+8:4'\nPCD+2:10'\nMOA+25:40'\nTAX+7+VAT+++:::19+S'\n"
CHARGED_EDIFACT = ORDERS_EDIFACT.replace(b"ALC+A+++1'", _ALC + b"ALC+A+++1'")
CHARGED_EDIFACT = (
    CHARGED_EDIFACT.replace(b"UNT+30+", b"UNT+40+").replace(b"MOA+203:1026'\n", b"").replace(b"MOA+79:1827.33'\n", b"")
)
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


def check(raw: bytes, mappings: Sequence[TableMapping] = ()) -> None:
    with within_bounds(raw):
        results = list(read(io.BufferedReader(io.BytesIO(raw)), "fuzz", DEFAULTS, mappings))
    for result in results:
        if isinstance(result, Accepted):
            CODEC.encode(result.event)  # what an edge takes can always be sent
        elif not isinstance(result, Receipt):
            assert isinstance(result, Refusal)
            assert result.problems
            assert all(problem.reason for problem in result.problems)


@fuzzed
@given(
    mutated(ORDER_XML)
    | revalued(ORDER_XML, _VALUES)
    | revalued(CHANGE_XML, _VALUES)
    | mutated(CHARGED_XML)
    | revalued(CHARGED_XML, _VALUES)
)
def test_any_bytes_like_ubl_are_taken_or_refused(raw: bytes) -> None:
    check(raw)


@fuzzed
@given(mutated(ORDERS_JSONL) | revalued(ORDERS_JSONL, r': "([^"]*)"') | revalued(CHARGED_JSON, r': "([^"]*)"'))
def test_any_bytes_like_json_lines_are_taken_or_refused(raw: bytes) -> None:
    check(raw)


@fuzzed
@given(mutated(ORDERS_X12) | revalued(ORDERS_X12, _X12) | mutated(CHARGED_X12) | revalued(CHARGED_X12, _X12))
def test_any_bytes_like_x12_are_taken_or_refused(raw: bytes) -> None:
    check(raw)


@fuzzed
@given(
    mutated(ORDERS_EDIFACT)
    | revalued(ORDERS_EDIFACT, _EDIFACT)
    | mutated(CHARGED_EDIFACT)
    | revalued(CHARGED_EDIFACT, _EDIFACT)
)
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
@given(mutated(ORDER_JSON) | revalued(ORDER_JSON, r'": "([^"]*)"') | st.binary(max_size=200))
def test_any_body_of_an_http_request_is_taken_or_refused_with_its_problems(raw: bytes) -> None:
    problems: Sequence[IntakeProblem] | None = None
    try:
        with within_bounds(raw):
            event = event_from_document(object_from_json(raw))
        CODEC.encode(event)
    except IntakeError as refused:
        problems = refused.problems
    assert problems is None or (problems and all(problem.reason for problem in problems))


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


def test_the_seeds_with_charges_are_taken() -> None:
    for raw in (CHARGED_XML, CHARGED_X12, CHARGED_EDIFACT, CHARGED_JSON):
        results = list(read(io.BufferedReader(io.BytesIO(raw)), "seed", DEFAULTS))
        first = results[0]
        assert isinstance(first, Accepted), first
        assert isinstance(first.event, OrderPlaced)
        assert first.event.adjustments
