"""What is settled, by contract and after every change: invoices and credit notes over what was delivered and kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.domain.calendar import Calendar, Shift
from hub.domain.credit_terms import CreditTerms
from hub.domain.effects import CustomerNotified, SettlementPosted, SettlementRecorded
from hub.domain.events import OrderPaid
from hub.domain.headline import waits_for
from hub.domain.model import LineChange
from hub.domain.policy import EarlyPayment, LateDelivery, Policy
from hub.domain.schedule import ScheduleRules, Step
from tests.support.orders import ORDER, START, Story, line, stock_order_in_work
from tests.support.reconciliation import reconciled

PER_DELIVERY = Policy(settlement="per-delivery")


def settled(story: Story) -> list[tuple[str, str, str]]:
    """Cause, kind and amount with VAT of every settlement."""
    return [(each.cause, each.kind, str(each.tax_inclusive)) for each in story.sent(SettlementRecorded)]


def delivered_order(policy: Policy | None = None, **fields: Any) -> Story:
    """Ten pieces from stock at 10.00, delivered and settled at 119.00."""
    story = Story(policy)
    story.place(**fields)
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    story.report("logistics", "delivered")
    return story


def in_two_deliveries(policy: Policy = PER_DELIVERY, price: str = "10", **fields: Any) -> Story:
    """Four and six pieces, each settled when it arrived."""
    story = Story(policy)
    story.place(line(price=Decimal(price)), **fields)
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 10})
    story.report("logistics", "delivered", {"1": 4})
    story.report("logistics", "delivered", {"1": 6})
    return story


def exposure(story: Story) -> tuple[Decimal, Decimal]:
    assert story.account is not None
    return story.account.reserved, story.account.receivable


# --- by contract ------------------------------------------------------------------------------------


def test_by_contract_each_delivery_is_settled_and_the_last_one_closes_the_order() -> None:
    story = in_two_deliveries()
    assert settled(story) == [("delivery", "invoice", "47.60"), ("close", "invoice", "71.40")]
    first, last = story.sent(SettlementRecorded)
    assert [part.quantity for each in (first, last) for part in each.lines] == [4, 6]
    told = [each.text for each in story.sent(CustomerNotified) if each.kind == "settled"]
    assert [text.partition("To pay: ")[2] for text in told] == ["47.60 EUR for this delivery.", "71.40 EUR."]
    assert [part.delivered for each in (first, last) for part in each.lines] == [4, 10]
    assert first.differences == last.differences == ()
    assert first.lines[0].event_ids != last.lines[0].event_ids
    assert len(last.lines[0].event_ids) == 1, "each names the report its quantity came from"
    assert exposure(story) == (0, Decimal("119.00"))


def test_a_delivery_that_is_billed_needs_no_reservation_any_more() -> None:
    story = Story(PER_DELIVERY, limit="119")
    story.place()
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 10})
    story.report("logistics", "delivered", {"1": 4})
    assert exposure(story) == (Decimal("71.40"), Decimal("47.60"))
    assert story.order.reserved == Decimal("71.40")
    story.command("close-short")
    assert exposure(story) == (0, Decimal("47.60"))


def test_an_answer_that_overlaps_with_a_delivery_reserves_nothing_twice() -> None:
    story = Story(PER_DELIVERY)
    story.place()
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 4})
    story.credit_answers = False
    story.change(1, LineChange("change", "1", line(quantity=12)))
    answer = story.answer(story.requests[-1])
    story.credit_answers = True
    story.report("logistics", "delivered", {"1": 4})
    assert answer is not None
    assert story.receive(answer).code == "superseded"
    assert exposure(story) == (Decimal("95.20"), Decimal("47.60"))
    assert story.order.reserved == Decimal("95.20")


@pytest.mark.parametrize(
    ("policy", "term", "count"),
    [("at-close", "", 1), ("at-close", "per-delivery", 2), ("per-delivery", "", 2), ("per-delivery", "at-close", 1)],
)
def test_the_orders_own_term_goes_before_the_policy(policy: Any, term: str, count: int) -> None:
    assert len(settled(in_two_deliveries(Policy(settlement=policy), settlement=term))) == count


def test_the_last_settlement_states_by_how_much_the_parts_differ_from_the_whole() -> None:
    # 4 x 0.335 = 1.34, 6 x 0.335 = 2.01, 10 x 0.335 = 3.35; VAT 0.25 + 0.38 = 0.63 where 3.35 x 19% = 0.64.
    story = in_two_deliveries(price="0.335")
    assert settled(story) == [("delivery", "invoice", "1.59"), ("close", "invoice", "2.39")]
    (difference,) = story.sent(SettlementRecorded)[-1].differences
    assert (difference.kind, difference.line_id, difference.amount) == ("rounding", "", Decimal("0.01"))
    assert "VAT of S 19%" in difference.detail
    at_close = in_two_deliveries(Policy(), price="0.335")
    assert settled(at_close) == [("close", "invoice", "3.99")]


def test_an_order_whose_last_units_are_closed_short_gets_a_last_settlement_that_says_so() -> None:
    story = Story(PER_DELIVERY)
    story.place()
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 4})
    story.report("logistics", "delivered", {"1": 4})
    story.command("close-short")
    assert settled(story) == [("delivery", "invoice", "47.60"), ("close", "invoice", "0.00")]
    (difference,) = story.sent(SettlementRecorded)[-1].differences
    assert (difference.kind, difference.quantity, difference.amount) == ("short", 6, Decimal("60.00"))
    assert story.headline == "settled"
    story.pay("47.60")
    assert story.headline == "closed"


# --- returns, shortfalls and supplements ------------------------------------------------------------


def test_goods_sent_back_after_the_settlement_are_credited_at_what_they_were_billed_at() -> None:
    story = Story()
    story.place(line(discount_percent=Decimal(10)), discount_percent=Decimal(5))
    for kind in ("accepted", "shipped", "delivered"):
        story.report("logistics", kind)
    returned = story.status("logistics", "returned", {"1": 2})
    decision = story.receive(returned)
    (note,) = story.sent(SettlementRecorded, decision.effects)
    assert (note.kind, note.cause) == ("credit-note", "return")
    assert note.preceding == (story.sent(SettlementRecorded)[0].settlement_id,)
    # 2 x 10.00 less 10% = 18.00, less 5% = 17.10, with 19% VAT 20.35.
    assert (note.line_total, note.allowance_total, note.tax_total) == (18, Decimal("0.90"), Decimal("3.25"))
    assert note.lines[0].event_ids == (returned.event_id,)
    assert [(each.kind, each.quantity) for each in note.differences] == [("returned", 2)]
    assert note.payment_due is None
    assert story.problems() == []
    assert exposure(story) == (0, story.order.payable)


def test_what_is_settled_and_sent_back_in_full_nets_to_zero() -> None:
    story = in_two_deliveries(price="0.335", discount_percent=Decimal("2.5"))
    story.report("logistics", "returned")
    assert story.order.payable == 0
    assert all((row.taxable_amount, row.tax_amount) == (0, 0) for row in story.order.vat)
    assert [each.kind for each in story.sent(SettlementRecorded)] == [
        "invoice",
        "invoice",
        "credit-note",
        "credit-note",
    ]
    assert exposure(story) == (0, 0)
    assert story.headline == "closed"


def test_a_return_before_the_last_delivery_is_credited_at_once() -> None:
    story = Story(PER_DELIVERY)
    story.place()
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 10})
    story.report("logistics", "delivered", {"1": 4})
    story.report("logistics", "returned", {"1": 1})
    story.report("logistics", "delivered", {"1": 6})
    assert settled(story) == [
        ("delivery", "invoice", "47.60"), ("return", "credit-note", "11.90"), ("close", "invoice", "71.40"),
    ]  # fmt: skip
    assert [(each.kind, each.quantity) for each in story.sent(SettlementRecorded)[-1].differences] == [("returned", 1)]


def test_what_was_paid_and_comes_back_is_owed_to_the_customer_and_seen() -> None:
    story = delivered_order()
    story.pay("119.00")
    story.report("logistics", "returned", {"1": 3})
    assert (story.headline, story.problems()) == ("closed", ["refund-due"])
    assert "35.70 EUR" in story.order.exceptions[0].detail
    assert exposure(story) == (0, Decimal("-35.70"))


def test_units_found_missing_after_they_were_billed_are_credited_as_short() -> None:
    story = delivered_order()
    assert story.command("close-short", "1:11").code == "quantity-invalid"
    assert story.command("close-short", "9:1").code == "unknown-line"
    story.command("close-short", "1:3")
    note = story.sent(SettlementRecorded)[-1]
    assert (note.kind, note.cause, note.tax_inclusive) == ("credit-note", "return", Decimal("35.70"))
    assert [(each.kind, each.quantity) for each in note.differences] == [("short", 3)]
    assert story.report("logistics", "returned", {"1": 8}).outcome == "parked", "seven are left to come back"


def test_what_is_delivered_after_the_settlement_is_billed_by_a_supplement() -> None:
    story = Story()
    story.place()
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 10})
    story.report("logistics", "delivered", {"1": 7})
    story.command("close-short")
    story.pay("83.30")
    assert story.headline == "closed"
    story.report("logistics", "delivered", {"1": 3})
    supplement = story.sent(SettlementRecorded)[-1]
    assert settled(story) == [("close", "invoice", "83.30"), ("supplement", "invoice", "35.70")]
    assert [(each.kind, each.quantity, each.amount) for each in supplement.differences] == [("short", -3, -30)]
    assert (story.headline, story.order.billing) == ("settled", "part-paid")
    assert exposure(story) == (0, Decimal("35.70"))
    story.pay("35.70")
    assert story.headline == "closed"


def test_money_that_was_sent_back_is_booked_told_to_the_account_and_looked_after_no_more() -> None:
    story = stock_order_in_work()
    story.report("logistics", "shipped")
    story.report("logistics", "delivered")
    story.pay("200.00")
    assert (story.headline, story.problems()) == ("closed", ["overpaid"])
    story.pay("-50.00")
    assert (story.order.paid, story.order.credit_balance, story.problems()) == (150, 31, ["overpaid"])
    story.pay("-31.00")
    assert (story.order.paid, story.order.credit_balance, story.problems()) == (119, 0, [])
    assert story.account is not None
    assert (story.headline, story.account.receivable) == ("closed", 0)
    posted = story.sent(SettlementPosted)[-1]
    assert [(each.account, each.debit, each.credit) for each in posted.entries] == [
        ("bank", 0, 31),
        ("customer-credit", 31, 0),
    ]
    assert reconciled(story).discrepancies == ()


def test_what_was_paid_for_a_cancelled_order_can_be_sent_back() -> None:
    story = stock_order_in_work()
    story.pay("119.00")
    story.cancel()
    assert story.problems() == ["refund-due"]
    story.pay("-119.00")
    assert (story.headline, story.order.prepaid, story.problems()) == ("cancelled", 0, [])
    assert story.account is not None
    assert story.account.receivable == 0


def test_no_more_is_sent_back_than_an_order_that_is_over_has_of_the_customers() -> None:
    story = stock_order_in_work()
    story.pay("119.00")
    early = story.pay("-1.00")
    assert (early.outcome, early.code) == ("parked", "nothing-to-send-back")
    story.report("logistics", "shipped")
    story.report("logistics", "delivered")
    assert (story.headline, story.order.paid) == ("closed", 119)
    story.pay("1.00")
    assert (story.order.paid, story.order.credit_balance, story.order.parked) == (119, 0, ())


def test_money_that_was_to_go_back_pays_for_what_comes_later() -> None:
    story = Story()
    story.place()
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 10})
    story.report("logistics", "delivered", {"1": 7})
    story.command("close-short")
    story.pay("119.00")
    assert story.problems() == ["overpaid"]
    story.report("logistics", "delivered", {"1": 3})
    supplement = story.sent(SettlementRecorded)[-1]
    assert (supplement.prepaid, supplement.payable) == (Decimal("35.70"), 0)
    assert (story.headline, story.problems()) == ("closed", [])


# --- corrections ------------------------------------------------------------------------------------


def test_another_price_reverses_what_was_billed_and_replaces_it() -> None:
    story = delivered_order()
    invoice = story.sent(SettlementRecorded)[0]
    story.pay("119.00")
    story.change(1, LineChange("change", "1", line(price=Decimal(8))))
    _, reversal, replacement = story.sent(SettlementRecorded)
    assert (reversal.kind, reversal.cause, reversal.preceding) == ("credit-note", "reversal", (invoice.settlement_id,))
    assert (reversal.lines[0].quantity, reversal.lines[0].price, reversal.vat) == (10, 10, invoice.vat)
    assert (replacement.kind, replacement.cause, replacement.tax_inclusive) == (
        "invoice",
        "replacement",
        Decimal("95.20"),
    )
    assert replacement.preceding == (invoice.settlement_id,)
    assert replacement.lines[0].event_ids == invoice.lines[0].event_ids
    assert (story.headline, story.problems()) == ("closed", ["refund-due"])
    assert "23.80 EUR" in story.order.exceptions[0].detail
    assert exposure(story) == (0, Decimal("-23.80"))


def test_only_settlements_of_the_line_whose_price_changes_are_corrected() -> None:
    story = Story(PER_DELIVERY)
    story.place(line("1"), line("2"))
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    story.report("logistics", "delivered", {"1": 10})
    story.report("logistics", "delivered", {"2": 4})
    story.change(1, LineChange("change", "2", line("2", vat_rate=Decimal(7))))
    assert [each.cause for each in story.sent(SettlementRecorded)] == [
        "delivery",
        "delivery",
        "reversal",
        "replacement",
    ]
    story.report("logistics", "delivered", {"2": 6})
    assert story.order.payable == Decimal("226.00")
    assert exposure(story) == (0, Decimal("226.00"))


def test_an_operator_has_a_settlement_stated_anew_once_per_command() -> None:
    story = delivered_order()
    target = story.sent(SettlementRecorded)[0].settlement_id
    assert story.command("correct-settlement", "unknown").code == "no-such-settlement"
    story.command("correct-settlement", target)
    command = story.journal[-1][0].event
    assert story.receive(command).outcome == "duplicate"
    assert [each[0] for each in settled(story)] == ["close", "reversal", "replacement"]
    assert story.command("correct-settlement", target).code == "settlement-over"
    assert (story.order.payable, story.headline) == (Decimal("119.00"), "settled")


# --- cancelled after production ---------------------------------------------------------------------

CHARGING = Policy(cancellation_charges={"production": Decimal(40)})


def made_and_cancelled() -> Story:
    story = Story(CHARGING)
    story.place(line(item_id="MK-1"))
    story.report("production", "accepted")
    story.report("production", "produced", {"1": 4})
    story.cancel("not needed")
    return story


def test_what_production_had_begun_when_the_buyer_cancelled_is_charged() -> None:
    story = made_and_cancelled()
    (charge,) = story.sent(SettlementRecorded)
    assert (charge.cause, charge.kind, charge.delivered_on) == ("cancellation", "invoice", None)
    (adjustment,) = charge.adjustments
    assert (adjustment.kind, adjustment.percent, adjustment.base_amount) == ("charge", 40, Decimal("100.00"))
    assert (charge.line_total, charge.charge_total, charge.tax_inclusive) == (0, Decimal("40.00"), Decimal("47.60"))
    produced, cancelled = story.journal[-2][0].event, story.journal[-1][0].event
    assert adjustment.event_ids == (cancelled.event_id, produced.event_id)
    assert (story.headline, story.order.billing, waits_for(story.order)) == ("cancelled", "due", ("payment",))
    assert exposure(story) == (0, Decimal("47.60"))
    story.pay("47.60")
    assert (story.order.billing, story.problems(), waits_for(story.order)) == ("paid", [], ())


def test_what_a_buyer_orders_less_of_is_charged_as_what_it_cancels() -> None:
    for changes in ((LineChange("delete", "1"),), (LineChange("change", "1", line(item_id="MK-1", quantity=2)),)):
        story = Story(CHARGING)
        story.place(line(item_id="MK-1"), line("2"))
        story.report("production", "accepted")
        story.report("production", "produced", {"1": 4})
        story.change(1, *changes)
        (charge,) = story.sent(SettlementRecorded)
        lost = 10 - (0 if changes[0].line is None else 2)
        assert (charge.cause, charge.charge_total) == ("cancellation", lost * 4)
        assert any(sentence.startswith("charged for the cancellation") for sentence in story.explained())


def test_what_is_ordered_again_is_charged_for_no_more_and_what_is_only_changed_otherwise_is() -> None:
    story = Story(CHARGING)
    story.place(line(item_id="MK-1"), line("2"))
    story.report("production", "accepted")
    story.report("production", "produced", {"1": 2})
    story.change(1, LineChange("change", "1", line(item_id="MK-1", quantity=2)))
    story.change(2, LineChange("change", "1", line(item_id="MK-1", quantity=2, requested_delivery=date(2025, 5, 1))))
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 2})
    assert settled(story) == [("cancellation", "invoice", "38.08")], "another date is no reason to pay less"
    story.change(3, LineChange("change", "1", line(item_id="MK-1", quantity=5)))
    assert settled(story)[1:] == [("reversal", "credit-note", "38.08"), ("replacement", "invoice", "23.80")]


def test_nothing_is_charged_before_production_begins_nor_when_the_seller_cancels() -> None:
    story = Story(CHARGING)
    story.place(line(item_id="MK-1"))
    story.report("production", "accepted")
    story.cancel()
    assert settled(story) == []
    story = Story(CHARGING)
    story.place(line(item_id="MK-1"))
    story.report("production", "accepted")
    story.report("production", "produced", {"1": 4})
    story.command("cancel")
    assert settled(story) == []


def test_units_that_leave_although_cancelled_are_billed_and_not_charged_for() -> None:
    story = Story(CHARGING)
    story.place(line(item_id="MK-1"))
    story.report("production", "accepted")
    story.report("production", "produced", {"1": 10})
    story.report("logistics", "accepted")
    story.cancel()
    story.report("logistics", "shipped", {"1": 4})
    story.report("logistics", "delivered", {"1": 4})
    assert settled(story) == [
        ("cancellation", "invoice", "47.60"),
        ("reversal", "credit-note", "47.60"),
        ("replacement", "invoice", "28.56"),
        ("close", "invoice", "47.60"),
    ]
    assert exposure(story) == (0, Decimal("76.16"))


# --- late delivery ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "days", "percent"),
    [
        (LateDelivery(percent=Decimal("0.5"), per="day", cap=Decimal(5)), 3, "1.5"),
        (LateDelivery(percent=Decimal("0.5"), per="day", cap=Decimal(5)), 30, "5"),
        (LateDelivery(percent=Decimal(2), per="week", cap=Decimal(5)), 8, "4"),
        (LateDelivery(percent=Decimal(2), per="week", cap=Decimal(5)), 7, "2"),
    ],
)
def test_late_units_cost_a_part_of_their_net_amount_for_each_period_begun(
    rule: LateDelivery, days: int, percent: str
) -> None:
    story = Story(Policy(late_delivery=rule))
    wanted_by = START.date()
    story.place(requested_delivery=wanted_by)
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 10})
    story.report("logistics", "delivered", {"1": 6})
    late = story.status("logistics", "delivered", {"1": 4}, occurred_at=START + timedelta(days=days))
    story.receive(late)
    (settlement,) = story.sent(SettlementRecorded)
    (penalty,) = settlement.adjustments
    assert (penalty.kind, penalty.percent, penalty.base_amount) == ("allowance", Decimal(percent), Decimal("40.00"))
    assert penalty.amount == Decimal("40.00") * Decimal(percent) / 100
    assert penalty.event_ids == (late.event_id,)
    assert penalty.reason == f"Delivered {days} days late: 4 C62 of line 1"
    assert settlement.delivered_on == wanted_by + timedelta(days=days)


@pytest.mark.parametrize(
    ("zone", "hour", "days"),
    [("America/New_York", 3, 0), ("America/New_York", 4, 1), ("Asia/Shanghai", -9, 0), ("Asia/Shanghai", -8, 1)],
)
def test_units_are_late_by_the_calendar_where_they_are_delivered(zone: str, hour: int, days: int) -> None:
    there = Calendar(ZoneInfo(zone), ((Shift(480, 1020),),) * 7)
    schedule = ScheduleRules({"delivered": Step(calendar="there")}, {"there": there})
    story = Story(Policy(late_delivery=LateDelivery(percent=Decimal(1), per="day"), schedule=schedule))
    wanted_by = date(2025, 3, 10)
    story.place(requested_delivery=wanted_by)
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    midnight = datetime(2025, 3, 11, tzinfo=UTC)
    story.report("logistics", "delivered", occurred_at=midnight + timedelta(hours=hour))
    (settlement,) = story.sent(SettlementRecorded)
    assert settlement.delivered_on == wanted_by + timedelta(days=days)
    assert [each.percent for each in settlement.adjustments] == [1] * days


def test_a_penalty_goes_back_with_the_goods_it_was_for() -> None:
    story = Story(Policy(late_delivery=LateDelivery(percent=Decimal(5), per="day")))
    story.place(requested_delivery=START.date())
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 10})
    story.report("logistics", "delivered", {"1": 6})
    story.report("logistics", "delivered", {"1": 4}, occurred_at=START + timedelta(days=1))
    story.report("logistics", "returned", {"1": 7})
    invoice, note = story.sent(SettlementRecorded)
    assert [each.amount for each in invoice.adjustments] == [Decimal("2.00")]
    assert [each.amount for each in note.adjustments] == [Decimal("0.50")], "six in time go first, then one late"
    story.report("logistics", "returned", {"1": 3})
    first, second = story.sent(SettlementRecorded)[1:]
    assert invoice.tax_exclusive == first.tax_exclusive + second.tax_exclusive
    assert invoice.tax_inclusive == first.tax_inclusive + second.tax_inclusive - Decimal("0.01")
    stated = [[each.amount for each in note.differences if each.kind == "rounding"] for note in (first, second)]
    assert stated == [[Decimal("0.01")], []], "once, by the settlement it comes with"


# --- payment terms ----------------------------------------------------------------------------------

EARLY = Policy(early_payment=EarlyPayment(percent=Decimal(2), days=10))


def test_a_settlement_says_when_to_pay_and_what_paying_early_saves() -> None:
    story = Story(EARLY)
    story.customer(payment_days=14)
    story.place()
    for kind in ("accepted", "shipped", "delivered"):
        story.report("logistics", kind)
    (settlement,) = story.sent(SettlementRecorded)
    assert settlement.payment_due == date(2025, 3, 17)
    assert settlement.payment_terms == "2% off if paid by 2025-03-13, in full by 2025-03-17"


def test_a_customer_nobody_told_the_hub_about_pays_by_the_policy() -> None:
    story = Story(Policy(credit=CreditTerms(limit=Decimal(1000)), payment_days=7))
    story.account = None
    story.place()
    for kind in ("accepted", "shipped", "delivered"):
        story.report("logistics", kind)
    assert story.sent(SettlementRecorded)[0].payment_due == date(2025, 3, 10)


def test_the_payment_that_completes_the_reduced_sum_in_time_earns_the_reduction() -> None:
    story = delivered_order(EARLY)
    story.pay("100.00")
    assert len(settled(story)) == 1
    story.pay("16.62")
    invoice, note = story.sent(SettlementRecorded)
    assert (note.kind, note.cause, note.preceding) == ("credit-note", "early-payment", (invoice.settlement_id,))
    assert (note.tax_exclusive, note.tax_total, note.tax_inclusive) == (2, Decimal("0.38"), Decimal("2.38"))
    assert [part.quantity for part in note.lines] == [0]
    assert (story.headline, story.problems()) == ("closed", [])
    assert exposure(story) == (0, 0)


def test_a_payment_that_is_late_or_too_little_earns_no_reduction() -> None:
    story = delivered_order(EARLY)
    story.pay("116.61")
    assert len(settled(story)) == 1
    story = delivered_order(EARLY)
    head = story.head() | {"occurred_at": START + timedelta(days=11)}
    story.receive(OrderPaid(order_id=ORDER, amount=Decimal("116.62"), currency="EUR", **head))
    assert (len(settled(story)), story.headline) == (1, "settled")
    assert exposure(story) == (0, Decimal("2.38"))


def test_a_bill_that_was_paid_early_and_is_corrected_keeps_its_reduction_and_earns_no_other() -> None:
    story = delivered_order(EARLY)
    story.pay("116.62")
    story.change(1, LineChange("change", "1", line(price=Decimal(20))))
    replaced = story.sent(SettlementRecorded)[-1]
    assert (replaced.cause, replaced.tax_inclusive, replaced.prepaid) == (
        "replacement",
        Decimal("233.24"),
        Decimal("116.62"),
    )
    assert [(each.percent, each.amount) for each in replaced.adjustments] == [(2, Decimal("4.00"))]
    documents = len(settled(story))
    story.pay("116.62")
    assert (len(settled(story)), story.headline, exposure(story)) == (documents, "closed", (0, 0))


def test_goods_that_were_paid_early_are_credited_at_what_was_paid_for_them() -> None:
    story = delivered_order(EARLY)
    story.pay("116.62")
    story.report("logistics", "returned")
    note = story.sent(SettlementRecorded)[-1]
    assert (note.allowance_total, note.tax_inclusive) == (Decimal("2.00"), Decimal("116.62"))
    assert story.order.payable == 0
    assert exposure(story) == (0, Decimal("-116.62"))


# --- VAT accounting currency ------------------------------------------------------------------------


def test_vat_is_stated_in_the_accounting_currency_as_well() -> None:
    story = delivered_order(Policy(vat_currency="CHF", exchange_rates={"EUR": Decimal("0.9412")}))
    (settlement,) = story.sent(SettlementRecorded)
    assert (settlement.tax_currency, settlement.tax_total_accounting) == ("CHF", Decimal("17.88"))
    story = delivered_order(Policy(vat_currency="EUR"))
    (settlement,) = story.sent(SettlementRecorded)
    assert (settlement.tax_currency, settlement.tax_total_accounting) == ("", None)


@pytest.mark.parametrize("rates", [{}, {"USD": Decimal(1)}, {"EUR": Decimal("1e17")}])
def test_an_exchange_rate_that_is_missing_or_leads_nowhere_needs_a_person(rates: dict[str, Decimal]) -> None:
    story = delivered_order(Policy(vat_currency="CHF", exchange_rates=rates))
    (settlement,) = story.sent(SettlementRecorded)
    assert (settlement.tax_currency, settlement.tax_total_accounting) == ("", None)
    assert story.problems() == ["no-exchange-rate"]


def test_an_order_in_work_is_not_settled_by_what_is_not_delivered() -> None:
    story = stock_order_in_work(policy=PER_DELIVERY)
    story.report("logistics", "shipped")
    assert settled(story) == []
