"""Exceptions of an order: problems a person has to look at, opened once per cause and closed when it ends."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec.structs import replace

from hub.domain.effects import ExceptionRaised
from hub.domain.exceptions import HIGHEST, PLAIN, ExceptionKind
from hub.domain.flow.turn import SOURCE, Turn
from hub.domain.ids import case_id
from hub.domain.monitor import Severity
from hub.domain.order import OpenException


def open_exception(
    turn: Turn,
    kind: ExceptionKind | str,
    detail: str,
    *,
    subject: str = "",
    severity: Severity = "warning",
    since: datetime | None = None,
    root: str = "",
    owner: str = "",
    department: str = "",
) -> None:
    """Opens an exception of this kind and subject; one that is open stays, with the latest cause.

    `kind`: or the name of a rule of the monitor, which finds it in the hands of `department`. `since`: when the cause
    happened. `root`: what other orders may have the same trouble with, in the same words; empty
    if it is this order's own. `owner`: who has to see to it, if not whoever has the same case of this order already,
    or else who the rules say.
    """
    since, root = since or turn.now, root or f"order {turn.state.order_id}"
    for each in turn.state.exceptions:
        if each.kind == kind and each.subject == subject:
            if each.opened_at < since:
                _replace(turn, replace(each, detail=detail, opened_at=since))
            turn.explain(f"exception {kind} is open already: {detail}")
            return
    rule = turn.policy.monitor.rules.get(kind) or turn.policy.exceptions.get(kind, PLAIN)
    taken = (each.owner for each in turn.state.exceptions if each.kind == kind and each.root == root and each.owner)
    opened = OpenException(
        exception_id=turn.next_id(),
        kind=kind,
        subject=subject,
        severity=severity,
        owner=owner or next(taken, rule.owner),
        detail=detail,
        opened_at=since,
        priority=rule.priority,
        root=root,
        escalate_at=_next_escalation(turn, kind, rule.priority, 0),
        department=department,
    )
    turn.update(exceptions=(*turn.state.exceptions, opened))
    _raise(turn, opened, "opened", opened.exception_id)
    turn.explain(f"exception {kind}: {detail}")


def close_exception(
    turn: Turn, kind: ExceptionKind, detail: str, *, subject: str | None = "", before: datetime | None = None
) -> None:
    """Closes what is open of this kind and subject (None: any), if its cause is older than `before`."""
    for each in turn.state.exceptions:
        if each.kind == kind and subject in (None, each.subject) and (before is None or each.opened_at < before):
            close_one(turn, each, detail)


def matching(turn: Turn, target: str) -> tuple[OpenException, ...]:
    """The open exceptions of this id or kind."""
    return tuple(each for each in turn.state.exceptions if target in (each.exception_id, each.kind))


def close_one(turn: Turn, exception: OpenException, detail: str) -> None:
    """Closes one exception."""
    left = tuple(each for each in turn.state.exceptions if each.exception_id != exception.exception_id)
    turn.update(exceptions=left)
    _raise(turn, replace(exception, detail=detail), "closed", turn.next_id())


def assign(turn: Turn, exception: OpenException, owner: str) -> None:
    """Gives one exception to a person, who has as long as the one before had."""
    due = _next_escalation(turn, exception.kind, exception.priority, exception.level)
    assigned = replace(exception, owner=owner, escalate_at=due)
    _replace(turn, assigned)
    _raise(turn, assigned, "assigned", turn.next_id())


def escalate_due(turn: Turn) -> bool:
    """Takes exceptions further that nobody has ended in time; whether any was due."""
    due = [each for each in turn.state.exceptions if each.escalate_at is not None and each.escalate_at <= turn.now]
    for each in due:
        raised = _raised(turn, each)
        _replace(turn, raised)
        _raise(turn, raised, "escalated", turn.next_id())
        owner = raised.owner or "nobody"
        turn.explain(f"exception {each.kind} is open still: priority {raised.priority}, {owner} has it")
    return bool(due)


def _raised(turn: Turn, exception: OpenException) -> OpenException:
    """The exception taken further: by the next step of the monitor's rule, or as its kind is."""
    kind, level = exception.kind, exception.level
    priority = max(exception.priority - 1, HIGHEST)
    rule = turn.policy.monitor.rules.get(kind)
    if rule is None or level >= len(rule.escalate):
        severity: Severity = "critical"
        owner = turn.policy.exceptions.get(kind, PLAIN).escalate_to
    else:
        severity, owner = rule.escalate[level].severity, rule.escalate[level].to
    return replace(
        exception,
        severity=severity,
        owner=owner or exception.owner,
        priority=priority,
        level=level + 1,
        escalate_at=_next_escalation(turn, kind, priority, level + 1),
    )


def _next_escalation(turn: Turn, kind: str, priority: int, level: int) -> datetime | None:
    """When what was taken further `level` times is so again; the monitor's is not in its quiet hours."""
    monitor = turn.policy.monitor
    if (rule := monitor.rules.get(kind)) is not None:
        return monitor.loud(rule, turn.now + rule.escalate[level].after) if level < len(rule.escalate) else None
    after = turn.policy.exceptions.get(kind, PLAIN).escalate_after
    return None if after is None or priority <= HIGHEST else turn.now + after


def _replace(turn: Turn, changed: OpenException) -> None:
    exceptions = turn.state.exceptions
    turn.update(exceptions=tuple(changed if each.exception_id == changed.exception_id else each for each in exceptions))


def _raise(
    turn: Turn, exception: OpenException, action: Literal["opened", "assigned", "escalated", "closed"], event_id: str
) -> None:
    turn.emit(
        ExceptionRaised(
            event_id=event_id,
            source=SOURCE,
            occurred_at=turn.now,
            order_id=turn.state.order_id,
            exception_id=exception.exception_id,
            kind=exception.kind,
            action=action,
            severity=exception.severity,
            owner=exception.owner,
            detail=exception.detail,
            priority=exception.priority,
            root=exception.root,
            case_id=case_id(exception.kind, exception.root),
            opened_at=exception.opened_at,
            department=exception.department,
        )
    )
