"""What departments report, joined into the order in whatever order it arrives.

A report that is ahead of what it builds on (shipped before produced, delivered before shipped) is parked; one that
comes late changes what it still can. So the same reports lead to the same state however they are shuffled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from hub.domain import lifecycle
from hub.domain.checks import check_times, refusal
from hub.domain.events import StatusKind, StatusReported
from hub.domain.exceptions import PROBLEM
from hub.domain.flow.ending import is_late
from hub.domain.flow.goods import on_delivered, on_made, on_returned, on_shipped
from hub.domain.flow.insisting import on_change_rejected
from hub.domain.flow.notifying import notify
from hub.domain.flow.problems import open_exception
from hub.domain.flow.rejecting import on_rejected
from hub.domain.flow.turn import Turn
from hub.domain.ids import work_order_id
from hub.domain.model import DEPARTMENTS, Department
from hub.domain.phrases import Phrase
from hub.domain.verdict import Ignore, Park, Refuse, Verdict

KINDS: Mapping[Department, frozenset[StatusKind]] = {
    "production": frozenset(("accepted", "rejected", "scheduled", "produced", "problem", "change-rejected")),
    "procurement": frozenset(("accepted", "rejected", "scheduled", "received", "problem", "change-rejected")),
    "logistics": frozenset(
        ("accepted", "rejected", "scheduled", "shipped", "delivered", "returned", "problem", "change-rejected")
    ),
}
"""What each department may report."""

TRIGGERS: Mapping[StatusKind, lifecycle.ReportTrigger] = {
    "accepted": "accept",
    "rejected": "reject",
    "scheduled": "schedule",
    "produced": "advance",
    "received": "advance",
    "shipped": "advance",
    "delivered": "advance",
    "returned": "advance",
    "problem": "trouble",
    "change-rejected": "insist",
}
"""Which transition a report asks of the department's axis."""

_FACTS = frozenset(("produced", "received", "shipped", "delivered", "returned"))
"""Reports of goods that moved: never dropped silently."""


def on_status(turn: Turn, event: StatusReported) -> Verdict:
    """A department reported."""
    department = event.department
    if event.kind not in KINDS[department]:
        return Refuse(
            "not-its-report", f"{department} does not report {event.kind}; send it as the department it is of"
        )
    expected = work_order_id(turn.state.order_id, department)
    if event.work_order_id != expected:
        return Refuse("unknown-work-order", f"The work order is {expected}, not {event.work_order_id}")
    if event.expected_at is not None and (findings := [*check_times(event)]):
        return refusal(findings)
    status = turn.work(department).status
    following = lifecycle.WORK[status].get(TRIGGERS[event.kind])
    if following == lifecycle.EARLY:
        return _early(status, event)
    if following == lifecycle.LATE:
        return _late(status, event)
    return _HANDLERS[event.kind](turn, event)


def _early(status: str, event: StatusReported) -> Park:
    if status == "none":
        return Park("no-work-order", f"{event.department} reports {event.kind} on a work order not issued yet")
    return Park("not-accepted", f"{event.department} reports {event.kind} on a work order it has not accepted yet")


def _late(status: str, event: StatusReported) -> Ignore | Refuse:
    detail = f"{event.department} reports {event.kind} on a work order that is {status}"
    return Refuse("work-order-over", detail) if event.kind in _FACTS else Ignore("late", detail)


def _on_accepted(turn: Turn, event: StatusReported) -> Verdict:
    turn.move_work(event.department, "accept")
    turn.explain(f"{event.department} accepted its work order")
    return None


def _on_scheduled(turn: Turn, event: StatusReported) -> Verdict:
    turn.move_work(event.department, "schedule")
    work = turn.work(event.department)
    expected = event.expected_at
    if expected is None:
        turn.explain(f"{event.department} scheduled its work")
        return None
    if work.expected_from is not None and event.occurred_at < work.expected_from:
        turn.explain(f"{event.department} has given a newer date than {expected:%Y-%m-%d %H:%M}")
        return None
    dated = replace(
        work, expected_at=expected, expected_from=event.occurred_at, cause=event.cause, because=event.reason
    )
    turn.set_work(event.department, dated)
    turn.explain(f"{event.department} expects {expected:%Y-%m-%d %H:%M}")
    if work.status == "done":
        return None
    _tell_date(turn)
    return None


def _tell_date(turn: Turn) -> None:
    """The customer hears the latest date any department gives, each date once; and that it is in time after all."""
    if any(is_late(turn, department) for department in DEPARTMENTS):
        works = (turn.state.production, turn.state.procurement, turn.state.logistics)
        promise = turn.day_of(max(work.expected_at for work in works if work.expected_at and work.status != "done"))
        if promise != turn.state.promised:
            turn.update(promised=promise)
            notify(turn, "delayed", until=f"{promise:%Y-%m-%d}")
    elif turn.state.promised is not None:
        turn.update(promised=None)
        notify(turn, "changed", reason=Phrase("it is expected in time after all"))


def _root(event: StatusReported) -> str:
    return f"{event.department}: {event.cause}" if event.cause else ""


def _on_problem(turn: Turn, event: StatusReported) -> Verdict:
    work = turn.work(event.department)
    if work.moved_at is not None and event.occurred_at < work.moved_at:
        return Ignore("overtaken", f"{event.department} has moved on since it reported the problem")
    if turn.state.settlement_id and event.department != "logistics":
        return Ignore("already-delivered", "What the department had to do with has been delivered and settled")
    detail = event.reason or "no reason given"
    open_exception(turn, PROBLEM[event.department], detail, since=event.occurred_at, root=_root(event))
    return None


_HANDLERS: Mapping[StatusKind, Callable[[Turn, StatusReported], Verdict]] = {
    "accepted": _on_accepted,
    "rejected": on_rejected,
    "scheduled": _on_scheduled,
    "produced": on_made,
    "received": on_made,
    "shipped": on_shipped,
    "delivered": on_delivered,
    "returned": on_returned,
    "problem": _on_problem,
    "change-rejected": on_change_rejected,
}
