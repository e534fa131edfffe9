"""An order's schedule: its milestones, when each is planned, when it was reached, and what that does to its promise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Literal, NamedTuple, get_args

from hub.domain.calendar import Calendar, WorkingClock
from hub.domain.model import Department, Frozen

Milestone = Literal[
    "confirmed",
    "allocated",
    "production-accepted",
    "procurement-accepted",
    "produced",
    "received",
    "logistics-accepted",
    "shipped",
    "delivered",
    "settled",
    "paid",
]
MILESTONES: tuple[Milestone, ...] = get_args(Milestone)
"""In an order in which each comes after all it builds on."""

DEPARTMENT_OF: Mapping[Milestone, Department] = {
    "production-accepted": "production",
    "procurement-accepted": "procurement",
    "produced": "production",
    "received": "procurement",
    "logistics-accepted": "logistics",
    "shipped": "logistics",
    "delivered": "logistics",
}
"""Whose it is to reach a milestone; what is not here is the hub's or the customer's."""

BUILDS_ON: Mapping[Milestone, tuple[Milestone, ...]] = {
    "confirmed": (),
    "allocated": ("confirmed",),
    "production-accepted": ("allocated",),
    "procurement-accepted": ("allocated",),
    "produced": ("production-accepted",),
    "received": ("procurement-accepted",),
    "logistics-accepted": ("allocated", "produced", "received"),
    "shipped": ("logistics-accepted",),
    "delivered": ("shipped",),
    "settled": ("delivered",),
    "paid": ("settled",),
}
"""A milestone's time begins when the last of these is reached; the first begins when the order is placed."""


class MilestonePlan(Frozen):
    """One milestone of an order."""

    name: Milestone
    planned: datetime
    """When it shall be reached, as the schedule was made last."""
    reached: datetime | None = None
    """When it was: of goods, when the department says they moved; else when the hub heard of it."""


class Schedule(Frozen):
    """The milestones of an order, and where they lead to."""

    milestones: tuple[MilestonePlan, ...]
    predicted: datetime
    """When the order will be delivered, by what was reached so far and what is left takes."""
    promised: date | None = None
    """The day the customer was told of, or else wants the first of what is still to come on; None if there is none."""
    slack_hours: int | None = None
    """How many hours of that day and those before are left when it is delivered, rounded down; negative: so late."""


@cache
def parts(*, made: bool, bought: bool) -> tuple[Milestone, ...]:
    """The milestones of an order of which something is made, or bought."""
    absent = {department for department, given in (("production", made), ("procurement", bought)) if not given}
    return tuple(name for name in MILESTONES if DEPARTMENT_OF.get(name) not in absent)


class Course(NamedTuple):
    """What says when an order's milestones come."""

    names: tuple[Milestone, ...]
    reached: tuple[tuple[Milestone, datetime], ...]
    begin: datetime
    """Of the first."""
    not_before: datetime | None
    """When what is not reached comes at the earliest; None: when the rules say."""
    given: tuple[tuple[Milestone, datetime], ...]
    """By those who bring it about, in place of what the rules say."""
    payment_days: int


class Step(Frozen, kw_only=True, forbid_unknown_fields=True):
    """How long it takes to a milestone from those it builds on."""

    takes: timedelta = timedelta()
    """Working time if there is a calendar, else time that passes."""
    working_days: int = 0
    """Added before `takes`, by the calendar."""
    calendar: str = ""


NO_STEP = Step()

_REMEMBERED = 1_024
"""Courses."""


class Timing(NamedTuple):
    """A step ready to be reckoned with."""

    takes: timedelta
    working_days: int
    clock: WorkingClock | None

    def after(self, begin: datetime) -> datetime:
        """When what begins then is done."""
        if self.clock is None:
            return begin + self.takes
        if self.working_days:
            begin = self.clock.add_days(begin, self.working_days)
        return self.clock.add(begin, self.takes)


@dataclass
class ScheduleRules:
    """How long everything takes, and the calendars it takes that long by."""

    steps: Mapping[str, Step]
    calendars: Mapping[str, Calendar]
    timings: Mapping[Milestone, Timing] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Makes ready what every order needs."""
        clocks = {name: WorkingClock(calendar) for name, calendar in self.calendars.items()}
        steps = {name: self.steps.get(name, NO_STEP) for name in MILESTONES}
        self.timings = {
            name: Timing(step.takes, step.working_days, clocks.get(step.calendar)) for name, step in steps.items()
        }
        self._ends = self.timings["delivered"].clock
        self._courses: dict[Course, tuple[MilestonePlan, ...]] = {}

    def course(self, course: Course) -> tuple[MilestonePlan, ...]:
        """When each milestone comes. Remembered: most orders of one transaction take the same course."""
        found = self._courses.get(course)
        if found is None:
            if len(self._courses) >= _REMEMBERED:
                self._courses.clear()
            found = self._courses[course] = tuple(self._course(course))
        return found

    def _course(self, course: Course) -> Iterator[MilestonePlan]:
        reached, given = dict(course.reached), dict(course.given)
        ends: dict[Milestone, datetime] = {}
        for name in course.names:
            end = reached.get(name)
            if end is None:
                start = max((ends[each] for each in BUILDS_ON[name] if each in ends), default=course.begin)
                if name == "paid":
                    end = start + timedelta(days=course.payment_days)
                else:
                    end = given.get(name) or self.timings[name].after(start)
                if course.not_before is not None and end < course.not_before:
                    end = course.not_before
                end = max(end, start)
            ends[name] = end
            yield MilestonePlan(name, end, reached.get(name))

    def end_of(self, day: date) -> datetime:
        """The midnight that ends a day where goods are delivered: in the zone of that step's calendar, else in UTC."""
        if self._ends is not None:
            return self._ends.end_of(day)
        return datetime.combine(day + timedelta(days=1), time.min, UTC)


NOTHING_TAKES_TIME = ScheduleRules({}, {})
