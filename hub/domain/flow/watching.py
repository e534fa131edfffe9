"""The monitor looks at an order: alerts are opened when something did not come about in time, and closed when it did.

What it looks at is only the state and the rules. So an order is looked at when it changes and when the first of its
rules falls due, and at no other time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from hub.domain.exceptions import PROBLEM
from hub.domain.flow.foreseeing import View, first_foreseen, foreseen
from hub.domain.flow.observing import Finding, findings
from hub.domain.flow.planning import keep_schedule, predict_anew
from hub.domain.flow.problems import close_one, open_exception
from hub.domain.flow.turn import Turn
from hub.domain.model import DEPARTMENTS
from hub.domain.monitor import MonitorRule, Watched, is_alert, kind_of
from hub.domain.order import OpenException, OrderState, Snooze

_OVER = frozenset(("unknown", "closed"))
_TROUBLED = {str(kind): department for department, kind in PROBLEM.items()}
_A_DAY = timedelta(days=1)


def keep_watch(turn: Turn, before: OrderState) -> datetime | None:
    """Look at the order if anything changed that matters, or its time has come; when to look again."""
    due = turn.state.watch_due
    passed = due is not None and due <= turn.now
    troubled = turn.state.exceptions is not before.exceptions
    if not (turn.moved or passed or troubled):
        return due
    if turn.moved:
        keep_schedule(turn, before)
    elif passed:
        predict_anew(turn)
    if troubled and _cleared(before.exceptions, turn.state.exceptions, turn.policy.monitor.reasons):
        turn.update(cleared_at=turn.now)
    return _look(turn)


def snooze(turn: Turn, exception: OpenException) -> None:
    """A person ended an alert: it is not opened again before its time has passed once more, or a day."""
    monitor, now = turn.policy.monitor, turn.now
    rule = monitor.rules.get(exception.kind)
    if rule is not None:
        until = monitor.after(rule, now) if kind_of(rule) in ("status", "unanswered") else now + _A_DAY
        kept = tuple(each for each in turn.state.snoozed if each.until > now)
        turn.update(snoozed=(*kept, Snooze(exception.kind, exception.subject, until)))


def _look(turn: Turn) -> datetime | None:
    """Open and close what is to be; when to look again if nothing happens."""
    view = View(turn)
    rules = () if turn.state.commercial in _OVER else view.monitor.watched(view.statuses)
    if not turn.state.exceptions:
        first = first_foreseen(view, rules)
        if first is None or first > turn.now:
            return first
    return _open_and_close(view, rules)


def _open_and_close(view: View, rules: Iterable[Watched]) -> datetime | None:
    turn, now = view.turn, view.now
    again: list[datetime] = []
    found: dict[tuple[str, str], str] = {}
    for watched in rules:
        due = foreseen(view, watched)
        if due is None:
            continue
        if due > now and not turn.state.exceptions:
            again.append(due)
            continue
        for each in findings(view, watched):
            later, because = _regard(turn, watched, each, due)
            found[watched.name, each.subject] = because
            if later is not None:
                again.append(later)
    if turn.state.exceptions:
        _close_over(turn, found)
    return min(again, default=None)


def _regard(turn: Turn, watched: Watched, finding: Finding, due: datetime) -> tuple[datetime | None, str]:
    """Open an alert if it is time and nothing says why already: when to look again, and why it should not be open."""
    state, now, name, rule, subject = turn.state, turn.now, watched.name, watched.rule, finding.subject
    known = next((each for each in state.exceptions if (each.kind, each.subject) == (name, subject)), None)
    if rule.unless and (why := explained(state.exceptions, rule, subject)):
        return None, f"{why} says why"
    if known is not None and due <= max(now, known.opened_at):  # the clock may have been set back since
        if known.detail != finding.detail:
            _note(turn, replace(known, detail=finding.detail))
        return None, ""
    loud = due if due > now else _silent_until(turn, rule, name, subject)
    if loud > now:
        return loud, "It is so no more"
    open_exception(
        turn,
        name,
        finding.detail,
        subject=subject,
        severity=rule.severity,
        since=due,
        root=finding.root,
        department=finding.department,
    )
    return None, ""


def explained(exceptions: Sequence[OpenException], rule: MonitorRule, subject: str) -> str:
    """The kind of what is open and says why, empty if nothing is; no department's trouble explains another's."""
    for each in exceptions:
        if each.kind in rule.unless:
            about = each.subject if each.subject in DEPARTMENTS else _TROUBLED.get(each.kind, "")
            if not (about and subject in DEPARTMENTS and about != subject):
                return each.kind
    return ""


def _silent_until(turn: Turn, rule: MonitorRule, name: str, subject: str) -> datetime:
    """When an alert may be opened: not in quiet hours, and not while a person has put it off."""
    loud = turn.policy.monitor.loud(rule, turn.now)
    for each in turn.state.snoozed:
        if (each.rule, each.subject) == (name, subject):
            loud = max(loud, each.until)
    return loud


def _close_over(turn: Turn, found: dict[tuple[str, str], str]) -> None:
    """Close the alerts whose cause is over, and those whose rule is gone. `found`: why each should not be open."""
    monitor = turn.policy.monitor
    for each in turn.state.exceptions:
        because = found.get((each.kind, each.subject), "It is so no more")
        if not because or not is_alert(each.kind):
            continue
        rule = monitor.rules.get(each.kind)
        if rule is not None and not rule.auto_close:
            continue
        close_one(turn, each, because if rule is not None else "Nothing watches for this any more")
        if each.kind in monitor.reasons:
            turn.update(cleared_at=turn.now)


def _cleared(before: Sequence[OpenException], after: Sequence[OpenException], reasons: frozenset[str]) -> bool:
    """Whether something that kept a rule silent has ended."""
    left = {each.exception_id for each in after}
    return any(each.kind in reasons and each.exception_id not in left for each in before)


def _note(turn: Turn, changed: OpenException) -> None:
    kept = tuple(changed if each.exception_id == changed.exception_id else each for each in turn.state.exceptions)
    turn.update(exceptions=kept)
