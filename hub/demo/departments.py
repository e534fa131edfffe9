"""How a department answers its work orders: pure, so that a test can play it without Kafka or a clock.

A work order is worked on step by step: accepted, scheduled, then done in one or two parts; logistics ships and
delivers each part. A changed work order is picked up where it stands, a cancelled one is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from hub.demo.chance import share
from hub.demo.script import CANCELLED, CHANGED, PARTIAL, REJECTED, STALLED
from hub.domain.effects import WorkOrderIssued
from hub.domain.events import StatusKind, StatusReported
from hub.domain.model import Department, LineQuantity

_FINISHED: dict[Department, StatusKind] = {
    "production": "produced",
    "procurement": "received",
    "logistics": "shipped",
}
"""What a department says about each part it has finished; what was shipped is delivered next."""

_SLOW = {CANCELLED.order_id, CHANGED.order_id}
_SLOW_SECONDS = 5.0


@dataclass(slots=True)
class _Job:
    """A work order on the desk."""

    issued: WorkOrderIssued
    done: dict[str, Decimal] = field(default_factory=dict)
    """By line, what was reported finished (logistics: delivered)."""
    away: dict[str, Decimal] = field(default_factory=dict)
    """By line, what was reported shipped and not yet delivered."""
    said: list[StatusKind] = field(default_factory=list)


class Desk:
    """One department's work orders, and what it says about each next."""

    def __init__(self, department: Department, *, pace: float = 1.0) -> None:
        """`pace` stretches the time between two reports; 1 is about half a second."""
        self.department = department
        self._pace = pace
        self._jobs: dict[str, _Job] = {}

    def take(self, issued: Struct) -> tuple[str, float | None]:
        """A work order arrived: its id, and seconds until the department says something about it; None for never."""
        if not isinstance(issued, WorkOrderIssued):
            return "", None
        job = self._jobs.setdefault(issued.work_order_id, _Job(issued))
        if issued.revision > job.issued.revision:
            job.issued = issued
            if issued.action == "create":
                job.said.clear()
        return issued.work_order_id, self._next(job)

    def report(self, work_order_id: str, now: datetime) -> tuple[StatusReported, float | None]:
        """What the department says about a work order now, and seconds until it says more; None for nothing more."""
        job = self._jobs[work_order_id]
        if self._rejects(job):
            report = self._say(job, "rejected", now, reason="no capacity this month")
        elif "accepted" not in job.said:
            report = self._say(job, "accepted", now)
        elif "scheduled" not in job.said:
            report = self._say(job, "scheduled", now, expected_at=now + timedelta(hours=4))
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
        return report, self._next(job)

    def _next(self, job: _Job) -> float | None:
        issued = job.issued
        over = issued.action == "cancel" or "rejected" in job.said
        if over or (issued.order_id == STALLED.order_id and self.department == "production"):
            return None
        answered = {"accepted", "scheduled"}.issubset(job.said)
        if answered and not job.away and not self._open(job):
            return None
        seconds = 0.2 + 0.6 * share(issued.work_order_id, str(len(job.said)))
        if issued.order_id in _SLOW and answered:
            seconds += _SLOW_SECONDS
        return seconds * self._pace

    def _rejects(self, job: _Job) -> bool:
        return job.issued.order_id == REJECTED.order_id and self.department == "production"

    def _open(self, job: _Job) -> dict[str, Decimal]:
        """By line, what is asked for and not yet done."""
        asked = {line_id: -quantity for line_id, quantity in job.done.items()}
        for line in job.issued.lines:
            _add(asked, {line.line_id: line.quantity})
        return {line_id: quantity for line_id, quantity in asked.items() if quantity > 0}

    def _part(self, job: _Job) -> dict[str, Decimal]:
        """All that is open, or a first part of it: always for the staged order, for every sixth else."""
        lines = self._open(job)
        first = not job.done
        split = job.issued.order_id == PARTIAL.order_id or share(job.issued.work_order_id, "parts") < 1 / 6
        if first and split:
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
    ) -> StatusReported:
        issued = job.issued
        job.said.append(kind)
        return StatusReported(
            event_id=f"{issued.work_order_id}-{issued.revision}-{len(job.said)}-{kind}",
            source=f"demo-{self.department}",
            occurred_at=now,
            order_id=issued.order_id,
            work_order_id=issued.work_order_id,
            department=self.department,
            kind=kind,
            lines=tuple(LineQuantity(line_id, quantity) for line_id, quantity in (lines or {}).items()),
            expected_at=expected_at,
            reason=reason,
            reference=f"{kind[:3].upper()}-{issued.work_order_id}-{len(job.said)}" if lines else "",
        )


def _add(done: dict[str, Decimal], lines: dict[str, Decimal]) -> None:
    for line_id, quantity in lines.items():
        done[line_id] = done.get(line_id, Decimal(0)) + quantity
