"""Events as JSON: what the structs say, field for field, and every mistake named with its place and remedy."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.codec import Codec
from hub.codec.shape import Choice, record_of
from hub.domain.events import OrderPaid, OrderPlaced
from hub.domain.model import Address, OrderLine
from hub.intake import IntakeError, event_from_json
from hub.intake.json_events import MAX_DOCUMENT_BYTES
from hub.intake.models import EVENTS, Document
from hub.intake.models import Address as AddressDocument
from hub.intake.models import LineChange as LineChangeDocument
from hub.intake.models import LineQuantity as LineQuantityDocument
from hub.intake.models import OrderLine as OrderLineDocument
from hub.topics import TOPICS

PLACED: dict[str, Any] = {
    "type": "OrderPlaced",
    "event_id": "e-1",
    "source": "shop",
    "occurred_at": "2025-03-04T13:00:00+01:00",
    "order_id": "O-1",
    "customer_id": "C-1",
    "purchase_order": "PO 7",
    "currency": "EUR",
    "deliver_to": {"name": "Ä", "street": "", "city": "Linz", "postal_code": "4020", "country": "AT"},
    "lines": [
        {
            "line_id": "1", "item_id": "bolt", "quantity": "12.50", "unit": "C62", "price": 0.10,
            "vat_category": "S", "vat_rate": 20, "requested_delivery": "2025-04-01",
        }
    ],
}  # fmt: skip
PAID = {
    "type": "OrderPaid", "event_id": "e", "source": "s", "occurred_at": "2025-03-04T12:00:00Z", "order_id": "o",
    "amount": "1.00", "currency": "EUR",
}  # fmt: skip
CODEC = Codec.load()
DOCUMENTS: list[type[Document]] = [
    *EVENTS.values(), AddressDocument, LineChangeDocument, LineQuantityDocument, OrderLineDocument
]  # fmt: skip


def _problems(document: object) -> dict[str, str]:
    raw = document if isinstance(document, str | bytes) else json.dumps(document)
    with pytest.raises(IntakeError) as refusal:
        event_from_json(raw)
    assert str(refusal.value) == "; ".join(map(str, refusal.value.problems))
    return {problem.path: problem.reason for problem in refusal.value.problems}


def _placed(**change: Any) -> dict[str, Any]:
    return {**PLACED, **change}


def _with_line(**change: Any) -> dict[str, Any]:
    return _placed(lines=[{**PLACED["lines"][0], **change}])


def test_an_order_is_read_as_meant() -> None:
    assert event_from_json(json.dumps(PLACED).encode()) == OrderPlaced(
        event_id="e-1", source="shop", occurred_at=datetime(2025, 3, 4, 12, tzinfo=UTC), order_id="O-1",
        customer_id="C-1", purchase_order="PO 7", currency="EUR",
        deliver_to=Address("Ä", "", "Linz", "4020", "AT"),
        lines=(
            OrderLine(
                "1", "bolt", "", Decimal("12.50"), "C62", Decimal("0.1"), Decimal(1), Decimal(0), "S", Decimal(20),
                date(2025, 4, 1),
            ),
        ),
    )  # fmt: skip


def test_every_inbound_event_comes_in_as_json() -> None:
    assert set(EVENTS) == {record for topic in TOPICS.values() if topic.direction == "in" for record in topic.records}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.__name__)
def test_a_model_has_the_fields_and_defaults_of_its_struct(document: type[Document]) -> None:
    fields = {name: field for name, field in document.model_fields.items() if name != "type"}
    struct = {field.name: field for field in msgspec.structs.fields(document.struct)}
    assert set(fields) == set(struct)
    usual = {"description", "base_quantity", "discount_percent"} if document is OrderLineDocument else set()
    for name, field in fields.items():
        if name not in usual:
            assert field.is_required() == struct[name].required, name
            default = field.default.to_domain() if isinstance(field.default, Document) else field.default
            assert field.is_required() or default == struct[name].default, name


@pytest.mark.parametrize("document", EVENTS.values(), ids=list(EVENTS))
def test_choices_are_those_of_the_struct(document: type[Document]) -> None:
    for field in record_of(document.struct).fields:
        if isinstance(field.shape, Choice):
            schema = document.model_json_schema()["properties"][field.name]
            assert sorted(schema["enum"]) == sorted(field.shape.values)


@given(st.from_regex(r"(0|[1-9][0-9]{0,17})(\.[0-9]{1,9})?", fullmatch=True))
def test_a_number_keeps_every_digit_as_text_and_as_json_number(text: str) -> None:
    for written in (f'"{text}"', text):
        event = event_from_json(json.dumps({**PAID, "amount": 0}).replace('"amount": 0', f'"amount": {written}'))
        assert isinstance(event, OrderPaid)
        assert str(event.amount) == text or event.amount.as_tuple() == Decimal(text).as_tuple()


@pytest.mark.parametrize(
    ("document", "path", "says"),
    [
        (_placed(lines=[]), "lines", "[] is empty; give at least one"),
        (_with_line(quantity="0"), "lines[0].quantity", "'0' must be greater than 0"),
        (_with_line(quantity="1e5"), "lines[0].quantity", "'1e5' is not a plain decimal number; write it as a string"),
        (_with_line(quantity=True), "lines[0].quantity", "True is not a plain decimal number"),
        (_with_line(price="-1"), "lines[0].price", "'-1' must not be negative"),
        (_with_line(vat_rate=101), "lines[0].vat_rate", "101 is not a percentage"),
        (_with_line(unit="kg"), "lines[0].unit", "'kg' is not a UN/ECE Recommendation 20 unit code such as \"C62\""),
        (_with_line(vat_category="X"), "lines[0].vat_category", "'X' is not one of 'S', "),
        (_with_line(colour="red"), "lines[0].colour", "is not a field here; remove it"),
        (_placed(deliver_to={**PLACED["deliver_to"], "country": "Austria"}), "deliver_to.country", "ISO 3166-1"),
        (_placed(currency="eur"), "currency", "'eur' is not an ISO 4217 currency code such as \"EUR\""),
        (_placed(prioritty="urgent"), "prioritty", "is not a field here; did you mean priority?"),
        (_placed(occurred_at="2025-03-04T13:00:00"), "occurred_at", "is not a moment with its time zone; write it as"),
        (_placed(occurred_at=1741), "occurred_at", "1741 is not a moment"),
        (_placed(occurred_at="0001-01-01T00:00:00+14:00"), "occurred_at", "lies outside the years 1 to 9999"),
        (_placed(requested_delivery="2025-02-30"), "requested_delivery", "is not a date; write it as"),
        (_placed(order_id=7), "order_id", "7 does not fit: input should be a valid string"),
        (_placed(order_id=""), "order_id", "'' is not an identifier; it has 1 to 200 characters"),
        (_placed(order_id="a\nb"), "order_id", "is not an identifier"),
        (_placed(note="\0"), "note", "is not a text of at most 4000 characters without control codes"),
        (_placed(sequence=-1), "sequence", "-1 does not fit"),
        ({**PAID, "type": "OrderPait"}, "type", "'OrderPait' is not an event that comes in; did you mean OrderPaid?"),
        ({**PAID, "type": 1}, "type", "1 is not an event that comes in; use one of OrderPlaced, "),
        ({}, "type", "is missing; use one of OrderPlaced, "),
    ],
)
def test_a_mistake_is_named_with_its_place_and_remedy(document: dict[str, Any], path: str, says: str) -> None:
    problems = _problems(document)
    assert set(problems) == {path}
    assert says in problems[path]


def test_all_mistakes_are_named_at_once() -> None:
    broken = {name: value for name, value in PLACED.items() if name != "customer_id"} | {"currency": "?", "lines": [{}]}
    assert set(_problems(broken)) == {
        "customer_id", "currency", "lines[0].line_id", "lines[0].item_id", "lines[0].quantity", "lines[0].unit",
        "lines[0].price", "lines[0].vat_category", "lines[0].vat_rate",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"\xff{}", "not UTF-8 at byte 0"),
        ("{'a': 1}", "is not JSON: Expecting property name enclosed in double quotes at line 1 column 2"),
        ("[1]", "is a list, not an object"),
        ("[" * 500_000, "is nested too deep"),
        ('{"a": NaN}', "holds NaN, which is not a number"),
        ('{"a": 1, "a": 2}', "names 'a' twice in one object"),
        ('{"a": "\\ud800"}', "holds half a surrogate pair in 'a'"),
        (b" " * (MAX_DOCUMENT_BYTES + 1), "at most 1048576 are read"),
    ],
)
def test_what_is_no_json_object_is_refused_as_a_whole(raw: str | bytes, says: str) -> None:
    assert says in _problems(raw)[""]


def test_a_shown_value_is_cut() -> None:
    assert len(_problems(_placed(currency="x" * 100_000))["currency"]) < 200
    assert "is not a plain decimal" in _problems('{"type": "OrderPaid", "amount": ' + "9" * 100_000 + "}")["amount"]


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.sampled_from(sorted(PLACED)), each),
)


@given(ANY_JSON)
def test_any_json_is_an_event_or_refused(document: Any) -> None:
    candidate = {**PLACED, **document} if isinstance(document, dict) else document
    try:
        event = event_from_json(json.dumps(candidate))
    except IntakeError:
        return
    assert CODEC.decode(CODEC.encode(event)) == event
