from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from hub.domain.en16931 import Adjustment, Document, DocumentAdjustment, Exemption, Line, Refusal, Totals, Vat, totals

D = Decimal
S19, S7, ZERO_RATED, REVERSE = Vat("S", D(19)), Vat("S", D(7)), Vat("Z", D(0)), Vat("AE", D(0))


def document(*lines: Line, currency: str = "EUR", **fields: object) -> Document:
    return Document(currency, lines, **fields)  # type: ignore[arg-type]


def right(of: Document) -> Totals:
    computed = totals(of)
    assert isinstance(computed, Totals), computed
    return computed


def line(net: str, vat: Vat = S19, name: str = "1") -> Line:
    return Line(name, D(1), D(net), vat)


def groups(computed: Totals) -> list[tuple[str, str, str]]:
    rows = computed.vat
    return [(f"{row.vat.category}{row.vat.rate}", str(row.taxable_amount), str(row.tax_amount)) for row in rows]


@pytest.mark.parametrize(
    ("quantity", "price", "base", "net"),
    [
        ("70000", "812.50", "1000", "56875.00"),
        ("1", "10", "3", "3.33"),
        ("2", "10", "3", "6.67"),
        ("0.333333", "0.0303", "1", "0.01"),
        ("-3", "0.125", "1", "-0.38"),
        ("0", "9.99", "1", "0.00"),
        ("999999999999.999999", "0.000001", "1", "1000000.00"),
    ],
)
def test_a_line_is_quantity_times_price_by_base_quantity(quantity: str, price: str, base: str, net: str) -> None:
    computed = right(document(Line("1", D(quantity), D(price), S19, D(base))))
    assert str(computed.lines[0].net_amount) == net


def test_line_allowances_and_charges_are_amounts_or_percentages_of_the_line_or_of_a_base() -> None:
    adjusted = Line(
        "1",
        D(4),
        D("25.00"),
        S19,
        adjustments=(
            Adjustment("allowance", percent=D("12.5")),
            Adjustment("allowance", D("1.10")),
            Adjustment("charge", percent=D(10), base_amount=D("33.33")),
        ),
    )
    computed = right(document(adjusted)).lines[0]
    assert (computed.base_amount, computed.allowance, computed.charge) == (D("100.00"), D("13.60"), D("3.33"))
    assert computed.net_amount == D("89.73")


def test_vat_is_rounded_once_for_each_category_and_rate() -> None:
    computed = right(
        document(*(line("0.99", name=str(n)) for n in range(7)), line("0.50", S7), line("3.00", ZERO_RATED))
    )
    assert groups(computed) == [("S19", "6.93", "1.32"), ("S7", "0.50", "0.04"), ("Z0", "3.00", "0.00")]
    assert computed.tax_total == D("1.36")


def test_rates_that_differ_in_trailing_zeros_are_one_group() -> None:
    computed = right(document(line("1.00", Vat("S", D("20.00"))), line("1.00", Vat("S", D(20)))))
    assert groups(computed) == [("S20", "2.00", "0.40")]


def test_document_allowances_and_charges_change_the_group_they_belong_to() -> None:
    computed = right(
        document(
            line("100.00"),
            line("50.00", S7),
            adjustments=(
                DocumentAdjustment("allowance", percent=D(10), vat=S19),
                DocumentAdjustment("charge", D("4.90"), vat=S7),
                DocumentAdjustment("charge", D("5.00"), vat=ZERO_RATED),
            ),
        )
    )
    assert groups(computed) == [("S19", "90.00", "17.10"), ("S7", "54.90", "3.84"), ("Z0", "5.00", "0.00")]
    assert (computed.line_total, computed.allowance_total, computed.charge_total) == (D(150), D(10), D("9.90"))
    assert (computed.tax_exclusive, computed.tax_total, computed.tax_inclusive) == (
        D("149.90"),
        D("20.94"),
        D("170.84"),
    )
    assert [each.base_amount for each in computed.adjustments] == [D(100), None, None]


def test_what_is_paid_rounded_and_collected_for_others_leads_to_the_amount_due() -> None:
    computed = right(document(line("100.00"), prepaid=D("20.00"), rounding=D("0.03"), third_party=D("7.50")))
    assert computed.payable == D("119.00") - D("20.00") + D("0.03") + D("7.50")


@pytest.mark.parametrize(("net", "rounding", "payable"), [("10.02", "-0.02", "10.00"), ("10.03", "0.02", "10.05")])
def test_the_amount_due_reaches_the_smallest_coin(net: str, rounding: str, payable: str) -> None:
    computed = right(document(line(net, ZERO_RATED), currency="CHF", rounding_step=D("0.05")))
    assert (str(computed.rounding), str(computed.payable)) == (rounding, payable)


def test_vat_in_the_accounting_currency_is_converted_from_the_total_and_rounded_to_that_currency() -> None:
    computed = right(document(line("10.50"), tax_currency="JPY", tax_exchange_rate=D("161.275")))
    assert (computed.tax_total, computed.tax_currency) == (D("2.00"), "JPY")
    assert computed.tax_total_accounting == D(323)


@pytest.mark.parametrize(("currency", "net", "tax"), [("JPY", "101", "19"), ("KWD", "100.500", "19.095")])
def test_amounts_have_the_decimals_of_their_currency(currency: str, net: str, tax: str) -> None:
    computed = right(document(Line("1", D(3), D("33.5"), S19), currency=currency))
    assert (str(computed.line_total), str(computed.tax_total)) == (net, tax)
    assert str(computed.prepaid) == str(D(0).quantize(computed.payable))


@pytest.mark.parametrize(
    ("vat", "code", "reason"),
    [
        (REVERSE, "VATEX-EU-AE", "Reverse charge"),
        (Vat("K", D(0)), "VATEX-EU-IC", "Intra-community supply"),
        (Vat("G", D(0)), "VATEX-EU-G", "Export outside the EU"),
        (Vat("O"), "VATEX-EU-O", "Not subject to VAT"),
        (Vat("E", D(0)), "", ""),
        (S19, "", ""),
        (ZERO_RATED, "", ""),
    ],
)
def test_a_category_without_vat_states_the_reason_its_rule_names(vat: Vat, code: str, reason: str) -> None:
    row = right(document(line("5.00", vat))).vat[0]
    assert (row.exemption_code, row.exemption_reason, row.vat.rate) == (code, reason, vat.rate)


def test_a_reason_that_is_given_comes_first() -> None:
    exempt = document(line("5.00", Vat("E", D(0))), exemptions=(Exemption("E", "VATEX-EU-132", "Public interest"),))
    assert right(exempt).vat[0].exemption_code == "VATEX-EU-132"


def test_a_document_not_subject_to_vat_has_no_rate_even_where_zero_is_given() -> None:
    computed = right(document(line("5.00", Vat("O", D(0))), line("1.00", Vat("O"))))
    assert groups(computed) == [("ONone", "6.00", "0.00")]


def test_a_correction_with_negative_quantities_is_the_invoice_negated() -> None:
    lines: Sequence[Line] = (Line("1", D(3), D("0.125"), S19), Line("2", D(1), D("10.50"), S7))
    sold = right(document(*lines))
    taken_back = right(document(*(Line(each.line_id, -each.quantity, each.price, each.vat) for each in lines)))
    assert taken_back.payable == -sold.payable
    assert [row.tax_amount for row in taken_back.vat] == [-row.tax_amount for row in sold.vat]


def test_a_total_beyond_eighteen_digits_is_refused_although_every_number_is_short() -> None:
    refused = totals(document(Line("1", D("1000000000"), D("1000000000"), S19)))
    assert isinstance(refused, Refusal)
    assert {finding.rule for finding in refused.findings} == {"HUB-NUM-02"}
