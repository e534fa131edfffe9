"""What is reserved is what would be settled."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.domain.agreeing import agreed
from hub.domain.amounts import document, net, once, value
from hub.domain.checks import check_lines
from hub.domain.en16931 import Totals, totals
from hub.domain.ledger import new_line
from hub.domain.model import OrderAdjustment, OrderLine
from hub.domain.money import minor_unit, quantum
from hub.domain.order import Terms
from hub.domain.policy import Policy
from tests.support.adjustments import agreeable, with_line_adjustments
from tests.support.orders import ADDRESS, line

TERMS = Terms("C", "PO", "EUR", ADDRESS, Decimal(0), None, "", "normal", "", "")

RATES = st.sampled_from([("S", "19"), ("S", "19.0"), ("S", "7"), ("S", "5.5"), ("Z", "0"), ("AE", "0"), ("K", "0.00")])
CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "CLF"])


def decimals(limit: int, places: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(0, limit, places=places)


@st.composite
def lines(draw: st.DrawFn) -> tuple[OrderLine, ...]:
    made = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        category, rate = draw(RATES)
        made.append(
            line(
                str(number),
                quantity=draw(decimals(10_000, 6).filter(bool)),
                price=draw(decimals(10_000, 4)),
                base_quantity=draw(st.sampled_from([Decimal(1), Decimal(3), Decimal(100), Decimal("0.5")])),
                discount_percent=draw(st.just(Decimal(0)) | decimals(100, 2)),
                vat_category=category,
                vat_rate=Decimal(rate),
            )
        )
    return tuple(made)


@st.composite
def orders(draw: st.DrawFn) -> tuple[Terms, tuple[OrderLine, ...]]:
    currency = draw(CURRENCIES)
    places = minor_unit(currency)
    ordered = tuple(with_line_adjustments(draw, each, places) for each in draw(lines()))
    discount = draw(st.just(Decimal(0)) | decimals(100, 2))
    adjustments = agreed(agreeable(draw, ordered, discount, currency, places), currency, ordered)
    return replace(TERMS, currency=currency, discount_percent=discount, adjustments=adjustments), ordered


@given(orders())
def test_the_quick_value_of_an_order_is_its_documents_total(order: tuple[Terms, tuple[OrderLine, ...]]) -> None:
    terms, ordered = order
    charges = once(terms.adjustments)
    computed = totals(document(terms, [(each, each.quantity) for each in ordered], charges))
    assert isinstance(computed, Totals), computed
    assert value(terms, [new_line(each) for each in ordered], charges) == computed.tax_inclusive >= 0
    for each, total in zip(ordered, computed.lines, strict=True):
        assert net(each, each.quantity, terms.currency) == total.net_amount >= 0
        assert net(each, -each.quantity, terms.currency) == -total.net_amount


@given(orders(), st.data())
def test_parts_of_an_order_come_to_the_whole_but_for_their_rounding(
    order: tuple[Terms, tuple[OrderLine, ...]], data: st.DataObject
) -> None:
    terms, ordered = order
    first = [data.draw(st.integers(0, int(each.quantity))) for each in ordered]
    parts = [
        [(each, Decimal(part)) for each, part in zip(ordered, first, strict=True)],
        [(each, each.quantity - part) for each, part in zip(ordered, first, strict=True)],
    ]
    whole, *shares = [totals(document(terms, each)) for each in ([(each, each.quantity) for each in ordered], *parts)]
    assert isinstance(whole, Totals)
    apart = [each.tax_exclusive for each in shares if isinstance(each, Totals)]
    assert len(apart) == 2
    # Each line rounds its product and each allowance and charge; so does each VAT category and rate.
    roundings = sum(2 + len(each.adjustments) for each in ordered) + len(ordered) * (1 + len(terms.adjustments))
    assert abs(sum(apart) - whole.tax_exclusive) <= roundings * 2 * quantum(terms.currency)


@given(orders())
def test_what_an_order_agrees_is_agreed_once_and_for_all(order: tuple[Terms, tuple[OrderLine, ...]]) -> None:
    terms, ordered = order
    assert agreed(terms.adjustments, terms.currency, ordered) == terms.adjustments


@given(
    amount=st.integers(1, 10**6).map(lambda units: Decimal(units).scaleb(-2)), ordered=lines(), percent=decimals(100, 2)
)
def test_a_charge_by_amount_comes_to_its_amount_whatever_the_goods_are_taxed(
    amount: Decimal, ordered: tuple[OrderLine, ...], percent: Decimal
) -> None:
    freight = (OrderAdjustment("charge", amount=amount, reason_code="FC"),)
    terms = replace(TERMS, discount_percent=percent, adjustments=agreed(freight, "EUR", ordered))
    computed = totals(document(terms, [(each, each.quantity) for each in ordered], once(terms.adjustments)))
    assert isinstance(computed, Totals)
    assert computed.charge_total == amount
    vats = {(each.vat_category, each.vat_rate) for each in ordered}
    assert {(each.vat_category, each.vat_rate) for each in terms.adjustments} <= vats


NUMBERS = st.decimals(0, 999_999_999_999, places=6)


@given(NUMBERS.filter(bool), NUMBERS, NUMBERS.filter(bool), decimals(100, 6), CURRENCIES)
def test_whatever_passes_the_checks_can_be_settled(
    quantity: Decimal, price: Decimal, base: Decimal, discount: Decimal, currency: str
) -> None:
    ordered = line(quantity=quantity, price=price, base_quantity=base, discount_percent=discount)
    if not check_lines((ordered,), Policy()):
        terms = replace(TERMS, currency=currency, discount_percent=discount)
        assert isinstance(totals(document(terms, [(ordered, quantity)])), Totals)
