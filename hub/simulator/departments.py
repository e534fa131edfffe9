"""How a department answers its work orders: pure, so that a test can play it without Kafka or a clock.

A work order is worked on step by step: accepted, scheduled, then done in one or two parts; logistics ships and
delivers each part. A changed work order is picked up where it stands, a cancelled one is dropped. Who is late says so
when it schedules the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from hub.domain.effects import WorkOrderIssued
from hub.domain.events import StatusKind, StatusReported
from hub.domain.model import Department, LineQuantity
from hub.simulator.chance import share
from hub.simulator.conduct import Conduct, DepartmentHabits, draw
from hub.simulator.scenes import STAGED

_FINISHED: dict[Department, StatusKind] = {
    "production": "produced",
    "procurement": "received",
    "logistics": "shipped",
}
"""What a department says about each part it has finished; what was shipped is delivered next."""

_PROMISED = timedelta(hours=4)
"""When the work will be done, as a department that is not late says."""


@dataclass(slots=True)
class _Job:
    """A work order on the desk."""

    issued: WorkOrderIssued
    conduct: Conduct
    done: dict[str, Decimal] = field(default_factory=dict)
    """By line, what was reported finished (logistics: delivered)."""
    away: dict[str, Decimal] = field(default_factory=dict)
    """By line, what was reported shipped and not yet delivered."""
    said: list[StatusKind] = field(default_factory=list)


class Desk:
    """One department's work orders, and what it says about each next."""

    def __init__(
        self, department: Department, habits: DepartmentHabits, *, seed: int = 0, pace: float = 1.0, prefix: str = ""
    ) -> None:
        """`pace` stretches the time between two reports; 1 is about half a second. `prefix`: of its orders' ids."""
        self.department = department
        self._habits = habits
        self._seed = str(seed)
        self._pace = pace
        self._prefix = prefix
        self._jobs: dict[str, _Job] = {}

    def take(self, issued: Struct) -> tuple[str, float | None]:
        """A work order arrived: its id, and seconds until the department says something about it; None for never."""
        if not isinstance(issued, WorkOrderIssued) or not issued.order_id.startswith(self._prefix):
            return "", None
        job = self._jobs.setdefault(issued.work_order_id, _Job(issued, self._conduct(issued)))
        if issued.revision > job.issued.revision:
            job.issued = issued
            if issued.action == "create":
                job.said.clear()
        return issued.work_order_id, self._next(job)

    def report(self, work_order_id: str, now: datetime) -> tuple[Sequence[StatusReported], float | None]:
        """What the department says about a work order now, and seconds until it says more; None for nothing more."""
        job = self._jobs[work_order_id]
        conduct = job.conduct
        if conduct.rejecting:
            report = self._say(job, "rejected", now, reason="no capacity this month")
        elif "accepted" not in job.said:
            report = self._say(job, "accepted", now)
        elif "scheduled" not in job.said:
            report = self._schedule(job, now)
        elif job.away:
            lines, job.away = job.away, {}
            _add(job.done, lines)
            report = self._say(job, "delivered", now, lines)
        else:
            lines = self._part(job)
            kind = _FINISHED[self.department]
            if kind == "shipped":
                job.away = lines
            else:
                _add(job.done, lines)
            report = self._say(job, kind, now, lines)
        return (report, report) if conduct.duplicating else (report,), self._next(job)

    def _schedule(self, job: _Job, now: datetime) -> StatusReported:
        if not job.conduct.late:
            return self._say(job, "scheduled", now, expected_at=now + _PROMISED)
        days = 1 + int(9 * share(*self._subject(job.issued), "days"))
        due = datetime.combine(job.issued.due, now.timetz()) if job.issued.due else now
        return self._say(job, "scheduled", now, expected_at=max(due, now) + timedelta(days=days), late=True)

    def _next(self, job: _Job) -> float | None:
        issued, conduct = job.issued, job.conduct
        if issued.action == "cancel" or "rejected" in job.said or conduct.silent:
            return None
        answered = {"accepted", "scheduled"}.issubset(job.said)
        if answered and not job.away and not self._open(job):
            return None
        seconds = (0.2 + 0.6 * share(*self._subject(issued), str(len(job.said)))) * self._pace
        if answered:
            seconds += conduct.pause
        if conduct.partial and job.done and not job.away:
            seconds += self._habits.late_by
        return seconds

    def _conduct(self, issued: WorkOrderIssued) -> Conduct:
        scene = STAGED.get(issued.order_id)
        if scene is not None:
            return scene.conduct.get(self.department, Conduct())
        return draw(self._habits, *self._subject(issued))

    def _subject(self, issued: WorkOrderIssued) -> tuple[str, ...]:
        """What chance goes by: the same in every performance of the seed."""
        return self._seed, self.department, issued.order_id.removeprefix(self._prefix)

    def _open(self, job: _Job) -> dict[str, Decimal]:
        """By line, what is asked for and not yet done."""
        asked = {line_id: -quantity for line_id, quantity in job.done.items()}
        for line in job.issued.lines:
            _add(asked, {line.line_id: line.quantity})
        return {line_id: quantity for line_id, quantity in asked.items() if quantity > 0}

    def _part(self, job: _Job) -> dict[str, Decimal]:
        """All that is open, or a first half of it."""
        lines = self._open(job)
        if job.conduct.partial and not job.done:
            return {line_id: quantity if quantity == 1 else quantity // 2 for line_id, quantity in lines.items()}
        return lines

    def _say(
        self,
        job: _Job,
        kind: StatusKind,
        now: datetime,
        lines: dict[str, Decimal] | None = None,
        *,
        expected_at: datetime | None = None,
        reason: str = "",
        late: bool = False,
    ) -> StatusReported:
        issued = job.issued
        job.said.append(kind)
        return StatusReported(
            event_id=f"{issued.work_order_id}-{issued.revision}-{len(job.said)}-{kind}",
            source=f"simulated-{self.department}",
            occurred_at=now,
            order_id=issued.order_id,
            work_order_id=issued.work_order_id,
            department=self.department,
            kind=kind,
            lines=tuple(LineQuantity(line_id, quantity) for line_id, quantity in (lines or {}).items()),
            expected_at=expected_at,
            reason=self._habits.cause if late else reason,
            cause=self._habits.cause if late else "",
            reference=f"{kind[:3].upper()}-{issued.work_order_id}-{len(job.said)}" if lines else "",
        )


def _add(done: dict[str, Decimal], lines: dict[str, Decimal]) -> None:
    for line_id, quantity in lines.items():
        done[line_id] = done.get(line_id, Decimal(0)) + quantity
