"""Lines go to the nodes of departments: in time, whole or in parts, and never back to one that refused them."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from hub.domain.decide import fold
from hub.domain.effects import WorkOrderIssued
from hub.domain.events import CapacityDecided, CapacityGrant, CapacityRequested
from hub.domain.headline import waits_for
from hub.domain.model import LineChange, LineGroup
from hub.domain.policy import Policy
from tests.support.nodes import WEEKDAYS, node
from tests.support.orders import ORDER, Story, line

BREMEN, HAMBURG = node("bremen"), node("hamburg")
SMALL = node("bremen", per_day=2, horizon=2, smallest_part=2)


def shares(story: Story, line_id: str = "1") -> list[tuple[str, Decimal]]:
    return [(each.supplier, each.quantity) for each in story.line(line_id).allocations]


def asked(story: Story, department: str = "production") -> list[tuple[str, str, Decimal]]:
    """What the department's last work order asks for."""
    orders = [each for each in story.sent(WorkOrderIssued) if each.department == department]
    return [(each.line_id, each.node, each.quantity) for each in orders[-1].lines]


def placed(*nodes: Any, **fields: Any) -> Story:
    story = Story(nodes=nodes)
    story.place(line(item_id="MK-1", **fields))
    return story


def test_a_line_goes_to_the_first_node_and_its_work_order_says_which_and_when() -> None:
    story = placed(replace(BREMEN, lead_days=3), HAMBURG)
    order = story.sent(WorkOrderIssued)[0]
    assert [(each.node, each.quantity, each.ready_on) for each in order.lines] == [("bremen", 10, date(2025, 3, 6))]
    assert story.line().allocations[0].ready_on == date(2025, 3, 6)
    assert "line 1: 10 to bremen (production) by rule production-rule, ready 2025-03-06" in story.explained()


def test_goods_that_are_made_are_shipped_from_where_they_were_made() -> None:
    story = placed(BREMEN)
    story.report("production", "accepted")
    story.report("production", "produced", {"1": 4}, node="bremen")
    assert asked(story, "logistics") == [("1", "bremen", Decimal(4))]


def test_a_node_that_would_be_late_is_passed_over_for_one_in_time() -> None:
    slow = replace(BREMEN, lead_days=5)
    story = placed(slow, HAMBURG, requested_delivery=date(2025, 3, 7))
    assert shares(story) == [("hamburg", 10)]
    assert "line 1: bremen passed over, ready 2025-03-10, wanted by 2025-03-07" in story.explained()


def test_a_node_that_would_be_late_is_taken_if_none_is_in_time() -> None:
    story = Story(nodes=[node("mill", "procurement", lead_days=5), node("forge", "procurement", lead_days=6)])
    story.place(line(item_id="BU-1", requested_delivery=date(2025, 3, 7)))
    assert shares(story) == [("mill", 10)]


def test_after_the_cut_off_a_node_begins_on_the_next_working_day() -> None:
    early = replace(BREMEN, calendar=replace(WEEKDAYS, cut_off=time(9)))
    story = placed(early, HAMBURG, requested_delivery=date(2025, 3, 3))
    assert shares(story) == [("hamburg", 10)]


def test_a_node_that_rejects_is_not_asked_again_and_the_next_one_is() -> None:
    story = placed(BREMEN, HAMBURG)
    story.report("production", "accepted")
    story.report("production", "rejected", {"1": 4}, node="bremen", reason="a machine is down")
    assert shares(story) == [("bremen", 6), ("hamburg", 4)]
    assert asked(story) == [("1", "bremen", Decimal(6)), ("1", "hamburg", Decimal(4))]
    assert story.line().rejected_by == ("bremen",)
    story.report("production", "rejected", {"1": 4}, node="hamburg")
    assert shares(story) == [("bremen", 6), ("procurement", 4)]
    story.report("procurement", "rejected")
    assert story.line().unallocated == 4
    assert story.problems() == ["no-candidate"]
    assert story.line().rejected_by == ("bremen", "hamburg", "procurement")


def test_a_department_that_rejects_speaks_for_all_its_nodes() -> None:
    story = placed(BREMEN, HAMBURG)
    story.report("production", "rejected")
    assert shares(story) == [("procurement", 10)]
    assert story.line().rejected_by == ("production",)


def test_a_line_that_is_amended_may_go_back_to_a_node_that_refused_it_as_it_was() -> None:
    story = placed(BREMEN)
    story.report("production", "rejected", node="bremen")
    story.report("procurement", "rejected")
    assert story.line().unallocated == 10
    story.change(1, LineChange("change", "1", line(item_id="MK-1", quantity=8)))
    assert story.line().rejected_by == ()
    assert shares(story) == [("bremen", 8)]


def test_what_is_made_without_naming_a_node_counts_for_the_first_that_lacks_it() -> None:
    story = placed(BREMEN, HAMBURG)
    story.report("production", "accepted")
    story.report("production", "rejected", {"1": 4}, node="bremen")
    story.report("production", "produced", {"1": 7})
    assert [each.made for each in story.line().allocations] == [6, 1]
    story.report("production", "produced")
    assert [each.made for each in story.line().allocations] == [6, 4]
    assert story.order.production.status == "done"


def test_a_node_cannot_have_made_what_it_was_not_given() -> None:
    story = placed(BREMEN, HAMBURG)
    story.report("production", "accepted")
    refused = story.report("production", "produced", {"1": 2}, node="hamburg")
    assert (refused.outcome, refused.code) == ("refused", "not-allocated")


def test_an_operator_sends_a_line_to_a_node_whatever_the_rules_say() -> None:
    story = placed(BREMEN, HAMBURG)
    story.command("reroute", "1:hamburg")
    assert shares(story) == [("hamburg", 10)]
    assert asked(story) == [("1", "hamburg", Decimal(10))]
    assert story.command("reroute", "1:kiel").code == "unknown-department"


def test_an_operator_who_names_nobody_takes_the_line_from_the_node_for_good() -> None:
    story = placed(BREMEN, HAMBURG)
    story.command("reroute", "1")
    assert shares(story) == [("hamburg", 10)]
    assert story.line().rejected_by == ("bremen",)


# --- capacity ----------------------------------------------------------------------------------------


def test_nobody_works_for_a_node_before_it_has_said_that_it_has_the_capacity() -> None:
    story = Story(nodes=[SMALL], nodes_answer=False)
    story.place(line(item_id="MK-1", quantity=3))
    (request,) = story.sent(CapacityRequested)
    assert [(each.line_id, each.quantity, each.firm, each.smallest_part) for each in request.lines] == [("1", 3, 0, 2)]
    assert story.order.production.status == "none"
    assert story.sent(WorkOrderIssued) == []
    assert waits_for(story.order) == ("the capacity of bremen",)
    story.receive(story.ask_node(request))
    assert asked(story) == [("1", "bremen", Decimal(3))]
    assert waits_for(story.order) == ("production (ordered)",)


def test_a_line_is_split_among_nodes_by_their_capacity() -> None:
    story = placed(SMALL, node("hamburg", per_day=100), quantity=10)
    assert shares(story) == [("bremen", 4), ("hamburg", 6)]
    assert asked(story) == [("1", "bremen", Decimal(4)), ("1", "hamburg", Decimal(6))]
    assert "line 1: bremen has no capacity for 6 of 10" in story.explained()
    assert story.order.capacity == ()
    assert len(story.sent(CapacityRequested)) == 2


def test_a_part_is_never_smaller_than_the_node_takes_and_leaves_none_that_is() -> None:
    three = replace(SMALL, smallest_part=Decimal(3))
    assert shares(placed(three, HAMBURG, quantity=6)) == [("bremen", 3), ("hamburg", 3)]
    assert shares(placed(three, HAMBURG, quantity=5)) == [("hamburg", 5)]


def test_a_node_without_a_smallest_part_takes_all_or_nothing() -> None:
    assert shares(placed(replace(SMALL, smallest_part=None), HAMBURG, quantity=5)) == [("hamburg", 5)]


def test_a_line_for_which_no_node_has_capacity_opens_an_exception() -> None:
    story = Story(nodes=[SMALL, node("mill", "procurement", per_day=1, horizon=1)])
    story.place(line(item_id="MK-1", quantity=10))
    assert story.line().unallocated == 6
    assert story.problems() == ["no-candidate"]
    assert story.order.exceptions[0].detail == "No department supplies line 1: rejected by bremen, mill"


def test_an_operator_loads_a_node_beyond_its_capacity_and_it_is_booked() -> None:
    story = placed(SMALL, HAMBURG, quantity=10)
    story.command("reroute", "1:bremen")
    assert shares(story) == [("bremen", 10)]
    assert sum(each.quantity for each in story.loads["bremen"].days) == 10


def test_capacity_is_given_back_when_less_is_wanted_or_the_node_rejects_it() -> None:
    story = placed(SMALL, HAMBURG, quantity=4)
    story.change(1, LineChange("change", "1", line(item_id="MK-1", quantity=3)))
    assert sum(each.quantity for each in story.loads["bremen"].days) == 3
    story.report("production", "rejected", node="bremen")
    assert shares(story) == [("hamburg", 3)]
    assert story.loads["bremen"].days == ()


def test_capacity_is_given_back_when_the_order_is_cancelled() -> None:
    story = placed(SMALL, quantity=4)
    story.cancel()
    assert story.loads["bremen"].days == ()
    assert story.order.capacity == ()


def test_what_is_made_has_had_its_capacity_whatever_becomes_of_it() -> None:
    story = placed(SMALL, quantity=4)
    story.report("production", "accepted")
    story.report("production", "produced", {"1": 4})
    story.report("logistics", "accepted")
    story.cancel()
    story.report("logistics", "shipped", {"1": 3})
    assert shares(story) == [("bremen", 3)]
    assert len(story.sent(CapacityRequested)) == 1
    assert sum(each.quantity for each in story.loads["bremen"].days) == 4


def test_what_is_made_and_shipped_while_it_is_given_back_is_not_asked_for_again() -> None:
    story = Story(nodes=[SMALL], nodes_answer=False)
    story.place(line(item_id="MK-1", quantity=4))
    story.receive(story.ask_node(story.sent(CapacityRequested)[-1]))
    story.report("production", "accepted")
    story.report("production", "produced", {"1": 2})
    story.report("logistics", "accepted")
    story.cancel()
    story.report("logistics", "shipped", {"1": 2})
    story.receive(story.ask_node(story.sent(CapacityRequested)[-1]))
    assert shares(story) == [("bremen", 2)]
    assert len(story.sent(CapacityRequested)) == 2
    assert story.loads["bremen"].days == ()


def test_a_line_that_is_wanted_again_after_it_was_made_and_withdrawn_is_asked_for_once() -> None:
    story = placed(SMALL, quantity=4)
    story.report("production", "accepted")
    story.report("production", "produced", {"1": 4})
    story.change(1, LineChange("change", "1", line(item_id="MK-1", quantity=1)))
    story.change(2, LineChange("change", "1", line(item_id="MK-1", quantity=4)))
    assert shares(story) == [("bremen", 4)]
    assert story.line().allocations[0].awaiting == 0
    assert len(story.sent(CapacityRequested)) == 2
    assert sum(each.quantity for each in story.loads["bremen"].days) == 4


def test_an_answer_to_a_question_that_was_replaced_is_ignored() -> None:
    story = Story(nodes=[SMALL], nodes_answer=False)
    story.place(line(item_id="MK-1", quantity=3))
    (first,) = story.sent(CapacityRequested)
    answer = story.ask_node(first)
    story.change(1, LineChange("change", "1", line(item_id="MK-1", quantity=4)))
    assert story.receive(answer).code == "superseded"
    assert story.order.production.status == "none"
    story.receive(story.ask_node(story.sent(CapacityRequested)[-1]))
    assert asked(story) == [("1", "bremen", Decimal(4))]


def test_a_node_whose_capacity_is_in_another_unit_is_passed_over() -> None:
    story = Story(nodes=[SMALL, HAMBURG])
    story.place(line(item_id="MK-1", quantity=3, unit="KGM"))
    assert shares(story) == [("hamburg", 3)]
    assert "line 1: bremen passed over, its capacity is in C62, which KGM does not convert to" in story.explained()


def test_work_a_node_was_not_given_yet_is_not_charged_for_when_it_is_cancelled() -> None:
    story = Story(Policy(cancellation_charges={"production": Decimal(40)}), nodes=[SMALL], nodes_answer=False)
    story.place(line("1", "MK-1", 3), line("2", "MK-2", 3))
    (request,) = story.sent(CapacityRequested)
    story.receive(
        CapacityDecided(
            order_id=ORDER,
            node="bremen",
            request_id=request.event_id,
            lines=(CapacityGrant("1", Decimal(3), None), CapacityGrant("2", Decimal(3), None)),
            **story.head(),
        )
    )
    story.report("production", "accepted")
    story.report("production", "produced", {"1": 1})
    story.change(1, LineChange("change", "2", line("2", "MK-2", 5)))
    assert story.line("2").allocations[0].awaiting == 2
    story.cancel()
    fees = [fee for bill in story.order.bills for fee in bill.fees]
    assert [(fee.line_id, fee.quantity) for fee in fees] == [("1", 3), ("2", 3)]


# --- groups ------------------------------------------------------------------------------------------

KIT = LineGroup("kit", "shipped")
PARTY = LineGroup("party", "delivered")


def grouped(group: LineGroup, *nodes: Any, **fields: Any) -> Story:
    story = Story(nodes=nodes, **fields)
    story.place(line("1", "MK-1", 4, group=group), line("2", "MK-2", 4, group=group), line("3", "ST-3", 4))
    story.report("production", "accepted")
    return story


@pytest.mark.parametrize("group", [KIT, PARTY])
def test_what_is_ready_of_a_group_is_not_asked_for_before_the_rest_is(group: LineGroup) -> None:
    story = grouped(group)
    story.report("production", "produced", {"1": 4})
    assert asked(story, "logistics") == [("3", "", Decimal(4))]
    story.report("production", "produced", {"2": 4})
    order = story.sent(WorkOrderIssued)[-1]
    assert [(each.line_id, each.quantity, each.group) for each in order.lines] == [
        ("1", 4, group),
        ("2", 4, group),
        ("3", 4, None),
    ]


def test_a_group_goes_when_what_it_waited_for_is_cancelled() -> None:
    story = grouped(KIT)
    story.report("production", "produced", {"1": 4})
    story.change(1, LineChange("delete", "2"))
    assert asked(story, "logistics") == [("1", "", Decimal(4)), ("3", "", Decimal(4))]


def test_shipping_all_that_is_ready_leaves_a_group_that_is_not() -> None:
    story = grouped(KIT)
    story.report("production", "produced", {"1": 4})
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    assert [each.shipped for each in story.order.lines] == [0, 0, 4]


def test_a_part_of_a_group_that_left_all_the_same_is_a_fact_and_an_exception() -> None:
    story = grouped(KIT)
    story.report("production", "produced", {"1": 4})
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 4})
    assert story.line("1").shipped == 4
    assert [(each.kind, each.subject) for each in story.order.exceptions] == [("group-parted", "kit")]
    assert story.headline == "partly-shipped"


def test_a_partial_kit_is_not_shown_as_delivered() -> None:
    story = Story()
    story.place(line("1", "ST-1", 1, group=KIT), line("2", "ST-2", 1, group=KIT))
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    story.report("logistics", "delivered", {"1": 1})
    assert story.headline == "partly-delivered"
    assert "delivered" not in story.told()
    assert story.order.settlement_id == ""


def test_lines_to_be_shipped_together_come_from_one_node_and_move_together() -> None:
    story = grouped(KIT, BREMEN, HAMBURG)
    assert shares(story, "1") == shares(story, "2") == [("bremen", 4)]
    story.report("production", "rejected", {"2": 4}, node="bremen")
    assert shares(story, "1") == shares(story, "2") == [("hamburg", 4)]
    assert asked(story) == [("1", "hamburg", Decimal(4)), ("2", "hamburg", Decimal(4))]


def test_lines_to_be_delivered_together_may_come_from_different_nodes() -> None:
    story = grouped(PARTY, BREMEN, HAMBURG)
    story.report("production", "rejected", {"2": 4}, node="bremen")
    assert (shares(story, "1"), shares(story, "2")) == ([("bremen", 4)], [("hamburg", 4)])


def test_a_node_that_has_capacity_for_a_part_of_a_group_gets_none_of_it() -> None:
    story = Story(nodes=[node("bremen", per_day=3, horizon=2, smallest_part=2), HAMBURG])
    story.place(line("1", "MK-1", 4, group=KIT), line("2", "MK-2", 4, group=KIT))
    assert shares(story, "1") == shares(story, "2") == [("hamburg", 4)]
    assert story.loads["bremen"].days == ()


def test_decisions_about_nodes_are_the_same_when_they_are_made_again() -> None:
    story = placed(SMALL, node("hamburg", per_day=100), quantity=10)
    story.report("production", "accepted")
    story.report("production", "rejected", {"1": 2}, node="hamburg")
    assert fold(story.journal, story.context()) == story.state
