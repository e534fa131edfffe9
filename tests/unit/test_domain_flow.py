"""The way of an order from its placement to its settlement."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from hub.domain.effects import CustomerNotified, ExceptionRaised, SettlementRecorded, WorkOrderIssued
from hub.domain.events import CreditRequested, StatusKind
from hub.domain.headline import waits_for
from hub.domain.model import LineChange
from hub.domain.policy import Policy
from tests.support.orders import ORDER, START, Story, line, made_order_in_work, stock_order_in_work


def work_orders(story: Story) -> list[tuple[str, str, int, dict[str, str]]]:
    return [
        (issued.department, issued.action, issued.revision, {each.line_id: str(each.quantity) for each in issued.lines})
        for issued in story.sent(WorkOrderIssued)
    ]


def test_a_placed_order_asks_for_credit_in_its_full_value_with_vat() -> None:
    story = Story(credit_answers=False)
    decision = story.place(line("1", quantity=3), line("2", quantity=1, vat_rate=Decimal(7)))
    assert decision.outcome == "applied"
    (request,) = story.sent(CreditRequested)
    assert (request.action, request.amount, request.currency) == ("reserve", Decimal("46.40"), "EUR")
    assert story.headline == "credit-check"


def test_granted_credit_confirms_and_gives_each_line_to_its_department() -> None:
    story = Story()
    story.place(line("1", "MK-1", 4), line("2", "BU-1", 5), line("3", "ST-1", 6))
    assert story.headline == "confirmed"
    assert work_orders(story) == [
        ("production", "create", 1, {"1": "4"}),
        ("procurement", "create", 1, {"2": "5"}),
        ("logistics", "create", 1, {"3": "6"}),
    ]
    assert story.told() == ["received", "confirmed"]


def test_what_is_produced_or_received_is_added_to_what_logistics_shall_ship() -> None:
    story = Story()
    story.place(line("1", "MK-1", 4), line("2", "BU-1", 5), line("3", "ST-1", 6))
    for department in ("production", "procurement", "logistics"):
        story.report(department, "accepted")
    story.report("production", "produced", {"1": 3})
    story.report("procurement", "received", {"2": 5})
    story.report("production", "produced", {"1": 1})
    assert work_orders(story)[3:] == [
        ("logistics", "change", 2, {"1": "3", "3": "6"}),
        ("logistics", "change", 3, {"1": "3", "2": "5", "3": "6"}),
        ("logistics", "change", 4, {"1": "4", "2": "5", "3": "6"}),
    ]
    assert story.order.production.status == "done"
    assert story.order.procurement.status == "done"
    assert story.order.logistics.status == "accepted"
    assert story.headline == "in-work"


def test_the_headline_follows_the_goods() -> None:
    story = stock_order_in_work()
    seen = [story.headline]
    reports: tuple[tuple[StatusKind, int], ...] = (("shipped", 4), ("shipped", 6), ("delivered", 4), ("delivered", 6))
    for kind, quantity in reports:
        story.report("logistics", kind, {"1": quantity})
        seen.append(story.headline)
    story.pay("119.00")
    seen.append(story.headline)
    assert seen == ["confirmed", "partly-shipped", "shipped", "partly-delivered", "settled", "closed"]


def test_the_last_delivery_settles_and_moves_the_reservation_to_the_receivables() -> None:
    story = stock_order_in_work()
    story.report("logistics", "shipped", {"1": 10})
    decision = story.report("logistics", "delivered", {"1": 10})
    (settlement,) = story.sent(SettlementRecorded, decision.effects)
    assert (settlement.tax_exclusive, settlement.tax_total, settlement.payable) == (
        Decimal("100.00"),
        Decimal("19.00"),
        Decimal("119.00"),
    )
    assert settlement.differences == ()
    assert [request.action for request in story.requests] == ["reserve", "settle"]
    assert story.account is not None
    assert (story.account.reserved, story.account.receivable) == (Decimal(0), Decimal("119.00"))
    assert story.told()[-2:] == ["delivered", "settled"]


def test_a_settlement_names_the_reports_its_quantities_came_from() -> None:
    story = stock_order_in_work()
    story.report("logistics", "shipped", {"1": 10})
    first = story.status("logistics", "delivered", {"1": 4})
    second = story.status("logistics", "delivered", {"1": 6})
    story.receive(first)
    story.receive(second)
    (settlement,) = story.sent(SettlementRecorded)
    assert settlement.lines[0].event_ids == (first.event_id, second.event_id)


def test_the_discount_on_the_order_is_settled_as_an_allowance_per_vat_rate() -> None:
    story = Story()
    story.place(
        line("1", quantity=1, price=Decimal("99.99")),
        line("2", quantity=1, price=Decimal("10.01"), vat_rate=Decimal(7)),
        discount_percent=Decimal(2),
    )
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    story.report("logistics", "delivered")
    (settlement,) = story.sent(SettlementRecorded)
    assert [(row.category, row.rate, row.taxable_amount, row.tax_amount) for row in settlement.vat] == [
        ("S", 19, Decimal("97.99"), Decimal("18.62")),
        ("S", 7, Decimal("9.81"), Decimal("0.69")),
    ]
    assert settlement.payable == Decimal("127.11")
    assert story.requests[0].amount == settlement.tax_inclusive


def test_what_was_paid_before_is_taken_off_and_full_payment_in_advance_closes_at_once() -> None:
    story = stock_order_in_work()
    story.pay("119.00")
    assert story.order.billing == "prepaid"
    story.report("logistics", "shipped")
    story.report("logistics", "delivered")
    (settlement,) = story.sent(SettlementRecorded)
    assert (settlement.prepaid, settlement.payable) == (Decimal("119.00"), Decimal("0.00"))
    assert story.headline == "closed"


def test_part_payments_add_up_and_the_last_one_closes_the_order() -> None:
    story = stock_order_in_work()
    story.report("logistics", "shipped")
    story.report("logistics", "delivered")
    story.pay("100.00")
    assert (story.headline, story.order.billing) == ("settled", "part-paid")
    story.pay("19.00")
    assert (story.headline, story.order.billing) == ("closed", "paid")
    story.pay("5.00")
    assert story.problems() == ["overpaid"]


@pytest.mark.parametrize(
    ("amount", "currency"), [("10", "USD"), ("0", "EUR"), ("0.001", "EUR"), ("-0.001", "EUR"), ("NaN", "EUR")]
)
def test_a_payment_that_is_no_amount_of_the_orders_currency_is_refused(amount: str, currency: str) -> None:
    story = stock_order_in_work()
    decision = story.pay(amount, currency)
    assert decision.outcome == "refused"
    assert story.order.paid == 0


def test_an_account_that_requires_confirmation_makes_the_hub_ask_and_wait() -> None:
    story = Story()
    story.customer(confirmation="required")
    story.place()
    assert story.headline == "awaiting-confirmation"
    assert work_orders(story) == []
    story.confirm()
    assert story.headline == "confirmed"
    assert len(work_orders(story)) == 1


@pytest.mark.parametrize(("policy", "headline"), [("automatic", "confirmed"), ("required", "awaiting-confirmation")])
def test_the_policy_on_confirmation_goes_before_the_accounts(policy: str, headline: str) -> None:
    story = Story(Policy(confirmation=policy))  # type: ignore[arg-type]
    story.place()
    assert story.headline == headline


def test_a_declined_order_is_cancelled_and_its_reservation_released() -> None:
    story = Story(Policy(confirmation="required"))
    story.place()
    story.confirm(accepted=False)
    assert story.headline == "cancelled"
    assert story.account is not None
    assert story.account.reserved == 0


@pytest.mark.parametrize(
    ("silence", "headline", "problems"),
    [("accept", "confirmed", []), ("cancel", "cancelled", []), ("escalate", "awaiting-confirmation", ["unconfirmed"])],
)
def test_silence_means_what_the_policy_says(silence: str, headline: str, problems: list[str]) -> None:
    story = Story(Policy(confirmation="required", confirmation_silence=silence))  # type: ignore[arg-type]
    story.place()
    story.wait(timedelta(days=2) - timedelta(seconds=1))
    assert story.headline == "awaiting-confirmation"
    story.wait(timedelta(seconds=1))
    assert (story.headline, story.problems()) == (headline, problems)


def test_a_confirmation_after_the_silence_was_escalated_still_counts() -> None:
    story = Story(Policy(confirmation="required", confirmation_silence="escalate"))
    story.place()
    story.wait(timedelta(days=3))
    story.confirm()
    assert (story.headline, story.problems()) == ("confirmed", [])


def test_a_confirmation_ends_the_waiting_for_it() -> None:
    story = Story(Policy(confirmation="required"))
    story.place()
    story.confirm()
    assert story.order.confirm_due is None
    story.wait(timedelta(days=2))
    assert story.headline == "confirmed"


def test_a_refused_credit_holds_the_order_and_says_why() -> None:
    story = Story(limit="118.99")
    story.place()
    assert story.headline == "credit-hold"
    (raised,) = story.sent(ExceptionRaised)
    assert raised.kind == "credit-refused"
    assert "credit-limit: 119.00 against 118.99" in raised.detail
    assert work_orders(story) == []


def test_releasing_a_hold_checks_the_credit_again() -> None:
    story = Story(limit="0")
    story.place()
    story.command("release-hold")
    assert story.headline == "credit-hold"
    story.customer(limit="119")
    story.command("release-hold")
    assert (story.headline, story.problems()) == ("confirmed", [])


def test_overriding_the_credit_names_who_answers_for_it() -> None:
    story = Story(limit="0")
    story.place()
    story.command("override-credit", owner="ines")
    assert story.headline == "confirmed"
    assert story.requests[-1].override_by == "ines"
    assert story.reservation is not None
    assert story.reservation.answer is not None
    assert story.reservation.answer.checks[-1].rule == "override"


def test_a_credit_answer_that_does_not_come_is_asked_for_again_under_the_same_id() -> None:
    story = Story(credit_answers=False)
    story.place()
    story.wait(timedelta(minutes=11))
    assert len(story.requests) == 3
    assert len({request.event_id for request in story.requests}) == 1
    assert story.decisions[-1].explanations == ("credit requested again: no answer came",)
    answers = [story.answer(request) for request in story.requests]
    assert answers[0] is not None
    assert answers == [answers[0]] * 3
    assert story.account is not None
    assert story.account.reserved == Decimal("119.00")
    assert [story.receive(answer).outcome for answer in answers if answer] == ["applied", "duplicate", "duplicate"]


def test_a_rejecting_department_loses_the_line_to_the_next_candidate_and_is_not_asked_again() -> None:
    story = Story()
    story.place(line(item_id="MK-1"))
    story.report("production", "rejected", reason="no capacity")
    assert work_orders(story) == [("production", "create", 1, {"1": "10"}), ("procurement", "create", 1, {"1": "10"})]
    assert story.order.production.status == "rejected"
    story.report("procurement", "rejected")
    assert len(work_orders(story)) == 2
    assert story.problems() == ["no-candidate"]
    assert story.line().rejected_by == ("production", "procurement")
    assert story.line().unallocated == 10


def test_a_rejection_after_part_was_made_gives_only_the_rest_away() -> None:
    story = made_order_in_work()
    story.report("production", "produced", {"1": 4})
    story.report("production", "rejected", reason="machine broke")
    assert work_orders(story)[-1] == ("procurement", "create", 1, {"1": "6"})
    assert [(each.department, each.quantity, each.made) for each in story.line().allocations] == [
        ("production", 4, 4),
        ("procurement", 6, 0),
    ]
    assert story.order.production.status == "done"


def test_rejecting_one_line_leaves_the_others_with_the_department() -> None:
    story = Story()
    story.place(line("1", "MK-1"), line("2", "MK-2"))
    story.report("production", "rejected", {"2": 10})
    story.report("production", "accepted")
    assert work_orders(story)[-1] == ("procurement", "create", 1, {"2": "10"})
    assert story.order.production.status == "accepted"


def test_stock_that_logistics_does_not_have_is_bought() -> None:
    story = Story()
    story.place()
    story.report("logistics", "rejected", reason="not on the shelf")
    assert work_orders(story)[-1] == ("procurement", "create", 1, {"1": "10"})
    story.report("procurement", "accepted")
    story.report("procurement", "received", {"1": 10})
    assert work_orders(story)[-1] == ("logistics", "create", 2, {"1": "10"})


def test_made_goods_that_logistics_will_not_ship_need_a_person() -> None:
    story = made_order_in_work()
    story.report("production", "produced", {"1": 10})
    story.report("logistics", "rejected", reason="no lorry")
    assert story.problems() == ["shipment-rejected"]
    assert story.line().rejected_by == ()


def test_a_line_nobody_supplies_is_an_exception_until_an_operator_routes_it() -> None:
    story = Story()
    story.place(line(item_id="XX-1"))
    assert story.problems() == ["no-candidate"]
    story.command("reroute", "1:procurement")
    assert work_orders(story) == [("procurement", "create", 1, {"1": "10"})]
    assert story.problems() == []


def test_rerouting_without_a_department_goes_to_the_next_candidate_and_tells_both() -> None:
    story = made_order_in_work()
    story.command("reroute", "1")
    assert work_orders(story)[1:] == [("production", "cancel", 2, {}), ("procurement", "create", 1, {"1": "10"})]


def test_an_order_that_does_not_move_is_stalled_once_and_no_more_when_it_moves() -> None:
    story = made_order_in_work()
    story.wait(timedelta(days=10))
    assert (story.headline, story.problems()) == ("stalled", ["stalled"])
    story.report("production", "produced", {"1": 10})
    assert (story.headline, story.problems()) == ("in-work", [])
    story.wait(timedelta(days=3))
    raised = [(each.kind, each.action) for each in story.sent(ExceptionRaised)]
    assert raised == [("stalled", "opened"), ("stalled", "closed"), ("stalled", "opened")]


def test_a_delay_is_told_when_the_new_date_is_after_the_one_wanted() -> None:
    story = Story()
    placed = story.placed(line(item_id="MK-1"))
    story.place(line(item_id="MK-1"), requested_delivery=placed.occurred_at.date() + timedelta(days=9))
    story.report("production", "accepted")
    story.report("production", "scheduled", expected_at=placed.occurred_at + timedelta(days=9))
    assert "delayed" not in story.told()
    story.report("production", "scheduled", expected_at=placed.occurred_at + timedelta(days=12))
    story.report("production", "scheduled", expected_at=placed.occurred_at + timedelta(days=12))
    assert story.told().count("delayed") == 1


def test_a_line_with_a_date_of_its_own_is_delayed_by_that_date() -> None:
    story = Story()
    today = story.placed().occurred_at
    story.place(
        line("1", "MK-1", requested_delivery=today.date() + timedelta(days=9)),
        line("2", "BU-1", requested_delivery=today.date() + timedelta(days=2)),
        requested_delivery=today.date() + timedelta(days=30),
    )
    for department in ("production", "procurement"):
        story.report(department, "accepted")
    story.report("production", "scheduled", expected_at=today + timedelta(days=9))
    assert "delayed" not in story.told()
    story.report("production", "scheduled", expected_at=today + timedelta(days=10))
    assert story.told().count("delayed") == 1
    story.report("procurement", "received", {"2": 10})
    story.report("procurement", "scheduled", expected_at=today + timedelta(days=10))
    assert story.told().count("delayed") == 1


def test_a_problem_is_an_exception_until_the_department_moves_on() -> None:
    story = made_order_in_work()
    story.report("production", "problem", reason="tool broken")
    assert story.problems() == ["production-problem"]
    story.report("production", "produced", {"1": 2})
    assert story.problems() == []


def test_an_operator_takes_an_exception_on_and_resolves_it() -> None:
    story = made_order_in_work()
    story.report("production", "problem")
    story.command("assign", "production-problem", owner="mei")
    assert story.order.exceptions[0].owner == "mei"
    story.command("resolve", story.order.exceptions[0].exception_id)
    assert [each.action for each in story.sent(ExceptionRaised)] == ["opened", "assigned", "closed"]
    assert story.problems() == []


def test_closing_short_settles_what_was_delivered_and_lists_the_difference() -> None:
    story = stock_order_in_work()
    story.report("logistics", "shipped", {"1": 7})
    story.report("logistics", "delivered", {"1": 7})
    decision = story.command("close-short", "1")
    (settlement,) = story.sent(SettlementRecorded, decision.effects)
    assert settlement.tax_exclusive == Decimal("70.00")
    (difference,) = settlement.differences
    assert (difference.kind, difference.quantity, difference.amount) == ("short", 3, Decimal("30.00"))
    assert story.account is not None
    assert (story.account.reserved, story.account.receivable) == (0, Decimal("83.30"))


def test_more_than_ordered_is_delivered_but_not_billed_beyond_the_tolerance() -> None:
    for percent, billed in (("0", "100.00"), ("10", "110.00"), ("50", "120.00")):
        story = stock_order_in_work(policy=Policy(over_delivery_percent=Decimal(percent)))
        story.report("logistics", "shipped", {"1": 12})
        story.report("logistics", "delivered", {"1": 12})
        (settlement,) = story.sent(SettlementRecorded)
        assert settlement.tax_exclusive == Decimal(billed)
        assert [(each.kind, each.quantity) for each in settlement.differences] == [("over", 2)]
        assert story.problems() == ([] if percent == "50" else ["over-delivered"])


def test_goods_sent_back_before_the_settlement_are_not_billed() -> None:
    story = stock_order_in_work()
    story.report("logistics", "shipped", {"1": 10})
    story.report("logistics", "delivered", {"1": 4})
    story.report("logistics", "returned", {"1": 1})
    story.report("logistics", "delivered", {"1": 6})
    (settlement,) = story.sent(SettlementRecorded)
    assert settlement.tax_exclusive == Decimal("90.00")
    assert [(each.kind, each.quantity) for each in settlement.differences] == [("returned", 1)]


def test_a_tonne_ordered_in_kilograms_counts_a_thousand() -> None:
    story = Story()
    story.place(line(item_id="MK-1", quantity=70_000, unit="KGM"))
    story.report("production", "accepted")
    report = story.status("production", "produced", {"1": 70})
    part = type(report.lines[0])("1", Decimal(70), "TNE")
    story.receive(
        type(report)(**({name: getattr(report, name) for name in report.__struct_fields__} | {"lines": (part,)}))
    )
    assert story.line().allocations[0].made == 70_000


def test_customers_are_told_in_their_language_by_their_own_order_number() -> None:
    story = Story()
    story.place(locale="zh-CN", purchase_order="采购-7")
    notified = story.sent(CustomerNotified)
    assert notified[0].text == "我们已收到您的订单 采购-7。"
    story = Story()
    story.place(locale="fr", purchase_order="")
    assert story.sent(CustomerNotified)[0].text == f"We have received your order {ORDER}."


def test_every_effect_has_an_id_of_its_own_and_the_same_one_when_decided_again() -> None:
    def told() -> list[str]:
        story = made_order_in_work()
        story.report("production", "produced", {"1": 10})
        story.report("logistics", "accepted")
        story.report("logistics", "shipped")
        story.report("logistics", "delivered")
        return [effect.event_id for effect in story.effects]  # type: ignore[union-attr]

    first = told()
    assert len(set(first)) == len(first) >= 10
    assert told() == first


def test_the_explanations_tell_the_story_of_the_order() -> None:
    story = Story()
    story.customer(confirmation="required")
    story.place(line("1", "MK-1", 4), line("2", "ST-1", 1))
    story.confirm()
    story.report("production", "rejected", reason="no capacity")
    for department in ("procurement", "logistics"):
        story.report(department, "accepted")
    story.change(1, LineChange("change", "1", line("1", "MK-1", 3)))
    story.report("procurement", "scheduled", expected_at=START + timedelta(days=2))
    story.report("procurement", "received", {"1": 3})
    story.report("logistics", "shipped", {"1": 3, "2": 1})
    story.report("logistics", "delivered", {"1": 3})
    story.command("close-short", "2")
    story.pay("35.70")
    assert [sentence for decision in story.decisions for sentence in decision.explanations] == [
        "placed: 2 lines, 59.50 EUR",
        "credit requested: reserve 59.50 EUR",
        "credit granted: 59.50 EUR reserved",
        "classified: class standard by any-other, priority normal by any-other, region domestic by domestic",
        "line 1: make by number-of-what-is-made",
        "line 2: stock by number-of-what-is-on-stock",
        "the customer is asked to confirm until 2025-03-05 08:00",
        "confirmed by the customer",
        "revision 0 is routed",
        "line 1: 4 to production by rule production-rule",
        "line 2: 1 to logistics by rule logistics-rule",
        "production rejected 4 C62 of line 1: no capacity",
        "line 1: 4 to procurement by rule procurement-rule",
        "procurement accepted its work order",
        "logistics accepted its work order",
        "revision 1: line 1 is now 3 C62",
        "credit requested: adjust 47.60 EUR",
        "credit granted: 47.60 EUR reserved",
        "procurement expects 2025-03-05 08:00",
        "received: 3 C62 of line 1",
        "shipped: 3 C62 of line 1, 1 C62 of line 2",
        "delivered: 3 C62 of line 1",
        "settled: 35.70 EUR with VAT, 35.70 to pay",
        "ines commanded close-short 2: test",
        "paid: 35.70 EUR, 35.70 in all",
    ]


def test_a_long_report_is_told_in_short() -> None:
    story = Story()
    story.place(*(line(str(number), quantity=1) for number in range(8)))
    story.report("logistics", "accepted")
    decision = story.report("logistics", "shipped")
    assert decision.explanations[0].endswith("1 C62 of line 4 and 3 more lines")


def test_an_order_says_what_it_waits_for() -> None:
    story = Story(credit_answers=False)
    story.report("logistics", "accepted")
    waits = [waits_for(story.order)]
    story.place(line("1", "MK-1"), line("2", "XX-1"))
    waits.append(waits_for(story.order))
    story.credit_answers = True
    story.wait(timedelta(minutes=5))
    waits.append(waits_for(story.order))
    story.report("production", "accepted")
    story.command("close-short", "2")
    waits.append(waits_for(story.order))
    story.report("production", "produced", {"1": 10})
    story.report("logistics", "shipped", {"1": 10})
    waits.append(waits_for(story.order))
    story.report("logistics", "delivered", {"1": 10})
    waits.append(waits_for(story.order))
    assert waits == [
        ("the order itself",),
        ("the credit account's answer",),
        ("a department that supplies line 2", "production (ordered)"),
        ("production (accepted)",),
        ("logistics (started)",),
        ("payment",),
    ]


def test_an_order_on_hold_waits_for_its_credit_and_a_stalled_one_says_so() -> None:
    story = Story(limit="0")
    story.place()
    assert waits_for(story.order) == ("credit, which was refused",)
    story.wait(timedelta(days=3))
    stalled = story.order.exceptions[-1]
    assert stalled.detail == "The order has not moved since 2025-03-03 08:00; it waits for credit, which was refused"


def test_a_work_order_names_the_rules_that_chose_its_department() -> None:
    story = Story()
    story.place(line("1", "MK-1"), line("2", "BU-1"), line("3", "ST-1"))
    story.report("production", "accepted")
    story.report("production", "produced", {"1": 10})
    assert [issued.rule for issued in story.sent(WorkOrderIssued)] == [
        "production-rule",
        "procurement-rule",
        "logistics-rule",
        "production-rule, logistics-rule",
    ]


def test_more_than_was_asked_for_counts_and_is_said() -> None:
    story = Story()
    story.place(line(item_id="MK-1", quantity="40"))
    story.report("production", "accepted")
    story.report("production", "produced", {"1": 30})
    assert not any("more than asked" in each for each in story.explained())
    story.report("production", "produced", {"1": 40})
    assert "line 1: 30 C62 more than asked are produced" in story.explained()
    assert story.order.lines[0].allocations[0].made == 70
