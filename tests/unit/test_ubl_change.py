"""UBL order changes and cancellations become events about the order they name."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.base import Accepted, Refusal
from connectors.ubl import UblOrders
from hub.domain.events import OrderCancelled, OrderChanged, OrderPlaced
from hub.domain.model import OrderAdjustment
from tests.support.official import broken_in_ordering, schema_errors

EXAMPLES = Path(__file__).parents[2] / "examples"
CHANGE = (EXAMPLES / "order-change.xml").read_text()
CANCELLATION = re.sub(
    r"  <cbc:SequenceNumberID>.*?</cac:ValidityPeriod>\n",
    "  <cbc:CancellationNote>The project is off.</cbc:CancellationNote>\n",
    re.sub(r"  <cac:OrderLine>.*</cac:OrderLine>\n", "", CHANGE, flags=re.DOTALL),
    flags=re.DOTALL,
)
CANCELLATION = CANCELLATION.replace("OrderChange", "OrderCancellation").replace("order_change", "order_cancellation")


def read(document: str) -> Accepted | Refusal:
    (result,) = UblOrders().read(io.BytesIO(document.encode()), "change.xml")
    return result


def changed(document: str) -> OrderChanged:
    result = read(document)
    assert isinstance(result, Accepted), result
    assert isinstance(result.event, OrderChanged)
    return result.event


@pytest.mark.parametrize(("document", "transaction"), [(CHANGE, "T114"), (CANCELLATION, "T115")])
def test_what_is_read_here_is_what_peppol_sends(document: str, transaction: str) -> None:
    assert schema_errors(document.encode()) == []
    assert broken_in_ordering(document.encode(), transaction) == set()


def test_a_change_is_about_the_order_that_the_same_buyer_placed() -> None:
    (placed,) = UblOrders().read(io.BytesIO((EXAMPLES / "order.xml").read_bytes()), "order.xml")
    assert isinstance(placed, Accepted)
    assert isinstance(placed.event, OrderPlaced)
    event = changed(CHANGE)
    assert (event.order_id, event.source) == (placed.event.order_id, placed.event.source)
    assert (event.revision, event.occurred_at) == (1, datetime(2026, 3, 3, 9, tzinfo=UTC))
    assert event.reason == "Mehr Halter, Grundierung entfällt."
    assert [(each.action, each.line_id) for each in event.changes] == [("change", "1"), ("delete", "2")]
    line = event.changes[0].line
    assert line
    assert (line.item_id, line.quantity, line.base_quantity) == ("MK-BRACKET-20", Decimal(500), Decimal(100))


def test_a_line_without_action_stays_and_an_added_one_is_added() -> None:
    event = changed(CHANGE.replace("Code>3<", "Code>1<").replace("Code>2<", "Code>4<"))
    assert [(each.action, each.line_id) for each in event.changes] == [("add", "1")]


def test_a_change_without_sequence_number_is_taken_for_the_first_and_says_so() -> None:
    result = read(CHANGE.replace("<cbc:SequenceNumberID>1</cbc:SequenceNumberID>", ""))
    assert isinstance(result, Accepted)
    assert result.assumed == ("revision 1; the change has no SequenceNumberID",)


def test_a_cancellation_cancels_the_order_it_names() -> None:
    result = read(CANCELLATION)
    assert isinstance(result, Accepted)
    assert isinstance(result.event, OrderCancelled)
    assert result.event.order_id == changed(CHANGE).order_id
    assert result.event.reason == "The project is off."


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Code>3<", "Code>7<", "OrderLine[1]/LineItem/LineStatusCode (line 51): '7' is none of 1 (added)"),
        ("<cbc:LineStatusCode>3</cbc:LineStatusCode>", "", "LineStatusCode (line 49): a line of a change says"),
        (">500<", ">-5<", "LineItem/Quantity (line 52): the ordered quantity is -5, not more than zero"),
        ("ID>PO-2026-0417<", "ID><", "OrderReference/ID (line 4): it does not say which order it is about"),
        ("NumberID>1<", "NumberID>one<", "SequenceNumberID (line 10): 'one' is not the number of a change"),
        ("Code>3<", "Code>4<", "the change names no line that changes"),
    ],
)
def test_what_cannot_be_taken_as_meant_is_refused_with_element_and_line(old: str, new: str, said: str) -> None:
    document = CHANGE.replace(old, new, 1)
    if new == "Code>4<":
        document = document.replace("Code>2<", "Code>4<")
    result = read(document)
    assert isinstance(result, Refusal)
    assert said in result.reason


def test_a_change_may_say_what_is_allowed_and_charged_from_now_on() -> None:
    amount = '<cbc:Amount currencyID="EUR">{}</cbc:Amount>'
    freight = (
        "<cac:AllowanceCharge><cbc:ChargeIndicator>true</cbc:ChargeIndicator>"
        f"<cbc:AllowanceChargeReasonCode>FC</cbc:AllowanceChargeReasonCode>{amount.format('9.90')}</cac:AllowanceCharge>"
    )
    discount = (
        "<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>"
        "<cbc:AllowanceChargeReasonCode>95</cbc:AllowanceChargeReasonCode>"
        f"<cbc:MultiplierFactorNumeric>3</cbc:MultiplierFactorNumeric>{amount.format('38.48')}</cac:AllowanceCharge>"
    )
    place = "  <cac:OrderLine>"
    event = changed(CHANGE.replace(place, freight + discount + place, 1))
    assert event.discount_percent == 3
    assert event.adjustments == (OrderAdjustment("charge", amount=Decimal("9.90"), reason_code="FC"),)
    assert (changed(CHANGE).discount_percent, changed(CHANGE).adjustments) == (None, None)
    alone = re.sub(r"  <cac:OrderLine>.*</cac:OrderLine>\n", freight, CHANGE, flags=re.DOTALL)
    assert changed(alone).changes == ()
