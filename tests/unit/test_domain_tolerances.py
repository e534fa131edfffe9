"""Deliveries that miss their quantity, and quantities in another unit than the line's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from hub.domain.customer import CustomerFacts
from hub.domain.effects import ExceptionRaised, SettlementRecorded, WorkOrderIssued
from hub.domain.items import Item, ItemUnit, convert_of
from hub.domain.ledger import new_line
from hub.domain.model import LineQuantity
from hub.domain.order import OrderState
from hub.domain.policy import Policy
from hub.domain.tolerance import over_tolerance, under_tolerance
from tests.support.orders import Story, line, stock_order_in_work


@pytest.mark.parametrize(
    ("item", "customer", "company", "tolerance"),
    [(None, None, "3", 3), (None, "2", "3", 2), ("1", "2", "3", 1), ("0", "2", "3", 0), ("1", None, "0", 1)],
)
def test_the_items_tolerance_goes_before_the_customers_and_that_before_the_companys(
    item: str | None, customer: str | None, company: str, tolerance: int
) -> None:
    def percents(value: str | None) -> dict[str, Any]:
        percent = None if value is None else Decimal(value)
        return {"over_delivery_percent": percent, "under_delivery_percent": percent}

    known = Item(item_id="ST-1", **percents(item))
    kept = replace(new_line(line(quantity=100)), item=known)
    state = OrderState(order_id="A", lines=(kept,), customer=CustomerFacts(known=True, **percents(customer)))
    percent = Decimal(company)
    assert over_tolerance(state, kept, percent, Decimal(100)) == under_tolerance(state, kept, percent) == tolerance
    nobody_said = replace(kept, item=None)
    assert over_tolerance(replace(state, customer=None), nobody_said, percent, Decimal(100)) == percent


def test_what_the_customers_account_says_of_tolerances_reaches_its_orders() -> None:
    story = Story()
    story.customer(over_delivery_percent=Decimal(20))
    story.place()
    assert story.account is not None
    story.state = replace(story.order, customer=story.account.facts())
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 12})
    story.report("logistics", "delivered", {"1": 12})
    (settlement,) = story.sent(SettlementRecorded)
    assert settlement.tax_exclusive == 120
    assert story.sent(ExceptionRaised) == [], "nobody has to look at what the customer takes"


@pytest.mark.parametrize("percent", ["-1", "100.1", "NaN"])
def test_a_tolerance_is_a_percentage(percent: str) -> None:
    with pytest.raises(ValueError, match="under_delivery_percent"):
        Policy(under_delivery_percent=Decimal(percent))


def test_a_delivery_within_the_tolerance_is_all_of_it_and_the_rest_is_given_up() -> None:
    story = stock_order_in_work(policy=Policy(under_delivery_percent=Decimal(10)))
    story.report("logistics", "shipped", {"1": 9})
    decision = story.report("logistics", "delivered", {"1": 9})
    (settlement,) = story.sent(SettlementRecorded)
    assert (settlement.tax_exclusive, story.headline) == (90, "settled")
    assert [(each.kind, each.quantity) for each in settlement.differences] == [("short", 1)]
    assert "line 1: 1 C62 less is within the tolerance and counts as all" in decision.explanations
    assert [each.quantity for each in story.sent(WorkOrderIssued)[-1].lines] == [9]


def test_a_delivery_beyond_the_tolerance_leaves_the_order_open() -> None:
    story = stock_order_in_work(policy=Policy(under_delivery_percent=Decimal("9.99")))
    story.report("logistics", "shipped", {"1": 9})
    story.report("logistics", "delivered", {"1": 9})
    assert (story.headline, story.sent(SettlementRecorded)) == ("partly-delivered", [])


def test_what_is_still_on_its_way_is_waited_for_though_the_rest_is_within_the_tolerance() -> None:
    story = stock_order_in_work(policy=Policy(under_delivery_percent=Decimal(10)))
    story.report("logistics", "shipped")
    story.report("logistics", "delivered", {"1": 9})
    assert story.headline == "partly-delivered"
    story.report("logistics", "delivered", {"1": 1})
    (settlement,) = story.sent(SettlementRecorded)
    assert (settlement.tax_exclusive, settlement.differences) == (100, ())


def test_the_rest_that_comes_after_all_is_billed_after_all() -> None:
    story = stock_order_in_work(policy=Policy(under_delivery_percent=Decimal(10)))
    story.report("logistics", "shipped", {"1": 9})
    story.report("logistics", "delivered", {"1": 9})
    story.report("logistics", "shipped", {"1": 1})
    story.report("logistics", "delivered", {"1": 1})
    assert [each.cause for each in story.sent(SettlementRecorded)] == ["close", "supplement"]
    assert (story.line().short, story.order.payable) == (0, Decimal("119.00"))


def test_what_is_still_being_made_of_a_line_that_counts_as_delivered_is_taken_back() -> None:
    story = Story(Policy(under_delivery_percent=Decimal(10)))
    story.place(line(item_id="MK-1", quantity=100))
    story.report("production", "accepted")
    story.report("production", "produced", {"1": 95})
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    story.report("logistics", "delivered")
    assert story.headline == "settled"
    last = [each for each in story.sent(WorkOrderIssued) if each.department == "production"][-1]
    assert (last.action, [each.quantity for each in last.lines]) == ("change", [95])
    assert story.order.production.status == "done"


def test_seventy_tonnes_are_seventy_thousand_kilograms() -> None:
    story = Story()
    story.place(line(item_id="MK-1", quantity=70_000, unit="KGM"))
    story.report("production", "accepted")
    in_tonnes = story.status("production", "produced", lines=(LineQuantity("1", Decimal(70), "TNE"),))
    story.receive(in_tonnes)
    assert (story.line().allocations[0].made, story.order.production.status) == (70_000, "done")


BOX = Item(
    item_id="ST-1",
    unit="C62",
    units=(ItemUnit(unit="BX", quantity=Decimal(24)), ItemUnit(unit="PF", quantity=Decimal(960))),
)


@pytest.mark.parametrize(
    ("quantity", "unit", "to", "converted"),
    [
        ("2", "BX", "C62", "48"),
        ("48", "C62", "BX", "2"),
        ("1", "PF", "BX", "40"),
        ("4", "DZN", "BX", "2"),
        ("2", "BX", "DZN", "4"),
        ("7", None, "BX", "7"),
        ("70", "TNE", "KGM", "70000"),
        ("1", "KGM", "BX", None),
        ("1", "XX", "BX", None),
        ("1", "BX", "XX", None),
    ],
)
def test_an_item_converts_by_its_own_factors_too(
    quantity: str, unit: str | None, to: str, converted: str | None
) -> None:
    assert convert_of(BOX, Decimal(quantity), unit, to) == (None if converted is None else Decimal(converted))
    if unit == "BX":
        assert convert_of(None, Decimal(quantity), unit, to) is None


def test_a_department_may_report_in_the_units_the_item_is_packed_in() -> None:
    story = Story()
    story.place(line(quantity=48))
    assert story.state is not None
    story.state = replace(story.state, lines=(replace(story.line(), item=BOX),))
    story.report("logistics", "accepted")
    story.receive(story.status("logistics", "shipped", lines=(LineQuantity("1", Decimal(2), "BX"),)))
    assert story.line().shipped == 48
    refused = story.receive(story.status("logistics", "delivered", lines=(LineQuantity("1", Decimal(2), "KGM"),)))
    assert (refused.outcome, refused.code) == ("refused", "unit-mismatch")
