"""Amendments and cancellations before, during and after the work."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace

from hub.domain.effects import CustomerNotified, ExceptionRaised, SettlementRecorded, WorkOrderIssued
from hub.domain.holds import HoldRule
from hub.domain.ledger import wanted
from hub.domain.model import Address, LineChange, OrderLine
from hub.domain.policy import ChangePoint, Policy
from tests.support.orders import ADDRESS, Story, line, made_order_in_work, stock_order_in_work


def add(new: OrderLine) -> LineChange:
    return LineChange("add", new.line_id, new)


def change(new: OrderLine) -> LineChange:
    return LineChange("change", new.line_id, new)


def delete(line_id: str) -> LineChange:
    return LineChange("delete", line_id)


def last_work(story: Story) -> tuple[str, str, dict[str, str]]:
    issued = story.sent(WorkOrderIssued)[-1]
    return issued.department, issued.action, {each.line_id: str(each.quantity) for each in issued.lines}


def test_a_larger_quantity_waits_for_its_credit_and_is_then_given_to_the_department() -> None:
    story = stock_order_in_work(limit="119.00")
    story.change(1, change(line(quantity=15)))
    assert story.headline == "credit-hold"
    assert (story.line().unallocated, last_work(story)[2]) == (5, {"1": "10"})
    story.customer(limit="178.50")
    story.command("release-hold")
    assert last_work(story) == ("logistics", "change", {"1": "15"})
    assert story.requests[-1].amount == Decimal("178.50")
    assert story.order.revision == 1


def test_units_that_wait_for_their_credit_are_not_given_away_because_others_were_rejected() -> None:
    story = made_order_in_work(limit="119.00")
    story.change(1, change(line(item_id="MK-1", quantity=15)))
    assert story.headline == "credit-hold"
    story.report("production", "rejected")
    assert (story.line().unallocated, story.line().allocations) == (15, ())
    story.customer(limit="178.50")
    story.command("release-hold")
    assert last_work(story) == ("procurement", "create", {"1": "15"})


def test_a_smaller_quantity_is_taken_back_at_once_and_frees_its_credit() -> None:
    story = made_order_in_work()
    story.change(1, change(line(item_id="MK-1", quantity=7)))
    assert last_work(story) == ("production", "change", {"1": "7"})
    assert story.account is not None
    assert story.account.reserved == Decimal("83.30")


def test_a_quantity_cannot_go_below_what_is_shipped_and_the_customer_is_told() -> None:
    story = stock_order_in_work()
    story.report("logistics", "shipped", {"1": 6})
    story.change(1, change(line(quantity=2)))
    assert story.line().line.quantity == 6
    assert "line 1 stays at 6 C62" in story.sent(CustomerNotified)[-1].text
    story.report("logistics", "delivered", {"1": 6})
    assert story.headline == "settled"


def test_a_line_can_be_added_and_another_deleted_in_one_revision() -> None:
    story = made_order_in_work()
    story.change(1, add(line("2", "ST-1", 3)), delete("1"))
    actions = [(each.department, each.action) for each in story.sent(WorkOrderIssued)]
    assert actions == [("production", "create"), ("production", "cancel"), ("logistics", "create")]
    assert story.line("1").cancelled == 10
    assert story.account is not None
    assert story.account.reserved == Decimal("35.70")


def test_adding_a_line_tells_only_the_department_that_supplies_it() -> None:
    story = made_order_in_work()
    story.change(1, add(line("2", "ST-1", 3)))
    actions = [(each.department, each.action) for each in story.sent(WorkOrderIssued)]
    assert actions == [("production", "create"), ("logistics", "create")]


def test_work_is_done_when_what_is_left_of_it_is_made() -> None:
    story = made_order_in_work()
    story.report("production", "produced", {"1": 4})
    assert story.order.production.status == "started"
    story.change(1, change(line(item_id="MK-1", quantity=4)))
    assert story.order.production.status == "done"


def test_an_amended_order_may_have_as_many_lines_as_a_new_one() -> None:
    story = stock_order_in_work(policy=Policy(max_lines=2))
    assert story.change(1, add(line("2"))).outcome == "applied"
    assert story.change(2, add(line("3"))).code == "too-many-lines"


def test_deleting_every_line_cancels_the_order() -> None:
    story = made_order_in_work()
    story.change(1, delete("1"))
    assert story.headline == "cancelled"
    assert story.account is not None
    assert story.account.reserved == 0


def test_deleting_the_last_open_line_settles_what_was_delivered() -> None:
    story = Story()
    story.place(line("1"), line("2"))
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 10})
    story.report("logistics", "delivered", {"1": 10})
    story.change(1, delete("2"))
    (settlement,) = story.sent(SettlementRecorded)
    assert settlement.tax_exclusive == 100
    assert [(each.line_id, each.kind, each.quantity) for each in settlement.differences] == [("2", "cancelled", 10)]


def test_an_amendment_before_the_confirmation_is_credited_and_confirmed_anew() -> None:
    story = Story(Policy(confirmation="required"))
    story.place()
    story.change(1, change(line(quantity=5)))
    assert story.told() == ["received", "confirmation-requested", "changed", "confirmation-requested"]
    story.confirm()
    assert last_work(story) == ("logistics", "create", {"1": "5"})


def test_the_answer_to_the_request_before_the_amendment_is_ignored() -> None:
    story = Story(credit_answers=False)
    story.place()
    story.change(1, change(line(quantity=500)))
    old, new = (story.answer(request) for request in story.requests)
    assert old is not None
    assert new is not None
    assert story.receive(old).code == "superseded"
    assert story.headline == "credit-check"
    story.receive(new)
    assert (story.headline, story.order.reserved) == ("confirmed", Decimal(5950))


def test_revisions_are_taken_in_their_order_however_they_come() -> None:
    story = made_order_in_work()
    assert story.change(2, change(line(item_id="MK-1", quantity=3))).code == "revision-gap"
    story.change(1, change(line(item_id="MK-1", quantity=20)))
    assert (story.order.revision, story.line().line.quantity) == (2, 3)
    assert story.change(2, delete("1")).code == "revision-over"


def test_once_an_order_is_settled_nothing_but_what_it_costs_can_change() -> None:
    story = stock_order_in_work()
    story.change(1, change(line(price=Decimal(9))))
    story.report("logistics", "shipped")
    story.report("logistics", "delivered")
    assert story.sent(SettlementRecorded)[0].tax_exclusive == 90
    for refused in (delete("1"), change(line(quantity=9)), change(line(item_id="ST-2")), change(line(unit="KGM"))):
        assert story.change(2, refused).code == "already-delivered"
    assert story.change(2, change(line(price=Decimal(8)))).outcome == "applied"


def test_a_new_wanted_date_reaches_the_departments() -> None:
    story = made_order_in_work()
    wanted = story.now.date()
    story.change(1, change(line(item_id="MK-1", requested_delivery=wanted)))
    issued = story.sent(WorkOrderIssued)[-1]
    assert (issued.action, issued.lines[0].requested_delivery) == ("change", wanted)


ELSEWHERE = Address("Weserland", "Bund 1", "Shanghai", "200002", "CN")


def told(story: Story) -> str:
    return story.sent(CustomerNotified)[-1].text


def addresses(story: Story) -> list[tuple[str, str, Address | None]]:
    return [(each.department, each.action, each.deliver_to) for each in story.sent(WorkOrderIssued)]


def test_what_is_not_on_its_way_goes_to_another_address_and_is_classified_by_it() -> None:
    story = Story()
    story.place(line("1"), line("2", "MK-1"))
    story.report("logistics", "accepted")
    story.change(1, deliver_to=ELSEWHERE)
    assert told(story).endswith("has been changed: it goes to Weserland, Bund 1, 200002 Shanghai.")
    assert addresses(story)[2:] == [("logistics", "change", ELSEWHERE)], "production has nothing to do with it"
    assert (story.order.region, story.order.revision, story.headline) == ("world", 1, "confirmed")
    story.report("logistics", "shipped", {"1": 4})
    story.change(2, change(line("1", quantity=9)), deliver_to=ADDRESS)
    assert "line 1 is now 9 C62; what is not on its way yet goes to Weserland, Hafenstrasse 12" in told(story)
    assert addresses(story)[3:] == [("logistics", "change", ADDRESS)], "once, with both changes"


def test_an_address_stays_when_everything_is_on_its_way_or_logistics_has_fixed_it() -> None:
    story = stock_order_in_work()
    story.report("logistics", "shipped")
    fixed = stock_order_in_work(policy=Policy(changeable_until={"logistics": "accepted"}))
    for each in (story, fixed):
        issued = len(addresses(each))
        each.change(1, deliver_to=ELSEWHERE)
        assert each.order.terms is not None
        assert (each.order.terms.deliver_to, len(addresses(each))) == (ADDRESS, issued)
        assert told(each).endswith("has been changed: the delivery address cannot be changed any more.")


def test_another_date_for_the_whole_order_reaches_every_department_at_work() -> None:
    story = Story()
    story.place(line("1"), line("2", "MK-1"), line("3", "BU-1"))
    story.report("procurement", "accepted")
    story.report("procurement", "received")
    issued = len(addresses(story))
    story.change(1, requested_delivery=date(2025, 3, 20))
    due = {each.department: each.due for each in story.sent(WorkOrderIssued)[issued:]}
    assert due == {"production": date(2025, 3, 20), "logistics": date(2025, 3, 20)}, "procurement is done"
    assert told(story).endswith("has been changed: it is wanted by 2025-03-20.")


def test_terms_that_are_sent_again_as_they_are_change_nothing_and_are_not_told() -> None:
    story = stock_order_in_work()
    before = story.told()
    issued = len(addresses(story))
    story.change(1, deliver_to=ADDRESS)
    assert (story.order.revision, story.told(), len(addresses(story))) == (1, before, issued)
    story.report("logistics", "shipped")
    story.report("logistics", "delivered")
    assert story.change(2, deliver_to=ELSEWHERE).code == "already-delivered"
    assert story.change(2, change(line(price=Decimal(9))), deliver_to=ADDRESS).outcome == "applied"


def test_a_change_in_another_currency_than_the_order_s_is_refused() -> None:
    story = stock_order_in_work()
    before = story.order
    refused = story.change(1, change(line(quantity=9)), currency="USD")
    assert (refused.code, story.order.lines, story.order.revision) == ("currency-changed", before.lines, 0)
    assert story.change(1, change(line(quantity=9)), currency="EUR").outcome == "applied"
    assert story.change(2, change(line(quantity=8))).outcome == "applied"


def test_an_address_nowhere_is_refused() -> None:
    story = stock_order_in_work()
    assert story.change(1, deliver_to=replace(ELSEWHERE, country="XX")).code == "unknown-country"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ((), "no-changes"),
        ((delete("7"),), "unknown-line"),
        ((change(line("7")),), "unknown-line"),
        ((add(line("1")),), "line-id-repeated"),
        ((LineChange("change", "1"),), "line-missing"),
        ((LineChange("add", "2", line("3")),), "line-missing"),
        ((change(line(quantity=-5)),), "quantity-not-positive"),
        ((change(line(quantity="NaN")),), "quantity-not-positive"),
        ((change(line(item_id="BU-1")),), "item-changed"),
        ((change(line(unit="KGM")),), "item-changed"),
        ((add(line("2", vat_category="O", vat_rate=Decimal(0))),), "vat-mixed"),
        ((add(line("2", quantity=999_999_999_999, price=Decimal(10**11))),), "line-too-large"),
        ((add(line("2")), delete("9")), "unknown-line"),
    ],
)
def test_an_amendment_that_makes_no_sense_is_refused_as_a_whole(changes: tuple[LineChange, ...], code: str) -> None:
    story = stock_order_in_work()
    before = story.order
    decision = story.change(1, *changes)
    assert (decision.outcome, decision.code) == ("refused", code)
    assert story.order == before


def test_cancelling_before_the_work_releases_everything() -> None:
    story = Story(Policy(confirmation="required"))
    story.place()
    story.cancel("found it cheaper")
    assert story.headline == "cancelled"
    assert "found it cheaper" in story.sent(CustomerNotified)[-1].text
    assert [request.action for request in story.requests] == ["reserve", "release"]
    assert story.order.confirm_due is None


def test_cancelling_during_the_work_cancels_the_work_orders() -> None:
    story = Story()
    story.place(line("1", "MK-1"), line("2", "ST-1"))
    story.cancel()
    actions = [(each.department, each.action) for each in story.sent(WorkOrderIssued)]
    assert actions[2:] == [("production", "cancel"), ("logistics", "cancel")]
    assert story.order.production.status == "cancelled"


def test_cancelling_while_credit_is_being_checked_leaves_nothing_reserved() -> None:
    story = Story(credit_answers=False)
    story.place()
    story.cancel()
    answers = [story.answer(request) for request in story.requests]
    assert answers[0] is not None
    assert (story.order.credit, story.order.credit_request, story.order.credit_due) == ("released", None, None)
    assert story.receive(answers[0]).outcome == "ignored"
    assert story.account is not None
    assert story.account.reserved == 0


def test_ship_two_of_three_and_cancel_the_rest_settles_two() -> None:
    story = Story()
    story.place(line(quantity=3))
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 2})
    story.cancel()
    assert (story.line().cancelled, last_work(story)) == (1, ("logistics", "change", {"1": "2"}))
    story.report("logistics", "delivered", {"1": 2})
    (settlement,) = story.sent(SettlementRecorded)
    assert settlement.tax_exclusive == 20
    assert [(each.kind, each.quantity) for each in settlement.differences] == [("cancelled", 1)]
    assert story.account is not None
    assert (story.account.reserved, story.account.receivable) == (0, Decimal("23.80"))


def test_a_partial_cancellation_takes_units_not_yet_made_before_those_that_are() -> None:
    story = made_order_in_work()
    story.report("production", "produced", {"1": 6})
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 4})
    story.change(1, change(line(item_id="MK-1", quantity=7)))
    assert story.line().allocations[0].quantity == 7
    assert [each.department for each in story.sent(WorkOrderIssued)][-1] == "production", "6 made: 1 is still to come"
    story.change(2, change(line(item_id="MK-1", quantity=5)))
    assert [each.department for each in story.sent(WorkOrderIssued)][-2:] == ["production", "logistics"]
    assert story.line().shipped == 4, "what is on its way is not taken back"


def test_cancelling_when_everything_is_on_its_way_changes_nothing_and_says_so() -> None:
    story = stock_order_in_work()
    story.report("logistics", "shipped")
    decision = story.cancel()
    assert story.headline == "shipped"
    assert story.told()[-1] == "refused"
    assert decision.explanations
    story.report("logistics", "delivered")
    assert story.headline == "settled"
    assert story.cancel().code == "already-delivered"


def test_goods_shipped_although_cancelled_are_settled_all_the_same() -> None:
    story = stock_order_in_work()
    story.cancel()
    story.report("logistics", "shipped", {"1": 4})
    assert (story.headline, story.line().cancelled, story.problems()) == ("shipped", 6, ["moved-after-cancel"])
    story.report("logistics", "delivered", {"1": 4})
    assert story.sent(SettlementRecorded)[0].tax_exclusive == 40
    assert story.account is not None
    assert (story.account.reserved, story.account.receivable) == (0, Decimal("47.60"))


@pytest.mark.parametrize(("limit", "reserved", "problems"), [("119", 119, 1), ("118", 0, 2)])
def test_an_order_that_is_opened_again_has_its_credit_checked_again(limit: str, reserved: int, problems: int) -> None:
    story = stock_order_in_work()
    story.cancel()
    story.customer(limit=limit)
    story.report("logistics", "shipped", {"1": 10})
    assert (story.order.commercial, story.order.reserved) == ("confirmed", reserved)
    assert story.problems() == ["moved-after-cancel", "credit-refused"][:problems]
    story.report("logistics", "delivered")
    assert story.headline == "settled"


def test_a_cancelled_order_that_was_paid_is_to_be_refunded() -> None:
    story = stock_order_in_work()
    story.pay(50)
    story.cancel()
    assert story.problems() == ["refund-due"]
    story.command("resolve", "refund-due")
    story.pay(10)
    assert story.problems() == ["refund-due"]
    assert story.order.exceptions[0].detail == "60 EUR were paid for a cancelled order"


def test_cancelling_closes_the_exceptions_of_the_order() -> None:
    story = made_order_in_work()
    story.report("production", "problem")
    story.cancel()
    assert story.problems() == []
    assert [each.action for each in story.sent(ExceptionRaised)] == ["opened", "closed"]


def test_an_operator_cancels_as_the_buyer_does_but_not_what_is_over() -> None:
    story = stock_order_in_work()
    story.command("cancel")
    assert story.headline == "cancelled"
    assert story.command("cancel").code == "order-over"
    assert story.cancel().outcome == "ignored"
    assert story.change(1, delete("1")).code == "order-cancelled"


def test_an_operator_who_cancels_what_is_on_its_way_is_told_and_the_customer_is_not() -> None:
    story = stock_order_in_work()
    story.report("logistics", "shipped")
    told = story.told()
    assert story.command("cancel").code == "nothing-to-cancel"
    assert story.told() == told, "the customer asked for nothing"


def test_an_operator_does_not_give_away_what_waits_for_its_credit_or_for_the_end_of_a_hold() -> None:
    story = made_order_in_work(limit="200")
    story.change(1, change(line(item_id="MK-1", quantity=50)))
    assert (story.headline, story.line().unallocated) == ("credit-hold", 40)
    story.command("reroute", "1:procurement")
    moved = [(each.department, each.quantity) for each in story.line().allocations]
    assert (moved, story.line().unallocated) == ([("procurement", 10)], 40)
    again = story.command("reroute", "1:procurement")
    assert (again.code, "the credit is refused" in again.detail) == ("nothing-to-reroute", True)

    story = Story(policy=Policy(holds={"review": HoldRule(blocks=("allocate",))}), credit_answers=False)
    story.place(line(item_id="MK-1"))
    story.command("hold", "review:1")
    answer = story.answer(story.requests[-1])
    assert answer is not None
    story.receive(answer)
    again = story.command("reroute", "1:procurement")
    assert (again.code, "held by review:1" in again.detail) == ("nothing-to-reroute", True)


@pytest.mark.parametrize(
    ("command", "target", "code"),
    [
        ("release-hold", "", "no-hold"),
        ("override-credit", "", "no-hold"),
        ("reroute", "9", "unknown-line"),
        ("reroute", "1:sales", "unknown-department"),
        ("reroute", "1:logistics", "nothing-to-reroute"),
        ("assign", "stalled", "no-such-exception"),
        ("resolve", "", "no-such-exception"),
        ("close-short", "9", "unknown-line"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(command: str, target: str, code: str) -> None:
    story = stock_order_in_work()
    decision = story.command(command, target)
    assert (decision.outcome, decision.code) == ("refused", code)


def test_a_command_names_who_gives_it() -> None:
    story = stock_order_in_work()
    assert story.command("cancel", owner="").code == "owner-missing"
    assert "ines commanded cancel" in story.command("cancel").explanations[-1]


def test_closing_short_an_order_of_which_nothing_came_cancels_it() -> None:
    story = made_order_in_work()
    story.command("close-short")
    assert story.headline == "cancelled"
    assert story.command("close-short").code == "not-in-work"


def test_goods_lost_on_the_way_can_be_closed_short_and_count_if_they_turn_up() -> None:
    story = Story()
    story.place(line("1"), line("2"))
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    story.report("logistics", "delivered", {"1": 8})
    story.command("close-short", "1")
    assert story.command("close-short", "1").code == "nothing-to-close"
    assert (story.line("1").short, story.headline) == (2, "partly-delivered")
    assert story.order.reserved == Decimal("214.20")
    story.report("logistics", "delivered", {"1": 1, "2": 10})
    assert (story.line("1").short, story.headline) == (1, "settled")
    assert story.sent(SettlementRecorded)[0].tax_exclusive == 190


def test_goods_given_up_as_lost_that_arrive_are_settled_all_the_same() -> None:
    story = stock_order_in_work()
    story.report("logistics", "shipped")
    story.command("close-short")
    assert story.headline == "cancelled"
    story.report("logistics", "delivered", {"1": 10})
    assert (story.headline, story.problems()) == ("settled", ["moved-after-cancel"])
    assert story.sent(SettlementRecorded)[0].tax_exclusive == 100


def test_cancelling_and_shipping_settle_the_same_whichever_is_first() -> None:
    settled = []
    for first in ("cancel", "ship"):
        story = stock_order_in_work()
        if first == "cancel":
            story.cancel()
        story.report("logistics", "shipped", {"1": 4})
        if first == "ship":
            story.cancel()
        story.report("logistics", "delivered", {"1": 4})
        (settlement,) = story.sent(SettlementRecorded)
        assert story.account is not None
        settled.append((settlement.payable, settlement.differences, story.account.reserved, story.account.receivable))
    assert settled[0] == settled[1]


@pytest.mark.parametrize(
    ("point", "reached", "left"),
    [
        ("accepted", "ordered", 4),
        ("accepted", "accepted", 10),
        ("accepted", "scheduled", 10),
        ("accepted", "started", 10),
        ("scheduled", "accepted", 4),
        ("scheduled", "scheduled", 10),
        ("started", "scheduled", 4),
        ("started", "started", 10),
        ("made", "started", 4),
    ],
)
def test_what_a_department_has_can_be_changed_until_the_point_the_policy_declares(
    point: ChangePoint, reached: str, left: int
) -> None:
    story = Story(Policy(changeable_until={"production": point}))
    story.place(line(item_id="MK-1"))
    steps = {"accepted": {}, "scheduled": {}, "started": {"1": 2}}
    for kind, quantities in list(steps.items())[: ["ordered", *steps].index(reached)]:
        story.report("production", "produced" if kind == "started" else kind, quantities)  # type: ignore[arg-type]
    story.change(1, change(line(item_id="MK-1", quantity=4)))
    assert story.line().line.quantity == left
    told = story.sent(CustomerNotified)[-1].text
    assert ("line 1 stays at 10 C62, which cannot be changed any more" in told) == (left == 10)


def test_cancelling_leaves_what_a_department_cannot_give_up_any_more_and_says_so() -> None:
    story = Story(Policy(changeable_until={"production": "started"}))
    story.place(line("1", "MK-1"), line("2", "BU-1"))
    story.report("production", "accepted")
    story.report("procurement", "accepted")
    story.report("production", "produced", {"1": 1})
    story.cancel()
    assert (story.line("1").cancelled, story.line("2").cancelled, story.order.commercial) == (0, 10, "confirmed")
    assert "what could still be cancelled is, as you asked" in story.sent(CustomerNotified)[-1].text
    story.cancel()
    assert "work on the rest has gone too far" in story.sent(CustomerNotified)[-1].text
    story.command("cancel")
    assert story.headline == "cancelled", "an operator reaches further"


def test_goods_that_logistics_has_fixed_stay_though_they_were_made_elsewhere() -> None:
    story = Story(Policy(changeable_until={"logistics": "accepted"}))
    story.place(line(item_id="MK-1"))
    story.report("production", "accepted")
    story.report("production", "produced", {"1": 4})
    story.report("logistics", "accepted")
    story.cancel()
    assert (story.line().cancelled, wanted(story.line())) == (6, 4)


def test_a_department_that_refuses_a_smaller_quantity_keeps_it_and_the_order_returns_to_it() -> None:
    story = made_order_in_work()
    story.change(1, change(line(item_id="MK-1", quantity=4)))
    story.report("production", "change-rejected", {"1": 5}, reason="already cut")
    assert (story.line().line.quantity, last_work(story)) == (9, ("production", "change", {"1": "9"}))
    assert (story.order.reserved, story.problems()) == (Decimal("107.10"), ["change-rejected"])
    assert "5 C62 of line 1 cannot be taken back any more" in story.sent(CustomerNotified)[-1].text
    story.report("production", "change-rejected", {"1": 5})
    assert story.line().line.quantity == 10, "no more comes back than was taken"
    again = story.report("production", "change-rejected", reason="no later date either")
    assert (again.outcome, story.line().line.quantity) == ("applied", 10)
    assert story.sent(CustomerNotified)[-1].text.endswith(": it cannot be changed any more.")


def test_a_department_that_refuses_a_cancellation_opens_the_order_again() -> None:
    story = made_order_in_work()
    story.cancel()
    assert (story.headline, story.order.reserved) == ("cancelled", 0)
    story.report("production", "change-rejected", reason="it is on the machine")
    assert (story.order.commercial, story.order.production.status) == ("confirmed", "started")
    assert (story.line().cancelled, story.order.reserved) == (0, Decimal("119.00"))
    assert last_work(story) == ("production", "change", {"1": "10"})
    assert story.problems() == ["change-rejected"]
    story.report("production", "produced")
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    story.report("logistics", "delivered")
    assert (story.headline, story.order.payable) == ("settled", Decimal("119.00"))


def test_cancelled_work_that_goes_on_after_all_is_not_charged_for() -> None:
    story = Story(Policy(cancellation_charges={"production": Decimal(50)}))
    story.place(line("1", "MK-1"), line("2", "MK-2"))
    story.report("production", "accepted")
    story.report("production", "produced", {"1": 1})
    story.cancel()
    assert story.order.payable == Decimal("119.00"), "half of what was started"
    story.report("production", "change-rejected", {"2": 10})
    assert story.order.payable == Decimal("59.50")


def test_what_was_shipped_although_cancelled_is_not_put_back_once_more() -> None:
    story = stock_order_in_work()
    story.cancel()
    story.report("logistics", "shipped", {"1": 4})
    story.report("logistics", "change-rejected")
    assert (story.line().line.quantity, story.line().cancelled, wanted(story.line())) == (10, 0, 10)


def test_ordering_again_what_was_given_up_leaves_nothing_to_refuse() -> None:
    story = made_order_in_work()
    story.change(1, change(line(item_id="MK-1", quantity=4)))
    story.change(2, change(line(item_id="MK-1", quantity=10)))
    story.report("production", "change-rejected", {"1": 6})
    assert story.line().line.quantity == 10


def test_a_change_cannot_be_refused_when_everything_is_settled() -> None:
    story = stock_order_in_work()
    story.change(1, change(line(quantity=4)))
    story.report("logistics", "shipped")
    story.report("logistics", "delivered")
    refused = story.report("logistics", "change-rejected", {"1": 6})
    assert (refused.outcome, refused.code) == ("refused", "order-over")
