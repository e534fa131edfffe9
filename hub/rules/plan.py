"""How long everything takes: `rules/plan.yaml`, with the calendars that the plan and the monitor go by."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from hub.domain.schedule import MILESTONES, ScheduleRules, Step
from hub.rules.nodes import CalendarEntry
from hub.rules.rule_file import Named, Section, directory_with, parse_sections, read_rules

_FILE_NAME = "plan.yaml"
_MAX_DAYS = 1_000
"""Longer is taken for a mistake."""


class _Step(Named):
    """A step as it is written."""

    calendar: str = ""
    takes: Annotated[timedelta, Field(ge=timedelta(), le=timedelta(days=_MAX_DAYS))] = timedelta()
    working_days: Annotated[int, Field(ge=0, le=_MAX_DAYS)] = 0

    @field_validator("name")
    @classmethod
    def _is_milestone(cls, name: str) -> str:
        if name not in MILESTONES:
            raise ValueError(f"there is no milestone {name}; there are {', '.join(MILESTONES)}")
        return name

    @field_validator("calendar")
    @classmethod
    def _is_known(cls, name: str, info: ValidationInfo) -> str:
        known = [each.name for each in (info.context or {})["calendars"]]
        if name not in known:
            raise ValueError(f"there is no calendar {name}; there are {', '.join(known) or 'none'}")
        return name

    @model_validator(mode="after")
    def _has_days_of_a_calendar(self) -> Self:
        if self.working_days and not self.calendar:
            raise ValueError("working_days are those of a calendar; name one")
        return self

    def to_domain(self) -> Step:
        return Step(takes=self.takes, working_days=self.working_days, calendar=self.calendar)


_SECTIONS = {"calendars": Section(CalendarEntry, noun="calendar"), "steps": Section(_Step, noun="step")}


def load_plan(rules_dir: Path | None = None) -> ScheduleRules:
    """The plan of a directory, or the hub's where it has none. Raises ConfigError, naming file, line and step."""
    return parse_plan(*read_rules(directory_with(_FILE_NAME, rules_dir), _FILE_NAME, "plan"))


def parse_plan(text: str, origin: str) -> ScheduleRules:
    """The plan written in `text`. Raises ConfigError, naming `origin`, line and step."""
    read = parse_sections(text, origin, _SECTIONS)
    calendars = {each.name: each.to_domain() for each in read["calendars"]}
    return ScheduleRules({each.name: each.to_domain() for each in read["steps"]}, calendars)
