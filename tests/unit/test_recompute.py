"""What `hub settle recompute` says of documents of others."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from connectors.findings import DocumentError
from connectors.ubl_claims import InvoiceRejectedError
from connectors.ubl_invoice import read
from hub.domain.en16931 import Refusal, Totals, totals
from hub.domain.en16931.recompute import Difference, Recomputed, Term, recompute
from tests.support.en16931_oracle import BINARY, HALF_EVEN, RIGHT, VAT_PER_LINE, Arithmetic, answer, of_hub
from tests.support.ubl_invoices import Deduction, Row, Tax, ubl
from tests.support.ubl_invoices import totals as stated
from tests.support.ubl_samples import S7, S19, SAMPLES


def judge(raw: bytes) -> Recomputed:
    invoice = read(raw)
    judged = recompute(invoice.document, invoice.claims)
    assert isinstance(judged, Recomputed), judged
    return judged


def roots(differences: Sequence[Difference]) -> list[tuple[str, str, str | None, str, str]]:
    return [
        (each.term.code, each.rule, None if each.stated is None else str(each.stated), str(each.computed), each.where)
        for each in differences
        if not each.carried
    ]


def carried(differences: Sequence[Difference]) -> list[str]:
    return [each.term.code for each in differences if each.carried]


def rejections(raw: bytes) -> list[tuple[str, str]]:
    with pytest.raises(InvoiceRejectedError) as rejected:
        read(raw)
    return [(finding.rule, finding.path) for finding in rejected.value.findings]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_right_document_is_recomputed_exactly(name: str) -> None:
    assert judge(SAMPLES[name]).differences == ()


@pytest.mark.parametrize(
    ("arithmetic", "fails_on"),
    [
        (RIGHT, set()),
        (HALF_EVEN, {"half a cent on a line", "half a cent of VAT", "half a cent in binary", "yen", "dinar"}),
        (BINARY, {"half a cent in binary"}),
        (VAT_PER_LINE, {"many small lines", "everything at once"}),
    ],
    ids=["right", "half-even", "binary floating point", "VAT per line"],
)
def test_wrong_arithmetic_is_told_from_right(arithmetic: Arithmetic, fails_on: set[str]) -> None:
    failed = set()
    for name, raw in SAMPLES.items():
        document = read(raw).document
        computed = totals(document)
        assert isinstance(computed, Totals)
        if answer(document, arithmetic) != of_hub(computed):
            failed.add(name)
    assert failed == fails_on


def test_a_wrong_line_is_the_root_and_the_totals_carry_it() -> None:
    judged = judge(
        ubl(
            [Row("2", "5.00", "11.00"), Row("1", "1.00", "1.00")],
            [Tax(S19, "12.00", "2.28")],
            stated("12.00", "12.00", "14.28", "14.28"),
            tax_total="2.28",
        )
    )
    assert roots(judged.differences) == [
        ("BT-131", "PEPPOL-EN16931-R120", "11.00", "10.00", "Invoice/InvoiceLine[1]/LineExtensionAmount (line 8)")
    ]
    assert carried(judged.differences) == ["BT-116", "BT-117", "BT-106", "BT-109", "BT-110", "BT-112", "BT-115"]
    assert judged.totals.payable == Decimal("13.09")


def test_a_cent_too_much_vat_is_the_root_although_every_line_is_right() -> None:
    judged = judge(
        ubl(
            [Row("1", "0.99", "0.99")] * 7,
            [Tax(S19, "6.93", "1.33")],
            stated("6.93", "6.93", "8.26", "8.26"),
            tax_total="1.33",
        )
    )
    assert roots(judged.differences) == [
        ("BT-117", "BR-S-09", "1.33", "1.32", "Invoice/TaxTotal[1]/TaxSubtotal[1]/TaxAmount (line 4)")
    ]
    assert carried(judged.differences) == ["BT-110", "BT-112", "BT-115"]


def test_a_wrong_sum_and_a_wrong_amount_due_are_two_roots() -> None:
    judged = judge(
        ubl(
            [Row("1", "10.00", "10.00")],
            [Tax(S19, "10.00", "1.90")],
            stated("10.01", "10.00", "11.90", "11.91"),
            tax_total="1.90",
        )
    )
    assert [root[:2] for root in roots(judged.differences)] == [("BT-106", "BR-CO-10"), ("BT-115", "BR-CO-16")]


def test_a_price_that_contradicts_its_discount_is_named_and_the_line_follows_the_net_price() -> None:
    judged = judge(
        ubl(
            [Row("2", "8.00", "16.00", gross=("10.00", "1.00"))],
            [Tax(S19, "16.00", "3.04")],
            stated("16.00", "16.00", "19.04", "19.04"),
            tax_total="3.04",
        )
    )
    assert [root[:4] for root in roots(judged.differences)] == [("BT-146", "PEPPOL-EN16931-R046", "8.00", "9.00")]
    assert len(judged.differences) == 1


def test_an_allowance_that_is_not_its_percentage_is_named_and_the_line_follows_the_amount() -> None:
    allowance = Deduction("1.00", percent="5", base="10.00")
    judged = judge(
        ubl(
            [Row("1", "10.00", "9.00", deductions=(allowance,))],
            [Tax(S19, "9.00", "1.71")],
            stated("9.00", "9.00", "10.71", "10.71"),
            tax_total="1.71",
        )
    )
    assert [root[:4] for root in roots(judged.differences)] == [("BT-136", "PEPPOL-EN16931-R040", "1.00", "0.50")]


def test_a_missing_breakdown_row_and_a_surplus_one_are_reported() -> None:
    judged = judge(
        ubl(
            [Row("1", "10.00", "10.00", S7)],
            [Tax(S19, "10.00", "1.90")],
            stated("10.00", "10.00", "11.90", "11.90"),
            tax_total="1.90",
        )
    )
    assert [(root[0], root[1], root[2], root[3]) for root in roots(judged.differences)] == [
        ("BT-116", "BR-45", None, "10.00"),
        ("BT-117", "BR-46", None, "0.70"),
        ("BT-110", "BR-CO-14", "1.90", "0.70"),
        ("BT-116", "BR-CO-18", "10.00", "0"),
        ("BT-117", "BR-CO-18", "1.90", "0"),
    ]


def test_an_absent_total_is_reported_with_the_rule_that_requires_it() -> None:
    complete = stated("10.00", "10.00", "11.90", "11.90")
    for tag, rule in (("LineExtensionAmount", "BR-12"), ("TaxExclusiveAmount", "BR-13"), ("PayableAmount", "BR-15")):
        raw = ubl(
            [Row("1", "10.00", "10.00")],
            [Tax(S19, "10.00", "1.90")],
            {name: value for name, value in complete.items() if name != tag},
            tax_total="1.90",
        )
        assert [root[1] for root in roots(judge(raw).differences)] == [rule]


def test_vat_in_the_accounting_currency_is_not_verified_without_a_rate_and_says_so() -> None:
    raw = ubl(
        [Row("1", "10.00", "10.00")],
        [Tax(S19, "10.00", "1.90")],
        stated("10.00", "10.00", "11.90", "11.90"),
        tax_total="1.90",
        head="<cbc:TaxCurrencyCode>SEK</cbc:TaxCurrencyCode>",
        tail='<cac:TaxTotal><cbc:TaxAmount currencyID="SEK">21.50</cbc:TaxAmount></cac:TaxTotal>',
    )
    assert judge(raw).differences == ()
    assert read(raw).unverified == (Term("BT-111"),)


def test_third_party_payments_count_in_the_extension_that_has_them_only() -> None:
    def invoice(customization: str) -> bytes:
        return ubl(
            [Row("1", "10.00", "10.00")],
            [Tax(S19, "10.00", "1.90")],
            stated("10.00", "10.00", "11.90", "16.90"),
            tax_total="1.90",
            head=f"<cbc:CustomizationID>{customization}</cbc:CustomizationID>",
            tail='<cac:PrepaidPayment><cbc:PaidAmount currencyID="EUR">5.00</cbc:PaidAmount></cac:PrepaidPayment>',
        )

    core = "urn:cen.eu:en16931:2017"
    extension = f"{core}#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"
    extension += "#conformant#urn:xeinkauf.de:kosit:extension:xrechnung_3.0"
    assert judge(invoice(extension)).differences == ()
    assert [root[0] for root in roots(judge(invoice(core)).differences)] == ["BT-115"]


def one_line(row: Row) -> bytes:
    return ubl([row], [Tax(S19, "10.00", "1.90")], stated("10.00", "10.00", "11.90", "11.90"), tax_total="1.90")


@pytest.mark.parametrize(
    ("old", "new", "rule", "path"),
    [
        (
            "EUR</cbc:DocumentCurrencyCode>",
            "</cbc:DocumentCurrencyCode>",
            "BR-05",
            "Invoice/DocumentCurrencyCode (line 1)",
        ),
        (
            '<cbc:LineExtensionAmount currencyID="EUR">10.00</cbc:LineExtensionAmount><cac:Item>',
            '<cbc:LineExtensionAmount currencyID="USD">10.00</cbc:LineExtensionAmount><cac:Item>',
            "PEPPOL-EN16931-R051",
            "Invoice/InvoiceLine/LineExtensionAmount (line 8)",
        ),
        (
            "<cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID>",
            "<cac:ClassifiedTaxCategory><cbc:ID>Q</cbc:ID>",
            "BR-CL-18",
            "Invoice/InvoiceLine/Item/ClassifiedTaxCategory/ID (line 8)",
        ),
        (
            '<cbc:InvoicedQuantity unitCode="C62">1</cbc:InvoicedQuantity>',
            "",
            "BR-22",
            "Invoice/InvoiceLine/InvoicedQuantity (line 6)",
        ),
        (
            '<cbc:PriceAmount currencyID="EUR">10.00</cbc:PriceAmount>',
            "",
            "BR-26",
            "Invoice/InvoiceLine/Price/PriceAmount (line 6)",
        ),
        ('unitCode="C62">1<', 'unitCode="C62">one<', "UBL", "Invoice/InvoiceLine/InvoicedQuantity (line 7)"),
    ],
)
def test_a_document_that_nothing_follows_from_is_rejected_with_rule_and_place(
    old: str, new: str, rule: str, path: str
) -> None:
    raw = one_line(Row("1", "10.00", "10.00"))
    assert raw.count(old.encode()) == 1
    assert rejections(raw.replace(old.encode(), new.encode())) == [(rule, path)]


def test_every_line_without_facts_is_named() -> None:
    raw = ubl(
        [Row("", "10.00", "10.00"), Row("1", "", "10.00")],
        [Tax(S19, "20.00", "3.80")],
        stated("20.00", "20.00", "23.80", "23.80"),
        tax_total="3.80",
    )
    assert [rule for rule, _ in rejections(raw)] == ["BR-22", "BR-26"]


def test_a_rate_that_does_not_fit_the_category_is_refused_at_its_line() -> None:
    invoice = read(one_line(Row("1", "10.00", "10.00", ("E", "19"))))
    refused = recompute(invoice.document, invoice.claims)
    assert isinstance(refused, Refusal)
    located = invoice.located(refused.findings[0])
    assert (located.rule, located.path) == ("BR-E-05", "Invoice/InvoiceLine[1] (line 6) vat.rate")


def test_an_order_is_not_an_invoice() -> None:
    with pytest.raises(DocumentError, match=r"neither a UBL 2.1 Invoice nor a CreditNote"):
        read(b'<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"/>')


def test_a_document_type_with_entities_is_not_read() -> None:
    raw = b'<!DOCTYPE Invoice [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + SAMPLES["yen"].replace(b"2026-7", b"&a;")
    with pytest.raises(DocumentError, match="DOCTYPE"):
        read(raw)


def test_a_document_with_very_many_faults_names_the_first_hundred() -> None:
    raw = ubl(
        [Row("x", "1.00", "1.00")] * 2000,
        [Tax(S19, "2000.00", "380.00")],
        stated("2000.00", "2000.00", "2380.00", "2380.00"),
        tax_total="380.00",
    )
    found = rejections(raw)
    assert len(found) == 100
    assert found[99] == ("UBL", "Invoice/InvoiceLine[100]/InvoicedQuantity (line 304)")
