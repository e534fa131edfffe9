"""The review of an order: what its items and its customer say, what is suspected, refused, held and noted."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from hub.domain.decide import fold
from hub.domain.effects import CustomerNotified, WorkOrderIssued
from hub.domain.events import CreditRequested, DuplicateCleared
from hub.domain.items import Item, ItemUnit
from hub.domain.model import Address, LineChange
from hub.policy import load_policy
from hub.rules.review import RuleReviewer, parse_checks, parse_classes
from tests.support.orders import ADDRESS, START, Story, line

NO_CLASSES = "order_class: []\npriority: []\nregion: []\nsupply: []"


def holds(story: Story) -> list[str]:
    return [hold.name for hold in story.order.holds]


def explained(story: Story, begin: str) -> list[str]:
    return [each for decision in story.decisions for each in decision.explanations if each.startswith(begin)]


def checked_by(*rules: str) -> RuleReviewer:
    text = "order: []\nlines:\n" + "".join(f"  - {rule}\n" for rule in rules)
    return RuleReviewer(parse_checks(text, "review.yaml"), parse_classes(NO_CLASSES, "classes.yaml"))


# --- classes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("standard", "normal", "domestic")),
        ({"priority": "urgent"}, ("urgent", "urgent", "domestic")),
        ({"requested_delivery": START.date() + timedelta(days=3)}, ("urgent", "urgent", "domestic")),
        ({"requested_delivery": START.date() + timedelta(days=4)}, ("standard", "normal", "domestic")),
        ({"lines": (line(quantity=4202, price=Decimal(10)),)}, ("large", "normal", "domestic")),
        ({"lines": (line(quantity=4202),), "priority": "urgent"}, ("urgent", "urgent", "domestic")),
        ({"deliver_to": replace(ADDRESS, country="FR")}, ("standard", "normal", "eu")),
        ({"deliver_to": replace(ADDRESS, country="CN")}, ("standard", "normal", "world")),
    ],
)
def test_orders_are_classified_by_the_rules_that_come_with_the_hub(fields: dict[str, Any], expected: object) -> None:
    story = Story()
    story.receive(replace(story.placed(), **fields))
    assert (story.order.order_class, story.order.priority, story.order.region) == expected


def test_how_a_line_is_come_by_is_what_the_master_data_say_and_else_what_its_number_says() -> None:
    story = Story()
    story.item("ST-2", supply="make", item_class="housings")
    story.place(line("1", "ST-1"), line("2", "ST-2"), line("3", "MK-1"), line("4", "BU-1"))
    assert [each.supply for each in story.order.lines] == ["stock", "make", "make", "buy"]
    assert [each.item for each in story.order.lines] == [None, story.items["ST-2"], None, None]


def test_the_classified_priority_goes_to_the_departments() -> None:
    story = Story()
    story.place(line(), requested_delivery=START.date() + timedelta(days=1))
    assert [work.priority for work in story.sent(WorkOrderIssued)] == ["urgent"]


def test_a_reclassified_order_says_so_once() -> None:
    story = Story()
    story.place(line(quantity=10))
    story.change(1, LineChange("change", "1", line(quantity=5000)))
    story.change(2, LineChange("change", "1", line(quantity=5001)))
    assert story.order.order_class == "large"
    assert explained(story, "classified") == [
        "classified: class standard by any-other, priority normal by any-other, region domestic by domestic",
        "classified: class large by large-value, priority normal by any-other, region domestic by domestic",
    ]


# --- checks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "ordered", "rule"),
    [
        ({"status": "blocked"}, {}, "item-blocked"),
        ({"status": "discontinued", "replaced_by": "ST-9"}, {}, "item-discontinued"),
        ({"unit": "KGM"}, {}, "unit-unknown"),
        ({"min_quantity": Decimal(11)}, {}, "below-minimum"),
        ({"min_quantity": Decimal(11), "unit": "DZN"}, {"unit": "C62"}, "below-minimum"),
        ({"list_price": Decimal("20.50"), "currency": "EUR"}, {}, "far-below-list-price"),
        (
            {"list_price": Decimal("1.02"), "currency": "EUR", "units": (ItemUnit(unit="BX", quantity=Decimal(20)),)},
            {"unit": "BX"},
            "far-below-list-price",
        ),
    ],
)
def test_what_must_not_be_in_an_order_holds_it(item: dict[str, Any], ordered: dict[str, Any], rule: str) -> None:
    story = Story()
    story.item("ST-1", **item)
    story.place(line(**ordered))
    assert holds(story) == ["review"]
    assert story.order.holds[0].detail.startswith(f"{rule}: lines[1].")
    assert (story.headline, story.told()) == ("on-hold", ["received"])
    story.command("release-hold", "review")
    assert story.headline == "confirmed"


@pytest.mark.parametrize(
    ("item", "ordered"),
    [
        ({"min_quantity": Decimal(10)}, {}),
        ({"unit": "DZN", "min_quantity": Decimal(1)}, {"unit": "C62", "quantity": 12}),
        ({"list_price": Decimal(20), "currency": "EUR"}, {}),
        ({"list_price": Decimal(1000), "currency": "CHF"}, {}),
        ({"list_price": Decimal(100), "currency": "EUR"}, {"price": Decimal(1000), "base_quantity": Decimal(10)}),
        ({"multiple_of": Decimal(5)}, {}),
    ],
)
def test_an_order_that_fits_the_master_data_goes_on(item: dict[str, Any], ordered: dict[str, Any]) -> None:
    story = Story()
    story.item("ST-1", **item)
    story.place(line(**ordered))
    assert (holds(story), explained(story, "warned")) == ([], [])
    assert story.headline == "confirmed"


def test_a_warning_is_noted_with_rule_field_value_and_remedy_and_stops_nothing() -> None:
    story = Story()
    story.item("ST-1", multiple_of=Decimal(4))
    story.place(line(), purchase_order="")
    (warning,) = explained(story, "warned")
    assert warning == (
        "warned of purchase-order-missing: purchase_order is '': ask the buyer for the number of the purchase order, "
        "without which many do not pay; off-multiple: lines[1].quantity is '10': round up to whole packs when it is "
        "packed"
    )
    assert story.headline == "confirmed"


def test_a_hold_may_be_of_another_kind_and_on_the_line_only() -> None:
    story = Story()
    story.reviewer = checked_by(
        "{name: dual-use, when: item_class == 'optics', severity: hold, field: item_class, remedy: ask, hold: export,"
        " holds: line}"
    )
    story.item("ST-2", item_class="optics")
    story.place(line("1"), line("2", "ST-2"))
    assert holds(story) == ["export:2"]
    assert [work.lines[0].line_id for work in story.sent(WorkOrderIssued)] == ["1"]


def refusing() -> Story:
    story = Story()
    story.reviewer = checked_by(
        "{name: gone, when: item_status == 'discontinued', severity: refuse, field: item_id, remedy: order ST-9}"
    )
    story.item("ST-1", status="discontinued")
    return story


def test_what_rules_refuse_is_cancelled_and_the_customer_told_the_remedy() -> None:
    story = refusing()
    story.place(line())
    assert story.headline == "cancelled"
    assert story.told() == ["received", "cancelled"]
    assert "order ST-9" in story.sent(CustomerNotified)[-1].text
    assert story.account is not None
    assert story.account.reserved == 0
    assert explained(story, "refused") == ["refused by gone: lines[1].item_id is 'ST-1': order ST-9"]


def test_what_is_in_work_cannot_be_refused_any_more_and_is_held() -> None:
    story = refusing()
    story.place(line("1", "ST-2"))
    story.report("logistics", "accepted")
    story.change(1, LineChange("add", "2", line("2", "ST-1")))
    assert holds(story) == ["review"]
    assert story.line("2").unallocated == 10


def test_a_refused_order_may_have_been_refused_credit_as_well() -> None:
    story = refusing()
    story.customer(limit="1")
    story.place(line())
    assert (story.headline, story.problems()) == ("cancelled", [])


def test_an_amendment_is_reviewed_as_far_as_it_changed_lines() -> None:
    story = Story()
    story.item("ST-1", min_quantity=Decimal(20))
    story.place(line("1"), line("2", "ST-2"))
    story.command("release-hold", "review")
    story.change(1, LineChange("change", "2", line("2", "ST-2", 5)))
    assert holds(story) == []
    assert story.line("1").item == story.items["ST-1"]
    story.change(2, LineChange("change", "1", line("1", quantity=9)))
    assert holds(story) == ["review"]


def test_lines_amended_before_the_account_answered_are_reviewed_when_it_does() -> None:
    story = Story(credit_answers=False)
    story.item("ST-1", status="blocked")
    story.place(line("1", "ST-2"))
    story.change(1, LineChange("add", "2", line("2", "ST-1")))
    assert story.order.unreviewed == ("1", "2")
    request = story.sent(CreditRequested)[-1]
    assert (request.items, request.purchase_order) == (("ST-2", "ST-1"), "PO-1")
    answer = story.answer(request)
    assert answer is not None
    story.receive(answer)
    assert (holds(story), story.order.unreviewed) == (["review"], ())


def test_many_findings_are_told_in_short() -> None:
    story = Story()
    for number in range(50):
        story.item(f"ST-{number}", status="blocked")
    story.place(*(line(str(number), f"ST-{number}") for number in range(50)))
    (hold,) = story.order.holds
    assert hold.detail.endswith("; and 40 more")


# --- duplicates ----------------------------------------------------------------------------------------


def test_a_suspected_duplicate_is_held_and_gives_its_reservation_back() -> None:
    story = Story(load_policy())
    story.twin = "ORD-0"
    story.place()
    assert story.account is not None
    assert story.account.reserved == 0
    assert holds(story) == ["suspected-duplicate"]
    assert story.order.holds[0].detail == "Order ORD-0 has the number PO-1 as well"
    assert (story.headline, story.problems()) == ("on-hold", ["on-hold"])
    assert story.sent(WorkOrderIssued) == []


def test_a_suspicion_that_was_cleared_does_not_come_back_with_an_amendment() -> None:
    story = Story()
    story.twin = "ORD-0"
    story.place()
    story.command("release-hold", "suspected-duplicate")
    assert story.headline == "confirmed"
    assert story.requests[-1].purchase_order == ""
    story.change(1, LineChange("change", "1", line(quantity=11)))
    assert (holds(story), story.headline) == ([], "confirmed")


def test_a_duplicate_that_is_cancelled_gives_its_number_up() -> None:
    story = Story()
    story.twin = "ORD-0"
    story.place()
    story.cancel()
    assert (story.requests[-1].action, story.requests[-1].purchase_order) == ("release", "PO-1")


def test_a_duplicate_goes_on_when_the_order_that_came_first_is_cancelled() -> None:
    story = Story(load_policy())
    story.twin = "ORD-0"
    story.place()
    cleared = DuplicateCleared(
        order_id=story.order_id, customer_id="C-1", purchase_order="PO-1", duplicate_of="ORD-0", **story.head()
    )
    story.receive(cleared)
    assert (holds(story), story.headline, story.problems()) == ([], "confirmed", [])
    assert "hold suspected-duplicate ended: order ORD-0 was cancelled" in story.explained()
    assert story.receive(replace(cleared, event_id="again")).code == "no-hold"


def test_the_number_is_not_asked_about_once_it_is_answered() -> None:
    story = Story()
    story.place()
    story.change(1, LineChange("change", "1", line(quantity=11)))
    assert [(request.action, request.purchase_order) for request in story.requests] == [
        ("reserve", "PO-1"),
        ("adjust", ""),
    ]


# --- the customer --------------------------------------------------------------------------------------


def test_what_an_order_knows_of_its_customer_is_what_the_account_last_answered() -> None:
    story = Story()
    story.customer(group="", locale="zh", notifications=("delayed",))
    story.place()
    customer = story.order.customer
    assert customer is not None
    assert (customer.known, customer.locale, customer.notifications) == (True, "zh", ("delayed",))


def test_a_reviewed_order_comes_out_the_same_when_it_is_decided_again() -> None:
    story = Story()
    story.twin = "ORD-0"
    story.item("ST-1", status="blocked", min_quantity=Decimal(50))
    story.place(line("1"), line("2", "MK-1"), deliver_to=Address("A", "B", "C", "D", "CN"))
    story.command("release-hold", "review")
    story.command("release-hold", "suspected-duplicate")
    story.change(1, LineChange("change", "1", line(quantity=60)))
    assert fold(story.journal, story.context()) == story.state


def test_a_line_without_an_item_number_known_has_none_of_its_facts() -> None:
    story = Story()
    story.reviewer = checked_by(
        "{name: unheard, when: '!item_known', severity: hold, field: item_id, remedy: ask what is meant}"
    )
    story.item("ST-1", item_class="x")
    story.place(line("1"), line("2", "ST-2"))
    assert [hold.detail for hold in story.order.holds] == ["unheard: lines[2].item_id is 'ST-2': ask what is meant"]
    assert story.line("1").item == Item(item_id="ST-1", item_class="x")
