"""UBL order changes and cancellations become events about the order they name."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.base import Accepted, Refusal
from connectors.ubl import UblOrders
from hub.domain.events import OrderCancelled, OrderChanged, OrderPlaced
from hub.domain.model import Address, OrderAdjustment
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
    assert event.currency == placed.event.currency
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
        ("Code>3<", "Code>4<", "the change names nothing that changes: no line, delivery address"),
    ],
)
def test_what_cannot_be_taken_as_meant_is_refused_with_element_and_line(old: str, new: str, said: str) -> None:
    document = CHANGE.replace(old, new, 1)
    if new == "Code>4<":
        document = document.replace("Code>2<", "Code>4<")
    result = read(document)
    assert isinstance(result, Refusal)
    assert said in result.reason


DELIVERY = """  <cac:Delivery>
    <cac:DeliveryLocation>
      <cac:Address>
        <cbc:StreetName>Kaistrasse 9</cbc:StreetName>
        <cbc:CityName>Emden</cbc:CityName>
        <cbc:PostalZone>26723</cbc:PostalZone>
        <cac:Country>
          <cbc:IdentificationCode>DE</cbc:IdentificationCode>
        </cac:Country>
      </cac:Address>
    </cac:DeliveryLocation>
    <cac:RequestedDeliveryPeriod>
      <cbc:EndDate>2026-04-02</cbc:EndDate>
    </cac:RequestedDeliveryPeriod>
    <cac:DeliveryParty>
      <cac:PartyName>
        <cbc:Name>Weserland, Lager Emden</cbc:Name>
      </cac:PartyName>
    </cac:DeliveryParty>
  </cac:Delivery>
"""
ACCOUNTED = (
    '<cac:AccountingCustomerParty><cac:Party><cac:PartyIdentification><cbc:ID schemeID="0088">{}</cbc:ID>'
    "</cac:PartyIdentification></cac:Party></cac:AccountingCustomerParty>"
)


def with_head(more: str, document: str = CHANGE) -> str:
    return document.replace("  <cac:OrderLine>", more + "  <cac:OrderLine>", 1)


def unchanged_lines(document: str) -> str:
    return document.replace("Code>3<", "Code>4<").replace("Code>2<", "Code>4<")


def test_a_change_may_say_where_the_order_goes_and_when_it_is_wanted() -> None:
    document = with_head(DELIVERY)
    assert schema_errors(document.encode()) == []
    assert broken_in_ordering(document.encode(), "T114") == set()
    event = changed(document)
    assert event.deliver_to == Address("Weserland, Lager Emden", "Kaistrasse 9", "Emden", "26723", "DE")
    assert event.requested_delivery == date(2026, 4, 2)
    assert [(each.action, each.line_id) for each in event.changes] == [("change", "1"), ("delete", "2")]
    alone = changed(unchanged_lines(document))
    assert (alone.changes, alone.deliver_to, alone.requested_delivery) == ((), event.deliver_to, date(2026, 4, 2))


def test_a_line_of_a_change_names_the_place_that_the_change_names_and_no_other() -> None:
    place = re.sub(r"<cac:(RequestedDeliveryPeriod|DeliveryParty)>.*</cac:\1>", "", DELIVERY, flags=re.DOTALL)
    lines = CHANGE.replace("<cbc:LineExtensionAmount", place + "<cbc:LineExtensionAmount", 1)
    assert changed(with_head(DELIVERY, lines)).deliver_to
    for document in (lines, with_head(DELIVERY.replace("Kaistrasse 9", "Kaistrasse 10"), lines)):
        result = read(document)
        assert isinstance(result, Refusal)
        assert "the line goes elsewhere than its order" in result.reason


def test_a_change_of_the_address_or_of_the_date_alone_leaves_the_other_as_it_was() -> None:
    address = re.sub(
        r" *<cac:RequestedDeliveryPeriod>.*</cac:RequestedDeliveryPeriod>\n", "", DELIVERY, flags=re.DOTALL
    )
    event = changed(unchanged_lines(with_head(address)))
    assert event.deliver_to
    assert event.requested_delivery is None
    period = "<cac:RequestedDeliveryPeriod><cbc:StartDate>2026-04-01</cbc:StartDate></cac:RequestedDeliveryPeriod>"
    event = changed(unchanged_lines(with_head(f"<cac:Delivery>{period}</cac:Delivery>")))
    assert (event.deliver_to, event.requested_delivery) == (None, date(2026, 4, 1))


def test_the_buyer_s_own_address_is_no_change_of_where_the_order_goes() -> None:
    assert "<cac:PostalAddress>" in CHANGE
    assert changed(CHANGE).deliver_to is None


def test_the_address_that_the_order_was_placed_with_is_read_as_the_same() -> None:
    order = (EXAMPLES / "order.xml").read_text()
    (placed,) = UblOrders().read(io.BytesIO(order.encode()), "order.xml")
    assert isinstance(placed, Accepted)
    assert isinstance(placed.event, OrderPlaced)
    delivery = re.search(r"^  <cac:Delivery>.*?^  </cac:Delivery>\n", order, re.DOTALL | re.MULTILINE)
    assert delivery
    event = changed(with_head(delivery[0]))
    assert (event.deliver_to, event.requested_delivery) == (placed.event.deliver_to, placed.event.requested_delivery)


@pytest.mark.parametrize(
    "kept",
    [
        "<cbc:AccountingCost>MAFO</cbc:AccountingCost>",
        "<cac:Contract><cbc:ID>C1</cbc:ID></cac:Contract>",
        "<cac:AdditionalDocumentReference><cbc:ID>100</cbc:ID></cac:AdditionalDocumentReference>",
        '<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">256.50</cbc:TaxAmount></cac:TaxTotal>',
        "<cbc:TaxCurrencyCode>EUR</cbc:TaxCurrencyCode>",
        ACCOUNTED.format("4098765000010"),
    ],
)
def test_what_changes_nothing_of_an_order_may_stand_in_a_change(kept: str) -> None:
    event = changed(with_head(kept))
    assert event.changes == changed(CHANGE).changes
    assert (event.deliver_to, event.requested_delivery, event.adjustments) == (None, None, None)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("<cac:PaymentTerms><cbc:Note>30 days</cbc:Note></cac:PaymentTerms>", "OrderChange/PaymentTerms (line 48)"),
        ("<cac:DeliveryTerms><cbc:ID>EXW</cbc:ID></cac:DeliveryTerms>", "OrderChange/DeliveryTerms (line 48): the hub"),
        ("<cac:PaymentMeans/>", "OrderChange/PaymentMeans (line 48): the hub takes no change of it; leave it out"),
        (
            ACCOUNTED.format("9"),
            "OrderChange/AccountingCustomerParty (line 48): it is not the BuyerCustomerParty: the hub takes no change",
        ),
        (
            "<cbc:TaxCurrencyCode>SEK</cbc:TaxCurrencyCode>",
            "OrderChange/TaxCurrencyCode (line 48): the change is in EUR, and an order has one currency: the hub takes",
        ),
        (
            DELIVERY.replace("</cac:Delivery>", "<cac:Shipment><cbc:ID>1</cbc:ID></cac:Shipment></cac:Delivery>"),
            "OrderChange/Delivery/Shipment (line 67): the hub takes no change of it",
        ),
        (
            "<cac:Delivery><cac:DeliveryLocation><cbc:ID>7</cbc:ID></cac:DeliveryLocation></cac:Delivery>",
            "OrderChange/Delivery/DeliveryLocation (line 48): it says where to without an address",
        ),
        (
            re.sub("cbc:EndDate>.*</cbc:EndDate", "cbc:Description>soon</cbc:Description", DELIVERY),
            "OrderChange/Delivery/RequestedDeliveryPeriod (line 59): it has neither an end nor a start",
        ),
        (DELIVERY + DELIVERY, "OrderChange/Delivery[2] (line 68): an order or line is delivered to one place"),
        (DELIVERY.replace(">DE<", "><"), "Address/Country/IdentificationCode (line 50): a delivery address needs its"),
        (DELIVERY.replace("2026-04-02", "soon"), "RequestedDeliveryPeriod/EndDate (line 60): 'soon' is not a date"),
    ],
)
def test_what_of_the_order_as_a_whole_cannot_be_changed_is_refused_by_name(more: str, said: str) -> None:
    result = read(with_head(more))
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
