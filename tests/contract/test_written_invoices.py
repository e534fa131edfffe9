"""What is written as an invoice or credit note is one, by the schema of UBL 2.1, EN 16931 and Peppol BIS Billing 3."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, get_args

import pytest
from lxml import etree

from connectors.ubl_head import NAMESPACES
from connectors.ubl_invoice import read
from connectors.ubl_writer import CAUSES, EN_16931, PEPPOL, to_ubl
from hub.domain.effects import SettlementCause, SettlementRecorded
from hub.domain.en16931 import DocumentAdjustment, Refusal
from hub.domain.en16931.recompute import Recomputed, recompute
from hub.domain.invoicing import Invoice, invoice_of
from hub.domain.model import VatCategory
from hub.domain.party import Party, Seller
from tests.support import official
from tests.support.settlements import BUYER, RATES, SELLER, Sold, settlement, vat

DISCOUNT = DocumentAdjustment("allowance", percent=Decimal("7.5"), reason_code="95", vat=vat("S"))
FREIGHT = DocumentAdjustment("charge", amount=Decimal("9.90"), reason_code="FC", reason="Freight", vat=vat("S"))
DISCOUNTED = Sold(Decimal(7), Decimal("12.40"), vat("S"), Decimal(100), Decimal("3.3"))
YEN = Sold(Decimal(3), Decimal(33), vat("S"), discount_percent=Decimal(1))
HALF_YEN = Sold(Decimal(3), Decimal("33.5"), vat("S"))


def written(
    settled: SettlementRecorded, buyer: Party | None = BUYER, *, seller: Seller = SELLER, name: str = ""
) -> tuple[Invoice, bytes]:
    invoice = invoice_of(settled, seller, buyer, name)
    assert isinstance(invoice, Invoice), invoice
    return invoice, to_ubl(invoice)


def value(document: bytes, path: str) -> str:
    root = etree.fromstring(document)
    found = root.findtext(path, namespaces=NAMESPACES)
    return str(found)


def values(document: bytes, path: str) -> list[str | None]:
    return [each.text for each in etree.fromstring(document).iterfind(path, NAMESPACES)]


def assert_right(document: bytes, *, peppol: bool = True) -> None:
    assert official.schema_errors(document) == []
    assert official.broken(document, peppol=peppol) == set()
    read_again = read(document)
    judged = recompute(read_again.document, read_again.claims)
    assert isinstance(judged, Recomputed)
    assert judged.differences == ()


CASES: dict[str, SettlementRecorded] = {
    **{f"category {category}": settlement([Sold(vat=vat(category))]) for category in get_args(VatCategory)},
    **{f"credit note {each}": settlement([Sold(vat=vat(each))], kind="credit-note") for each in get_args(VatCategory)},
    "line discount per hundred": settlement([DISCOUNTED, Sold()]),
    "order discount and freight": settlement([DISCOUNTED, Sold()], [DISCOUNT, FREIGHT]),
    "two rates": settlement([Sold(), Sold(vat=vat("Z"))], [DISCOUNT]),
    "prepaid and rounded": settlement(prepaid=Decimal("10.00"), rounding=Decimal("0.03")),
    "prepaid in full": settlement(prepaid=Decimal("44.08"), payment_due=None),
    "yen": settlement([YEN, YEN], currency="JPY"),
    "dinar in two decimals": settlement([Sold(Decimal(2), Decimal("1.500"))], currency="KWD"),
    "VAT in another currency": settlement(
        currency="USD", tax_currency="EUR", tax_total_accounting=Decimal("6.51")
    ),
    "no due date": settlement(payment_due=None),
    "early payment": settlement(payment_terms="2% within 10 days"),
    "several before it": settlement(kind="credit-note", cause="reversal", preceding=("a", "b")),
    "cancellation charge only": settlement([], [FREIGHT], cause="cancellation", delivered_on=None),
    "no purchase order": settlement(purchase_order=""),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_written_document_breaks_no_rule_and_its_amounts_are_exact(name: str) -> None:
    invoice, document = written(CASES[name])
    assert invoice.gaps == ()
    assert value(document, "cbc:CustomizationID") == PEPPOL
    assert_right(document)


def test_yen_rounded_beyond_what_peppol_allows_make_an_en_16931_document() -> None:
    invoice, document = written(settlement([HALF_YEN], currency="JPY"))
    assert invoice.gaps == ()
    assert "PEPPOL-EN16931-R120" in {each.rule for each in official.broken(document, peppol=True)}
    assert value(document, "cbc:CustomizationID") == EN_16931
    assert_right(document, peppol=False)


def test_every_cause_says_what_the_document_is_about() -> None:
    assert set(CAUSES) == set(get_args(SettlementCause))


def test_a_buyer_without_electronic_address_gets_an_en_16931_document() -> None:
    buyer = Party(name="Weserland", country="AT", vat_id="ATU12345675")
    invoice, document = written(settlement(), buyer)
    assert invoice.gaps == ()
    assert value(document, "cbc:CustomizationID") == EN_16931
    assert_right(document, peppol=False)


MISSING: dict[str, tuple[Sequence[Sold], Party | None, Seller, dict[str, Any], set[str]]] = {
    "a buyer nobody described": ([Sold()], None, SELLER, {}, {"BR-07", "BR-11"}),
    "a buyer without country": ([Sold()], Party(name="Weserland"), SELLER, {}, {"BR-11"}),
    "a buyer in no country": ([Sold()], Party(name="Weserland", country="QQ"), SELLER, {}, {"BR-11"}),
    "reverse charge without the buyer's VAT identifier": (
        [Sold(vat=vat("AE"))], Party(name="Weserland", country="AT"), SELLER, {}, {"BR-AE-02"},
    ),
    "delivery abroad without the buyer's VAT identifier": (
        [Sold(vat=vat("K"))], Party(name="Weserland", country="AT", registration_id="FN 1"), SELLER, {}, {"BR-IC-02"},
    ),
    "delivery abroad without its day": ([Sold(vat=vat("K"))], BUYER, SELLER, {"delivered_on": None}, {"BR-IC-11"}),
    "an exemption nobody explained": (
        [Sold(vat=vat("E"))], BUYER, Seller(party=SELLER.party), {}, {"BR-E-10"},
    ),
    "a seller without VAT identifier": (
        [Sold()], BUYER, Seller(party=Party(name="Works", country="DE", registration_id="HRB 1")), {}, {"BR-S-02"},
    ),
    "dinar in three decimals": (
        [Sold(Decimal(1), Decimal("1.234"))], BUYER, SELLER, {"currency": "KWD"}, {"BR-DEC-23"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISSING)
def test_a_gap_is_named_by_the_rule_that_the_document_then_breaks(name: str) -> None:
    sold, buyer, seller, fields, rules = MISSING[name]
    invoice, document = written(settlement(sold, **fields), buyer, seller=seller)
    assert {gap.rule for gap in invoice.gaps} == rules
    assert official.schema_errors(document) == []
    broken = {each.rule for each in official.broken(document)}
    assert broken & _BROKEN.get(name, rules)


_BROKEN = {
    "a buyer nobody described": {"BR-10"},
    "a buyer without country": {"BR-10"},
    "a buyer in no country": {"BR-CL-14"},
    "dinar in three decimals": {"BR-DEC-12"},
}
"""Where the official rules say the same under another number."""


def test_neither_due_date_nor_terms_is_a_gap() -> None:
    """BR-CO-25, which the schematron of UBL does not test any more."""
    invoice, document = written(settlement(payment_due=None), seller=Seller(party=SELLER.party))
    assert [gap.rule for gap in invoice.gaps] == ["BR-CO-25"]
    assert "PaymentTerms" not in document.decode()


def test_a_document_not_subject_to_vat_names_no_vat_identifier() -> None:
    _, document = written(settlement([Sold(vat=vat("O"))]))
    assert "DE123456788" not in document.decode()


def test_markup_in_a_text_stays_text_and_what_xml_cannot_hold_is_marked() -> None:
    odd = settlement([Sold(description='<b>"bolt" & \x01nut</b>')])
    _, document = written(odd)
    assert value(document, "cac:InvoiceLine/cac:Item/cbc:Name") == '<b>"bolt" & �nut</b>'
    assert_right(document)


def test_the_same_settlement_gives_the_same_bytes() -> None:
    assert written(CASES["two rates"])[1] == written(CASES["two rates"])[1]


def test_a_credit_note_names_every_document_it_is_about() -> None:
    _, document = written(CASES["several before it"])
    assert values(document, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID") == ["a", "b"]
    assert value(document, "cbc:CreditNoteTypeCode") == "381"


@pytest.mark.parametrize(
    ("field", "rule"),
    [
        ("line_total", "BR-CO-10"),
        ("tax_exclusive", "BR-CO-13"),
        ("tax_total", "BR-CO-14"),
        ("tax_inclusive", "BR-CO-15"),
        ("payable", "BR-CO-16"),
    ],
)
def test_a_settlement_whose_amounts_do_not_follow_from_its_lines_is_refused(field: str, rule: str) -> None:
    right = settlement()
    wrong = settlement(**{field: getattr(right, field) + Decimal("0.01")})
    refused = invoice_of(wrong, SELLER, BUYER)
    assert isinstance(refused, Refusal)
    assert [finding.rule for finding in refused.findings] == [rule]


def test_all_categories_are_tried() -> None:
    assert set(RATES) == set(get_args(VatCategory))
