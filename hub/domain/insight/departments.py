"""How departments do: how long they let orders wait, whether they are in time, and whether it is right at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from hub.domain.effects import WorkOrderIssued
from hub.domain.events import StatusReported
from hub.domain.headline import UNFINISHED
from hub.domain.insight.history import History
from hub.domain.insight.measure import Measure
from hub.domain.model import Department
from hub.domain.order import Work

WRONG = frozenset(("rejected", "change-rejected", "problem", "returned"))
"""Reports after which an order was not right the first time."""
_FINISHES: Mapping[Department, str] = {"production": "produced", "procurement": "received", "logistics": "delivered"}

EndOf = Callable[[date], datetime]
"""The moment that ends a day, where a day is promised: `ScheduleRules.end_of`, as the monitor has it."""


@dataclass(slots=True)
class DepartmentFigures:
    """Figures of one department."""

    answer: Measure = field(default_factory=Measure)
    """From each time it was given work anew to its first word."""
    silent: Measure = field(default_factory=Measure)
    """Of orders with unfinished work: since its last word, or since it was asked."""
    late: Measure = field(default_factory=Measure)
    """Of finished work with a due date: how long after that day it was finished."""
    wrong: Measure = field(default_factory=Measure)
    """Orders that were not right the first time, by each report that says so."""
    asked: int = 0
    """Orders it was given work for."""
    due: int = 0
    """Of them with work that is finished and had a due date."""

    @property
    def on_time(self) -> int:
        """Of those that were due, how many were finished by their day."""
        return self.due - self.late.orders

    @property
    def right_first_time(self) -> int:
        """Of those it was given work for, how many had no report of `WRONG`."""
        return self.asked - self.wrong.orders

    @property
    def open(self) -> int:
        """Orders it has unfinished work for: its load."""
        return self.silent.orders

    def add(self, department: Department, history: History, now: datetime, end_of: EndOf) -> None:
        """Counts one order, if the department was given work for it."""
        issued, reports = _about(history, department)
        if not issued:
            return
        self.asked += 1
        self.answer.add(history.order_id, _answers(issued, reports))
        self.wrong.add(history.order_id, [timedelta(0) for _, report in reports if report.kind in WRONG])
        work: Work = getattr(history.state, department)
        if work.status in UNFINISHED:
            last = max(at for at, _ in (*issued, *reports))
            self.silent.add(history.order_id, [now - last])
        elif work.status == "done":
            self._judge(department, history.order_id, issued, reports, end_of)

    def merge(self, other: DepartmentFigures) -> None:
        """Adds figures of other orders."""
        for name in ("answer", "silent", "late", "wrong"):
            getattr(self, name).merge(getattr(other, name))
        self.asked += other.asked
        self.due += other.due

    def _judge(
        self,
        department: Department,
        order_id: str,
        issued: list[tuple[datetime, WorkOrderIssued]],
        reports: list[tuple[datetime, StatusReported]],
        end_of: EndOf,
    ) -> None:
        due = issued[-1][1].due
        ended = [at for at, report in reports if report.kind == _FINISHES[department]]
        if due is None or not ended:
            return
        self.due += 1
        late = max(ended) - end_of(due)
        if late >= timedelta(0):
            self.late.add(order_id, [late])


def _about(
    history: History, department: Department
) -> tuple[list[tuple[datetime, WorkOrderIssued]], list[tuple[datetime, StatusReported]]]:
    """What the department was told and what it said, as one took effect after the other."""
    issued: list[tuple[datetime, WorkOrderIssued]] = []
    reports: list[tuple[datetime, StatusReported]] = []
    for happening in history.happenings:
        event = happening.event
        if isinstance(event, StatusReported) and event.department == department:
            reports.append((happening.at, event))
        issued += [
            (sent.occurred_at, sent)
            for sent in happening.sent
            if isinstance(sent, WorkOrderIssued) and sent.department == department
        ]
    return issued, reports


def _answers(
    issued: list[tuple[datetime, WorkOrderIssued]], reports: list[tuple[datetime, StatusReported]]
) -> Iterator[timedelta]:
    """From each work order that was made anew to the first report after it, unless it was taken back before."""
    anew = [(at, sent) for at, sent in issued if sent.action != "change"]
    for place, (asked, sent) in enumerate(anew):
        until = anew[place + 1][0] if place + 1 < len(anew) else None
        said = [at for at, _ in reports if at >= asked and (until is None or at < until)]
        if sent.action == "create" and said:
            yield min(said) - asked
