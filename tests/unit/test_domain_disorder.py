"""Events that come early, late, twice or not at all."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from msgspec.structs import replace

from hub.domain.effects import CustomerNotified, DeadLettered, ExceptionRaised, SettlementRecorded
from hub.domain.events import OrderCancelled, OrderConfirmed, OrderEvent, OrderPaid
from hub.domain.policy import Policy
from hub.domain.seen import NOTHING_SEEN, Seen, already_seen, mark_of, remember
from tests.support.orders import ORDER, Story, line, made_order_in_work, stock_order_in_work


def test_an_event_takes_effect_once_however_often_it_comes() -> None:
    story = stock_order_in_work()
    shipped = story.status("logistics", "shipped", {"1": 4})
    assert [story.receive(shipped).outcome for _ in range(3)] == ["applied", "duplicate", "duplicate"]
    assert story.line().shipped == 4


def test_the_same_id_from_another_source_is_another_event() -> None:
    story = stock_order_in_work()
    shipped = story.status("logistics", "shipped", {"1": 4})
    story.receive(shipped)
    assert story.receive(replace(shipped, source="/other")).outcome == "applied"


def test_a_repetition_of_a_waiting_event_is_a_duplicate() -> None:
    story = Story()
    shipped = story.status("logistics", "shipped", {"1": 4})
    assert [story.receive(shipped).outcome for _ in range(2)] == ["parked", "duplicate"]
    assert len(story.order.parked) == 1


def test_a_report_before_the_order_waits_for_it_and_is_joined() -> None:
    story = Story()
    story.report("logistics", "shipped", {"1": 10})
    story.report("logistics", "accepted")
    story.report("logistics", "delivered", {"1": 10})
    assert story.headline == "unknown"
    story.place()
    assert story.headline == "settled"
    assert story.order.parked == ()


def test_a_repetition_of_what_waited_and_was_joined_is_a_duplicate() -> None:
    story = Story()
    early = story.status("logistics", "shipped", {"1": 4})
    story.receive(early)
    story.place()
    story.report("logistics", "accepted")
    assert story.receive(early).outcome == "duplicate"
    assert story.line().shipped == 4


def test_every_order_of_arrival_of_five_events_ends_the_same() -> None:
    def events(story: Story) -> list[OrderEvent]:
        return [
            story.placed(line(item_id="MK-1")),
            story.status("production", "accepted"),
            story.status("production", "produced", {"1": 10}),
            story.status("logistics", "accepted"),
            story.status("logistics", "shipped", {"1": 10}),
            story.status("logistics", "delivered", {"1": 10}),
        ]

    for order in permutations(range(6)):
        story = Story()
        arriving = events(story)
        for place in order:
            story.receive(arriving[place])
        assert (story.headline, story.order.parked, story.line().delivered) == ("settled", (), 10), order
        assert len(story.sent(SettlementRecorded)) == 1


@pytest.mark.parametrize(
    ("department", "kind", "code"),
    [
        ("production", "produced", "not-accepted"),
        ("production", "scheduled", "not-accepted"),
        ("logistics", "accepted", "no-work-order"),
        ("logistics", "problem", "no-work-order"),
        ("logistics", "delivered", "no-work-order"),
    ],
)
def test_a_report_ahead_of_what_it_builds_on_is_parked(department: str, kind: str, code: str) -> None:
    story = Story()
    story.place(line(item_id="MK-1"))
    decision = story.report(department, kind, {"1": 10})  # type: ignore[arg-type]
    assert (decision.outcome, decision.code, decision.effects) == ("parked", code, ())


def test_more_cannot_be_shipped_than_is_made_nor_delivered_than_is_shipped() -> None:
    story = made_order_in_work()
    story.report("production", "produced", {"1": 4})
    story.report("logistics", "accepted")
    assert story.report("logistics", "shipped", {"1": 5}).code == "not-ready"
    assert story.report("logistics", "delivered", {"1": 1}).code == "not-shipped"
    assert story.report("logistics", "returned", {"1": 1}).code == "not-delivered"
    story.report("production", "produced", {"1": 6})
    assert (story.line().shipped, story.line().delivered, story.line().returned) == (5, 1, 1)


def test_what_waited_in_vain_is_dead_lettered_with_its_bytes_and_reason() -> None:
    story = Story()
    story.place(line(item_id="MK-1"))
    early = story.status("production", "produced", {"1": 10})
    story.receive(early)
    origin = story.journal[-1][0]
    story.wait(story.policy.parked_for)
    (letter,) = story.sent(DeadLettered)
    assert (letter.raw, letter.topic, letter.offset) == (origin.raw, origin.topic, origin.offset)
    assert letter.code == "not-accepted"
    assert story.decisions[-1].explanations == (f"dead-lettered test/0@2: {letter.reason}",)
    assert "2025-03-07 08:00:00" in letter.reason


def test_a_dead_lettered_event_can_be_sent_again() -> None:
    story = Story()
    story.place(line(item_id="MK-1"))
    early = story.status("production", "produced", {"1": 10})
    story.receive(early)
    story.wait(story.policy.parked_for)
    story.report("production", "accepted")
    assert story.receive(early).outcome == "applied"


def test_nothing_is_remembered_of_an_order_that_never_came() -> None:
    story = Story()
    story.report("logistics", "shipped", {"1": 10})
    story.wait(story.policy.parked_for)
    assert story.state is None
    assert story.dead() == ["order-unknown"]


def test_a_waiting_event_that_turns_out_wrong_is_dead_lettered_when_that_is_known() -> None:
    story = Story()
    story.report("logistics", "shipped", {"9": 1})
    story.place()
    story.report("logistics", "accepted")
    assert story.dead() == ["unknown-line"]
    assert story.order.parked == ()


def test_only_so_much_may_wait() -> None:
    story = Story(Policy(parked_limit=3))
    outcomes = [story.report("logistics", "shipped", {"1": 1}).outcome for _ in range(5)]
    assert outcomes == ["parked"] * 3 + ["refused"] * 2
    story = Story(Policy(parked_bytes=26))
    outcomes = [story.report("logistics", "shipped", {"1": 1}).outcome for _ in range(5)]
    assert outcomes == ["parked"] * 2 + ["refused"] * 3


def test_what_is_tried_again_in_vain_lends_its_id_to_no_effect() -> None:
    story = Story(Policy(parked_for=timedelta(days=30)))
    story.place(line(item_id="MK-1"))
    story.report("production", "produced", {"1": 10})
    story.wait(timedelta(days=3))
    assert story.problems() == ["stalled"]
    story.pay(10)
    story.report("production", "accepted")
    ids = [effect.event_id for effect in story.effects]  # type: ignore[union-attr]
    assert (len(ids), story.order.parked, story.problems()) == (len(set(ids)), (), [])


def test_events_of_the_same_id_from_two_sources_have_effects_of_their_own() -> None:
    story = stock_order_in_work()
    shipped = story.status("logistics", "shipped", {"1": 4})
    story.receive(shipped)
    story.receive(replace(shipped, source="/other"))
    ids = [effect.event_id for effect in story.effects]  # type: ignore[union-attr]
    assert len(ids) == len(set(ids))


def test_a_confirmation_before_the_question_answers_it() -> None:
    story = Story(Policy(confirmation="required"), credit_answers=False)
    story.place()
    assert story.confirm().code == "not-asked"
    answer = story.answer(story.requests[0])
    assert answer is not None
    story.receive(answer)
    assert story.headline == "confirmed"


def test_a_payment_and_a_cancellation_before_the_order_wait_for_it() -> None:
    story = Story()
    story.receive(OrderPaid(order_id=ORDER, amount=Decimal(119), currency="EUR", **story.head()))
    story.receive(OrderCancelled(order_id=ORDER, **story.head()))
    story.place()
    assert story.headline == "cancelled"
    assert story.problems() == ["refund-due"]


def test_a_late_acceptance_is_ignored_with_a_reason() -> None:
    story = made_order_in_work()
    decision = story.report("production", "accepted")
    assert (decision.outcome, decision.code) == ("ignored", "late")
    assert decision.detail


def test_a_result_that_comes_after_the_settlement_is_still_joined() -> None:
    story = stock_order_in_work()
    story.report("logistics", "shipped", {"1": 10})
    story.report("logistics", "delivered", {"1": 10})
    story.report("logistics", "shipped", {"1": 2})
    assert story.problems() == ["over-delivered"]
    story.report("logistics", "delivered", {"1": 2})
    assert story.line().delivered == 12
    assert story.order.payable == Decimal("119.00"), "more than ordered is not billed"


def test_an_older_date_does_not_replace_a_newer_one() -> None:
    story = made_order_in_work()
    old = story.status("production", "scheduled")
    new = story.status("production", "scheduled")
    story.receive(replace(new, expected_at=new.occurred_at + timedelta(days=2)))
    decision = story.receive(replace(old, expected_at=old.occurred_at + timedelta(days=9)))
    assert decision.explanations == ("production has given a newer date than 2025-03-12 08:04",)
    assert story.order.production.expected_at == new.occurred_at + timedelta(days=2)


def test_a_problem_reported_before_but_arriving_after_progress_is_over() -> None:
    story = made_order_in_work()
    problem = story.status("production", "problem")
    story.report("production", "produced", {"1": 1})
    assert story.receive(problem).code == "overtaken"
    same_moment = replace(problem, event_id="same moment", occurred_at=story.order.production.moved_at)
    assert story.receive(same_moment).outcome == "applied"


def test_three_copies_of_one_report_open_one_exception() -> None:
    story = made_order_in_work()
    problem = story.status("production", "problem", reason="tool broken")
    for _ in range(3):
        story.receive(problem)
    story.receive(replace(problem, event_id="another", reason="tool still broken"))
    assert len(story.sent(ExceptionRaised)) == 1
    assert story.order.exceptions[0].detail == "tool broken"
    story.report("production", "problem", reason="and now the power is gone")
    assert len(story.sent(ExceptionRaised)) == 1
    assert story.order.exceptions[0].detail == "and now the power is gone"


def test_a_report_on_goods_that_were_rejected_goes_to_a_person() -> None:
    story = Story()
    story.place(line(item_id="MK-1"))
    story.report("production", "rejected")
    assert story.report("production", "produced", {"1": 10}).outcome == "refused"
    assert story.report("production", "accepted").outcome == "ignored"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "received"}, "not-its-report"),
        ({"work_order_id": "ORD-1.procurement"}, "unknown-work-order"),
        ({"quantities": {"7": 1}}, "unknown-line"),
        ({"quantities": {"1": -1}}, "quantity-not-positive"),
        ({"quantities": {"1": "NaN"}}, "quantity-not-positive"),
        ({"quantities": {"1": "0.0000001"}}, "quantity-not-positive"),
        ({"unit": "LTR"}, "unit-mismatch"),
    ],
)
def test_a_report_that_makes_no_sense_is_refused(changes: dict[str, object], code: str) -> None:
    story = made_order_in_work()
    quantities = changes.pop("quantities", {"1": 1})
    unit = changes.pop("unit", None)
    report = replace(story.status("production", "produced", quantities), **changes)  # type: ignore[arg-type]
    if unit:
        report = replace(report, lines=(replace(report.lines[0], unit=unit),))
    before = story.order
    decision = story.receive(report)
    assert (decision.outcome, decision.code, decision.state) == ("refused", code, before)
    assert decision.detail


def test_an_order_number_cannot_be_used_twice() -> None:
    story = Story()
    story.place()
    assert story.place().code == "already-placed"


def test_timers_before_their_time_do_nothing() -> None:
    story = Story()
    story.place()
    decision = story.fire()
    assert (decision.outcome, decision.code, decision.effects) == ("ignored", "not-due", ())


def test_the_window_of_seen_events_is_bounded_and_loses_no_first_delivery_within_it() -> None:
    head = {"source": "/shop", "order_id": ORDER, "occurred_at": Story().now}
    events = [OrderConfirmed(event_id=str(number), sequence=number, **head) for number in range(10)]  # type: ignore[arg-type]
    seen = NOTHING_SEEN
    for event in (*events[:4], events[7], events[5], events[6], events[4], events[8]):
        assert not already_seen(seen, mark_of(event), event), "a lower sequence number is no repetition"
        seen = remember(seen, mark_of(event), event, 4)
    assert len(seen.entries) == 4 * 20
    assert [already_seen(seen, mark_of(event), event) for event in events] == [True] * 9 + [False]


def test_the_highest_number_of_a_source_that_left_the_window_counts_whatever_left_it_last() -> None:
    head = {"source": "/shop", "order_id": ORDER, "occurred_at": Story().now}
    events = [OrderConfirmed(event_id=str(number), sequence=number, **head) for number in range(10)]  # type: ignore[arg-type]
    seen = NOTHING_SEEN
    for number in (5, 3, 6, 7):
        seen = remember(seen, mark_of(events[number]), events[number], 2)
    assert already_seen(seen, mark_of(events[5]), events[5]), "3 left after 5 did"
    assert not already_seen(seen, mark_of(events[8]), events[8])


def test_a_mark_is_found_only_where_a_mark_stands() -> None:
    event = Story().placed()
    mark = mark_of(event)
    assert already_seen(Seen(mark + b"." * 12), mark, event)
    assert not already_seen(Seen(b"." * 4 + mark + b"." * 8), mark, event)


def test_entries_count_every_decision_but_refusals() -> None:
    story = made_order_in_work()
    story.report("production", "accepted")
    story.report("logistics", "shipped")
    story.place()
    story.receive(story.journal[0][0].event)
    assert [decision.outcome for decision in story.decisions[-4:]] == ["ignored", "parked", "refused", "duplicate"]
    assert story.order.entries == len(story.journal) == len(story.decisions) - 1


def test_a_source_without_sequence_numbers_is_remembered_within_the_window_only() -> None:
    head = {"source": "/shop", "order_id": ORDER, "occurred_at": Story().now}
    events = [OrderConfirmed(event_id=str(number), **head) for number in range(5)]  # type: ignore[arg-type]
    seen = NOTHING_SEEN
    for event in events:
        seen = remember(seen, mark_of(event), event, 3)
    assert [already_seen(seen, mark_of(event), event) for event in events] == [False, False, True, True, True]


def test_the_customer_is_told_once_per_fact_under_repetition() -> None:
    story = stock_order_in_work()
    shipped = story.status("logistics", "shipped", {"1": 10})
    for _ in range(4):
        story.receive(shipped)
    told = [notified.kind for notified in story.sent(CustomerNotified)]
    assert told.count("shipped") == 1
