"""The files of plan and monitor: what they may say, and what is said of a mistake in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.domain.monitor import Monitor, kind_of
from hub.domain.schedule import MILESTONES
from hub.errors import ConfigError
from hub.policy import load_monitor, load_policy
from hub.rules.plan import parse_plan

PLAN = 'calendars:\n  - {name: office, time_zone: Europe/Berlin, hours: {mon-fri: "08:00-16:00"}}\nsteps: '
OVERDUE = "{name: overdue, says: b, not_reached: paid, after: placed}"


def monitor(directory: Path, text: str) -> Monitor:
    (directory / "monitor.yaml").write_text(f"monitor:\n  {text}")
    return load_monitor(directory, parse_plan(f"{PLAN}[]", "plan.yaml"))


def test_the_plan_and_the_monitor_that_come_with_the_hub_can_be_loaded() -> None:
    policy = load_policy()
    assert set(policy.schedule.steps) == set(MILESTONES) - {"paid"}
    assert list(policy.monitor.rules)[-1] == "stalled", "what is found by more particular rules is none of it"
    kinds = {kind_of(rule) for rule in policy.monitor.rules.values()}
    assert kinds == {"status", "unanswered", "not_reached", "date", "rejections"}


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ("[{name: made}]", "line 3: step made: name: Value error, there is no milestone made; there are confirmed"),
        ("[{name: paid, calendar: x}]", "line 3: step paid: calendar: Value error, there is no calendar x; there are"),
        ("[{name: paid, working_days: 1}]", "line 3: step paid: : Value error, working_days are those of a calendar"),
        ("[{name: paid, takes: -P1D}]", "line 3: step paid: takes: Input should be greater than or equal to 0"),
        ("[{name: paid}, {name: paid}]", "line 3: a step paid stands above already"),
    ],
)
def test_a_mistake_in_the_plan_is_named_with_file_line_and_step(steps: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_plan(PLAN + steps, "plan.yaml")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("rejections: 2", "a: Object missing required field `says`"),
        ("says: x", "a: say what is watched: exactly one of status, unanswered, not_reached"),
        ("says: x, rejections: 2, reached: paid, after: placed", "a: say what is watched: exactly one of"),
        ("says: x, rejections: 0", "a: rejections: give 1 or more"),
        ("says: x, rejection: 2", "a: Object contains unknown field `rejection`"),
        (
            "says: x, status: {production: [lost]}, longer_than: P1D",
            "status: production is never 'lost' for long; give",
        ),
        ("says: x, status: {moon: [full]}, longer_than: P1D", "a: Invalid enum value 'moon'"),
        ("says: x, status: {order: []}, longer_than: P1D", "status: name a status of order: open"),
        ("says: x, status: {order: [open]}", "a: status needs longer_than, a duration above 0"),
        ("says: x, unanswered: [production], after: placed", "`after` and `before` belong to not_reached, reached"),
        ("says: x, not_reached: paid", "a: not_reached needs `after` or `before`, one of them"),
        ("says: x, not_reached: paid, after: placed, before: promised", "one of them"),
        ("says: x, not_reached: paid, before: shipped", "nobody knows when a milestone will be reached"),
        ("says: x, not_reached: paid, after: paid", "not_reached is compared with itself"),
        ("says: x, not_reached: paid, after: expected", "expected is what each department says; give it as `date`"),
        ("says: x, date: predicted, after: planned", "planned is the time of a milestone"),
        ("says: x, reached: paid, after: placed, calendar: office", "reached is compared at once; leave calendar out"),
        ("says: x, not_reached: paid, before: promised, calendar: office", "working time is not counted backwards"),
        ("says: x, rejections: 2, longer_than: P1D", "rejections are counted at once; leave longer_than out"),
        ("says: x, not_reached: paid, after: placed, longer_than: -P1D", "longer_than is -1 day, 0:00:00; give no"),
        ("says: x, not_reached: paid, after: placed, longer_than: P9999D", "longer_than is more than 1000 days"),
        ("says: x, rejections: 2, quiet_outside: shop", "quiet_outside: there is no calendar shop in plan.yaml; there"),
        ("says: x, rejections: 2, priority: 6", "a: priority is 6; give 1 to 5"),
        ("says: x, rejections: 2, severity: bad", "a: Invalid enum value 'bad'"),
        ("says: x, rejections: 2, escalate: [{after: PT0S}]", "escalate: give a duration above 0 for `after`"),
        ("says: x, rejections: 2, escalate: [{after: P9999D}]", "escalate: `after` is more than 1000 days"),
        ("says: x, rejections: 2, unless: [weather]", "unless: 'weather' is neither a kind of exception nor another"),
        ("says: x, rejections: 2, unless: [a]", "unless: a has to stand above it, for it is looked at first"),
        ("says: x, rejections: 2, unless: [overdue]", "unless: overdue has to stand above it"),
    ],
)
def test_a_mistake_in_the_monitor_is_named_with_file_line_and_rule(tmp_path: Path, rule: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        monitor(tmp_path, f"- {{name: a, {rule}}}\n  - {OVERDUE}")
    assert "monitor.yaml, line 2: a: " in str(caught.value)
    assert says in str(caught.value)


def test_a_rule_cannot_take_the_name_of_what_the_hub_opens_itself(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"line 2: on-hold: the hub opens exceptions of this kind itself"):
        monitor(tmp_path, "- {name: on-hold, says: x, rejections: 2}")
