"""What an order must be like to be taken, check by check."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from hub.domain.checks import check_order, is_quantity
from hub.domain.countries import COUNTRIES
from hub.domain.policy import Policy
from tests.support.orders import ADDRESS, Story, line


@pytest.mark.parametrize(
    ("fields", "check", "field", "value"),
    [
        ({"order_id": ""}, "order-id-missing", "order_id", ""),
        ({"customer_id": ""}, "customer-missing", "customer_id", ""),
        ({"customer_id": "C-1\x1fORD-2"}, "id-invalid", "customer_id", "C-1\x1fORD-2"),
        ({"order_id": "ORD\n1"}, "id-invalid", "order_id", "ORD\n1"),
        ({"currency": "EURO"}, "unknown-currency", "currency", "EURO"),
        ({"currency": "XXX"}, "unknown-currency", "currency", "XXX"),
        ({"deliver_to": replace(ADDRESS, country="UK")}, "unknown-country", "deliver_to.country", "UK"),
        ({"discount_percent": Decimal(101)}, "discount-out-of-range", "discount_percent", "101"),
        ({"discount_percent": Decimal("NaN")}, "discount-out-of-range", "discount_percent", "NaN"),
        ({"lines": ()}, "no-lines", "lines", "empty"),
        ({"lines": (line("1"), line("2"), line("1"))}, "line-id-repeated", "lines", "1"),
    ],
)
def test_a_header_that_is_wrong_is_found_with_field_and_value(
    fields: dict[str, Any], check: str, field: str, value: str
) -> None:
    order = replace(Story().placed(), **fields)
    (finding,) = check_order(order, Policy())
    assert (finding.check, finding.field, finding.value) == (check, field, value)
    assert finding.remedy


@pytest.mark.parametrize(
    ("fields", "check"),
    [
        ({"line_id": ""}, "line-id-missing"),
        ({"item_id": ""}, "item-missing"),
        ({"unit": ""}, "unit-missing"),
        ({"quantity": Decimal(0)}, "quantity-not-positive"),
        ({"quantity": Decimal(-1)}, "quantity-not-positive"),
        ({"quantity": Decimal("0.0000001")}, "quantity-not-positive"),
        ({"quantity": Decimal("1E12")}, "quantity-not-positive"),
        ({"quantity": Decimal("Infinity")}, "quantity-not-positive"),
        ({"quantity": Decimal("sNaN")}, "quantity-not-positive"),
        ({"price": Decimal("-0.01")}, "price-invalid"),
        ({"base_quantity": Decimal(0)}, "base-quantity-not-positive"),
        ({"discount_percent": Decimal("100.01")}, "discount-out-of-range"),
        ({"vat_rate": Decimal(0)}, "vat-inconsistent"),
        ({"vat_category": "Z"}, "vat-inconsistent"),
        ({"vat_rate": Decimal("NaN")}, "vat-inconsistent"),
        ({"vat_category": "??"}, "vat-inconsistent"),
        ({"price": Decimal(10**11), "quantity": Decimal(100)}, "line-too-large"),
    ],
)
def test_a_line_that_is_wrong_is_found(fields: dict[str, Any], check: str) -> None:
    order = Story().placed(replace(line("7"), **fields))
    (finding,) = check_order(order, Policy())
    assert finding.check == check
    assert finding.remedy


def test_what_is_on_the_edge_is_right() -> None:
    assert not check_order(
        Story().placed(
            line("1", quantity="0.000001", price=Decimal(0), discount_percent=Decimal(100)),
            line("2", vat_category="Z", vat_rate=Decimal("0.00")),
            line("3", quantity="999999999999.999999", price=Decimal("0.000001")),
            discount_percent=Decimal(100),
        ),
        Policy(),
    )
    assert is_quantity(Decimal("1E+3"))


def test_an_order_may_have_so_many_lines_and_no_more() -> None:
    lines = tuple(line(str(number)) for number in range(4))
    assert not check_order(Story().placed(*lines[:3]), Policy(max_lines=3))
    (finding,) = check_order(Story().placed(*lines), Policy(max_lines=3))
    assert finding.check == "too-many-lines"


def test_an_order_not_subject_to_vat_is_so_as_a_whole() -> None:
    exempt = line("1", vat_category="O", vat_rate=Decimal(0))
    assert not check_order(Story().placed(exempt), Policy())
    (finding,) = check_order(Story().placed(exempt, line("2")), Policy())
    assert finding.check == "vat-mixed"


def test_a_refusal_says_everything_that_is_wrong_and_changes_nothing() -> None:
    story = Story()
    decision = story.place(line(quantity=-5), currency="EURO")
    assert (decision.outcome, decision.code, decision.state, decision.effects) == (
        "refused",
        "unknown-currency",
        None,
        (),
    )
    assert "currency is 'EURO': give an ISO 4217 code" in decision.detail
    assert "lines[1].quantity is '-5'" in decision.detail


def test_an_order_beyond_every_amount_is_refused() -> None:
    story = Story()
    lines = [line(str(number), quantity=10**11, price=Decimal(50)) for number in range(3)]
    assert story.place(*lines).code == "value-too-large"


def test_what_was_refused_can_be_sent_again_put_right() -> None:
    story = Story()
    wrong = story.placed(line(quantity=-5))
    assert story.receive(wrong).outcome == "refused"
    assert story.receive(replace(wrong, lines=(line(),))).outcome == "applied"


def test_the_countries_are_those_of_the_standard() -> None:
    assert len(COUNTRIES) == 249 + 2
    assert {"DE", "CN", "XI", "1A"} <= COUNTRIES
