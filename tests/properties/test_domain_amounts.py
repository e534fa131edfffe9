"""What is reserved is what would be settled."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.amounts import document, net, value
from hub.domain.checks import check_lines
from hub.domain.en16931 import Totals, totals
from hub.domain.ledger import new_line
from hub.domain.model import OrderLine
from hub.domain.policy import Policy
from tests.support.orders import line

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


@given(lines(), st.just(Decimal(0)) | decimals(100, 2), CURRENCIES)
def test_the_quick_value_of_an_order_is_its_documents_total(
    ordered: tuple[OrderLine, ...], discount: Decimal, currency: str
) -> None:
    computed = totals(document(currency, discount, [(each, each.quantity) for each in ordered]))
    assert isinstance(computed, Totals)
    assert value(currency, discount, [new_line(each) for each in ordered]) == computed.tax_inclusive
    for each, total in zip(ordered, computed.lines, strict=True):
        assert net(each, each.quantity, currency) == total.net_amount


NUMBERS = st.decimals(0, 999_999_999_999, places=6)


@given(NUMBERS.filter(bool), NUMBERS, NUMBERS.filter(bool), decimals(100, 6), CURRENCIES)
def test_whatever_passes_the_checks_can_be_settled(
    quantity: Decimal, price: Decimal, base: Decimal, discount: Decimal, currency: str
) -> None:
    ordered = line(quantity=quantity, price=price, base_quantity=base, discount_percent=discount)
    if not check_lines((ordered,), Policy()):
        assert isinstance(totals(document(currency, discount, [(ordered, quantity)])), Totals)
