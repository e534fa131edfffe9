from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from hub.domain.en16931 import Adjustment, Document, DocumentAdjustment, Line, Refusal, Totals, Vat, totals
from hub.domain.en16931.discount import Discount, discounted
from hub.domain.en16931.partial import negated, rounding, split
from hub.domain.en16931.pricing import Price, PriceBreak, graduated_price, price_discount, volume_price

D = Decimal
S19, S7 = Vat("S", D(19)), Vat("S", D(7))
SCALE = (PriceBreak(D(100), D(9)), PriceBreak(D(0), D(10)), PriceBreak(D(500), D("8.50")))


def right(document: Document | Refusal) -> Totals:
    assert isinstance(document, Document), document
    computed = totals(document)
    assert isinstance(computed, Totals), computed
    return computed


@pytest.mark.parametrize(
    ("quantity", "price"), [("0", "10"), ("99.999", "10"), ("100", "9"), ("499", "9"), ("500", "8.50"), ("-120", "9")]
)
def test_a_volume_scale_prices_the_whole_quantity_at_the_step_it_reaches(quantity: str, price: str) -> None:
    assert volume_price(SCALE, D(quantity)) == Price(D(price))


@pytest.mark.parametrize(
    ("quantity", "amount"), [("50", "500"), ("100", "1000"), ("120", "1180"), ("600", "5450"), ("-120", "1180")]
)
def test_a_graduated_scale_prices_each_step_and_is_one_price_for_the_whole_quantity(quantity: str, amount: str) -> None:
    assert graduated_price(SCALE, D(quantity)) == Price(D(amount), abs(D(quantity)))


def test_a_graduated_price_computes_to_the_same_line_without_rounding_a_unit_price() -> None:
    price = graduated_price((PriceBreak(D(0), D("0.01")), PriceBreak(D(7), D("0.003"))), D(1000))
    assert price is not None
    line = Line("1", D(1000), price.amount, S19, price.base_quantity)
    assert right(Document("EUR", (line,))).line_total == D("3.05")  # 0.07 + 2.979


def test_below_the_lowest_step_there_is_no_price() -> None:
    assert volume_price((PriceBreak(D(10), D(1)),), D(9)) is None
    assert graduated_price((PriceBreak(D(10), D(1)),), D(20)) is None
    assert graduated_price(SCALE, D(0)) is None


def test_a_price_discount_in_percent_is_not_rounded() -> None:
    assert str(price_discount(D("9.99"), D("12.5"))) == "1.24875"
    assert str(price_discount(D("200"), D("50"))) == "100"


MIXED = Document(
    "EUR", (Line("a", D(1), D("10.00"), S19), Line("b", D(1), D("10.00"), S7), Line("c", D(1), D("10.01"), S7))
)


def test_an_order_discount_becomes_one_allowance_for_each_vat_rate() -> None:
    document = discounted(MIXED, Discount(amount=D("1.00")))
    assert isinstance(document, Document)
    assert [(each.vat, each.amount, each.reason_code) for each in document.adjustments] == [
        (S19, D("0.33"), "95"),
        (S7, D("0.67"), "95"),
    ]


def test_an_order_discount_spreads_to_lines_by_largest_remainder() -> None:
    document = discounted(MIXED, Discount(percent=D("3.3333"), spread="lines"))
    assert isinstance(document, Document)
    assert [line.adjustments[0].amount for line in document.lines] == [D("0.33"), D("0.33"), D("0.34")]


@pytest.mark.parametrize(
    ("document", "discount", "rule"),
    [
        (MIXED, Discount(), "HUB-DSC-01"),
        (MIXED, Discount(percent=D(1), amount=D(1)), "HUB-DSC-01"),
        (MIXED, Discount(percent=D(101)), "HUB-DSC-01"),
        (MIXED, Discount(amount=D("0.001")), "HUB-DSC-01"),
        (MIXED, Discount(amount=D("NaN")), "HUB-DSC-01"),
        (replace(MIXED, lines=(Line("a", D(0), D(1), S19),)), Discount(amount=D(1)), "HUB-DSC-02"),
        (replace(MIXED, lines=MIXED.lines * 2), Discount(amount=D(1), spread="lines"), "HUB-DSC-03"),
        (replace(MIXED, currency="EUX"), Discount(amount=D(1)), "BR-CL-04"),
    ],
)
def test_a_discount_that_cannot_be_spread_is_refused(document: Document, discount: Discount, rule: str) -> None:
    refused = discounted(document, discount)
    assert isinstance(refused, Refusal)
    assert [finding.rule for finding in refused.findings] == [rule]


DELIVERED = Document(
    "EUR",
    (
        Line("1", D(2), D("0.335"), S19, adjustments=(Adjustment("allowance", D("0.10")),)),
        Line("2", D(10), D("1.00"), S7),
    ),
    (DocumentAdjustment("charge", D("5.00"), vat=S19), DocumentAdjustment("allowance", percent=D(10), vat=S7)),
    prepaid=D("4.00"),
)


def test_deliveries_settled_apart_differ_from_the_whole_by_a_stated_rounding() -> None:
    first, second = split(DELIVERED, ({"1": D(1)}, {"1": D(1), "2": D(10)}))
    assert [each.amount for line in (*first.lines, *second.lines) for each in line.adjustments] == [D("0.05")] * 2
    assert [each.amount for each in (first.adjustments[0], second.adjustments[0])] == [D("2.50")] * 2
    assert (first.prepaid, second.prepaid) == (D(0), D("4.00"))
    whole, parts = right(DELIVERED), [right(first), right(second)]
    # 2 x 0.335 is 0.67, but each on its own is 0.34; VAT of 5.57 is 1.06, of 2.79 it is 0.53.
    assert [part.lines[0].base_amount for part in (whole, *parts)] == [D("0.67"), D("0.34"), D("0.34")]
    stated = rounding(whole, parts)
    assert [(row.vat, row.taxable_amount, row.tax_amount) for row in stated.groups] == [(S19, D("-0.01"), D(0))]
    assert stated.payable == D("-0.01")


def test_parts_that_add_up_need_no_rounding_line() -> None:
    document = Document("EUR", (Line("1", D(4), D("1.00"), Vat("S", D(25))),))
    parts = split(document, ({"1": D(1)}, {"1": D(3)}))
    assert rounding(right(document), [right(part) for part in parts]).groups == ()


def test_a_return_in_full_takes_back_every_amount() -> None:
    assert right(negated(DELIVERED)).payable == -right(DELIVERED).payable


@pytest.mark.parametrize(
    ("document", "deliveries", "message"),
    [
        (DELIVERED, ({"1": D(2), "2": D(10)}, {"1": D(1)}), "do not add up"),
        (replace(DELIVERED, lines=DELIVERED.lines[:1] * 2), ({"1": D(2)},), "share an identifier"),
    ],
)
def test_deliveries_that_are_not_the_document_are_a_bug_of_the_caller(
    document: Document, deliveries: tuple[dict[str, Decimal], ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        split(document, deliveries)
