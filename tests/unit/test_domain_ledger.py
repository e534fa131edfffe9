"""The arithmetic of a line, of units, and of what lines are worth."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from hub.domain import ledger
from hub.domain.decide import decide
from hub.domain.order import Allocation, LineState
from hub.domain.units import convert
from hub.errors import InvariantError
from tests.support.orders import line, stock_order_in_work


def split_line() -> LineState:
    """Ten pieces: production has four to make, procurement has received its six."""
    return LineState(
        line(item_id="MK-1"),
        Decimal(0),
        (Allocation("production", "a", Decimal(4), Decimal(0)), Allocation("procurement", "b", Decimal(6), Decimal(6))),
    )


def quantities(each: LineState) -> list[Decimal]:
    return [allocation.quantity for allocation in each.allocations]


def test_what_is_given_up_is_taken_where_it_costs_least() -> None:
    each = replace(split_line(), line=line(quantity=12), unallocated=Decimal(2))
    assert quantities(ledger.withdraw(each, Decimal(2))) == [4, 6], "unallocated units first"
    assert quantities(ledger.withdraw(each, Decimal(5))) == [1, 6], "then those that are not made"
    assert quantities(ledger.withdraw(each, Decimal(8))) == [0, 4], "made ones last"


def test_only_what_has_not_left_can_be_withdrawn() -> None:
    assert ledger.withdrawable(replace(split_line(), shipped=Decimal(7))) == 3
    assert ledger.withdrawable(replace(split_line(), shipped=Decimal(17))) == 0


def test_stock_is_ready_at_once_and_the_rest_as_far_as_it_was_asked_for() -> None:
    assert ledger.ready(split_line()) == 6
    stock = LineState(line(), Decimal(0), (Allocation("logistics", "c", Decimal(10), Decimal(0)),))
    assert ledger.ready(stock) == 10
    assert ledger.ready(replace(stock, allocations=(Allocation("production", "a", Decimal(5), Decimal(9)),))) == 5


def test_goods_on_their_way_revive_as_many_given_up_units_as_they_are_and_no_more() -> None:
    each = LineState(
        line(quantity=10),
        Decimal(0),
        (Allocation("logistics", "c", Decimal(4), Decimal(0)),),
        cancelled=Decimal(4),
        short=Decimal(2),
        shipped=Decimal(3),
    )
    states = [ledger.ship(each, Decimal(quantity)) for quantity in (1, 2, 6, 9)]
    assert [(after.cancelled, after.short, quantities(after)) for after in states] == [
        (4, 2, [4]),
        (3, 2, [5]),
        (0, 1, [9]),
        (0, 0, [10]),
    ]
    assert ledger.conserved(states) is None


def test_a_line_names_the_last_reports_of_its_delivery_and_counts_all() -> None:
    each = replace(split_line(), line=line(quantity=200), shipped=Decimal(200))
    for number in range(150):
        each = ledger.deliver(each, Decimal(1), f"report-{number}")
    assert each.delivered == 150
    assert each.delivered_by == tuple(f"report-{number}" for number in range(50, 150))


def test_what_is_allocated_to_a_department_again_adds_up() -> None:
    each = ledger.allocate(replace(split_line(), unallocated=Decimal(3)), "production", "z")
    assert [(allocation.department, allocation.rule, allocation.quantity) for allocation in each.allocations] == [
        ("production", "z", 7),
        ("procurement", "b", 6),
    ]


def test_a_department_gives_back_what_it_has_not_made_nor_shipped() -> None:
    assert ledger.unmade(split_line(), "production") == 4
    assert ledger.unmade(split_line(), "procurement") == 0
    assert ledger.unmade(split_line(), "logistics") == 0
    stock = LineState(line(), Decimal(0), (Allocation("logistics", "c", Decimal(10), Decimal(0)),), shipped=Decimal(3))
    assert ledger.unmade(stock, "logistics") == 7
    assert ledger.take_back(split_line(), "production", Decimal(4)).allocations == split_line().allocations[1:]


@pytest.mark.parametrize(
    "fields",
    [
        {"unallocated": Decimal(1)},
        {"cancelled": Decimal(1)},
        {"short": Decimal(-1), "unallocated": Decimal(1)},
        {"delivered": Decimal(1)},
        {"shipped": Decimal(1), "delivered": Decimal(1), "returned": Decimal(2)},
        {
            "allocations": (
                Allocation("production", "a", Decimal(12), Decimal(0)),
                Allocation("logistics", "b", Decimal(-2), Decimal(0)),
            )
        },
    ],
)
def test_a_ledger_that_does_not_add_up_is_found(fields: dict[str, Decimal]) -> None:
    assert ledger.conserved([split_line()]) is None
    assert ledger.conserved([split_line(), replace(split_line(), **fields)]) is not None


def test_a_decision_that_would_lose_a_unit_is_a_bug_that_names_order_and_line() -> None:
    story = stock_order_in_work()
    broken = replace(story.line(), unallocated=Decimal(3))
    story.state = replace(story.order, lines=(broken,))
    with pytest.raises(InvariantError, match="Order ORD-1: line 1: ordered 10 but 13"):
        story.report("logistics", "shipped", {"1": 1})


def test_decide_is_a_function() -> None:
    story = stock_order_in_work()
    received, _ = story.journal[-1]
    before = story.decisions[-2].state
    assert decide(before, received, story.context()) == decide(before, received, story.context())


@pytest.mark.parametrize(
    ("quantity", "unit", "to", "expected"),
    [
        ("70", "TNE", "KGM", "70000"),
        ("2", "KMT", "MMT", "2000000"),
        ("500", "GRM", "KGM", "0.500"),
        ("3", "DZN", "C62", "36"),
        ("3", None, "C62", "3"),
        ("3", "ZZ", "ZZ", "3"),
        ("90", "MIN", "HUR", "1.5"),
        ("1", "KGM", "LTR", None),
        ("1", "ZZ", "KGM", None),
        ("1", "KGM", "ZZ", None),
    ],
)
def test_units_convert_within_their_kind_only(quantity: str, unit: str | None, to: str, expected: str | None) -> None:
    converted = convert(Decimal(quantity), unit, to)
    assert (None if converted is None else str(converted)) == expected
