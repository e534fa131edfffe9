"""When people work: working days and hours of a place, in its own time zone, through daylight saving and holidays.

A day is a local date, an hour a local wall time; moments and durations are real (UTC). A shift over a change of the
clocks is therefore as long as it really is. A wall time that the clocks skip counts as if they had not been changed
yet, one that they show twice as the first of the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise

from hub.domain.model import Frozen

_DAY = timedelta(days=1)
_MIDNIGHT = 24 * 60
MAX_WORKING_DAYS = 3_660
"""Ten years: further nothing is planned."""
_MAX_DAYS = 7 * MAX_WORKING_DAYS
_DAYS_REMEMBERED = 4_096


class Shift(Frozen):
    """Hours of work in minutes since local midnight; 1440 is the midnight at the end of the day."""

    begins: int
    ends: int

    def __post_init__(self) -> None:
        """Refuses a shift that is empty or runs over midnight: that one is two."""
        if not 0 <= self.begins < self.ends <= _MIDNIGHT:
            raise ValueError("a shift begins before it ends, on one day; write one over midnight as two")


class Calendar(Frozen):
    """The working time of a place."""

    zone: tzinfo
    week: tuple[tuple[Shift, ...], ...]
    """Monday to Sunday, the shifts of each day in order, none of them overlapping; a day without any is free."""
    holidays: frozenset[date] = frozenset()
    """Days without work whatever the week says."""
    cut_off: time | None = None
    """What is ordered at this local time or later counts as ordered on the next working day."""

    def __post_init__(self) -> None:
        """Refuses a week that is not one, without work, or with overlapping shifts."""
        if len(self.week) != 7 or not any(self.week):
            raise ValueError("a week has seven days and work on one of them at least")
        for shifts in self.week:
            if any(later.begins < earlier.ends for earlier, later in pairwise(shifts)):
                raise ValueError("shifts follow one another and do not overlap")


def local_day(calendar: Calendar, moment: datetime) -> date:
    """The date a clock on the wall shows."""
    return moment.astimezone(calendar.zone).date()


def is_working_day(calendar: Calendar, day: date) -> bool:
    """Whether anybody works on that day."""
    return bool(calendar.week[day.weekday()]) and day not in calendar.holidays


def first_working_day(calendar: Calendar, moment: datetime) -> date:
    """The day on which work ordered at `moment` can begin: today before the cut-off, else the next working day."""
    local = moment.astimezone(calendar.zone)
    day = local.date()
    if calendar.cut_off is not None and local.time() >= calendar.cut_off:
        day += _DAY
    return add_working_days(calendar, day, 0)


def add_working_days(calendar: Calendar, day: date, count: int) -> date:
    """The working day `count` working days after `day`, or before it if negative.

    A `day` without work counts as the next working day, or going back as the one before. Raises ValueError when that
    is more than `MAX_WORKING_DAYS` away, or holidays leave none.
    """
    step = _DAY if count >= 0 else -_DAY
    left = abs(count)
    if left > MAX_WORKING_DAYS:
        raise ValueError(f"{count} working days are more than {MAX_WORKING_DAYS}")
    for _ in range(len(calendar.holidays) + 7 * (left + 2)):
        if is_working_day(calendar, day):
            if not left:
                return day
            left -= 1
        day += step
    raise ValueError(f"no working day is near {day}")


def working_days_between(calendar: Calendar, begin: date, end: date) -> int:
    """How many working days begin after `begin` and not after `end`; negative if `end` is the earlier one."""
    if end < begin:
        return -working_days_between(calendar, end, begin)
    days = (begin + number * _DAY for number in range(1, (end - begin).days + 1))
    return sum(is_working_day(calendar, day) for day in days)


def working_time_between(calendar: Calendar, begin: datetime, end: datetime) -> timedelta:
    """How long was worked from `begin` to `end`; negative if `end` is the earlier one."""
    if end < begin:
        return -working_time_between(calendar, end, begin)
    total = timedelta()
    for opens, closes in _shifts(calendar, begin):
        if opens >= end:
            break
        total += min(closes, end) - opens
    return total


def close_of(calendar: Calendar, day: date) -> datetime:
    """When the last shift of a local day ends; its midnight if nobody works."""
    *_, closes = (_moment(calendar, day, _MIDNIGHT), *(closes for _, closes in _shifts_of(calendar, day)))
    return closes


def _shifts(calendar: Calendar, begin: datetime) -> Iterator[tuple[datetime, datetime]]:
    """What is left of the shifts from `begin` on, as moments that do not overlap, whatever the clocks skip."""
    day, reached = local_day(calendar, begin), begin
    while day < date.max - _DAY:
        for opens, closes in _shifts_of(calendar, day):
            if closes > reached:
                yield max(opens, reached), closes
                reached = closes
        day += _DAY


def _shifts_of(calendar: Calendar, day: date) -> Iterator[tuple[datetime, datetime]]:
    """The shifts of a day as moments; one that the clocks skip whole is none."""
    if is_working_day(calendar, day):
        for shift in calendar.week[day.weekday()]:
            opens, closes = _moment(calendar, day, shift.begins), _moment(calendar, day, shift.ends)
            if closes > opens:
                yield opens, closes


def _moment(calendar: Calendar, day: date, minutes: int) -> datetime:
    wall = datetime.combine(day, time.min) + timedelta(minutes=minutes)
    return wall.replace(tzinfo=calendar.zone).astimezone(UTC)


class WorkingClock:
    """A calendar that remembers what it was asked: reckoning by it costs next to nothing.

    Most orders of one transaction begin to wait in the same moment.
    """

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self._shifts: dict[date, tuple[tuple[datetime, datetime], ...]] = {}
        self._ends: dict[date, datetime] = {}
        self._later: dict[tuple[date, int], date] = {}
        self._done: dict[tuple[datetime, timedelta], datetime] = {}

    def add(self, begin: datetime, duration: timedelta) -> datetime:
        """When `duration` of work that starts at `begin` is done; of no work, when it could start.

        Raises ValueError for a negative duration.
        """
        found = self._done.get((begin, duration))
        if found is None:
            if len(self._done) >= _DAYS_REMEMBERED:
                self._done.clear()
            found = self._done[begin, duration] = self._add(begin, duration)
        return found

    def _add(self, begin: datetime, duration: timedelta) -> datetime:
        if duration < timedelta():
            raise ValueError(f"{duration} is negative")
        day = local_day(self.calendar, begin)
        for _ in range(_MAX_DAYS):
            for opens, closes in self._of(day):
                starts = max(opens, begin)
                if starts + duration <= closes and closes > begin:
                    return starts + duration
                if closes > starts:
                    duration -= closes - starts
                    begin = closes
            day += _DAY
        raise ValueError(f"the calendar ends before {duration} more are worked")

    def add_days(self, begin: datetime, count: int) -> datetime:
        """The same local time `count` working days later; from a day without work, the first hour of the next one."""
        zone = self.calendar.zone
        local = begin.astimezone(zone)
        day = local.date()
        if self.calendar.cut_off is not None or not self._of(day):
            first = first_working_day(self.calendar, begin)
            if first != day:
                day, local = first, self._of(first)[0][0].astimezone(zone)
        return datetime.combine(self._days_later(day, count), local.time(), zone).astimezone(UTC)

    def end_of(self, day: date) -> datetime:
        """The midnight that ends a local day."""
        found = self._ends.get(day)
        if found is None:
            if len(self._ends) >= _DAYS_REMEMBERED:
                self._ends.clear()
            found = self._ends[day] = _moment(self.calendar, day, _MIDNIGHT)
        return found

    def _days_later(self, day: date, count: int) -> date:
        found = self._later.get((day, count))
        if found is None:
            if len(self._later) >= _DAYS_REMEMBERED:
                self._later.clear()
            found = self._later[day, count] = add_working_days(self.calendar, day, count)
        return found

    def _of(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The shifts that begin on a day, as moments."""
        found = self._shifts.get(day)
        if found is None:
            if len(self._shifts) >= _DAYS_REMEMBERED:
                self._shifts.clear()
            found = self._shifts[day] = tuple(_shifts_of(self.calendar, day))
        return found
