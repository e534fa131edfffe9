"""UBL orders become OrderPlaced, and what cannot be taken as meant is refused with element, line and remedy."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.base import Accepted, Refusal
from connectors.defaults import Vat
from connectors.ubl import UblOrders
from hub.domain.events import OrderPlaced
from hub.domain.model import Address, Adjustment, OrderAdjustment, OrderLine

EXAMPLE = (Path(__file__).parents[2] / "examples" / "order.xml").read_text()


def changed(*pairs: tuple[str, str]) -> str:
    """The example with each first text replaced by the second, wherever it stands."""
    document = EXAMPLE
    for old, new in pairs:
        assert old in document, f"the example no longer holds {old!r}"
        document = document.replace(old, new)
    return document


def read(document: str | bytes, default_vat: Vat | None = None) -> Accepted | Refusal:
    raw = document if isinstance(document, bytes) else document.encode()
    (result,) = UblOrders(default_vat).read(io.BytesIO(raw), "order.xml")
    return result


def order(document: str | bytes, default_vat: Vat | None = None) -> OrderPlaced:
    result = read(document, default_vat)
    assert isinstance(result, Accepted), result
    assert isinstance(result.event, OrderPlaced)
    return result.event


def refused(document: str | bytes, default_vat: Vat | None = None) -> str:
    result = read(document, default_vat)
    assert isinstance(result, Refusal), result
    return result.reason


def test_the_example_order_is_read_whole() -> None:
    assert order(EXAMPLE) == OrderPlaced(
        event_id=order(EXAMPLE).event_id,
        source="ubl:0088:4098765000010",
        occurred_at=datetime(2026, 3, 2, 8, 15, tzinfo=UTC),
        order_id="0088:4098765000010/PO-2026-0417",
        customer_id="0088:4098765000010",
        purchase_order="PO-2026-0417",
        currency="EUR",
        lines=(
            OrderLine(
                line_id="1",
                item_id="MK-BRACKET-20",
                description="Bearing bracket, galvanised",
                quantity=Decimal(400),
                unit="C62",
                price=Decimal(270),
                base_quantity=Decimal(100),
                discount_percent=Decimal(5),
                vat_category="S",
                vat_rate=Decimal(19),
            ),
            OrderLine(
                line_id="2",
                item_id="4098765001239",
                description="Primer",
                quantity=Decimal(120),
                unit="KGM",
                price=Decimal("6.65"),
                base_quantity=Decimal(1),
                discount_percent=Decimal(0),
                vat_category="S",
                vat_rate=Decimal(19),
                requested_delivery=date(2026, 3, 18),
            ),
        ),
        deliver_to=Address("Weserland Anlagenbau, Lager Nord", "Industrieweg 7, Tor 3", "Bremerhaven", "27568", "DE"),
        discount_percent=Decimal(2),
        requested_delivery=date(2026, 3, 20),
        seller_id="0088:4012345000009",
        locale="de",
        note="Bitte an Tor 3 anliefern.",
    )


def test_the_same_content_has_the_same_event_id_however_it_is_indented_or_encoded() -> None:
    flat = re.sub(r">\s+<", "><", EXAMPLE)
    utf16 = EXAMPLE.replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16")
    commented = changed(("<cbc:ID>PO", "<!-- ours --><cbc:ID>PO"))
    assert {order(text).event_id for text in (EXAMPLE, flat, utf16, commented)} == {order(EXAMPLE).event_id}


def test_another_quantity_is_another_event_about_the_same_order() -> None:
    other = order(changed(("6.65", "6.6500")))
    assert other.event_id != order(EXAMPLE).event_id
    assert other.order_id == order(EXAMPLE).order_id


@pytest.mark.parametrize(
    ("document", "customer_id"),
    [
        (changed(('<cbc:ID schemeID="0088">4098765000010', "<cbc:ID>B-17")), "B-17"),
        (
            re.sub(r"<cac:PartyIdentification>.*?</cac:PartyIdentification>", "", EXAMPLE, flags=re.DOTALL),
            "0088:4098765000011",
        ),
        (
            changed(
                (
                    "<cac:BuyerCustomerParty>",
                    "<cac:BuyerCustomerParty><cbc:SupplierAssignedAccountID>K-4711</cbc:SupplierAssignedAccountID>",
                )
            ),
            "K-4711",
        ),
    ],
)
def test_the_customer_is_our_own_number_or_the_buyers_identifier_or_its_endpoint(
    document: str, customer_id: str
) -> None:
    assert order(document).customer_id == customer_id


def test_an_order_without_delivery_address_goes_to_the_buyer_and_says_so() -> None:
    document = re.sub(r"<cac:DeliveryLocation>.*?</cac:DeliveryLocation>", "", EXAMPLE, flags=re.DOTALL)
    result = read(document)
    assert isinstance(result, Accepted)
    assert order(document).deliver_to.street == "Hafenstrasse 12"
    assert result.assumed == ("delivery to the buyer's own address; the order has no delivery address",)
    assert order(document).note.endswith("Assumed: " + result.assumed[0])


LINE_PLACE = (
    "<cac:Delivery><cac:DeliveryLocation><cac:Address><cbc:StreetName>{}</cbc:StreetName><cbc:CityName>{}</cbc:CityName>"
    "<cbc:PostalZone>{}</cbc:PostalZone><cac:Country><cbc:IdentificationCode>{}</cbc:IdentificationCode></cac:Country>"
    "</cac:Address></cac:DeliveryLocation></cac:Delivery>"
)


def test_a_line_may_name_the_place_of_its_order_and_no_other() -> None:
    plain = order(EXAMPLE)
    place = plain.deliver_to
    net = '<cbc:LineExtensionAmount currencyID="EUR">1026'

    def with_place(*parts: str) -> str:
        return changed((net, LINE_PLACE.format(*parts) + net))

    same = order(with_place(place.street, place.city, place.postal_code, place.country))
    assert (same.deliver_to, same.lines) == (place, plain.lines)
    said = refused(with_place("Kaistrasse 9", place.city, place.postal_code, place.country))
    assert "OrderLine[1]/LineItem/Delivery/DeliveryLocation/Address" in said
    assert "the line goes elsewhere than its order" in said


def test_a_currency_that_is_not_declared_is_that_of_the_amounts_and_says_so() -> None:
    result = read(changed(("<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>", "")))
    assert isinstance(result, Accepted)
    assert result.assumed == ("currency EUR, of the amounts; the order has no DocumentCurrencyCode",)


def test_a_line_without_vat_is_refused_unless_a_default_is_given() -> None:
    document = re.sub(r"<cac:ClassifiedTaxCategory>.*?</cac:ClassifiedTaxCategory>", "", EXAMPLE, flags=re.DOTALL)
    assert re.fullmatch(
        r"Order/OrderLine\[1\]/LineItem/Item/ClassifiedTaxCategory \(line 73\): the line has no VAT category; "
        r"add one or name the default, e\.g\. --vat S:20; Order/OrderLine\[2\].*",
        refused(document),
    )
    lines = order(document, Vat("S", Decimal("7.50"))).lines
    assert [(line.vat_category, line.vat_rate) for line in lines] == [("S", Decimal("7.50"))] * 2
    result = read(document, Vat("S", Decimal("7.50")))
    assert isinstance(result, Accepted)
    assert result.assumed[0] == "VAT S 7.5% for line 1, which has no VAT category"


@pytest.mark.parametrize(
    ("factor", "amount"),
    [
        ("<cbc:MultiplierFactorNumeric>0.05</cbc:MultiplierFactorNumeric>", "54.00"),
        ("<cbc:MultiplierFactorNumeric>5</cbc:MultiplierFactorNumeric>", "54.02"),
    ],
)
def test_an_allowance_in_percent_or_as_a_fraction_of_its_line_is_its_discount(factor: str, amount: str) -> None:
    stated = "1026.00" if amount == "54.00" else "1025.98"
    document = changed(
        ("<cbc:MultiplierFactorNumeric>5</cbc:MultiplierFactorNumeric>", factor), ("54.00", amount), ("1026.00", stated)
    )
    assert order(document).lines[0].discount_percent == 5


TOTALS = re.search(r"  <cac:AnticipatedMonetaryTotal>.*</cac:AnticipatedMonetaryTotal>\n", EXAMPLE, re.DOTALL)
assert TOTALS
EXPECTED = TOTALS[0]


def test_an_allowance_by_amount_is_that_amount() -> None:
    document = changed(
        ("<cbc:MultiplierFactorNumeric>5</cbc:MultiplierFactorNumeric>", ""),
        ("54.00", "50.01"),
        ("1026.00", "1029.99"),
        (EXPECTED, ""),
        ("<cbc:MultiplierFactorNumeric>2</cbc:MultiplierFactorNumeric>", ""),
    )
    read = order(document)
    (line, _) = read.lines
    assert line.discount_percent == read.discount_percent == 0
    assert line.adjustments == (
        Adjustment("allowance", amount=Decimal("50.01"), reason="Mengenrabatt", reason_code="95"),
    )
    assert read.adjustments == (
        OrderAdjustment("allowance", amount=Decimal("36.48"), reason="Rahmenvertrag", reason_code="95"),
    )


def adjusted(level: str, amount: str, reason: str, *, factor: str = "", base: str = "", vat: str = "") -> str:
    """An AllowanceCharge; `level` is what its ChargeIndicator says."""
    percent = f"<cbc:MultiplierFactorNumeric>{factor}</cbc:MultiplierFactorNumeric>" if factor else ""
    whole = f'<cbc:BaseAmount currencyID="EUR">{base}</cbc:BaseAmount>' if base else ""
    category = f"<cac:TaxCategory><cbc:ID>{vat[:1]}</cbc:ID><cbc:Percent>{vat[1:]}</cbc:Percent></cac:TaxCategory>"
    return (
        f"<cac:AllowanceCharge><cbc:ChargeIndicator>{level}</cbc:ChargeIndicator>{reason}{percent}"
        f'<cbc:Amount currencyID="EUR">{amount}</cbc:Amount>{whole}{category if vat else ""}</cac:AllowanceCharge>'
    )


FREIGHT = "<cbc:AllowanceChargeReasonCode>FC</cbc:AllowanceChargeReasonCode>"
ODD = (
    "<cbc:AllowanceChargeReasonCode>D240</cbc:AllowanceChargeReasonCode>"
    "<cbc:AllowanceChargeReason>By van</cbc:AllowanceChargeReason>"
)


def with_charges(*charges: str, **totals: str) -> str:
    """The example with these beside its discount, and these totals instead of its own."""
    stated = "".join(f'<cbc:{name} currencyID="EUR">{amount}</cbc:{name}>' for name, amount in totals.items())
    expected = f"<cac:AnticipatedMonetaryTotal>{stated}</cac:AnticipatedMonetaryTotal>" if totals else ""
    return changed((EXPECTED, "".join(charges) + expected))


def test_charges_of_the_order_are_taken_as_they_are_taxed_and_meant() -> None:
    read = order(
        with_charges(
            adjusted("true", "12.50", FREIGHT),
            adjusted("true", "3.00", ODD, vat="Z0"),
            adjusted("1", "18.24", FREIGHT, factor="1", base="1824.00", vat="S19"),
            adjusted("true", "5.00", FREIGHT, factor="10", base="50.00", vat="S19"),
            AllowanceTotalAmount="36.48",
            ChargeTotalAmount="38.74",
            TaxExclusiveAmount="1826.26",
            TaxInclusiveAmount="2172.68",
        )
    )
    assert read.discount_percent == 2
    assert read.adjustments == (
        OrderAdjustment("charge", amount=Decimal("12.50"), reason_code="FC"),
        OrderAdjustment("charge", amount=Decimal("3.00"), reason="By van", vat_category="Z"),
        OrderAdjustment("charge", percent=Decimal(1), reason_code="FC"),
        OrderAdjustment(
            "charge",
            amount=Decimal("5.00"),
            percent=Decimal(10),
            base_amount=Decimal("50.00"),
            reason_code="FC",
            vat_category="S",
            vat_rate=Decimal(19),
        ),
    )
    assert "Assumed" not in read.note


def test_a_line_with_a_charge_comes_to_its_amount() -> None:
    price = '<cac:Price>\n        <cbc:PriceAmount currencyID="EUR">270'
    charged = changed(
        (price, adjusted("true", "25.00", FREIGHT) + price),
        ("1026.00", "1051.00"),
        ("1824.00", "1849.00"),
        ("36.48", "36.98"),
        ("2127.15", "2156.30"),
    )
    line = order(charged).lines[0]
    assert line.discount_percent == 5
    assert line.adjustments == (Adjustment("charge", amount=Decimal("25.00"), reason_code="FC"),)


@pytest.mark.parametrize(
    ("totals", "reason"),
    [
        ({"AllowanceTotalAmount": "37.00"}, "the order says 37.00, but its allowances come to 36.48; ask the buyer"),
        ({"ChargeTotalAmount": "10.00"}, "the order says 10.00, but its charges come to 12.50; ask the buyer"),
        ({"TaxExclusiveAmount": "1787.52"}, "the order says 1787.52, but without VAT it comes to 1800.02"),
    ],
)  # fmt: skip
def test_totals_without_vat_that_charges_do_not_lead_to_are_refused(totals: dict[str, str], reason: str) -> None:
    assert reason in refused(with_charges(adjusted("true", "12.50", FREIGHT), **totals))


@pytest.mark.parametrize(
    "expected",
    [
        {"TaxInclusiveAmount": "2000.00"},
        {"PayableAmount": "1990.50", "PrepaidAmount": "10", "PayableRoundingAmount": "0.50"},
    ],
)  # fmt: skip
def test_a_total_with_other_vat_is_noted(expected: dict[str, str]) -> None:
    result = read(with_charges(**expected))
    assert isinstance(result, Accepted)
    assert result.assumed == ("VAT as its lines have it: 2127.15 in all; the buyer expects 2000",)


def test_a_gross_price_less_its_discount_is_the_price() -> None:
    price = "6.65</cbc:PriceAmount>"
    right, wrong = (adjusted("false", amount, "", base="7.00") for amount in ("0.35", "0.36"))
    assert order(changed((price, price + right))).lines[1].price == Decimal("6.65")
    assert "the price is 6.65, but 7 less 0.36 is 6.64; ask the buyer" in refused(changed((price, price + wrong)))


def test_the_net_price_counts_and_a_price_allowance_only_informs() -> None:
    allowance = (
        "<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>"
        '<cbc:Amount currencyID="EUR">0.35</cbc:Amount></cac:AllowanceCharge>'
    )
    document = changed(("6.65</cbc:PriceAmount>", "6.65</cbc:PriceAmount>" + allowance))
    assert order(document).lines[1].price == Decimal("6.65")
    assert order(document).lines[1].discount_percent == 0


def test_an_express_shipment_is_urgent() -> None:
    shipment = "<cac:Shipment><cbc:ID>NA</cbc:ID>{}</cac:Shipment></cac:Delivery>\n  <cac:AllowanceCharge>"
    level = "<cbc:ShippingPriorityLevelCode>1</cbc:ShippingPriorityLevelCode>"
    document = changed(("</cac:Delivery>\n  <cac:AllowanceCharge>", shipment.format(level)))
    assert order(EXAMPLE).priority == "normal"
    assert order(document).priority == "urgent"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("<cbc:ID>PO-2026-0417</cbc:ID>", "", r"Order/ID \(line 4\): an order needs its number"),
        ("2026-03-02", "02.03.2026", r"Order/IssueDate \(line 8\): '02.03.2026' is not a date like 2026-03-31"),
        ("2026-03-02", "2026-02-30", r"IssueDate \(line 8\): '2026-02-30' is not a date"),
        ("09:15:00+01:00", "9:15", r"IssueTime \(line 9\): '9:15' is not a time like"),
        ("09:15:00+01:00", "24:15:00", r"IssueTime \(line 9\): there is no time 24:15:00"),
        (">220<", ">999<", r"OrderTypeCode \(line 10\): order type '999' is not an order"),
        (">EUR<", ">XAU<", r"DocumentCurrencyCode \(line 12\): 'XAU' is not an active currency"),
        (
            '"EUR">270',
            '"USD">270',
            r"OrderLine\[1\]/LineItem/Price/PriceAmount \(line 85\): the amount is in USD in an order in EUR",
        ),
        (">400<", ">-400<", r"OrderLine\[1\]/LineItem/Quantity \(line 75\): the ordered quantity is -400"),
        (">400<", ">4e2<", r"'4e2' is not a decimal number"),
        (">400<", f">{'9' * 19}<", r"is not a decimal number of at most 18 digits"),
        ('<cbc:Quantity unitCode="C62">', "<cbc:Quantity>", r"Quantity \(line 75\): the quantity has no unitCode"),
        ('<cbc:BaseQuantity unitCode="C62">100', '<cbc:BaseQuantity unitCode="C62">0', r"for a quantity of 0"),
        (
            '<cbc:BaseQuantity unitCode="C62">',
            '<cbc:BaseQuantity unitCode="KGM">',
            r"per KGM, but the quantity is in C",
        ),
        (">270.00<", ">-270.00<", r"the price is -270.00, less than zero"),
        (
            '<cbc:PriceAmount currencyID="EUR">6.65</cbc:PriceAmount>',
            "",
            r"Price/PriceAmount .*: the line has no price",
        ),
        (">1026.00<", ">1026.03<", r"the line says 1026.03, but 400 C62 at 270 for 100 less 5% is 1026.00; ask"),
        (">1824.00</cbc:LineE", ">1800.00</cbc:LineE", r"the order says 1800.00, but its lines come to 1824.00"),
        (
            "false</cbc:ChargeIndicator>\n        ",
            "true</cbc:ChargeIndicator>\n        ",
            r"the line says 1026.00, but 400 C62 at 270 for 100 with its other allowances and charges is 1134.00",
        ),
        (
            "false</cbc:ChargeIndicator>\n        ",
            "no</cbc:ChargeIndicator>\n        ",
            r"'no' is neither true \(a charge\)",
        ),
        (">54.00<", ">1090.00<", r"the allowance \(Mengenrabatt\) says 1090, but 5% of 1080 is 54.00; ask the buyer"),
        (">54.00<", ">-54.00<", r"the allowance \(Mengenrabatt\) has a negative number"),
        ("<cbc:ID>S</cbc:ID>", "<cbc:ID>SR</cbc:ID>", r"VAT category 'SR' is not one of S, Z, E, AE, K, G, O"),
        (">19<", ">0<", r"VAT category S with 0%: S has a rate above zero"),
        ("<cbc:ID>S</cbc:ID>", "<cbc:ID>AE</cbc:ID>", r"VAT category AE with 19%"),
        ("DE</cbc:Id", "Deutschland</cbc:Id", r"Address/Country/IdentificationCode \(line 46\): 'Deutschland' is not"),
        ("</cac:DeliveryParty>\n  </cac:Delivery>", "</cac:DeliveryParty></cac:Delivery><cac:Delivery/>", r"split it"),
        ("<cbc:IssueDate>", "<cbc:IssueDate>2026-03-01</cbc:IssueDate><cbc:IssueDate>", r"there may be only one"),
    ],
)
def test_a_wrong_element_is_named_with_its_path_line_and_remedy(old: str, new: str, reason: str) -> None:
    assert re.search(reason, refused(changed((old, new))))


def test_an_allowance_for_a_vat_rate_that_no_line_has_is_refused() -> None:
    category = "<cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>{}</cbc:Percent></cac:TaxCategory>"
    place = "1824.00</cbc:BaseAmount>\n  </cac:AllowanceCharge>"
    same = changed((place, place.replace("</cac", category.format(19) + "</cac")))
    other = changed((place, place.replace("</cac", category.format(7) + "</cac")))
    assert order(same).discount_percent == 2
    assert "AllowanceCharge/TaxCategory (line 60): it is taxed S 7%, and no line is" in refused(other)


def test_every_line_with_a_problem_is_named_and_the_raw_document_kept() -> None:
    document = changed((">400<", ">0<"), (">120<", ">none<"))
    result = read(document)
    assert isinstance(result, Refusal)
    assert [problem.what for problem in result.problems] == [
        "Order/OrderLine[1]/LineItem/Quantity (line 75)",
        "Order/OrderLine[2]/LineItem/Quantity (line 106)",
    ]
    assert result.raw == document.encode()


def test_an_order_without_lines_is_refused() -> None:
    document = re.sub(r"<cac:OrderLine>.*</cac:OrderLine>", "", EXAMPLE, flags=re.DOTALL)
    assert "an order needs at least one line" in refused(document)


def test_another_document_type_is_named_and_refused() -> None:
    assert "this is no UBL Order, OrderChange or" in refused(EXAMPLE.replace("Order-2", "OrderResponse-2"))


@pytest.mark.parametrize("cut", [0, 1, 60, 400, 3000])
def test_a_document_cut_short_is_refused(cut: int) -> None:
    assert refused(EXAMPLE[:cut])


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE Order>",
        '<!DOCTYPE Order SYSTEM "http://127.0.0.1:9/order.dtd">',
        '<!DOCTYPE Order [<!ENTITY secret SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE Order [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    ],
)
def test_a_doctype_is_refused_whatever_it_declares(doctype: str) -> None:
    declaration, rest = EXAMPLE.split("\n", 1)
    document = f"{declaration}\n{doctype}\n{rest}".replace("Bitte", "&secret;" if "secret" in doctype else "Bitte")
    assert "the document has a DOCTYPE, which is not accepted" in refused(document)


def test_entities_that_expand_without_end_are_refused() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE Order [<!ENTITY e0 "boom">{entities}]><Order note="&e11;">&e11;</Order>'
    assert refused(bomb)


def test_elements_nested_too_deep_are_refused() -> None:
    assert "nested deeper than 256" in refused("<a>" * 300 + "</a>" * 300)


def test_a_document_larger_than_the_bound_is_refused_unread() -> None:
    result = read(b"<a>" + b" " * (10 * 1024 * 1024))
    assert isinstance(result, Refusal)
    assert "larger than" in result.reason
    assert len(result.raw) == 10 * 1024 * 1024
