"""Items and purchase orders: what lies beside a customer's account, and what it remembers."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from hub.domain.items import Item, ItemUnit, in_item_unit
from hub.domain.master_data import KeptItem, PurchaseOrder, claim, give_up, newest, number_mark
from tests.support.orders import CUSTOMER, START

UNTIL = START + timedelta(days=180)


def claimed(known: PurchaseOrder | None, order_id: str) -> tuple[PurchaseOrder, str]:
    return claim(known, CUSTOMER, "PO-1", order_id, now=START, until=UNTIL)


def test_a_second_order_under_the_same_number_is_told_of_the_first() -> None:
    known, before = claimed(None, "A")
    assert before == ""
    known, before = claimed(known, "B")
    assert before == "A"
    assert known.orders == ("A", "B")


def test_asking_again_gives_the_same_answer() -> None:
    known, _ = claimed(None, "A")
    known, _ = claimed(known, "B")
    assert claimed(known, "A") == (known, "")
    assert claimed(known, "B") == (known, "A")


def test_a_number_whose_time_is_over_is_free_again() -> None:
    known, _ = claimed(None, "A")
    again, before = claim(known, CUSTOMER, "PO-1", "B", now=UNTIL, until=UNTIL + timedelta(days=180))
    assert (again.orders, before) == (("B",), "")


def test_a_cancelled_order_no_longer_counts() -> None:
    known, _ = claimed(None, "A")
    assert give_up(known, "A") is None
    known, _ = claimed(known, "B")
    left = give_up(known, "A")
    assert left is not None
    assert claimed(left, "C")[1] == "B"
    assert give_up(left, "somebody else's") == left


def test_however_often_a_number_is_used_the_first_and_the_latest_orders_are_remembered() -> None:
    known: PurchaseOrder | None = None
    for number in range(100):
        known, _ = claimed(known, f"O{number}")
    assert known is not None
    assert known.orders == ("O0", *(f"O{number}" for number in range(93, 100)))
    assert claimed(known, "O50")[1] == "O0"


@pytest.mark.parametrize("written", ["po-4711", " PO-4711", "PO -4711 "])
def test_case_and_spaces_make_no_other_number(written: str) -> None:
    assert number_mark(written) == number_mark("PO-4711")
    assert number_mark("PO-4712") != number_mark("PO-4711")


def test_older_news_of_an_item_does_not_replace_newer() -> None:
    old, new = Item(item_id="X", item_class="old"), Item(item_id="X", item_class="new")
    kept = newest(None, new, START)
    assert kept == KeptItem(item=new, since=START)
    assert newest(kept, old, START - timedelta(seconds=1)) is None
    assert newest(kept, old, START) == KeptItem(item=old, since=START)


def test_quantities_are_converted_by_the_items_own_units_first() -> None:
    item = Item(item_id="X", unit="C62", units=(ItemUnit(unit="BX", quantity=Decimal(24)),))
    assert in_item_unit(item, Decimal(2), "BX") == 48
    assert in_item_unit(item, Decimal(2), "DZN") == 24
    assert in_item_unit(item, Decimal(2), "KGM") is None
    assert in_item_unit(Item(item_id="Y"), Decimal(2), "KGM") == 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"item_id": ""}, "item_id is empty"),
        ({"item_class": "x" * 101}, "longer than 100"),
        ({"list_price": Decimal(1)}, "currency is ''"),
        ({"list_price": Decimal("NaN"), "currency": "EUR"}, "list_price is NaN"),
        ({"min_quantity": Decimal(0)}, "min_quantity is 0"),
        ({"multiple_of": Decimal("0.0000001")}, "multiple_of is"),
        ({"units": (ItemUnit(unit="BX", quantity=Decimal(-1)),)}, "units[BX].quantity is -1"),
        ({"over_delivery_percent": Decimal(101)}, "over_delivery_percent is 101"),
        ({"lead_days": -1}, "lead_days is -1"),
        ({}, ""),
    ],
)
def test_an_item_that_makes_no_sense_says_why(fields: dict[str, Any], said: str) -> None:
    mistake = Item(**({"item_id": "X"} | fields)).mistake()
    assert said in mistake
    assert bool(mistake) == bool(said)
