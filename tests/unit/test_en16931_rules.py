from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from hub.domain.en16931 import Adjustment, Document, DocumentAdjustment, Exemption, Line, Refusal, Vat, check, totals
from hub.domain.en16931.issuing import lacking
from hub.domain.en16931.totals import Totals

D = Decimal
S19 = Vat("S", D(19))
LINE = Line("1", D(2), D("5.00"), S19)
GOOD = Document("EUR", (LINE,))


def line(**fields: object) -> Document:
    return replace(GOOD, lines=(replace(LINE, **fields),))


def with_vat(category: str, rate: str | None) -> Document:
    return line(vat=Vat(category, None if rate is None else D(rate)))  # type: ignore[arg-type]


def adjusted(kind: str, category: str = "S", rate: str | None = "19", **fields: object) -> Document:
    vat = Vat(category, None if rate is None else D(rate))  # type: ignore[arg-type]
    adjustment = DocumentAdjustment(kind, vat=vat, **({"amount": D(1)} | fields))  # type: ignore[arg-type]
    return replace(GOOD, adjustments=(adjustment,))


def on_line(kind: str, **fields: object) -> Document:
    return line(adjustments=(Adjustment(kind, **fields),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("document", "rule", "path"),
    [
        (replace(GOOD, currency="EUX"), "BR-CL-04", "$.currency"),
        (replace(GOOD, currency="XAU"), "BR-CL-04", "$.currency"),
        (replace(GOOD, lines=()), "BR-16", "$.lines"),
        (line(base_quantity=D(0)), "PEPPOL-EN16931-R121", "$.lines[0].base_quantity"),
        (line(base_quantity=D(-1)), "PEPPOL-EN16931-R121", "$.lines[0].base_quantity"),
        (line(price=D("-0.01")), "BR-27", "$.lines[0].price"),
        (line(gross_price=D(-1), price_discount=D(-6)), "BR-28", "$.lines[0].gross_price"),
        (line(gross_price=D(6), price_discount=D("0.99")), "PEPPOL-EN16931-R046", "$.lines[0].price"),
        (line(quantity=D("0.0000001")), "HUB-NUM-03", "$.lines[0].quantity"),
        (line(quantity=D("NaN")), "HUB-NUM-01", "$.lines[0].quantity"),
        (line(price=D("Infinity")), "HUB-NUM-01", "$.lines[0].price"),
        (line(price=D("1234567890123456789")), "HUB-NUM-02", "$.lines[0].price"),
        (line(price=D("1234567890.123456789")), "HUB-NUM-02", "$.lines[0].price"),
        (line(price=D("1E+30")), "HUB-NUM-02", "$.lines[0].price"),
        (line(price=D("1E-19")), "HUB-NUM-02", "$.lines[0].price"),
        (replace(GOOD, prepaid=D("sNaN")), "HUB-NUM-01", "$.prepaid"),
        (with_vat("S", "0"), "BR-S-05", "$.lines[0].vat.rate"),
        (with_vat("S", None), "BR-S-05", "$.lines[0].vat.rate"),
        (with_vat("Z", "19"), "BR-Z-05", "$.lines[0].vat.rate"),
        (with_vat("E", "7"), "BR-E-05", "$.lines[0].vat.rate"),
        (with_vat("AE", "19"), "BR-AE-05", "$.lines[0].vat.rate"),
        (with_vat("K", "19"), "BR-IC-05", "$.lines[0].vat.rate"),
        (with_vat("G", "1"), "BR-G-05", "$.lines[0].vat.rate"),
        (with_vat("O", "19"), "BR-O-05", "$.lines[0].vat.rate"),
        (with_vat("L", "-1"), "BR-AF-05", "$.lines[0].vat.rate"),
        (with_vat("M", None), "BR-AG-05", "$.lines[0].vat.rate"),
        (with_vat("B", "-1"), "BR-CO-04", "$.lines[0].vat.rate"),
        (with_vat("X", "19"), "BR-CL-18", "$.lines[0].vat.category"),
        (adjusted("allowance", "S", "0"), "BR-S-06", "$.adjustments[0].vat.rate"),
        (adjusted("charge", "S", "0"), "BR-S-07", "$.adjustments[0].vat.rate"),
        (adjusted("allowance", "K", "19"), "BR-IC-06", "$.adjustments[0].vat.rate"),
        (adjusted("charge", "E", "19"), "BR-E-07", "$.adjustments[0].vat.rate"),
        (adjusted("allowance", amount=D("0.001")), "BR-DEC-01", "$.adjustments[0].amount"),
        (adjusted("charge", amount=D("0.001")), "BR-DEC-05", "$.adjustments[0].amount"),
        (on_line("allowance", amount=D("0.001")), "BR-DEC-24", "$.lines[0].adjustments[0].amount"),
        (on_line("charge", amount=D("0.001")), "BR-DEC-27", "$.lines[0].adjustments[0].amount"),
        (on_line("charge", percent=D(1), base_amount=D("0.001")), "BR-DEC-28", "$.lines[0].adjustments[0].base_amount"),
        (on_line("allowance"), "HUB-ADJ-01", "$.lines[0].adjustments[0]"),
        (on_line("allowance", percent=D("100.01")), "HUB-PCT-01", "$.lines[0].adjustments[0].percent"),
        (on_line("charge", percent=D("-1")), "HUB-PCT-01", "$.lines[0].adjustments[0].percent"),
        (
            on_line("charge", amount=D("1.01"), percent=D(10), base_amount=D(10)),
            "PEPPOL-EN16931-R040",
            "$.lines[0].adjustments[0].amount",
        ),
        (replace(GOOD, prepaid=D("0.001")), "BR-DEC-16", "$.prepaid"),
        (replace(GOOD, rounding=D("0.001")), "BR-DEC-17", "$.rounding"),
        (replace(GOOD, third_party=D("0.001")), "BR-DEX-13", "$.third_party"),
        (replace(GOOD, rounding_step=D(0)), "HUB-RND-01", "$.rounding_step"),
        (replace(GOOD, rounding_step=D("0.05"), rounding=D("0.01")), "HUB-RND-01", "$.rounding"),
        (replace(GOOD, tax_currency="SEX", tax_exchange_rate=D(1)), "BR-CL-05", "$.tax_currency"),
        (replace(GOOD, tax_currency="EUR", tax_exchange_rate=D(1)), "PEPPOL-EN16931-R005", "$.tax_currency"),
        (replace(GOOD, tax_currency="SEK"), "HUB-TAX-01", "$.tax_exchange_rate"),
        (replace(GOOD, tax_currency="SEK", tax_exchange_rate=D(0)), "HUB-TAX-01", "$.tax_exchange_rate"),
        (replace(GOOD, exemptions=(Exemption("X"),)), "BR-CL-17", "$.exemptions[0].category"),  # type: ignore[arg-type]
        (adjusted("allowance", "O", None), "BR-O-12", "$.lines[0].vat"),
        (replace(adjusted("allowance"), lines=(replace(LINE, vat=Vat("O")),)), "BR-O-13", "$.adjustments[0].vat"),
        (replace(adjusted("charge"), lines=(replace(LINE, vat=Vat("O")),)), "BR-O-14", "$.adjustments[0].vat"),
    ],
)
def test_a_broken_rule_is_named_with_its_place_and_there_are_no_totals(
    document: Document, rule: str, path: str
) -> None:
    assert [(finding.rule, finding.path) for finding in check(document)] == [(rule, path)]
    assert totals(document) == Refusal(check(document))


@pytest.mark.parametrize(
    "document",
    [
        GOOD,
        line(price=D("123456789012345678"), quantity=D(0)),
        line(price=D("0.000000000000000001")),
        line(price=D("5.00000000000000000000000000000")),
        line(gross_price=D("6.50"), price_discount=D("1.5")),
        on_line("charge", percent=D(250)),
        on_line("allowance", amount=D("0.10"), percent=D(1), base_amount=D("10.00")),
        on_line("allowance", amount=D("-1.00")),
        with_vat("L", "0"),
        with_vat("O", None),
        with_vat("O", "0"),
    ],
)
def test_what_no_rule_forbids_has_totals(document: Document) -> None:
    assert check(document) == ()
    assert isinstance(totals(document), Totals)


def test_all_findings_come_at_once() -> None:
    document = replace(with_vat("Z", "19"), prepaid=D("0.001"), tax_currency="EUR")
    assert [finding.rule for finding in check(document)] == [
        "BR-Z-05",
        "BR-DEC-16",
        "PEPPOL-EN16931-R005",
        "HUB-TAX-01",
    ]


@pytest.mark.parametrize(
    ("document", "rules"),
    [
        (GOOD, []),
        (on_line("allowance", amount=D(1)), ["BR-42"]),
        (on_line("charge", amount=D(1)), ["BR-44"]),
        (on_line("charge", amount=D(1), reason_code="FC"), []),
        (adjusted("allowance"), ["BR-33"]),
        (adjusted("charge"), ["BR-38"]),
        (with_vat("E", "0"), ["BR-E-10"]),
        (with_vat("AE", "0"), []),
        (replace(with_vat("E", "0"), exemptions=(Exemption("E", reason="Small business"),)), []),
        (replace(GOOD, exemptions=(Exemption("S", reason="None"),)), ["BR-S-10"]),
        (replace(GOOD, currency="KWD"), ["BR-DEC-23"]),
    ],
)
def test_what_a_right_document_still_lacks_to_be_issued(document: Document, rules: list[str]) -> None:
    computed = totals(document)
    assert isinstance(computed, Totals)
    assert [finding.rule for finding in lacking(document, computed)] == rules
