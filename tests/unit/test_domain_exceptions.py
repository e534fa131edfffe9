"""Exceptions: how urgent each is, whose it is, when it is taken further, when it ends, and who may say so."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from hub.domain.effects import ExceptionRaised
from hub.domain.exceptions import ExceptionRule
from hub.domain.flow.ending import _ENDED, REMEDIES
from hub.domain.holds import HoldRule
from hub.domain.ids import case_id
from hub.domain.model import LineChange
from hub.domain.monitor import Monitor
from hub.domain.policy import Policy
from hub.domain.roles import Role
from tests.support.orders import ORDER, START, Story, line, made_order_in_work, stock_order_in_work

DAY = timedelta(days=1)
RULES = {
    "production-problem": ExceptionRule(priority=3, owner="planning", escalate_after=DAY, escalate_to="head"),
}
PATIENT = Monitor({})
ROLES = {
    "desk": Role(may=("assign", "hold", "release-hold:review")),
    "credit": Role(may=("override-credit", "release-hold")),
    "boss": Role(may=("*",)),
}
HOLDS = {"review": HoldRule(), "export": HoldRule()}


def raised(story: Story) -> list[tuple[str, str, int, str, str]]:
    return [(each.kind, each.action, each.priority, each.severity, each.owner) for each in story.sent(ExceptionRaised)]


def test_an_exception_comes_to_its_queue_with_its_priority_and_rises_while_nobody_ends_it() -> None:
    story = made_order_in_work(policy=Policy(exceptions=RULES, monitor=PATIENT))
    story.report("production", "problem", reason="tool broken")
    story.wait(DAY - timedelta(seconds=1))
    assert raised(story) == [("production-problem", "opened", 3, "warning", "planning")]
    story.wait(timedelta(seconds=1))
    assert raised(story)[1:] == [("production-problem", "escalated", 2, "critical", "head")]
    story.wait(DAY)
    assert raised(story)[2:] == [("production-problem", "escalated", 1, "critical", "head")]
    story.wait(10 * DAY)
    assert len(raised(story)) == 3, "at the top there is nowhere to rise to"


def test_whoever_takes_an_exception_on_has_as_long_as_the_queue_had() -> None:
    story = made_order_in_work(policy=Policy(exceptions=RULES, monitor=PATIENT))
    story.report("production", "problem")
    story.wait(DAY / 2)
    story.command("assign", "production-problem", owner="mei")
    story.wait(DAY * 0.75)
    assert raised(story)[1:] == [("production-problem", "assigned", 3, "warning", "mei")]
    story.wait(DAY / 4)
    assert raised(story)[2:] == [("production-problem", "escalated", 2, "critical", "head")]


def test_an_exception_that_has_ended_is_not_taken_further() -> None:
    story = made_order_in_work(policy=Policy(exceptions=RULES))
    story.report("production", "problem")
    story.report("production", "produced", {"1": 1})
    story.wait(2 * DAY)
    assert [action for _, action, *_ in raised(story)] == ["opened", "closed"]


def test_an_exception_can_be_given_to_someone_else_and_twice_is_once() -> None:
    story = made_order_in_work()
    story.report("production", "problem")
    give: dict[str, Any] = {"command": "assign", "owner": "ines", "target": "production-problem", "assignee": "mei"}
    assert story.receive(story.commanded(**give)).outcome == "applied"
    again = story.receive(story.commanded(**give))
    assert (again.outcome, again.code) == ("ignored", "assigned-already")
    assert [each.owner for each in story.order.exceptions] == ["mei"]


def test_what_joins_a_case_of_the_order_comes_to_whoever_has_it() -> None:
    story = Story(policy=Policy(exceptions={"over-delivered": ExceptionRule(owner="desk")}))
    story.place(line("1", "ST-1"), line("2", "ST-2"), line("3", "ST-3"))
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 11})
    story.command("assign", "over-delivered", owner="mei")
    story.report("logistics", "shipped", {"2": 11})
    first, assigned, second = story.sent(ExceptionRaised)
    assert first.case_id == second.case_id
    assert (first.owner, assigned.owner, second.owner) == ("desk", "mei", "mei")
    for number in ("1", "2"):
        story.report("logistics", "delivered", {number: 11})
        story.report("logistics", "returned", {number: 1})
    assert not story.order.exceptions
    story.report("logistics", "shipped", {"3": 11})
    assert story.sent(ExceptionRaised)[-1].owner == "desk", "what was over is nobody's any more"


def test_orders_with_the_same_trouble_have_the_same_case() -> None:
    late = START + 9 * DAY

    def waiting(order_id: str, cause: str) -> ExceptionRaised:
        story = Story(order_id=order_id)
        story.place(line(item_id="BU-1"), requested_delivery=(START + 5 * DAY).date())
        story.report("procurement", "accepted")
        story.report("procurement", "scheduled", expected_at=late, cause=cause)
        (found,) = story.sent(ExceptionRaised)
        return found

    forty = [waiting(f"ORD-{number}", "ACME") for number in range(40)]
    assert {each.root for each in forty} == {"procurement: ACME"}
    assert {each.case_id for each in forty} == {case_id("late", "procurement: ACME")}
    assert len({each.exception_id for each in forty}) == 40
    assert waiting("ORD-1", "Bolt Bros").case_id not in {each.case_id for each in forty}
    assert waiting("ORD-1", "").case_id != waiting("ORD-2", "").case_id, "each order's own trouble is its own case"


@pytest.mark.parametrize(
    ("kind", "root"),
    [
        ("credit-refused", "customer C-1"),
        ("no-candidate", "item XX-1"),
        ("unconfirmed", "customer C-1"),
        ("stalled", "production"),
        ("production-problem", "production: press 4"),
        ("over-delivered", f"order {ORDER}"),
    ],
)
def test_an_exception_names_what_the_trouble_comes_from(kind: str, root: str) -> None:
    story = with_exception(kind)
    assert [(each.kind, each.root) for each in story.order.exceptions] == [(kind, root)]


def with_exception(kind: str) -> Story:
    if kind in {"production-problem", "stalled"}:
        story = made_order_in_work()
        if kind == "stalled":
            story.wait(3 * DAY)
        else:
            story.report("production", "problem", cause="press 4")
    elif kind == "over-delivered":
        story = stock_order_in_work()
        story.report("logistics", "shipped", {"1": 12})
    elif kind == "shipment-rejected":
        story = made_order_in_work()
        story.report("production", "produced", {"1": 10})
        story.report("logistics", "rejected", {"1": 10})
    else:
        policy = Policy(confirmation="required", confirmation_silence="escalate") if kind == "unconfirmed" else Policy()
        story = Story(policy, limit="0" if kind == "credit-refused" else "1000")
        story.place(line(item_id="XX-1" if kind == "no-candidate" else "ST-1"))
        if kind == "unconfirmed":
            story.wait(2 * DAY)
    return story


def end(story: Story, kind: str) -> None:
    """The cause of the exception ends."""
    if kind == "credit-refused":
        story.customer()
        story.command("release-hold")
    elif kind == "no-candidate":
        story.command("reroute", "1:procurement")
    elif kind == "unconfirmed":
        story.confirm()
    elif kind == "over-delivered":
        story.report("logistics", "delivered", {"1": 12})
        story.report("logistics", "returned", {"1": 2})
    elif kind == "shipment-rejected":
        story.receive(story.status("logistics", "accepted"))
        story.report("logistics", "shipped", {"1": 10})


@pytest.mark.parametrize(
    "kind", ["credit-refused", "no-candidate", "unconfirmed", "over-delivered", "shipment-rejected"]
)
def test_an_exception_closes_when_its_cause_ends(kind: str) -> None:
    story = with_exception(kind)
    assert story.problems() == [kind]
    end(story, kind)
    assert kind not in story.problems()
    closed = [each for each in story.sent(ExceptionRaised) if each.action == "closed"]
    assert [each.kind for each in closed] == [kind]


def test_being_late_ends_when_the_new_date_is_in_time_after_all_or_the_work_is_done() -> None:
    def expected(story: Story, at: datetime) -> None:
        story.report("procurement", "scheduled", expected_at=at)

    for last in ("earlier", "done"):
        story = Story()
        story.place(line(item_id="BU-1"), requested_delivery=(START + 5 * DAY).date())
        story.report("procurement", "accepted")
        expected(story, START + 9 * DAY)
        assert story.problems() == ["late"]
        if last == "earlier":
            expected(story, START + 5 * DAY)
        else:
            story.report("procurement", "received")
        assert story.problems() == []


@pytest.mark.parametrize("kind", ["credit-refused", "no-candidate", "unconfirmed"])
def test_nobody_can_say_that_a_cause_has_ended_which_the_hub_sees_last(kind: str) -> None:
    story = with_exception(kind)
    decision = story.command("resolve", kind)
    assert (decision.outcome, decision.code) == ("refused", "cause-lasts")
    assert REMEDIES[kind] in decision.detail


def test_every_cause_that_nobody_can_talk_away_is_one_whose_end_the_hub_sees() -> None:
    assert set(REMEDIES) <= set(_ENDED)


def test_a_stalled_order_that_is_said_to_be_well_has_as_long_again() -> None:
    story = with_exception("stalled")
    assert story.headline == "stalled"
    story.command("resolve", "stalled")
    assert story.headline == "confirmed"
    story.wait(3 * DAY)
    assert story.headline == "stalled"


@pytest.mark.parametrize(
    ("role", "command", "target", "allowed"),
    [
        ("desk", "assign", "no-candidate", True),
        ("desk", "hold", "export", True),
        ("desk", "release-hold", "review", True),
        ("desk", "release-hold", "export", False),
        ("desk", "release-hold", "", False),
        ("desk", "cancel", "", False),
        ("credit", "release-hold", "export", True),
        ("credit", "cancel", "", False),
        ("boss", "cancel", "", True),
        ("", "cancel", "", False),
        ("guest", "cancel", "", False),
    ],
)
def test_a_command_is_for_those_whose_role_may_give_it(role: str, command: str, target: str, *, allowed: bool) -> None:
    story = Story(Policy(roles=ROLES, holds=HOLDS))
    story.place(line(item_id="XX-1"))
    for hold in ("review", "export"):
        if command == "release-hold":
            story.receive(story.commanded(command="hold", target=hold, role="boss"))
    before = story.order
    decision = story.receive(story.commanded(command=command, target=target, role=role))
    assert (decision.code == "not-authorised") == (not allowed)
    if not allowed:
        assert (decision.outcome, story.order) == ("refused", before)
        assert "boss may" in decision.detail
    else:
        assert decision.outcome == "applied"


def test_without_roles_everybody_may_do_everything_and_the_journal_has_who_and_in_which_role() -> None:
    story = Story()
    story.place()
    decision = story.receive(story.commanded(command="cancel", role="anything"))
    assert decision.explanations[-1] == "ines (anything) commanded cancel: test"


def test_answering_for_a_credit_needs_a_reason() -> None:
    story = with_exception("credit-refused")
    decision = story.receive(story.commanded(command="override-credit", reason=""))
    assert (decision.outcome, decision.code) == ("refused", "reason-missing")
    assert (
        story.receive(story.commanded(command="override-credit", reason="paid by bank guarantee")).outcome == "applied"
    )


def test_a_command_that_comes_twice_counts_once() -> None:
    story = made_order_in_work()
    story.report("production", "problem")
    command = story.commanded(command="resolve", target="production-problem")
    assert [story.receive(command).outcome for _ in range(2)] == ["applied", "duplicate"]


def test_an_amendment_up_to_what_was_shipped_ends_an_over_delivery() -> None:
    story = with_exception("over-delivered")
    story.change(1, LineChange("change", "1", line(quantity=Decimal(12))))
    assert story.problems() == []
