"""The nodes and calendars of `rules/nodes.yaml`: loaded and checked. A rule set without the file has none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationInfo, field_validator

from hub.domain import node
from hub.domain.calendar import Calendar, Shift
from hub.domain.model import DEPARTMENTS, Department
from hub.rules.rule_file import RULES_DIR, Named, Section, parse_sections, read_rules

_FILE_NAME = "nodes.yaml"
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAYS_OF_THE_WEEK = re.compile(rf"({'|'.join(_DAYS)})(?:-({'|'.join(_DAYS)}))?")
_SHIFT = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")

Nodes = Mapping[str, node.Node]


def _zone(value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{value!r} is no time zone; give one of the IANA database, e.g. Europe/Berlin") from None


def _week(value: Any) -> tuple[tuple[Shift, ...], ...]:
    if not isinstance(value, dict):
        raise ValueError("say for each day of work from when to when: `mon-fri: 08:00-16:00`")  # noqa: TRY004 - pydantic's
    week: list[tuple[Shift, ...]] = [()] * 7
    for days, hours in value.items():
        named = _DAYS_OF_THE_WEEK.fullmatch(str(days))
        if named is None:
            raise ValueError(f"{days!r} is neither a day nor a range of days: write {', '.join(_DAYS)} or mon-fri")
        first = _DAYS.index(named[1])
        last = _DAYS.index(named[2] or named[1])
        for day in range(first, last + 1):
            if week[day]:
                raise ValueError(f"{_DAYS[day]} is given twice")
            week[day] = tuple(map(_shift, str(hours).split(",")))
        if first > last:
            raise ValueError(f"{days} runs over the end of the week; write it as two")
    return tuple(week)


def _shift(text: str) -> Shift:
    named = _SHIFT.fullmatch(text.strip())
    if named is None:
        raise ValueError(f"{text.strip()!r} is no shift; write 08:00-16:00")
    begins_at, begins_past, ends_at, ends_past = map(int, named.groups())
    if max(begins_past, ends_past) > 59:
        raise ValueError(f"{text.strip()!r} is no shift; an hour has 60 minutes")
    return Shift(begins_at * 60 + begins_past, ends_at * 60 + ends_past)


def _clock(value: Any) -> time:
    if isinstance(value, int) and 0 <= value < 24 * 60:  # YAML reads 14:00 without quotes as the number 14 * 60
        return time(value // 60, value % 60)
    named = _CLOCK.fullmatch(str(value))
    if named is None:
        raise ValueError(f"{value!r} is no time of day; write 14:00")
    return time(int(named[1]), int(named[2]))


class CalendarEntry(Named):
    """A calendar as it is written, in whichever file."""

    time_zone: Annotated[Any, PlainValidator(_zone)]
    hours: Annotated[Any, PlainValidator(_week)]
    holidays: Annotated[tuple[date, ...], Field(max_length=1_000)] = ()
    cut_off: Annotated[Any, PlainValidator(_clock)] = None

    @field_validator("hours")
    @classmethod
    def _is_a_week(cls, week: Any) -> Any:
        Calendar(ZoneInfo("UTC"), week)
        return week

    def to_domain(self) -> Calendar:
        """The calendar."""
        return Calendar(self.time_zone, self.hours, frozenset(self.holidays), self.cut_off)


class _Capacity(BaseModel):
    """How much a node takes on, as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_day: Decimal = Field(gt=0, max_digits=18, decimal_places=6)
    unit: str = Field(min_length=1, max_length=3)
    horizon: int = Field(default=20, ge=1, le=260)

    def to_domain(self) -> node.Capacity:
        return node.Capacity(self.per_day, self.unit, self.horizon)


class _Node(Named):
    """A node as it is written."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")
    department: Department
    calendar: str
    lead_days: int = Field(default=0, ge=0, le=260)
    capacity: _Capacity | None = None
    smallest_part: Decimal | None = Field(default=None, gt=0, max_digits=18, decimal_places=6)

    @field_validator("name")
    @classmethod
    def _is_no_department(cls, name: str) -> str:
        if name in DEPARTMENTS:
            raise ValueError(f"{name} is a department; give its node another name")
        return name

    @field_validator("calendar")
    @classmethod
    def _is_known(cls, name: str, info: ValidationInfo) -> str:
        known = {each.name for each in (info.context or {})["calendars"]}
        if name not in known:
            raise ValueError(f"there is no calendar {name}; there are {', '.join(sorted(known)) or 'none'}")
        return name

    def to_domain(self, calendars: Mapping[str, Calendar]) -> node.Node:
        capacity = self.capacity.to_domain() if self.capacity else None
        return node.Node(
            self.name, self.department, calendars[self.calendar], self.lead_days, capacity, self.smallest_part
        )


_SECTIONS = {"calendars": Section(CalendarEntry, noun="calendar"), "nodes": Section(_Node, noun="node")}


def load_nodes(rules_dir: Path | None = None) -> Nodes:
    """The nodes of a directory, by default the hub's own. Raises ConfigError, naming file, line and node."""
    if not ((rules_dir or RULES_DIR) / _FILE_NAME).exists():
        return {}
    return parse_nodes(*read_rules(rules_dir, _FILE_NAME, "nodes"))


def parse_nodes(text: str, origin: str) -> Nodes:
    """The nodes written in `text`, by name. Raises ConfigError, naming `origin`, line and node."""
    read = parse_sections(text, origin, _SECTIONS)
    calendars: dict[str, Calendar] = {each.name: each.to_domain() for each in read["calendars"]}
    return {each.name: each.to_domain(calendars) for each in read["nodes"]}
