"""Lists that others keep, matched with what was reported, claimed and paid."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.effects import SettlementRecorded
from hub.domain.policy import Policy
from hub.domain.reconciliation.discrepancy import Discrepancy, Tolerance, Tolerances
from hub.domain.reconciliation.dossier import Period, day_of
from hub.domain.reconciliation.findings import Findings
from hub.domain.reconciliation.matching import Entry, match, total
from hub.domain.reconciliation.payments import Claim
from hub.domain.reconciliation.remittances import Remitted, match_remittances
from hub.domain.statements import ItemStated, StatedSubject, check_stated
from tests.support.orders import CUSTOMER, ORDER, START, Story, line
from tests.support.reconciliation import dossier, explained, reconciled

DAY = date(2026, 3, 2)


def entry(key: str, amount: object, day: int = 0, *references: str) -> Entry:
    return Entry(key, Decimal(str(amount)), DAY + timedelta(days=day), frozenset(references))


def shapes(left: list[Entry], right: list[Entry]) -> set[tuple[str, str, str]]:
    return {
        (group.shape, " ".join(each.key for each in group.left), " ".join(each.key for each in group.right))
        for group in match(left, right)
    }


# --- matching -------------------------------------------------------------------------------------


def test_what_shares_a_reference_is_matched_however_many_there_are() -> None:
    left = [entry("l1", 5, 0, "A"), entry("l2", 7, 0, "B", "C"), entry("l3", 1, 0, "D"), entry("l4", 2, 0, "D")]
    right = [entry("r1", 5, 0, "A"), entry("r2", 3, 0, "B"), entry("r3", 4, 0, "C"), entry("r4", 3, 0, "D", "E")]
    assert shapes(left, right) == {
        ("one-to-one", "l1", "r1"),
        ("one-to-many", "l2", "r2 r3"),
        ("many-to-one", "l3 l4", "r4"),
    }


def test_a_reference_of_one_list_only_joins_nothing() -> None:
    assert shapes([entry("l", 5, 0, "A")], [entry("r1", 5, 0, "A", "order"), entry("r2", 3, 0, "B", "order")]) == {
        ("one-to-one", "l", "r1"),
        ("right-only", "", "r2"),
    }


def test_equal_amounts_are_matched_by_the_nearest_day() -> None:
    assert shapes([entry("l", 5, 9)], [entry("r1", 5, 0), entry("r2", 5, 8), entry("r3", 6, 9)]) == {
        ("one-to-one", "l", "r2"),
        ("right-only", "", "r1"),
        ("right-only", "", "r3"),
    }


def test_an_amount_is_matched_with_those_it_is_the_sum_of_on_either_side() -> None:
    assert shapes([entry("l", 10)], [entry("r1", 3), entry("r2", 7), entry("r3", 4)]) == {
        ("one-to-many", "l", "r1 r2"),
        ("right-only", "", "r3"),
    }
    assert shapes([entry("l1", 3), entry("l2", 7), entry("l3", 4)], [entry("r", 10)]) == {
        ("many-to-one", "l1 l2", "r"),
        ("left-only", "l3", ""),
    }


ENTRIES = st.lists(
    st.tuples(st.integers(-3, 9), st.integers(0, 3), st.sets(st.sampled_from("ABCD"), max_size=2)), max_size=7
)


@given(ENTRIES, ENTRIES, st.randoms(use_true_random=False))
def test_every_entry_is_in_one_group_and_the_order_of_the_lists_does_not_matter(
    lefts: list[Any], rights: list[Any], random: Random
) -> None:
    left = [entry(f"l{number}", amount, day, *names) for number, (amount, day, names) in enumerate(lefts)]
    right = [entry(f"r{number}", amount, day, *names) for number, (amount, day, names) in enumerate(rights)]
    groups = match(left, right)
    assert sorted(each.key for group in groups for each in (*group.left, *group.right)) == sorted(
        each.key for each in (*left, *right)
    )
    assert sum((group.off for group in groups), Decimal(0)) == total(left) - total(right)
    before = shapes(left, right)
    random.shuffle(left)
    random.shuffle(right)
    assert shapes(left, right) == before


# --- goods ------------------------------------------------------------------------------------------


def stated(number: int, quantity: object, subject: StatedSubject = "deliveries", **fields: Any) -> ItemStated:
    values: dict[str, Any] = {
        "event_id": f"i{number}",
        "source": "list",
        "occurred_at": START,
        "statement_id": "L1",
        "subject": subject,
        "party": "logistics",
        "order_id": ORDER,
        "line_id": "1",
        "quantity": Decimal(str(quantity)),
    }
    return ItemStated(**(values | fields))


def in_parts(*parts: int, references: tuple[str, ...] = ()) -> Story:
    story = Story()
    story.place()
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    for number, part in enumerate(parts):
        reference = references[number] if references else ""
        story.report("logistics", "delivered", {"1": part}, reference=reference)
    return story


def against(story: Story, *items: ItemStated, **fields: Any) -> list[Discrepancy]:
    """What the items, and their lists, differ in from the reports."""
    lists = {(each.subject, each.party): (START.date(), START.date()) for each in items}
    found = explained(story, stated=items, **({"lists": lists} | fields))
    return [each for each in found if each.side == "statement"]


def rows(found: list[Discrepancy]) -> list[tuple[str, str, str]]:
    return [(each.cause, f"{each.quantity:f}", f"{each.amount:f}") for each in found]


def test_lists_that_agree_with_the_reports_differ_in_nothing() -> None:
    assert against(in_parts(4, 6), stated(1, 4), stated(2, 6)) == []
    assert against(in_parts(4, 6), stated(1, 10)) == [], "one to many"
    assert against(in_parts(10), stated(1, 4), stated(2, 6)) == [], "many to one"
    assert against(in_parts(10), stated(1, "0.1", unit="CEN")) == [], "a tenth of a hundred"


def test_a_report_without_quantities_is_about_all_that_was_lacking() -> None:
    story = in_parts(4)
    story.report("logistics", "delivered")
    assert against(story, stated(1, 4), stated(2, 6)) == []


@pytest.mark.parametrize(
    ("quantities", "expected"),
    [
        ([9], [("stated-less", "-1", "-10.00")]),
        ([12], [("stated-more", "2", "20.00")]),
        ([10, 10], [("stated-twice", "10", "100.00")]),
        ([6], [("stated-less", "-4", "-40.00")]),
    ],
)
def test_lists_with_less_more_or_the_same_twice_are_told_apart(
    quantities: list[int], expected: list[tuple[str, str, str]]
) -> None:
    found = against(in_parts(10), *(stated(number, each) for number, each in enumerate(quantities)))
    assert rows(found) == expected
    assert found[0].open
    assert found[0].stated[0] == "L1 i0" or found[0].cause == "stated-twice"


def test_references_tell_which_of_two_deliveries_a_list_has_wrong() -> None:
    story = in_parts(5, 5, references=("DN-1", "DN-2"))
    found = against(story, stated(1, 5, references=("DN-2",)), stated(2, 4, references=("DN-1",)))
    assert rows(found) == [("stated-less", "-1", "-10.00")]
    delivered = [received.event for received, _ in story.journal if getattr(received.event, "reference", "") == "DN-1"]
    assert found[0].event_ids == (delivered[0].event_id,)
    assert found[0].stated == ("L1 i2",)


def test_what_only_the_list_or_only_the_hub_has_is_missing() -> None:
    assert rows(against(in_parts(), stated(1, 3))) == [("not-reported", "3", "30.00")]
    assert rows(against(in_parts(10), stated(1, 3, line_id="7"))) == [
        ("not-reported", "3", "0"),
        ("not-stated", "-10", "-100.00"),
    ]
    nothing = {("deliveries", "logistics"): (START.date(), START.date())}
    assert rows(against(in_parts(10), lists=nothing)) == [("not-stated", "-10", "-100.00")]
    carrier = {("proof-of-delivery", "dhl"): (START.date(), START.date())}
    assert against(in_parts(10), lists=carrier) == [], "a carrier need not have every delivery"
    earlier = {("deliveries", "logistics"): (START.date() - timedelta(days=3), START.date() - timedelta(days=2))}
    assert against(in_parts(10), lists=earlier) == [], "the list is about other days"


def test_a_delivery_on_the_list_that_is_reported_after_the_period_is_a_matter_of_time() -> None:
    story = in_parts()
    story.report("logistics", "delivered", {"1": 10}, occurred_at=START + timedelta(days=1))
    period = Period(today=START.date(), until=START.date())
    (found,) = against(story, stated(1, 10), period=period)
    assert (found.cause, found.kind, found.quantity, found.open) == ("reported-later", "timing", 10, False)


def test_another_price_on_a_list_is_a_difference_unless_it_is_tolerated() -> None:
    story = in_parts(10)
    items = stated(1, 10, price=Decimal("10.20"))
    assert rows(against(story, items)) == [("stated-price", "0", "2.00")]
    tolerances = Tolerances(items={"ST-1": Tolerance(price=Decimal("0.20"))})
    assert [each.tolerated for each in against(story, items, tolerances=tolerances)] == [True]


def test_goods_that_came_back_are_on_a_list_as_less_than_nothing() -> None:
    story = in_parts(10)
    story.report("logistics", "returned", {"1": 3})
    assert against(story, stated(1, 10)) == [], "a list without returns says nothing of them"
    assert against(story, stated(1, 10), stated(2, -3)) == []
    assert rows(against(story, stated(1, 10), stated(2, -2))) == [("stated-more", "1", "10.00")]


# --- money ------------------------------------------------------------------------------------------


def claims(*prices: str, paid: str = "") -> list[Claim]:
    """Claims of one order settled delivery by delivery, at ten pieces each."""
    found: list[Claim] = []
    for price in prices:
        story = Story(Policy(settlement="per-delivery"))
        story.place(line(price=Decimal(price)), line("2", quantity=1))
        story.report("logistics", "accepted")
        story.report("logistics", "shipped")
        story.report("logistics", "delivered")
        if paid:
            story.pay(paid)
        found += reconciled(story, dossier(story)).books.claims
    settled = [each.settlement for each in found]
    assert all(isinstance(each, SettlementRecorded) for each in settled)
    return [_renamed(claim, number) for number, claim in enumerate(found)]


def _renamed(claim: Claim, number: int) -> Claim:
    """Stories all have the same order: each gets one of its own."""
    from msgspec.structs import replace

    moment = claim.settlement.occurred_at + timedelta(minutes=number)
    settled = replace(claim.settlement, settlement_id=f"S{number}", order_id=f"O{number}", occurred_at=moment)
    return replace(claim, settlement=replace(settled, purchase_order=f"PO{number}"))


def remitted(number: int, amount: str, *references: str, day: int = 0) -> ItemStated:
    return ItemStated(
        event_id=f"p{number}",
        source="bank",
        occurred_at=START + timedelta(days=day),
        statement_id="R1",
        subject="remittance",
        party=CUSTOMER,
        references=references,
        amount=Decimal(amount),
        currency="EUR",
    )


def settle(held: list[Claim], *items: ItemStated, today: date | None = None) -> tuple[list[Discrepancy], Remitted]:
    findings = Findings("EUR", customer_id=CUSTOMER)
    period = Period(today=today or START.date())
    outcome = match_remittances(findings, "EUR", items, held, period)
    return list(findings.discrepancies(Tolerances())), outcome


def causes(found: list[Discrepancy]) -> list[tuple[str, str]]:
    return [(each.cause, f"{each.amount:f}") for each in found if each.cause != "not-booked"]


def test_payments_are_allocated_to_what_they_name_one_to_one_and_one_to_many_and_many_to_one() -> None:
    held = claims("10", "20", "30")
    assert [f"{claim.claimed}" for claim in held] == ["130.90", "249.90", "368.90"]
    found, outcome = settle(
        held,
        remitted(1, "380.80", "S0", "O1"),
        remitted(2, "300.00", "PO2"),
        remitted(3, "68.90", "PO2"),
    )
    assert causes(found) == []
    assert dict(outcome.shapes) == {"one-to-many": 1, "many-to-one": 1}
    assert [(each.order_id, f"{each.amount}") for each in outcome.payments] == [
        ("O0", "130.90"),
        ("O1", "249.90"),
        ("O2", "368.90"),
    ]


def test_payments_that_name_nothing_are_allocated_by_their_amount() -> None:
    found, outcome = settle(claims("10", "20", "30"), remitted(1, "368.90"), remitted(2, "380.80"))
    assert causes(found) == []
    assert dict(outcome.shapes) == {"one-to-one": 1, "one-to-many": 1}


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        (["130.00"], ("paid-less", "-0.90")),
        (["119.00"], ("line-not-paid", "-11.90")),
        (["110.00"], ("vat-not-paid", "-20.90")),
        (["140.00"], ("paid-more", "9.10")),
        (["130.91"], ("paid-rounded", "0.01")),
        (["130.90", "130.90"], ("paid-twice", "130.90")),
        (["261.80"], ("paid-twice", "130.90")),
    ],
)
def test_what_is_paid_less_more_twice_rounded_or_without_vat_is_told_apart(
    amounts: list[str], expected: tuple[str, str]
) -> None:
    items = [remitted(number, each, "S0") for number, each in enumerate(amounts)]
    found, _ = settle(claims("10"), *items)
    assert causes(found) == [expected]


def test_a_payment_for_nothing_and_claims_that_are_not_paid_are_missing_or_not_due() -> None:
    held = claims("10")
    due = held[0].settlement.payment_due
    assert due is not None
    found, outcome = settle(held, remitted(1, "5.00", "unknown"))
    assert causes(found) == [("no-such-claim", "5.00"), ("claim-not-due", "-130.90")]
    assert outcome.payments == ()
    late = (due - START.date()).days
    found, _ = settle(held, remitted(1, "5.00", "unknown", day=late), today=due)
    assert causes(found) == [("no-such-claim", "5.00"), ("not-remitted", "-130.90")]


def test_only_what_is_not_booked_yet_is_still_to_be_booked_and_what_is_over_goes_to_the_newest() -> None:
    booked = claims("10", paid="100.00")
    found, outcome = settle(booked, remitted(1, "130.90", "S0"))
    assert [(each.cause, f"{each.amount}") for each in found] == [("not-booked", "-30.90")]
    assert [(each.order_id, f"{each.amount}") for each in outcome.payments] == [("O0", "30.90")]
    found, outcome = settle(claims("10", "20"), remitted(1, "400.00", "S0", "S1"))
    assert [(each.order_id, f"{each.amount}") for each in outcome.payments] == [("O0", "130.90"), ("O1", "269.10")]
    assert settle(claims("10", paid="130.90"), remitted(1, "130.90", "S0"))[1].payments == ()


def test_an_item_says_of_goods_which_and_how_many_and_of_money_how_much_in_which_currency() -> None:
    head = {"event_id": "1", "source": "x", "occurred_at": datetime(2026, 1, 1, tzinfo=UTC), "statement_id": "s"}
    goods = ItemStated(subject="deliveries", party="logistics", **head)  # type: ignore[arg-type]
    assert [each.field for each in check_stated(goods)] == ["order_id", "line_id", "quantity"]
    money = ItemStated(subject="remittance", party="C", amount=Decimal("1.005"), currency="EUR", **head)  # type: ignore[arg-type]
    assert [each.check for each in check_stated(money)] == ["amount-invalid"]
    nowhere = ItemStated(subject="remittance", party="C", amount=Decimal(1), currency="XXX", **head)  # type: ignore[arg-type]
    assert [each.check for each in check_stated(nowhere)] == ["currency-unknown"]
    assert day_of(goods.occurred_at) == date(2026, 1, 1)
