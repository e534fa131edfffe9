"""What orders are watched by: each kind of rule finds what it shall, once, and lets go of it when it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.domain.calendar import Calendar, Shift
from hub.domain.effects import ExceptionRaised
from hub.domain.holds import HoldRule
from hub.domain.model import LineChange
from hub.domain.monitor import Escalation, Monitor, MonitorRule
from hub.domain.policy import Policy
from hub.domain.schedule import ScheduleRules, Step
from tests.support.nodes import WEEKDAYS, node
from tests.support.orders import START, Story, line

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OFFICE = {"office": WEEKDAYS}
PLAN = ScheduleRules(
    {
        "production-accepted": Step(takes=4 * HOUR, calendar="office"),
        "produced": Step(working_days=3, calendar="office"),
        "logistics-accepted": Step(takes=4 * HOUR, calendar="office"),
        "shipped": Step(working_days=1, calendar="office"),
        "delivered": Step(working_days=2, calendar="office"),
    },
    OFFICE,
)


def watched(rule: MonitorRule, *others: tuple[str, MonitorRule], **policy: Any) -> Story:
    """The story of an order that is watched by one rule, `it`, and others above it."""
    return Story(Policy(monitor=Monitor({**dict(others), "it": rule}, OFFICE), schedule=PLAN, **policy))


def rule(**fields: Any) -> MonitorRule:
    return MonitorRule(**({"says": "are tried"} | fields))


def raised(story: Story) -> list[tuple[str, str]]:
    return [(each.kind, each.action) for each in story.sent(ExceptionRaised)]


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """In March 2025; the story begins on Monday the 3rd, at 8."""
    return datetime(2025, 3, day, hour, minute, tzinfo=UTC)


def until(story: Story, moment: datetime) -> None:
    story.wait(moment - story.now)


# --- the schedule ---------------------------------------------------------------------------------


def planned(story: Story) -> dict[str, datetime]:
    assert story.order.schedule is not None
    return {each.name: each.planned for each in story.order.schedule.milestones}


def test_an_order_is_planned_when_it_is_allocated_by_working_time() -> None:
    story = watched(rule(rejections=9))
    story.place(line(item_id="MK-1"), requested_delivery=at(14).date())
    schedule = story.order.schedule
    assert schedule is not None
    assert planned(story) == {
        "confirmed": START,
        "allocated": START,
        "production-accepted": at(3, 12),
        "produced": at(6, 12),
        "logistics-accepted": at(7, 8),
        "shipped": at(10, 8),
        "delivered": at(12, 8),
        "settled": at(12, 8),
        "paid": at(12, 8) + 30 * DAY,
    }
    assert (schedule.predicted, schedule.promised, schedule.slack_hours) == (at(12, 8), at(14).date(), 2 * 24 + 15)


def test_what_was_reached_moves_what_is_predicted_and_not_what_was_planned() -> None:
    story = watched(rule(rejections=9))
    story.place(line(item_id="MK-1"), requested_delivery=at(12).date())
    before = planned(story)
    until(story, at(5, 12))
    story.report("production", "accepted")
    schedule = story.order.schedule
    assert schedule is not None
    assert planned(story) == before
    assert schedule.predicted == at(14, 8)
    assert schedule.slack_hours == -33
    assert story.told() == ["received", "confirmed"], "what is predicted is no promise"


def test_a_departments_date_and_an_amendment_plan_anew() -> None:
    story = watched(rule(rejections=9))
    story.place(line(item_id="MK-1"), requested_delivery=at(12).date())
    story.report("production", "accepted")
    story.report("production", "scheduled", expected_at=at(17, 12))
    assert (planned(story)["produced"], planned(story)["delivered"]) == (at(17, 12), at(21, 8))
    assert (story.order.promised, story.told()[-1]) == (at(17).date(), "delayed")
    until(story, at(4, 8))
    story.change(1, LineChange("add", "2", line("2", "ST-1")))
    assert planned(story)["logistics-accepted"] == at(18, 8), "what is left is planned from where the order is"
    assert "planned: delivered 2025-03-21 08:00, 81 hours after what is promised" in story.explained()


def test_a_buyer_who_wants_it_later_than_it_was_promised_is_promised_no_earlier_day() -> None:
    story = watched(rule(rejections=9))
    story.place(line(item_id="MK-1"), requested_delivery=at(12).date())
    story.report("production", "accepted")
    story.report("production", "scheduled", expected_at=at(17, 12))
    assert story.order.schedule is not None
    assert story.order.schedule.promised == at(17).date()
    story.change(1, requested_delivery=at(27).date())
    assert (story.order.promised, story.order.schedule.promised) == (at(17).date(), at(27).date())


def test_a_node_is_planned_by_its_own_calendar() -> None:
    plant = node("plant", lead_days=4)
    story = Story(Policy(schedule=PLAN), nodes=[plant])
    story.place(line(item_id="MK-1"))
    assert planned(story)["produced"] == at(7, 15), "the end of its shift, on the day it is ready"


def test_a_delivery_is_measured_by_when_it_arrived_not_by_when_that_was_heard_of() -> None:
    story = watched(rule(reached="delivered", after="promised"))
    story.place(requested_delivery=at(5).date())
    story.report("logistics", "accepted")
    until(story, at(10))
    story.report("logistics", "shipped", {"1": 10}, occurred_at=at(5, 9))
    story.report("logistics", "delivered", {"1": 10}, occurred_at=at(5, 20))
    assert story.order.schedule is not None
    assert (story.order.schedule.predicted, story.order.schedule.slack_hours) == (at(5, 20), 3)
    assert story.problems() == []


# --- each kind of rule ----------------------------------------------------------------------------


def test_a_status_that_lasts_is_found_at_its_time_and_let_go_when_it_changes() -> None:
    story = watched(rule(status={"production": ("accepted", "scheduled")}, longer_than=5 * DAY))
    story.place(line(item_id="MK-1"))
    story.report("production", "accepted")
    story.wait(5 * DAY - timedelta(seconds=1))
    assert story.problems() == []
    story.wait(timedelta(seconds=1))
    assert [(e.kind, e.subject, e.department) for e in story.order.exceptions] == [("it", "production", "production")]
    story.report("production", "produced", {"1": 4})
    assert raised(story) == [("it", "opened"), ("it", "closed")]


def test_a_department_that_does_not_answer_is_found_after_so_much_working_time() -> None:
    story = watched(rule(unanswered=("production", "procurement"), longer_than=9 * HOUR, calendar="office"))
    story.place(line("1", "MK-1"), line("2", "BU-1"))
    story.report("procurement", "accepted")
    until(story, at(4, 8, 59))
    assert story.problems() == []
    until(story, at(4, 9))
    (found,) = story.order.exceptions
    assert (found.subject, found.root, found.opened_at) == ("production", "production", at(4, 9))
    assert found.detail == "production has not said since 2025-03-03 08:00 whether it takes on what it was given"


@pytest.mark.parametrize(
    ("fields", "found_at"),
    [
        ({"after": "planned"}, at(10, 8)),
        ({"after": "planned", "longer_than": 2 * HOUR, "calendar": "office"}, at(10, 10)),
        ({"after": "produced", "longer_than": 3 * DAY}, at(6, 8)),
        ({"after": "placed", "longer_than": 4 * DAY}, at(7, 8) + timedelta(minutes=2)),
        ({"before": "promised", "longer_than": 2 * DAY}, at(11)),
        ({"after": "promised"}, at(13)),
    ],
)
def test_a_milestone_that_does_not_come_is_found_when_it_should_have(
    fields: dict[str, Any], found_at: datetime
) -> None:
    story = watched(rule(not_reached="shipped", **fields))
    story.place(line(item_id="MK-1"), requested_delivery=at(12).date())
    story.report("production", "accepted", occurred_at=START)
    story.report("production", "produced", {"1": 10}, occurred_at=START)
    until(story, at(30))
    (found,) = story.order.exceptions
    utc_midnight = found_at - HOUR if fields.get("after", fields.get("before")) == "promised" else found_at
    assert (found.opened_at, found.department) == (utc_midnight, "logistics")
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 10})
    assert raised(story) == [("it", "opened"), ("it", "closed")]


def test_a_milestone_that_comes_before_another_is_found_until_that_has_come() -> None:
    story = watched(rule(reached="shipped", before="paid"))
    story.place()
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 10})
    assert [each.detail for each in story.order.exceptions] == [
        "shipped 2025-03-03 08:00: before paid which is still to come"
    ]
    story.report("logistics", "delivered", {"1": 10})
    assert story.problems() == ["it"]
    story.pay("119.00")
    assert story.problems() == []


def test_a_milestone_that_came_too_late_is_found() -> None:
    story = watched(rule(reached="shipped", after="placed", longer_than=DAY, auto_close=False))
    story.place()
    story.report("logistics", "accepted")
    story.wait(2 * DAY)
    story.report("logistics", "shipped", {"1": 10}, occurred_at=story.now)
    assert story.problems() == ["it"]


def test_a_date_beside_a_date_is_found_with_its_cause_and_let_go_with_a_better_one() -> None:
    story = watched(rule(date="expected", after="wanted"))
    story.place(line(item_id="BU-1"), requested_delivery=at(5).date())
    story.report("procurement", "accepted")
    story.report("procurement", "scheduled", expected_at=at(9), cause="ACME", reason="no steel")
    (found,) = story.order.exceptions
    assert (found.subject, found.root) == ("procurement", "procurement: ACME")
    assert found.detail == "procurement expects 2025-03-09 00:00: after wanted 2025-03-05 23:00: no steel"
    story.report("procurement", "scheduled", expected_at=at(5, 12))
    assert raised(story) == [("it", "opened"), ("it", "closed")]


def test_a_delay_of_one_departments_lines_is_measured_by_their_own_dates() -> None:
    story = watched(rule(date="expected", after="wanted"))
    story.place(line("1", "MK-1", requested_delivery=at(5).date()), line("2", "BU-1", requested_delivery=at(25).date()))
    story.report("procurement", "accepted")
    story.report("procurement", "scheduled", expected_at=at(20))
    assert story.problems() == []


def test_a_delivery_that_can_no_more_be_in_time_is_found_before_its_day_has_come() -> None:
    story = watched(rule(date="predicted", after="promised"))
    story.place(line(item_id="MK-1"), requested_delivery=at(13).date())
    until(story, at(4, 15))
    assert story.problems() == []
    until(story, at(6, 9))
    assert story.problems() == ["it"]
    assert story.order.schedule is not None
    assert story.order.schedule.slack_hours is not None
    assert story.order.schedule.slack_hours < 0
    story.report("production", "accepted")
    story.report("production", "produced", {"1": 10})
    assert story.problems() == [], "it has caught up"


def test_repeated_rejections_of_a_line_are_found() -> None:
    story = watched(rule(rejections=2))
    story.place(line(item_id="MK-1"))
    story.report("production", "rejected")
    assert story.problems() == []
    story.report("procurement", "rejected")
    assert story.problems() == ["no-candidate", "it"]
    assert story.order.exceptions[1].detail == "Line 1 was refused by production, procurement"


# --- severity, owners, escalation, silence --------------------------------------------------------


def test_an_alert_is_taken_further_step_by_step() -> None:
    steps = (Escalation(after=2 * HOUR, to="lead", severity="warning"), Escalation(after=DAY, to="head"))
    story = watched(rule(unanswered=("logistics",), longer_than=HOUR, owner="desk", priority=4, escalate=steps))
    story.place()
    story.wait(10 * DAY)
    told = [(e.action, e.owner, e.severity, e.priority, e.occurred_at) for e in story.sent(ExceptionRaised)]
    assert told == [
        ("opened", "desk", "warning", 4, at(3, 9)),
        ("escalated", "lead", "warning", 3, at(3, 11)),
        ("escalated", "head", "critical", 2, at(4, 11)),
    ]


def test_a_step_that_names_nobody_leaves_it_with_whom_it_was() -> None:
    steps = (Escalation(after=2 * HOUR), Escalation(after=DAY, to="head"))
    story = watched(rule(unanswered=("logistics",), longer_than=HOUR, owner="desk", escalate=steps))
    story.place()
    story.wait(10 * DAY)
    assert [(e.action, e.owner) for e in story.sent(ExceptionRaised)] == [
        ("opened", "desk"),
        ("escalated", "desk"),
        ("escalated", "head"),
    ]


def test_in_quiet_hours_nothing_is_opened_or_taken_further() -> None:
    steps = (Escalation(after=10 * HOUR, to="lead"),)
    quiet = rule(unanswered=("logistics",), longer_than=9 * HOUR, quiet_outside="office", escalate=steps)
    story = watched(quiet)
    story.place()
    until(story, at(4, 6, 59))
    assert story.problems() == []
    until(story, at(30))
    assert [(e.action, e.occurred_at) for e in story.sent(ExceptionRaised)] == [
        ("opened", at(4, 7)),
        ("escalated", at(5, 7)),
    ]


def test_a_hold_keeps_an_alert_silent_and_gives_as_long_again_when_it_ends() -> None:
    stalled = rule(status={"order": ("open",)}, longer_than=3 * DAY, unless=("on-hold",))
    story = watched(stalled, holds={"review": HoldRule(blocks=("ship",))})
    story.place(line(item_id="MK-1"))
    story.command("hold", "review")
    story.wait(20 * DAY)
    assert story.problems() == ["on-hold"]
    story.command("release-hold", "review")
    story.wait(3 * DAY - HOUR)
    assert story.problems() == []
    story.wait(HOUR)
    assert story.problems() == ["it"]
    story.command("hold", "review")
    assert story.problems() == ["on-hold"]
    assert story.sent(ExceptionRaised)[-1].detail == "on-hold says why"


def test_a_status_has_as_long_again_after_a_hold_though_it_lasts_since_before() -> None:
    waits = rule(status={"logistics": ("accepted",)}, longer_than=2 * DAY, unless=("on-hold",))
    story = watched(waits, holds={"wait": HoldRule(blocks=("settle",))})
    story.place()
    story.report("logistics", "accepted")
    story.command("hold", "wait")
    story.wait(5 * DAY)
    story.command("release-hold", "wait")
    story.wait(2 * DAY - HOUR)
    assert story.problems() == []
    story.wait(HOUR)
    assert story.problems() == ["it"]


def test_a_known_trouble_of_the_same_department_keeps_an_alert_silent_and_of_another_does_not() -> None:
    late = rule(
        unanswered=("production", "procurement"),
        longer_than=DAY,
        unless=("production-problem", "procurement-problem"),
    )
    story = watched(late)
    story.place(line("1", "MK-1"), line("2", "BU-1"))
    story.report("production", "problem")
    story.wait(2 * DAY)
    assert [(e.kind, e.subject) for e in story.order.exceptions] == [("production-problem", ""), ("it", "procurement")]


def test_the_more_particular_alert_keeps_the_general_one_silent() -> None:
    particular = ("particular", rule(unanswered=("production",), longer_than=DAY))
    story = watched(rule(status={"order": ("open",)}, longer_than=DAY, unless=("particular",)), particular)
    story.place(line(item_id="MK-1"))
    story.wait(5 * DAY)
    assert raised(story) == [("particular", "opened")]


def test_an_alert_that_does_not_close_by_itself_stays_until_a_person_ends_it() -> None:
    story = watched(rule(unanswered=("logistics",), longer_than=DAY, auto_close=False))
    story.place()
    story.wait(2 * DAY)
    story.report("logistics", "accepted")
    assert story.problems() == ["it"]
    story.command("resolve", "it")
    assert story.problems() == []


def test_what_a_person_ended_is_found_again_when_it_has_lasted_as_long_again() -> None:
    story = watched(rule(unanswered=("logistics",), longer_than=DAY))
    story.place()
    story.wait(DAY)
    story.command("resolve", "it")
    story.wait(DAY - HOUR)
    assert story.problems() == []
    story.wait(HOUR)
    assert raised(story) == [("it", "opened"), ("it", "closed"), ("it", "opened")]


def test_what_a_person_ended_is_put_off_for_as_long_as_the_rule_has_it_and_not_for_a_day() -> None:
    story = watched(rule(unanswered=("logistics",), longer_than=3 * DAY))
    story.place()
    story.wait(3 * DAY)
    story.command("resolve", "it")
    story.wait(3 * DAY - HOUR)
    assert story.problems() == []
    story.wait(HOUR)
    assert story.problems() == ["it"]


def test_nothing_is_found_of_an_order_that_is_over_and_what_was_is_let_go() -> None:
    story = watched(rule(unanswered=("logistics",), longer_than=DAY))
    story.place()
    story.wait(2 * DAY)
    assert story.problems() == ["it"]
    story.cancel()
    assert (story.problems(), story.order.watch_due) == ([], None)


def test_an_alert_whose_rule_is_gone_is_closed_when_the_order_is_looked_at_next() -> None:
    story = watched(rule(unanswered=("logistics",), longer_than=DAY))
    story.place()
    story.wait(2 * DAY)
    story.policy = Policy(monitor=Monitor({"other": rule(rejections=1)}), texts=story.policy.texts)
    story.report("logistics", "accepted")
    assert (story.problems(), story.sent(ExceptionRaised)[-1].detail) == ([], "Nothing watches for this any more")


# --- clocks ---------------------------------------------------------------------------------------

ROUND = Calendar(ZoneInfo("Europe/Berlin"), ((Shift(0, 1440),),) * 7)
"""Berlin, at all hours: what differs from the time that passes is the change of the clocks."""
HOLIDAYS = Calendar(
    ZoneInfo("Europe/Berlin"),
    ((Shift(480, 960),),) * 5 + ((), ()),
    frozenset({datetime(2025, 4, 18, tzinfo=UTC).date(), datetime(2025, 4, 21, tzinfo=UTC).date()}),
)


@pytest.mark.parametrize(
    ("placed_at", "calendar", "hours", "found_at"),
    [
        # The night of the 30th of March 2025 lacks the hour from 2 to 3: Monday at 9 is 8 hours from Friday at 9, no 7.
        (datetime(2025, 3, 28, 8, tzinfo=UTC), WEEKDAYS, 8, datetime(2025, 3, 31, 7, tzinfo=UTC)),
        # The day has 23 hours, and after 23 of them it is over.
        (datetime(2025, 3, 29, 23, tzinfo=UTC), ROUND, 23, datetime(2025, 3, 30, 22, tzinfo=UTC)),
        # The 26th of October 2025 has 25.
        (datetime(2025, 10, 25, 22, tzinfo=UTC), ROUND, 25, datetime(2025, 10, 26, 23, tzinfo=UTC)),
        # From Wednesday the 28th of February 2024 at 15 over the leap day: one hour, eight, and one on Friday.
        (datetime(2024, 2, 28, 14, tzinfo=UTC), WEEKDAYS, 10, datetime(2024, 3, 1, 8, tzinfo=UTC)),
        # From Thursday before Easter at 15 over Good Friday, the weekend and Easter Monday.
        (datetime(2025, 4, 17, 13, tzinfo=UTC), HOLIDAYS, 2, datetime(2025, 4, 22, 7, tzinfo=UTC)),
    ],
)
def test_working_time_is_counted_through_changes_of_the_clock_leap_days_and_holidays(
    placed_at: datetime, calendar: Calendar, hours: int, found_at: datetime
) -> None:
    late = rule(unanswered=("logistics",), longer_than=hours * HOUR, calendar="place")
    story = Story(Policy(monitor=Monitor({"it": late}, {"place": calendar})))
    story.now = placed_at
    story.place()
    until(story, found_at - timedelta(seconds=1))
    assert story.problems() == []
    until(story, found_at + 30 * DAY)
    assert [(e.action, e.occurred_at) for e in story.sent(ExceptionRaised)] == [("opened", found_at)]


@pytest.mark.parametrize("back", [HOUR, 3 * HOUR])
def test_a_clock_that_jumps_back_neither_doubles_nor_loses_an_alert(back: timedelta) -> None:
    story = watched(rule(unanswered=("production", "logistics"), longer_than=DAY))
    story.place(line("1", "MK-1"), line("2", "ST-1"))
    story.wait(DAY)
    assert raised(story) == [("it", "opened")] * 2
    story.now -= back
    story.pay("10")  # anything that has the order looked at
    story.report("production", "accepted")
    story.wait(back + DAY)
    assert raised(story) == [("it", "opened"), ("it", "opened"), ("it", "closed")]
    story.report("logistics", "accepted")
    assert raised(story)[3:] == [("it", "closed")]


def test_a_clock_that_jumps_back_before_the_time_has_come_only_puts_the_alert_off() -> None:
    story = watched(rule(unanswered=("logistics",), longer_than=DAY))
    story.place()
    story.wait(DAY - timedelta(minutes=1))
    story.now -= HOUR
    story.pay("10")
    until(story, START + DAY)
    assert raised(story) == [("it", "opened")]


def test_after_an_hour_without_a_worker_each_alert_comes_once_and_at_once() -> None:
    steps = (Escalation(after=timedelta(minutes=20), to="lead"), Escalation(after=timedelta(minutes=20), to="head"))
    story = watched(rule(unanswered=("logistics",), longer_than=HOUR, escalate=steps))
    story.place()
    story.now = START + 2 * HOUR  # nobody was there to look
    story.fire()
    assert raised(story) == [("it", "opened")]
    assert story.order.exceptions[0].opened_at == START + HOUR, "it is as old as its cause"
    story.wait(DAY)
    assert raised(story) == [("it", "opened"), ("it", "escalated"), ("it", "escalated")]


# --- what is due ----------------------------------------------------------------------------------

UNPAID = rule(not_reached="paid", after="due", longer_than=15 * DAY)


def delivered(story: Story, quantities: dict[str, object] | None = None, **fields: Any) -> None:
    story.place(line(quantity="10", item_id="ST-1"), **fields)
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", quantities)
    story.report("logistics", "delivered", quantities)


def test_a_bill_is_unpaid_by_the_customers_own_days_to_pay() -> None:
    story = watched(UNPAID)
    story.customer(payment_days=60)
    delivered(story)
    assert story.order.bills[0].due == (START + 60 * DAY).date()
    end = datetime(2025, 5, 2, 22, tzinfo=UTC)  # of the 60th day where goods are delivered
    until(story, end + 15 * DAY - HOUR)
    assert raised(story) == []
    until(story, end + 15 * DAY)
    assert raised(story) == [("it", "opened")]
    assert story.order.exceptions[0].detail == "Not paid: after due 2025-05-02 22:00"
    story.pay(story.order.payable)
    assert raised(story) == [("it", "opened"), ("it", "closed")]


def test_of_an_order_that_is_still_being_delivered_the_first_bill_that_is_open_counts() -> None:
    story = watched(UNPAID)
    delivered(story, {"1": 4}, settlement="per-delivery")
    until(story, START + 10 * DAY)
    story.report("logistics", "shipped", {"1": 2})
    story.report("logistics", "delivered", {"1": 2})
    first, second = story.order.bills
    assert story.order.commercial == "confirmed"
    story.pay(first.open)
    until(story, START + 46 * DAY + 8 * HOUR)
    assert raised(story) == [], "the first is paid, and the second is not so long overdue"
    until(story, START + 56 * DAY)
    assert raised(story) == [("it", "opened")]
    story.pay(second.open)
    assert raised(story)[-1] == ("it", "closed")


def test_what_a_cancellation_costs_is_watched_and_nothing_else_of_a_cancelled_order() -> None:
    stalled = ("stalled", rule(status={"order": ("open",)}, longer_than=DAY))
    idle = ("idle", rule(status={"production": ("cancelled",)}, longer_than=DAY))
    story = watched(UNPAID, stalled, idle, cancellation_charges={"production": Decimal(40)})
    story.place(line(quantity="10", item_id="MK-1"))
    story.report("production", "accepted")
    story.report("production", "produced")
    story.cancel()
    assert (story.order.commercial, story.order.billing) == ("cancelled", "due")
    until(story, START + 60 * DAY)
    assert raised(story) == [("it", "opened")]
    story.pay(story.order.payable)
    assert raised(story)[-1] == ("it", "closed")
