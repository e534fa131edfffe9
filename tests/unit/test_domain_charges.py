"""What orders and lines allow and charge: billed with the goods or once, credited with them or when all is back."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from hub.domain.effects import SettlementPosted, SettlementRecorded
from hub.domain.events import OrderChanged
from hub.domain.model import Adjustment, LineChange, OrderAdjustment
from hub.domain.policy import EarlyPayment, Policy
from tests.support.orders import ORDER, Story, line
from tests.support.reconciliation import reconciled

PER_DELIVERY = Policy(settlement="per-delivery")
FREIGHT = OrderAdjustment("charge", amount=Decimal("12.00"), reason="Freight", reason_code="FC")
INSURANCE = OrderAdjustment("charge", percent=Decimal(2), reason="Insurance")
VOUCHER = OrderAdjustment("allowance", amount=Decimal("20.00"), reason="Voucher")
ENGRAVING = Adjustment("charge", amount=Decimal("5.00"), reason="Engraving")


def delivered(*parts: int, policy: Policy = PER_DELIVERY, **fields: Any) -> Story:
    """Ten pieces at 10.00 with 19% VAT, in these parts."""
    story = Story(policy)
    on_line = fields.pop("on_line", ())
    story.place(line(adjustments=on_line), **fields)
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    for part in parts:
        story.report("logistics", "delivered", {"1": part})
    return story


def bills(story: Story) -> list[tuple[str, str, str, list[tuple[str, str]]]]:
    """Cause, sum of lines, total without VAT, and each allowance or charge of every settlement."""
    return [
        (
            each.cause,
            str(each.line_total),
            str(each.tax_exclusive),
            [(part.role, f"{'' if part.kind == 'charge' else '-'}{part.amount}") for part in each.adjustments],
        )
        for each in story.sent(SettlementRecorded)
    ]


def agree(story: Story, revision: int, *adjustments: OrderAdjustment, discount: str | None = None) -> Any:
    percent = None if discount is None else Decimal(discount)
    return story.receive(
        OrderChanged(
            order_id=ORDER,
            revision=revision,
            changes=(),
            discount_percent=percent,
            adjustments=adjustments,
            **story.head(),
        )
    )


def books(story: Story) -> dict[str, Decimal]:
    accounts: defaultdict[str, Decimal] = defaultdict(Decimal)
    for posting in story.sent(SettlementPosted):
        for entry in posting.entries:
            accounts[entry.account] += entry.debit - entry.credit
    return {account: amount for account, amount in accounts.items() if amount}


# --- billed -------------------------------------------------------------------------------------------


def test_freight_is_billed_once_with_the_first_goods() -> None:
    story = delivered(4, 6, adjustments=(FREIGHT,))
    assert bills(story) == [
        ("delivery", "40.00", "52.00", [("once", "12.00")]),
        ("close", "60.00", "60.00", []),
    ]
    assert story.order.payable == Decimal("133.28")
    assert books(story)["ordered-charges"] == -12


def test_a_percentage_is_charged_on_what_each_settlement_bills() -> None:
    assert bills(delivered(4, 6, adjustments=(INSURANCE,))) == [
        ("delivery", "40.00", "40.80", [("agreed", "0.80")]),
        ("close", "60.00", "61.20", [("agreed", "1.20")]),
    ]


def test_an_allowance_by_amount_is_allowed_in_proportion_to_the_goods() -> None:
    assert bills(delivered(3, 7, adjustments=(VOUCHER,))) == [
        ("delivery", "30.00", "24.00", [("agreed", "-6.00")]),
        ("close", "70.00", "56.00", [("agreed", "-14.00")]),
    ]


def test_what_a_line_charges_goes_with_its_quantity() -> None:
    story = delivered(3, 7, on_line=(ENGRAVING,))
    assert [(each[1], each[3]) for each in bills(story)] == [("31.50", []), ("73.50", [])]
    (first,) = story.sent(SettlementRecorded)[0].lines
    assert (first.charge, first.allowance, first.net_amount) == (Decimal("1.50"), 0, Decimal("31.50"))
    assert [(each.reason, each.amount) for each in first.adjustments] == [("Engraving", Decimal("1.50"))]


def test_a_percentage_of_a_given_base_is_an_amount() -> None:
    packing = Adjustment("charge", percent=Decimal(10), base_amount=Decimal(30), reason="Packing")
    story = delivered(5, 5, on_line=(packing,))
    assert [each[1] for each in bills(story)] == ["51.50", "51.50"]


def test_a_charge_that_names_no_vat_is_taxed_as_the_goods_are_each_part_of_it() -> None:
    story = Story()
    story.place(line("1", quantity=2), line("2", quantity=1, vat_rate=Decimal(7)), adjustments=(FREIGHT,))
    for kind in ("accepted", "shipped", "delivered"):
        story.report("logistics", kind)
    (settled,) = story.sent(SettlementRecorded)
    assert [(each.amount, each.vat_rate) for each in settled.adjustments] == [(8, 19), (4, 7)]
    assert settled.tax_inclusive == Decimal("48.30")


def test_a_charge_of_its_own_vat_has_a_group_of_its_own() -> None:
    untaxed = OrderAdjustment("charge", amount=Decimal(4), reason="Deposit", vat_category="Z")
    (settled,) = delivered(10, adjustments=(untaxed,)).sent(SettlementRecorded)
    assert [(row.category, row.taxable_amount) for row in settled.vat] == [("S", 100), ("Z", 4)]
    assert settled.tax_inclusive == Decimal("123.00")


def test_nothing_is_charged_where_nothing_is_delivered() -> None:
    story = Story(Policy(cancellation_charges={"production": Decimal(40)}))
    story.place(line(item_id="MK-1"), adjustments=(FREIGHT, INSURANCE))
    story.report("production", "accepted")
    story.report("production", "produced", {"1": 5})
    story.cancel()
    assert bills(story) == [("cancellation", "0.00", "40.00", [("charge", "40.00")])]


def test_what_is_cancelled_after_a_bill_takes_no_freight_with_it() -> None:
    story = Story(PER_DELIVERY)
    story.place(line(), adjustments=(FREIGHT,))
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 4})
    story.report("logistics", "delivered", {"1": 4})
    story.cancel()
    assert story.order.payable == Decimal("61.88")


def test_allowances_that_are_each_rounded_up_allow_no_more_than_there_is() -> None:
    story = Story()
    half = Adjustment("allowance", percent=Decimal(50), reason="Half")
    all_of_it = line(quantity=1, price=Decimal("0.01"), discount_percent=Decimal(50), adjustments=(half,))
    other = line("2", quantity=1, price=Decimal("0.01"), vat_rate=Decimal(7))
    story.place(
        all_of_it,
        other,
        discount_percent=Decimal(50),
        adjustments=(OrderAdjustment("allowance", percent=Decimal(50), reason="Half"),),
    )
    for kind in ("accepted", "shipped", "delivered"):
        story.report("logistics", kind)
    (settled,) = story.sent(SettlementRecorded)
    assert [each.net_amount for each in settled.lines] == [0, Decimal("0.01")]
    assert [row.taxable_amount for row in settled.vat] == [0, 0]
    assert settled.tax_inclusive == 0


# --- credited -----------------------------------------------------------------------------------------


def test_a_return_credits_its_share_and_no_freight_until_everything_is_back() -> None:
    story = delivered(4, 6, adjustments=(FREIGHT, VOUCHER))
    story.report("logistics", "returned", {"1": 6})
    story.report("logistics", "returned", {"1": 3})
    assert bills(story)[2:] == [
        ("return", "60.00", "48.00", [("agreed", "-12.00")]),
        ("return", "30.00", "24.00", [("agreed", "-6.00")]),
    ]
    story.report("logistics", "returned", {"1": 1})
    assert bills(story)[4:] == [("return", "10.00", "20.00", [("agreed", "-2.00"), ("once", "12.00")])]
    assert story.order.payable == 0
    assert books(story) == {}


def test_freight_of_a_bill_whose_goods_came_back_before_is_credited_when_the_last_goods_do() -> None:
    story = delivered(4, 6, adjustments=(FREIGHT,))
    story.report("logistics", "returned", {"1": 6})
    story.report("logistics", "returned", {"1": 4})
    assert [each.charges for each in story.order.bills] == [(), ()]
    assert story.order.payable == 0


def test_a_policy_may_keep_the_freight_of_what_came_back() -> None:
    story = delivered(10, policy=Policy(charges_when_returned="kept"), adjustments=(FREIGHT,))
    story.report("logistics", "returned")
    assert story.order.payable == Decimal("14.28")
    settlement_id = story.order.bills[0].settlement_id
    story.command("correct-settlement", settlement_id)
    assert bills(story)[2:] == [
        ("reversal", "0.00", "12.00", [("once", "12.00")]),
        ("replacement", "0.00", "12.00", [("once", "12.00")]),
    ]


def test_freight_that_was_kept_and_is_agreed_away_is_credited_and_nothing_billed_in_its_place() -> None:
    story = delivered(10, policy=Policy(charges_when_returned="kept"), adjustments=(FREIGHT,))
    story.report("logistics", "returned")
    decision = agree(story, 1)
    assert decision.outcome == "applied"
    assert bills(story)[2:] == [("reversal", "0.00", "12.00", [("once", "12.00")])]
    assert (story.order.payable, story.order.bills[0].charges) == (0, ())


def test_freight_comes_again_with_goods_that_come_after_all_was_sent_back() -> None:
    story = delivered(4, adjustments=(FREIGHT,))
    story.report("logistics", "returned", {"1": 4})
    story.report("logistics", "delivered", {"1": 6})
    assert [each[3] for each in bills(story)] == [[("once", "12.00")]] * 3
    assert story.order.payable == Decimal("85.68")


def test_what_paying_early_saves_is_of_the_freight_too() -> None:
    story = delivered(
        10, policy=Policy(early_payment=EarlyPayment(percent=Decimal(2), days=10)), adjustments=(FREIGHT,)
    )
    story.pay("130.61")
    assert story.order.payable == Decimal("130.61")
    assert not story.problems()


# --- corrected and amended ----------------------------------------------------------------------------


def test_a_correction_reverses_and_replaces_with_what_was_charged() -> None:
    story = delivered(4, 6, adjustments=(FREIGHT,))
    story.command("correct-settlement", story.order.bills[0].settlement_id)
    assert bills(story)[2:] == [
        ("reversal", "40.00", "52.00", [("once", "12.00")]),
        ("replacement", "40.00", "52.00", [("once", "12.00")]),
    ]


def test_freight_that_is_agreed_anew_corrects_what_was_billed() -> None:
    story = delivered(4, 6, adjustments=(FREIGHT,))
    before = story.order.payable
    assert agree(story, 1, OrderAdjustment("charge", amount=Decimal(7), reason="Freight")).outcome == "applied"
    assert story.order.payable == before - 5 * Decimal("1.19")
    assert [each[0] for each in bills(story)[2:]] == ["reversal", "reversal", "replacement", "replacement"]
    agree(story, 2)
    assert story.order.payable == Decimal("119.00")
    agree(story, 3, discount="10")
    assert story.order.payable == Decimal("107.10")


def test_an_amendment_that_says_nothing_of_charges_leaves_them() -> None:
    story = Story()
    story.place(line(), adjustments=(FREIGHT, VOUCHER))
    story.change(1, LineChange("change", "1", line(quantity=20)))
    terms = story.order.terms
    assert terms is not None
    assert [(each.amount, each.base_amount) for each in terms.adjustments] == [(12, None), (20, 200)]


def test_a_quantity_that_cannot_be_changed_keeps_its_share_of_what_the_line_charges() -> None:
    story = Story(PER_DELIVERY)
    story.place(line(adjustments=(ENGRAVING,)))
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 8})
    asked = line(quantity=5, adjustments=(Adjustment("charge", amount=Decimal("2.50"), reason="Engraving"),))
    story.change(1, LineChange("change", "1", asked))
    assert [(each.quantity, each.adjustments[0].amount) for each in (story.line().line,)] == [(8, 4)]


def test_an_amendment_of_nothing_is_refused() -> None:
    story = delivered(4)
    assert story.change(1).code == "no-changes"


# --- credit and reconciliation ------------------------------------------------------------------------


def test_credit_is_reserved_for_what_is_charged_until_it_is_billed() -> None:
    story = Story(PER_DELIVERY)
    story.place(line(), adjustments=(FREIGHT, INSURANCE))
    assert story.requests[0].amount == Decimal("135.66")
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 4})
    story.report("logistics", "delivered", {"1": 4})
    assert story.account is not None
    assert (story.account.reserved, story.account.receivable) == (Decimal("72.83"), Decimal("62.83"))


def test_credit_that_is_asked_for_anew_counts_what_is_charged_and_not_billed_yet() -> None:
    story = Story()
    story.place(line(), line("2"), adjustments=(FREIGHT,))
    story.command("close-short", "2")
    assert story.requests[-1].amount == Decimal("133.28")


@pytest.mark.parametrize("adjustments", [(FREIGHT,), (INSURANCE,), (VOUCHER, FREIGHT)])
def test_a_reconciliation_agrees_before_and_after(adjustments: tuple[OrderAdjustment, ...]) -> None:
    story = Story(PER_DELIVERY)
    story.place(line(adjustments=(ENGRAVING,)), adjustments=adjustments)
    waiting = reconciled(story)
    causes = {each.cause for each in waiting.discrepancies}
    assert causes == {"not-delivered-yet", *(["charge-not-billed"] if FREIGHT in adjustments else [])}
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    story.report("logistics", "delivered")
    done = reconciled(story)
    assert done.matched.ordered == done.matched.settled
    assert [each.cause for each in done.discrepancies if each.side == "order"] == []


def test_a_cent_of_rounding_is_no_other_discount_where_the_goods_came_back_before_the_charge() -> None:
    story = Story(Policy(charges_when_returned="kept"))
    story.place(line(quantity=2, price=Decimal("9.97")))
    for kind in ("accepted", "shipped", "delivered"):
        story.report("logistics", kind)
    agree(story, 1, replace(FREIGHT, amount=Decimal("12.34")))
    for _ in range(2):
        story.report("logistics", "returned", {"1": 1})
    packaging = replace(FREIGHT, amount=Decimal("3.01"), vat_category="S", vat_rate=Decimal(7))
    agree(story, 2, replace(INSURANCE, percent=Decimal("1.7")), packaging, replace(VOUCHER, amount=Decimal("0.17")))
    found = {each.cause: each.amount for each in reconciled(story).discrepancies if each.side == "order"}
    assert found == {"returned": Decimal("-23.93"), "settled-in-parts": Decimal("0.01")}


def test_a_charge_that_was_not_settled_as_ordered_is_found() -> None:
    story = delivered(10, adjustments=(FREIGHT,))
    terms = story.order.terms
    assert terms is not None
    story.state = _with_freight(story, Decimal(10))
    found = {each.cause: each.amount for each in reconciled(story).discrepancies if each.side == "order"}
    assert found == {"charge-differs": Decimal("2.38")}


def _with_freight(story: Story, amount: Decimal) -> Any:
    order = story.order
    assert order.terms is not None
    adjustments = tuple(replace(each, amount=amount) for each in order.terms.adjustments)
    return replace(order, terms=replace(order.terms, adjustments=adjustments))


# --- refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("adjustment", "reason"),
    [
        (OrderAdjustment("charge", reason="x"), "adjustments[0] is '': give its amount or its percent (HUB-ADJ-01)"),
        (OrderAdjustment("charge", amount=Decimal(1)), "adjustments[0].reason is '': give a reason or its code"),
        (OrderAdjustment("charge", amount=Decimal(1), reason_code="D240"), "a code of UNCL 7161 (BR-CL-20)"),
        (OrderAdjustment("allowance", amount=Decimal(1), reason_code="FC"), "a code of UNCL 5189 (BR-CL-19)"),
        (OrderAdjustment("charge", amount=Decimal(-1), reason="x"), "[0].amount is '-1': give a number of 0"),
        (OrderAdjustment("charge", amount=Decimal("1.005"), reason="x"), "no more decimals than EUR (BR-DEC-01"),
        (OrderAdjustment("allowance", percent=Decimal(101), reason="x"), "give 0 to 100 percent (HUB-PCT-01)"),
        (OrderAdjustment("charge", percent=Decimal(1001), reason="x"), "give 0 to 1000 percent (HUB-PCT-01)"),
        (OrderAdjustment("charge", percent=Decimal("NaN"), reason="x"), "give 0 to 1000 percent (HUB-PCT-01)"),
        (OrderAdjustment("charge", amount=Decimal(1), reason="x", vat_category="S"), "S has a rate above 0"),
        (OrderAdjustment("charge", amount=Decimal(1), reason="x", vat_category="O"), "category O cannot be mixed"),
        (OrderAdjustment("charge", percent=Decimal(1), reason="x", vat_category="Z"), "no line is of these"),
        (OrderAdjustment("allowance", amount=Decimal(1), reason="x", vat_category="Z"), "no line is of these"),
        (OrderAdjustment("allowance", amount=Decimal("100.01"), reason="x"), "allows more than the goods come to"),
    ],
)  # fmt: skip
def test_what_cannot_be_charged_or_allowed_is_refused_with_its_remedy(adjustment: OrderAdjustment, reason: str) -> None:
    refused = Story().place(line(), adjustments=(adjustment,))
    assert refused.outcome == "refused"
    assert reason in refused.detail


def test_a_line_cannot_allow_more_than_it_comes_to() -> None:
    allowance = Adjustment("allowance", amount=Decimal("90.01"), reason="x")
    assert Story().place(line(discount_percent=Decimal(10), adjustments=(allowance,))).code == "allowances-exceed-line"


def test_the_discount_and_other_allowances_together_cannot_exceed_the_goods() -> None:
    half = OrderAdjustment("allowance", percent=Decimal(50), reason="x")
    assert (
        Story().place(line(), discount_percent=Decimal("50.01"), adjustments=(half,)).code == "allowances-exceed-goods"
    )
    assert Story().place(line(), discount_percent=Decimal(50), adjustments=(half,)).outcome == "applied"
