"""Ordered, delivered, settled and paid: every difference of one order has its cause, amount and events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from hub.domain.effects import SettlementPosted, SettlementRecorded
from hub.domain.model import LineChange
from hub.domain.policy import EarlyPayment, LateDelivery, Policy
from hub.domain.reconciliation.causes import CAUSES
from hub.domain.reconciliation.discrepancy import Discrepancy, Tolerance, Tolerances
from hub.domain.reconciliation.dossier import Dossier, Period
from tests.support.orders import START, Story, line
from tests.support.reconciliation import dossier, explained, reconciled

Row = tuple[str, str, str, str]


def stock(*lines: Any, policy: Policy | None = None, **fields: Any) -> Story:
    """An order from stock, accepted and shipped."""
    story = Story(policy)
    story.place(*lines, **fields)
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    return story


def delivered(**fields: Any) -> Story:
    """Ten pieces at 10.00 with 19% VAT, delivered and settled at 119.00."""
    story = stock(**fields)
    story.report("logistics", "delivered", {"1": 10})
    return story


def rows(found: tuple[Discrepancy, ...]) -> list[Row]:
    return [(each.cause, each.line_id, f"{each.quantity:f}", f"{each.amount:f}") for each in found]


def goods(found: tuple[Discrepancy, ...]) -> list[Row]:
    return rows(tuple(each for each in found if each.side == "order"))


def holds(story: Story, held: Dossier | None = None, **fields: Any) -> None:
    """Ordered, with the differences, is settled; settled, with the differences, is paid."""
    outcome = reconciled(story, held, **fields)
    by_side = {
        side: sum((each.amount for each in outcome.discrepancies if each.side == side), Decimal(0))
        for side in ("order", "payment")
    }
    assert outcome.matched.ordered + by_side["order"] == outcome.matched.settled
    assert outcome.matched.settled + by_side["payment"] == outcome.books.paid


def billed_again(story: Story, **fields: Any) -> Dossier:
    """What is held of the story with its last settlement changed."""
    held = dossier(story)
    return replace(held, settlements=(*held.settlements[:-1], replace(held.settlements[-1], **fields)))


def test_an_order_delivered_settled_and_paid_in_full_has_no_difference() -> None:
    story = delivered()
    story.pay("119.00")
    assert explained(story) == ()
    outcome = reconciled(story)
    assert (outcome.matched.ordered, outcome.matched.settled, outcome.books.paid) == (119, 119, 119)


def cancelled() -> Story:
    story = Story()
    story.place(line(quantity=10))
    story.change(1, LineChange("change", "1", line(quantity=10)))
    story.cancel()
    return story


def never_arrived() -> Story:
    story = delivered()
    story.command("close-short", "1:2")
    return story


def returned() -> Story:
    story = delivered()
    story.report("logistics", "returned", {"1": 3})
    return story


def over() -> Story:
    story = stock(policy=Policy(over_delivery_percent=Decimal(10)))
    story.report("logistics", "shipped", {"1": 2})
    story.report("logistics", "delivered", {"1": 12})
    return story


def given_up() -> Story:
    story = Story()
    story.place()
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 4})
    story.report("logistics", "delivered", {"1": 4})
    story.command("close-short", "1")
    return story


def in_part() -> Story:
    story = stock()
    story.report("logistics", "delivered", {"1": 4})
    return story


@pytest.mark.parametrize(
    ("tell", "expected", "behind"),
    [
        (cancelled, [("cancelled", "1", "-10", "-119.00")], ["OrderCancelled"]),
        (never_arrived, [("never-arrived", "1", "-2", "-23.80")], ["OperatorCommanded"]),
        (returned, [("returned", "1", "-3", "-35.70")], ["StatusReported"]),
        (
            over,
            [("over-delivered", "1", "2", "23.80"), ("not-billed", "1", "-1.000000", "-11.90")],
            ["StatusReported", "StatusReported"],
        ),
        (given_up, [("given-up", "1", "-6", "-71.40")], ["OperatorCommanded"]),
        (
            in_part,
            [("not-delivered-yet", "1", "-6", "-71.40"), ("not-settled-yet", "1", "-4", "-47.60")],
            ["OrderPlaced", "StatusReported"],
        ),
    ],
    ids=["cancelled", "never arrived", "returned", "over", "given up", "in part"],
)
def test_what_happened_to_the_goods_is_the_cause_with_quantity_amount_and_events(
    tell: Callable[[], Story], expected: list[Row], behind: list[str]
) -> None:
    story = tell()
    found = [each for each in explained(story) if each.side == "order"]
    assert rows(tuple(found)) == expected
    types = {received.event.event_id: type(received.event).__name__ for received, _ in story.journal}
    assert [types[event_id] for each in found for event_id in each.event_ids[-1:]] == behind
    assert not any(each.open for each in found)
    holds(story)


def test_an_amended_quantity_is_what_is_ordered() -> None:
    story = Story()
    story.place(line(quantity=10))
    story.change(1, LineChange("change", "1", line(quantity=7)))
    assert reconciled(story).matched.ordered == Decimal("83.30")


def test_contracts_take_off_and_charge_with_their_events() -> None:
    wanted = START.date() - timedelta(days=2)
    policy = Policy(
        late_delivery=LateDelivery(percent=Decimal(1), per="day", cap=Decimal(5)),
        early_payment=EarlyPayment(percent=Decimal(2), days=10),
    )
    story = stock(line(requested_delivery=wanted), policy=policy)
    report = story.status("logistics", "delivered", {"1": 10})
    story.receive(report)
    story.pay(Decimal("114.29"))
    found = explained(story)
    assert goods(found) == [("late-delivery", "", "0", "-2.38"), ("early-payment", "", "0", "-2.33")]
    assert found[0].event_ids == (report.event_id,)
    holds(story)


def test_every_amount_of_a_settlement_names_the_events_it_came_from() -> None:
    policy = Policy(
        late_delivery=LateDelivery(percent=Decimal(1), per="day", cap=Decimal(5)),
        early_payment=EarlyPayment(percent=Decimal(2), days=10),
    )
    story = stock(line(requested_delivery=START.date() - timedelta(days=2)), policy=policy, discount_percent=Decimal(5))
    report = story.status("logistics", "delivered", {"1": 10})
    story.receive(report)
    story.pay(story.order.payable)
    paid = story.journal[-1][0].event.event_id
    back = story.status("logistics", "returned", {"1": 1})
    story.receive(back)
    invoice, saving, note = story.sent(SettlementRecorded)
    for settled, source in ((invoice, report.event_id), (saving, paid), (note, back.event_id)):
        amounts = [*(each.event_ids for each in settled.lines), *(each.event_ids for each in settled.adjustments)]
        assert amounts
        assert all(source in names or report.event_id in names for names in amounts), settled.cause
        assert any(source in names for names in amounts)
    assert {each.cause for each in story.sent(SettlementRecorded)} == {"close", "early-payment", "return"}


def test_a_charge_for_what_was_cancelled_is_beyond_what_is_cancelled() -> None:
    story = Story(Policy(cancellation_charges={"production": Decimal(40)}))
    story.place(line(item_id="MK-1"))
    story.report("production", "accepted")
    story.report("production", "produced", {"1": 10})
    story.cancel()
    found = explained(story)
    assert goods(found) == [("cancelled", "1", "-10", "-119.00"), ("cancellation-charge", "", "0", "47.60")]
    holds(story)


def test_parts_that_round_by_themselves_differ_by_rounding_and_nothing_else() -> None:
    story = stock(line(quantity=2, price=Decimal("0.345")), policy=Policy(settlement="per-delivery"))
    story.report("logistics", "delivered", {"1": 1})
    story.report("logistics", "delivered", {"1": 1})
    assert goods(explained(story)) == [("settled-in-parts", "", "0", "0.02")]
    holds(story)


def test_a_corrected_price_leaves_no_difference() -> None:
    story = delivered()
    story.change(1, LineChange("change", "1", line(price=Decimal("9.50"))))
    assert len(story.sent(SettlementRecorded)) == 3
    assert goods(explained(story)) == []
    assert reconciled(story).matched.settled == Decimal("113.05")


CORRECTIONS: list[dict[str, Any]] = [{"discount_percent": Decimal("7.5")}, {"price": Decimal("0.337")}]


def returned_in_part(quantity: int, returned: int) -> Story:
    """Units at 0.335 each, billed when they arrived, and some of them sent back."""
    story = stock(line(quantity=quantity, price=Decimal("0.335")), line("2"), policy=Policy(settlement="per-delivery"))
    story.report("logistics", "delivered", {"1": quantity})
    story.report("logistics", "returned", {"1": returned})
    return story


@pytest.mark.parametrize("correction", CORRECTIONS)
@pytest.mark.parametrize("quantity", [5, 6, 7])
@pytest.mark.parametrize("returned", [1, 2, 3])
def test_what_is_corrected_after_a_part_of_it_came_back_differs_by_rounding_at_most(
    correction: dict[str, Any], quantity: int, returned: int
) -> None:
    story = returned_in_part(quantity, returned)
    if "price" in correction:
        story.change(1, LineChange("change", "1", replace(story.line("1").line, **correction)))
    else:
        story.change(1, **correction)
    assert {cause for cause, *_ in goods(explained(story))} <= {"returned", "not-delivered-yet", "settled-in-parts"}
    holds(story)


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_what_was_not_corrected_differs_whatever_came_back(correction: dict[str, Any]) -> None:
    story = returned_in_part(7, 2)
    state, (first, *others), terms = story.order, story.order.lines, story.order.terms
    assert terms is not None
    if "price" in correction:
        state = replace(state, lines=(replace(first, line=replace(first.line, **correction)), *others))
    else:
        state = replace(state, terms=replace(terms, **correction))
    (found,) = (each for each in explained(story, replace(dossier(story), state=state)) if each.open)
    assert found.cause == ("price-differs" if "price" in correction else "discount-differs")


def test_delivered_and_billed_by_nothing_is_missing_and_asks_for_action() -> None:
    story = delivered()
    held = replace(dossier(story), settlements=(), postings=())
    found = explained(story, held)
    assert rows(found) == [("not-settled", "1", "-10", "-119.00")]
    assert found[0].open
    assert [story.journal[-1][0].event.event_id] == list(found[0].event_ids)


def test_a_settlement_recorded_twice_is_a_duplicate() -> None:
    story = delivered()
    held = dossier(story)
    doubled = replace(held, settlements=held.settlements * 2, postings=held.postings * 2)
    found = explained(story, doubled)
    assert [(each.cause, each.kind, each.amount, each.open) for each in found if each.open] == [
        ("recorded-twice", "duplicate", Decimal("119.00"), True),
        ("posted-twice", "duplicate", Decimal("119.00"), True),
    ]
    holds(story, doubled)


def test_two_settlements_of_one_delivery_are_a_duplicate_and_one_beyond_any_delivery_is_over() -> None:
    story = delivered()
    (first,) = story.sent(SettlementRecorded)
    for event_ids, cause in ((first.lines[0].event_ids, "settled-twice"), (("other",), "settled-not-delivered")):
        again = replace(
            first, settlement_id="again", event_id="again", lines=(replace(first.lines[0], event_ids=event_ids),)
        )
        held = replace(dossier(story), settlements=(first, again))
        found = [each for each in reconciled(story, held).discrepancies if each.side == "order"]
        assert [(each.cause, each.quantity, each.amount) for each in found] == [(cause, 10, Decimal("119.00"))]
        assert found[0].settlements == (first.settlement_id, "again")


def test_another_price_on_a_settlement_is_named_with_what_it_comes_to() -> None:
    story = delivered()
    (settled,) = story.sent(SettlementRecorded)
    dearer = replace(settled.lines[0], price=Decimal("10.50"), net_amount=Decimal("105.00"))
    vat = replace(settled.vat[0], taxable_amount=Decimal("105.00"), tax_amount=Decimal("19.95"))
    held = billed_again(story, lines=(dearer,), vat=(vat,), tax_inclusive=Decimal("124.95"))
    assert goods(explained(story, held)) == [("price-differs", "1", "10", "5.95")]
    holds(story, held)


def test_another_vat_rate_on_a_settlement_is_a_difference_in_tax() -> None:
    story = delivered()
    (settled,) = story.sent(SettlementRecorded)
    reduced = replace(settled.lines[0], vat_rate=Decimal(7))
    vat = replace(settled.vat[0], rate=Decimal(7), tax_amount=Decimal("7.00"))
    held = billed_again(story, lines=(reduced,), vat=(vat,), tax_inclusive=Decimal("107.00"))
    (found,) = [each for each in explained(story, held) if each.side == "order"]
    assert (found.cause, found.kind, found.amount, found.open) == ("vat-differs", "tax", Decimal("-12.00"), True)
    holds(story, held)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"tax_inclusive": Decimal("119.01")}, "sums-wrong"),
        ({"vat": "19.01", "tax_inclusive": Decimal("119.01")}, "vat-wrong"),
        ({"net": "100.01", "tax_inclusive": Decimal("119.01")}, "amount-wrong"),
    ],
)
def test_amounts_that_do_not_follow_from_their_lines_are_found_a_cent_off(change: dict[str, Any], cause: str) -> None:
    story = delivered()
    (settled,) = story.sent(SettlementRecorded)
    if tax := change.pop("vat", None):
        change["vat"] = (replace(settled.vat[0], tax_amount=Decimal(tax)),)
    if net := change.pop("net", None):
        change["lines"] = (replace(settled.lines[0], net_amount=Decimal(net)),)
    held = billed_again(story, **change)
    assert goods(explained(story, held)) == [(cause, "1" if cause == "amount-wrong" else "", "0", "0.01")]
    assert CAUSES[cause].explained is False
    holds(story, held)


def test_a_line_nobody_ordered_an_order_nobody_placed_and_another_currency_are_named() -> None:
    story = delivered()
    (settled,) = story.sent(SettlementRecorded)
    strange = replace(settled.lines[0], line_id="9")
    held = billed_again(story, lines=(strange,))
    assert goods(explained(story, held)) == [
        ("not-settled", "1", "-10", "-119.00"),
        ("no-such-line", "9", "10", "119.00"),
    ]
    assert goods(explained(story, billed_again(story, currency="CHF"))) == [
        ("other-currency", "", "0", "119.00"),
        ("not-settled", "1", "-10", "-119.00"),
    ]
    orphan = reconciled(story, replace(dossier(story), state=None))
    assert ("no-such-order", "", "0", "119.00") in rows(orphan.discrepancies)


def test_a_period_ends_before_what_comes_later() -> None:
    story = in_part()
    story.wait(timedelta(days=40))
    story.report("logistics", "delivered", {"1": 6}, occurred_at=story.now)
    (settled,) = story.sent(SettlementRecorded)
    period = Period(today=story.now.date(), until=settled.occurred_at.date() - timedelta(days=1))
    assert goods(explained(story, period=period)) == [("settled-later", "1", "-10", "-119.00")]
    holds(story, period=period)


def test_a_period_is_about_orders_open_or_moved_in_it() -> None:
    story = delivered()
    held = dossier(story)
    day = START.date()
    before, after = timedelta(days=-9), timedelta(days=9)
    assert held.concerns(Period(today=day, since=day, until=day))
    assert not held.concerns(Period(today=day, until=day + before))
    assert held.concerns(Period(today=day + after, since=day + after)), "it is not paid"
    story.pay("119.00")
    assert not dossier(story).concerns(Period(today=day + after, since=day + after))


@pytest.mark.parametrize(
    ("paid", "days", "expected"),
    [
        ("119.00", 0, []),
        ("", 0, [("not-due", "", "0", "-119.00")]),
        ("", 30, [("not-due", "", "0", "-119.00")]),
        ("", 31, [("unpaid", "", "0", "-119.00")]),
        ("100.00", 31, [("underpaid", "", "0", "-19.00")]),
        ("120.00", 0, [("overpaid", "", "0", "1.00")]),
    ],
    ids=["paid", "not due", "due today", "unpaid", "underpaid", "overpaid"],
)
def test_what_was_paid_is_settled_less_what_is_open_and_more_what_is_kept(
    paid: str, days: int, expected: list[Row]
) -> None:
    story = delivered()
    if paid:
        story.pay(paid)
    period = Period(today=story.now.date() + timedelta(days=days))
    found = explained(story, period=period)
    assert rows(found) == expected
    assert not any(each.open for each in found)
    holds(story, period=period)


def test_payments_before_there_is_a_claim_are_shown() -> None:
    story = stock()
    story.pay("50.00")
    assert ("prepaid", "", "0", "50.00") in rows(explained(story))
    holds(story)


def test_settlements_and_their_journal_are_held_against_each_other() -> None:
    story = delivered()
    held = dossier(story)
    for lacking, cause in (({"postings": ()}, "not-posted"), ({"settlements": ()}, "not-recorded")):
        found = explained(story, replace(held, **lacking))
        assert cause in {each.cause for each in found if each.side == "payment"}
        holds(story, replace(held, **lacking))
    (posting,) = story.sent(SettlementPosted)
    for off, causes in (("-1", {"posted-less", "unbalanced"}), ("1", {"posted-more", "unbalanced"})):
        first = replace(posting.entries[0], debit=posting.entries[0].debit + Decimal(off))
        wrong = replace(posting, entries=(first, *posting.entries[1:]))
        found = explained(story, replace(held, postings=(wrong,)))
        assert {each.cause for each in found if each.open} == causes
        holds(story, replace(held, postings=(wrong,)))


def test_a_tolerance_of_the_item_goes_before_the_customers_and_that_before_the_default() -> None:
    story = delivered()
    held = replace(dossier(story), settlements=(), postings=())
    exact, loose = Tolerance(quantity=Decimal(0)), Tolerance(quantity=Decimal(10))
    for tolerances, tolerated in (
        (Tolerances(), False),
        (Tolerances(default=loose), True),
        (Tolerances(default=loose, customers={"C-1": exact}), False),
        (Tolerances(default=exact, customers={"C-1": exact}, items={"ST-1": loose}), True),
        (Tolerances(default=loose, items={"other": exact}), True),
        (Tolerances(default=Tolerance(percent=Decimal(99))), False),
        (Tolerances(default=Tolerance(percent=Decimal(100))), True),
        (Tolerances(default=Tolerance(amount=Decimal("118.99"))), False),
        (Tolerances(default=Tolerance(amount=Decimal(119))), True),
    ):
        (found,) = reconciled(story, held, tolerances=tolerances).discrepancies
        assert (found.tolerated, found.open) == (tolerated, not tolerated)


def test_a_price_is_tolerated_by_the_unit_or_in_percent_of_it() -> None:
    story = delivered()
    (settled,) = story.sent(SettlementRecorded)
    dearer = replace(settled.lines[0], price=Decimal("10.50"), net_amount=Decimal("105.00"))
    vat = replace(settled.vat[0], taxable_amount=Decimal("105.00"), tax_amount=Decimal("19.95"))
    held = billed_again(story, lines=(dearer,), vat=(vat,), tax_inclusive=Decimal("124.95"))
    for tolerance, tolerated in (
        (Tolerance(price=Decimal("0.49")), False),
        (Tolerance(price=Decimal("0.50")), True),
        (Tolerance(percent=Decimal("4.9")), False),
        (Tolerance(percent=Decimal(5)), True),
        (Tolerance(quantity=Decimal(100)), False),
    ):
        found = reconciled(story, held, tolerances=Tolerances(default=tolerance)).discrepancies
        (price,) = [each for each in found if each.cause == "price-differs"]
        assert price.tolerated is tolerated
