"""How exceptions are worked: what they come from, how long they stay, and how those do who own them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hub.domain.effects import ExceptionRaised
from hub.domain.events import Fact, StatusReported
from hub.domain.exceptions import PROBLEM
from hub.domain.insight.history import History
from hub.domain.insight.measure import Measure
from hub.domain.model import DEPARTMENTS, Department, Frozen

_OF_DEPARTMENT = {kind: department for department, kind in PROBLEM.items()}


class Case(Frozen, kw_only=True):
    """One exception of one order, from its opening to its end."""

    kind: str
    root: str
    """Empty if the order's own."""
    owner: str
    """Who had it last; empty: nobody."""
    opened_at: datetime
    closed_at: datetime | None
    escalated: bool
    again: bool
    """Whether the order had one of this kind and root once more after the last that became of this one."""
    department: Department | None
    """In whose hands it is, or whose report it came from."""

    def age(self, now: datetime) -> timedelta:
        """How long it was open, or has been."""
        return (self.closed_at or now) - self.opened_at


@dataclass(slots=True)
class Trouble:
    """Exceptions of one kind and root."""

    age: Measure = field(default_factory=Measure)
    """How long they were open, or have been."""
    open: int = 0

    def merge(self, other: Trouble) -> None:
        """Adds those of other orders."""
        self.age.merge(other.age)
        self.open += other.open


@dataclass(slots=True)
class OwnerFigures:
    """Figures of one owner of exceptions."""

    age: Measure = field(default_factory=Measure)
    """Of those that are open."""
    closed: Measure = field(default_factory=Measure)
    """How long those were open that are not any more."""
    in_time: int = 0
    """Of the closed ones, how many were never escalated."""
    for_good: int = 0
    """Of the closed ones, how many did not come again: right the first time."""

    def merge(self, other: OwnerFigures) -> None:
        """Adds figures of other orders."""
        self.age.merge(other.age)
        self.closed.merge(other.closed)
        self.in_time += other.in_time
        self.for_good += other.for_good


def cases(history: History) -> Iterator[Case]:
    """The order's exceptions as they were opened."""
    own = f"order {history.order_id}"
    raised = [
        (happening.event, sent)
        for happening in history.happenings
        for sent in happening.sent
        if isinstance(sent, ExceptionRaised)
    ]
    for event, first in raised:
        if first.action != "opened":
            continue
        all_of_it = [place for place, (_, sent) in enumerate(raised) if sent.exception_id == first.exception_id]
        last = raised[all_of_it[-1]][1]
        later = [sent for _, sent in raised[all_of_it[-1] + 1 :] if sent.action == "opened"]
        yield Case(
            kind=first.kind,
            root="" if first.root == own else first.root,
            owner=last.owner,
            opened_at=first.occurred_at,
            closed_at=last.occurred_at if last.action == "closed" else None,
            escalated=any(raised[place][1].action == "escalated" for place in all_of_it),
            again=any((each.kind, each.root) == (first.kind, first.root) for each in later),
            department=_department(event, first),
        )


def _department(event: Fact, raised: ExceptionRaised) -> Department | None:
    if raised.kind in _OF_DEPARTMENT:
        return _OF_DEPARTMENT[raised.kind]
    if isinstance(event, StatusReported) and not raised.department:
        return event.department
    return next((each for each in DEPARTMENTS if each in {raised.department, raised.root}), None)
