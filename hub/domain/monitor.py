"""What an order is watched by: rules that say when a person has to know that something did not come about in time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, get_args

import msgspec

from hub.domain.calendar import Calendar, WorkingClock
from hub.domain.exceptions import HIGHEST, KINDS, LOWEST
from hub.domain.model import DEPARTMENTS, Department, Frozen
from hub.domain.schedule import MILESTONES, Milestone

Axis = Literal["order", "commercial", "credit", "billing", "production", "procurement", "logistics"]
AXES: tuple[Axis, ...] = get_args(Axis)
"""`order` has one status, `open`: from its placement until all is delivered, but for waiting for the customer. It is
counted from when the order moved last."""

STATUSES: Mapping[Axis, frozenset[str]] = {
    "order": frozenset(("open",)),
    "commercial": frozenset(("received", "confirming", "confirmed", "fulfilled")),
    "credit": frozenset(("requested", "granted", "refused")),
    "billing": frozenset(("prepaid", "due", "part-paid")),
    **dict.fromkeys(DEPARTMENTS, frozenset(("ordered", "accepted", "scheduled", "started", "done", "rejected"))),
}
"""Those an order can be too long in."""

Day = Literal["placed", "wanted", "promised", "planned", "expected", "predicted", "due"]
DAYS: tuple[Day, ...] = get_args(Day)
"""wanted: the end of the first day on which anything is wanted that was not delivered. promised: of the day the
customer was told instead, if that is later. planned: of the milestone the rule is about. expected: what each department
that has work to do says. predicted: of the delivery, as the schedule has it. due: the end of the last day to pay the
first bill that is not paid."""

Moment = Milestone | Day
"""A milestone stands for the time it was reached."""

Severity = Literal["warning", "critical"]


Kind = Literal["status", "unanswered", "not_reached", "reached", "date", "rejections"]
KIND_NAMES: tuple[Kind, ...] = get_args(Kind)
"""What can be watched."""


class Escalation(Frozen, kw_only=True, forbid_unknown_fields=True):
    """A step that is taken when an alert is still open."""

    after: timedelta
    """Counted from the step before, the first from when the alert was opened, and anew when it is assigned."""
    to: str = ""
    """Who owns it then; empty: as before."""
    severity: Severity = "critical"


class MonitorRule(Frozen, kw_only=True, forbid_unknown_fields=True):
    """One thing to be watched: exactly one of the first six says what."""

    status: Mapping[Axis, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """By axis, the statuses an order shall not be in for `longer_than`; one alert for each axis."""
    unanswered: tuple[Department, ...] = ()
    """Departments that have not said whether they take on what they were given, for `longer_than`."""
    not_reached: Milestone | None = None
    """What should have been by `longer_than` after the moment `after`, or before `before`."""
    reached: Milestone | None = None
    """What should not have been so long after `after`, or before `before`."""
    date: Day | None = None
    """What should not be so long after `after`, or before `before`."""
    rejections: int | None = None
    """So many suppliers have refused one line."""

    after: Moment | None = None
    before: Moment | None = None
    longer_than: timedelta = timedelta()
    calendar: str = ""
    """Of rules/plan.yaml: `longer_than` is working time; empty: time that passes."""

    says: str
    """What is the matter with such orders, for a person: that they ..."""
    severity: Severity = "warning"
    owner: str = ""
    department: Literal["", Department] = ""
    """In whose hands it is; empty: of the department the rule is about, or else of the only one at work."""
    priority: int = 3
    """1 is worked first, 5 last; every escalation raises it by one."""
    escalate: tuple[Escalation, ...] = ()
    auto_close: bool = True
    """Whether the alert ends by itself when it is so no more; if not, a person ends it."""
    quiet_outside: str = ""
    """A calendar: outside its working time nothing is opened or escalated; it waits."""
    unless: tuple[str, ...] = ()
    """Kinds of exceptions, alerts among them, that say why already: while one is open this is not; and when it ends the
    order has as long again."""

    @property
    def departments(self) -> tuple[str, ...]:
        """Those whose orders it may be about, as metrics name them; empty text for an order in nobody's hands alone."""
        if self.department:
            return (self.department,)
        named = self.unanswered or tuple(axis for axis in self.status if axis in DEPARTMENTS)
        return named if named and len(named) == len(self.unanswered or self.status) else ("", *DEPARTMENTS)


STALLED = "stalled"
"""The rule of this name gives the orders it opens an alert for the headline `stalled`."""

MonitorRules = Mapping[str, MonitorRule]


Statuses = tuple[str, ...]
"""Of the `AXES`, in their order."""


class Watched(Frozen):
    """A rule, and what it is to look at of an order."""

    name: str
    rule: MonitorRule
    kind: Kind
    clock: WorkingClock | None
    """Of the rule's calendar."""
    axis: Axis | None = None
    """The axis that is in a status it shall not be in for long."""
    anchor: Moment | None = None
    """What a date or milestone is compared with."""


_REMEMBERED = 4_096


@dataclass
class Monitor:
    """The rules, and the calendars they name."""

    rules: MonitorRules
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    reasons: frozenset[str] = field(init=False, compare=False)
    """Kinds of exceptions that keep some rule silent."""

    def __post_init__(self) -> None:
        """Makes ready what every order needs."""
        self.reasons = frozenset(kind for rule in self.rules.values() for kind in rule.unless)
        self._clocks = {name: WorkingClock(calendar) for name, calendar in self.calendars.items()}
        self._facts: dict[Statuses, tuple[Watched, ...]] = {}

    def watched(self, statuses: Statuses) -> tuple[Watched, ...]:
        """What is to be looked at of an order whose axes stand so, in the order of the rules."""
        found = self._facts.get(statuses)
        if found is None:
            if len(self._facts) >= _REMEMBERED:
                self._facts.clear()
            found = self._facts[statuses] = tuple(self._watched(dict(zip(AXES, statuses, strict=True))))
        return found

    def _watched(self, statuses: Mapping[str, str]) -> Iterator[Watched]:
        for name, rule in self.rules.items():
            kind, clock = kind_of(rule), self._clocks.get(rule.calendar)
            if statuses["commercial"] == "cancelled" and not is_about_payment(rule):
                continue
            if kind == "status":
                for axis, found in rule.status.items():
                    if statuses[axis] in found:
                        yield Watched(name, rule, kind, clock, axis)
            elif kind == "unanswered":
                for department in rule.unanswered:
                    if statuses[department] == "ordered":
                        yield Watched(name, rule, kind, clock, department)
            elif kind is not None and _may_be(rule, statuses):
                yield Watched(name, rule, kind, clock, None, rule.after or rule.before)

    def after(self, rule: MonitorRule, begin: datetime) -> datetime:
        """When `longer_than` is over that begins then."""
        clock = self._clocks.get(rule.calendar)
        return begin + rule.longer_than if clock is None else clock.add(begin, rule.longer_than)

    def loud(self, rule: MonitorRule, moment: datetime) -> datetime:
        """The first time from a moment on that is not quiet for the rule."""
        clock = self._clocks.get(rule.quiet_outside)
        return moment if clock is None else clock.add(moment, timedelta())


NOTHING_WATCHED = Monitor({})


def _may_be(rule: MonitorRule, statuses: Mapping[str, str]) -> bool:
    """Whether anything of a rule about milestones, dates or suppliers may be so while the axes stand so."""
    if is_about_payment(rule):
        return statuses["billing"] in ("due", "part-paid")
    if statuses["commercial"] not in ("confirmed", "fulfilled"):
        return False
    goods = statuses["commercial"] == "fulfilled"
    if rule.not_reached is not None:
        moving = goods or statuses["logistics"] in ("started", "done")
        return not (goods and rule.not_reached != "paid") and (moving or rule.after not in _OF_GOODS)
    if rule.reached in _OF_GOODS:
        return goods or statuses["logistics"] in ("started", "done")
    return not goods


def is_about_payment(rule: MonitorRule) -> bool:
    """Whether a rule is about bills that are due: they are whatever becomes of the order."""
    return rule.not_reached == "paid" and "due" in {rule.after, rule.before}


_OF_GOODS = frozenset(("shipped", "delivered", "settled"))
"""Milestones that come after goods have left."""


def kind_of(rule: MonitorRule) -> Kind | None:
    """What a rule watches; None if it says nothing, or several things."""
    given = [name for name in KIND_NAMES if getattr(rule, name) not in (None, (), {})]
    return given[0] if len(given) == 1 else None


def is_alert(kind: str) -> bool:
    """Whether an exception of this kind was opened by a rule of the monitor."""
    return kind not in KINDS


def check(rules: MonitorRules, calendars: Collection[str]) -> Iterator[tuple[str, str]]:
    """What makes no sense, as (rule, sentence)."""
    above: set[str] = set()
    for name, rule in rules.items():
        if name in KINDS:
            yield name, "the hub opens exceptions of this kind itself; give the rule another name"
        for sentence in (*_watches(rule), *_compared(rule), *_numbers(rule), *_named(rule, calendars)):
            yield name, sentence
        for reason in rule.unless:
            if reason in rules and reason not in above:
                yield name, f"unless: {reason} has to stand above it, for it is looked at first"
            elif reason not in KINDS and reason not in rules:
                yield name, f"unless: {reason!r} is neither a kind of exception nor another rule"
        above.add(name)


def _watches(rule: MonitorRule) -> Iterator[str]:
    if kind_of(rule) is None:
        yield f"say what is watched: exactly one of {', '.join(KIND_NAMES)}"
    for axis, statuses in rule.status.items():
        known = ", ".join(sorted(STATUSES[axis]))
        if not statuses:
            yield f"status: name a status of {axis}: {known}"
        if unknown := sorted(set(statuses) - STATUSES[axis]):
            yield f"status: {axis} is never {unknown[0]!r} for long; give {known}"


def _named(rule: MonitorRule, calendars: Collection[str]) -> Iterator[str]:
    for setting in ("calendar", "quiet_outside"):
        if (calendar := getattr(rule, setting)) and calendar not in calendars:
            known = ", ".join(calendars) or "none"
            yield f"{setting}: there is no calendar {calendar} in plan.yaml; there are {known}"


def _compared(rule: MonitorRule) -> Iterator[str]:
    kind = kind_of(rule)
    if kind in {"not_reached", "reached", "date"}:
        if (rule.after is None) == (rule.before is None):
            yield f"{kind} needs `after` or `before`, one of them"
        if kind == "date" and "planned" in {rule.after, rule.before, rule.date}:
            yield "planned is the time of a milestone; compare not_reached or reached with it"
        if kind == "not_reached" and rule.before in MILESTONES:
            yield "nobody knows when a milestone will be reached; give a date for `before`"
        if "expected" in {rule.after, rule.before}:
            yield "expected is what each department says; give it as `date`"
        if getattr(rule, str(kind)) in {rule.after, rule.before}:
            yield f"{kind} is compared with itself"
    elif rule.after or rule.before:
        yield "`after` and `before` belong to not_reached, reached and date"
    if kind in {"status", "unanswered"} and rule.longer_than <= timedelta():
        yield f"{kind} needs longer_than, a duration above 0"
    if kind == "rejections" and rule.longer_than:
        yield "rejections are counted at once; leave longer_than out"


def _numbers(rule: MonitorRule) -> Iterator[str]:
    if rule.longer_than < timedelta():
        yield f"longer_than is {rule.longer_than}; give no negative duration"
    if rule.longer_than > timedelta(days=MAX_DAYS):
        yield f"longer_than is more than {MAX_DAYS} days"
    if rule.before is not None and rule.calendar:
        yield "working time is not counted backwards; leave calendar out"
    if kind_of(rule) in {"reached", "date"} and rule.calendar:
        yield f"{kind_of(rule)} is compared at once; leave calendar out"
    if rule.rejections is not None and rule.rejections < 1:
        yield "rejections: give 1 or more"
    if not HIGHEST <= rule.priority <= LOWEST:
        yield f"priority is {rule.priority}; give {HIGHEST} to {LOWEST}"
    if any(step.after <= timedelta() for step in rule.escalate):
        yield "escalate: give a duration above 0 for `after`"
    if any(step.after > timedelta(days=MAX_DAYS) for step in rule.escalate):
        yield f"escalate: `after` is more than {MAX_DAYS} days"


MAX_DAYS = 1_000
"""Longer is taken for a mistake."""
