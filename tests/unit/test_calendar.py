"""Working time of a place: days and hours, holidays, the cut-off, time zones and changes of the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.calendar import (
    MAX_WORKING_DAYS,
    Calendar,
    Shift,
    WorkingClock,
    add_working_days,
    first_working_day,
    is_working_day,
    local_day,
    working_days_between,
    working_time_between,
)

DAY = Shift(8 * 60, 16 * 60)
OFFICE = ((DAY,),) * 5 + ((), ())
ROUND_THE_CLOCK = ((Shift(0, 1440),),) * 7
BERLIN = ZoneInfo("Europe/Berlin")


def calendar(**fields: Any) -> Calendar:
    return Calendar(**{"zone": BERLIN, "week": OFFICE, **fields})


def at(text: str, zone: Any = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def test_a_working_day_is_one_of_the_week_that_is_no_holiday() -> None:
    christmas = calendar(holidays=frozenset({date(2026, 12, 25)}))
    days = [date(2026, 12, 24) + timedelta(days=number) for number in range(5)]
    assert [is_working_day(christmas, day) for day in days] == [True, False, False, False, True]


def test_working_days_are_counted_over_weekends_and_holidays() -> None:
    christmas = calendar(holidays=frozenset({date(2026, 12, 25)}))
    thursday = date(2026, 12, 24)
    assert [add_working_days(christmas, thursday, count) for count in (0, 1, 2, -1, -4)] == [
        thursday,
        date(2026, 12, 28),
        date(2026, 12, 29),
        date(2026, 12, 23),
        date(2026, 12, 18),
    ]
    sunday = date(2026, 12, 27)
    assert add_working_days(christmas, sunday, 0) == date(2026, 12, 28)
    assert add_working_days(christmas, sunday, -1) == date(2026, 12, 23)
    assert working_days_between(christmas, thursday, date(2026, 12, 29)) == 2
    assert working_days_between(christmas, date(2026, 12, 29), thursday) == -2


def test_a_leap_day_is_a_working_day_like_any_other() -> None:
    assert add_working_days(calendar(), date(2028, 2, 28), 1) == date(2028, 2, 29)
    assert working_days_between(calendar(), date(2028, 2, 28), date(2028, 3, 1)) == 2
    assert working_days_between(calendar(), date(2027, 2, 26), date(2027, 3, 1)) == 1


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-24T13:59", date(2026, 11, 24)),
        ("2026-11-24T14:00", date(2026, 11, 25)),
        ("2026-11-27T14:00", date(2026, 11, 30)),
        ("2026-11-28T09:00", date(2026, 11, 30)),
    ],
)
def test_what_is_ordered_after_the_cut_off_counts_as_ordered_on_the_next_working_day(moment: str, day: date) -> None:
    assert first_working_day(calendar(cut_off=time(14)), at(moment)) == day


def test_what_comes_after_the_cut_off_takes_its_days_from_the_next_morning() -> None:
    clock = WorkingClock(calendar(cut_off=time(14)))
    assert clock.add_days(at("2026-03-05T13:59"), 1) == at("2026-03-06T13:59")
    assert clock.add_days(at("2026-03-05T14:00"), 1) == at("2026-03-09T08:00")


def test_the_day_and_the_cut_off_are_those_of_the_place() -> None:
    moment = datetime(2026, 11, 24, 22, tzinfo=UTC)
    shanghai = calendar(zone=ZoneInfo("Asia/Shanghai"), cut_off=time(6))
    los_angeles = calendar(zone=ZoneInfo("America/Los_Angeles"), cut_off=time(15))
    assert local_day(shanghai, moment) == date(2026, 11, 25)
    assert first_working_day(shanghai, moment) == date(2026, 11, 26)
    assert local_day(los_angeles, moment) == first_working_day(los_angeles, moment) == date(2026, 11, 24)


def test_working_time_is_what_lies_in_shifts() -> None:
    two = calendar(week=((Shift(480, 720), Shift(780, 1020)),) * 5 + ((), ()))
    assert working_time_between(two, at("2026-11-24T07:00"), at("2026-11-24T23:00")) == hours(8)
    assert working_time_between(two, at("2026-11-24T11:00"), at("2026-11-24T14:00")) == hours(2)
    assert working_time_between(two, at("2026-11-27T16:00"), at("2026-11-30T09:00")) == hours(2)
    assert working_time_between(two, at("2026-11-30T09:00"), at("2026-11-27T16:00")) == -hours(2)
    assert working_time_between(two, at("2026-11-28T09:00"), at("2026-11-29T09:00")) == hours(0)


def test_work_goes_on_in_the_next_shift() -> None:
    assert WorkingClock(calendar()).add(at("2026-11-27T15:00"), hours(2)) == at("2026-11-30T09:00")
    assert WorkingClock(calendar()).add(at("2026-11-27T15:00"), hours(1)) == at("2026-11-27T16:00")
    assert WorkingClock(calendar()).add(at("2026-11-28T15:00"), hours(0)) == at("2026-11-30T08:00")


def test_a_night_over_a_change_of_the_clocks_is_as_long_as_it_really_is() -> None:
    night = calendar(week=((Shift(0, 6 * 60), Shift(22 * 60, 1440)),) * 7)
    begin, end = "2026-03-28T22:00", "2026-03-29T06:00"
    assert working_time_between(night, at(begin), at(end)) == hours(7)
    assert working_time_between(night, at("2026-10-24T22:00"), at("2026-10-25T06:00")) == hours(9)
    assert WorkingClock(night).add(at("2026-10-24T22:00"), hours(8)) == at("2026-10-25T05:00")
    assert WorkingClock(night).add(at(begin), hours(8)) == at("2026-03-29T23:00")


def test_a_shift_in_the_hour_that_the_clocks_skip_is_none() -> None:
    skipped = calendar(week=((Shift(2 * 60, 3 * 60),),) * 7)
    begin, end = at("2026-03-28T12:00"), at("2026-03-30T12:00")
    assert working_time_between(skipped, begin, end) == hours(1)
    assert WorkingClock(skipped).add(begin, hours(0)) == at("2026-03-30T02:00")


def test_a_calendar_without_work_or_with_overlapping_shifts_is_refused() -> None:
    with pytest.raises(ValueError, match="seven days and work"):
        calendar(week=((),) * 7)
    with pytest.raises(ValueError, match="do not overlap"):
        calendar(week=((DAY, Shift(900, 1000)),) * 7)
    with pytest.raises(ValueError, match="write one over midnight as two"):
        Shift(22 * 60, 6 * 60)
    with pytest.raises(ValueError, match="more than"):
        add_working_days(calendar(), date(2026, 1, 1), MAX_WORKING_DAYS + 1)


def test_holidays_that_leave_no_working_day_are_walked_through() -> None:
    closed = frozenset(date(2026, 8, 1) + timedelta(days=number) for number in range(400))
    assert add_working_days(calendar(holidays=closed), date(2026, 8, 1), 0) == date(2027, 9, 6)


MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2029, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001


@given(MOMENTS, st.integers(0, 10_000), st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]))
def test_the_end_of_work_is_as_much_working_time_away_as_the_work_takes(
    begin: datetime, minutes: int, zone: str
) -> None:
    each = calendar(zone=ZoneInfo(zone), holidays=frozenset({date(2026, 5, 1), date(2028, 2, 29)}))
    end = WorkingClock(each).add(begin, timedelta(minutes=minutes))
    assert working_time_between(each, begin, end) == timedelta(minutes=minutes)


@given(MOMENTS, st.timedeltas(timedelta(), timedelta(days=400)))
def test_round_the_clock_all_time_is_working_time(begin: datetime, duration: timedelta) -> None:
    always = calendar(week=ROUND_THE_CLOCK)
    assert working_time_between(always, begin, begin + duration) == duration


@given(st.dates(date(2025, 1, 1), date(2029, 1, 1)), st.integers(-60, 60))
def test_as_many_working_days_lie_between_as_were_added(day: date, count: int) -> None:
    each = calendar(holidays=frozenset({date(2026, 5, 1), date(2028, 2, 29)}))
    start = add_working_days(each, day, 0)
    assert working_days_between(each, start, add_working_days(each, start, count)) == count
