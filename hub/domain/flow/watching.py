"""The monitor looks at an order: alerts are opened when something did not come about in time, and closed when it did.

What it looks at is only state and the rules, so that the order is looked at when it changes and when the next rule is
due, and at no other time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from hub.domain.exceptions import PROBLEM
from hub.domain.flow.observing import Fact, facts
from hub.domain.flow.planning import keep_schedule, predict_anew
from hub.domain.flow.problems import close_one, open_exception
from hub.domain.flow.turn import Turn
from hub.domain.model import DEPARTMENTS
from hub.domain.monitor import MonitorRule, is_alert
from hub.domain.order import OpenException, OrderState, Snooze

_OVER = frozenset(("unknown", "closed", "cancelled"))
_TROUBLED: Mapping[str, str] = {kind: department for department, kind in PROBLEM.items()}
_A_DAY = timedelta(days=1)


class _Outcome(NamedTuple):
    """What became of a fact."""

    is_open: bool = False
    """Whether its alert is open now."""
    look_at: datetime | None = None
    """When to look again if nothing happens."""
    because: str = "It is so no more"
    """Why an alert that is open should not be."""


def keep_watch(turn: Turn, before: OrderState) -> None:
    """Look at the order if anything changed that matters, or its time has come."""
    state, due = turn.state, turn.state.watch_due
    passed = due is not None and due <= turn.now
    troubled = state.exceptions is not before.exceptions
    if not (turn.moved or passed or troubled):
        return
    if turn.moved:
        keep_schedule(turn, before)
    elif passed:
        predict_anew(turn)
    monitor = turn.policy.monitor
    if troubled and _cleared(before.exceptions, turn.state.exceptions, monitor.reasons):
        turn.update(cleared_at=turn.now)
    look_at: list[datetime] = []
    ended: dict[tuple[str, str], str] = {}
    if state.commercial not in _OVER:
        for fact in facts(turn):
            outcome = _regard(turn, fact)
            ended[fact.name, fact.subject] = "" if outcome.is_open else outcome.because
            if outcome.look_at is not None:
                look_at.append(outcome.look_at)
    if turn.state.exceptions:
        _close_over(turn, ended)
    next_due = min(look_at, default=None)
    if next_due != turn.state.watch_due:
        turn.update(watch_due=next_due)


def snooze(turn: Turn, exception: OpenException) -> None:
    """A person ended an alert: it is not opened again before its time has passed once more, or a day."""
    rule = turn.policy.monitor.rules.get(exception.kind)
    if rule is None:
        return
    until = turn.policy.monitor.after(rule, turn.now) if rule.kind in {"status", "unanswered"} else turn.now + _A_DAY
    kept = tuple(each for each in turn.state.snoozed if each.until > turn.now)
    turn.update(snoozed=(*kept, Snooze(exception.kind, exception.subject, until)))


def _regard(turn: Turn, fact: Fact) -> _Outcome:
    """Open an alert if it is time and nothing says why already."""
    state, now, rule = turn.state, turn.now, fact.rule
    if fact.due is None:
        return _Outcome(look_at=fact.look_at)
    known = next((e for e in state.exceptions if e.kind == fact.name and e.subject == fact.subject), None)
    if rule.unless and (why := _explained(state.exceptions, fact)):
        return _Outcome(because=f"{why} says why")
    if known is not None and fact.due <= max(now, known.opened_at):  # the clock may have been set back since
        if known.detail != fact.detail():
            _note(turn, replace(known, detail=fact.detail()))
        return _Outcome(is_open=True)
    if fact.due > now:
        return _Outcome(look_at=fact.due)
    waits_until = _silent_until(turn, fact)
    if waits_until > now:
        return _Outcome(look_at=waits_until)
    open_exception(
        turn,
        fact.name,
        fact.detail(),
        subject=fact.subject,
        severity=rule.severity,
        since=fact.due,
        root=fact.root,
        department=fact.department,
    )
    return _Outcome(is_open=True)


def _explained(exceptions: Sequence[OpenException], fact: Fact) -> str:
    """The kind of what is open and says why, empty if nothing is; no department's trouble explains another's."""
    for each in exceptions:
        if each.kind in fact.rule.unless:
            about = each.subject if each.subject in DEPARTMENTS else _TROUBLED.get(each.kind, "")
            if not (about and fact.subject in DEPARTMENTS and about != fact.subject):
                return each.kind
    return ""


def _silent_until(turn: Turn, fact: Fact) -> datetime:
    """When an alert may be opened: not in quiet hours, and not while a person has put it off."""
    loud = turn.policy.monitor.loud(fact.rule, turn.now)
    for each in turn.state.snoozed:
        if (each.rule, each.subject) == (fact.name, fact.subject):
            loud = max(loud, each.until)
    return loud


def _close_over(turn: Turn, ended: Mapping[tuple[str, str], str]) -> None:
    """Close the alerts whose cause is over, and those whose rule is gone."""
    rules = turn.policy.monitor.rules
    for each in turn.state.exceptions:
        because = ended.get((each.kind, each.subject), "It is so no more")
        if not is_alert(each.kind) or not because:
            continue
        rule: MonitorRule | None = rules.get(each.kind)
        if rule is None:
            close_one(turn, each, "Nothing watches for this any more")
        elif rule.auto_close:
            close_one(turn, each, because)
        else:
            continue
        if each.kind in turn.policy.monitor.reasons:
            turn.update(cleared_at=turn.now)


def _cleared(before: Sequence[OpenException], after: Sequence[OpenException], reasons: frozenset[str]) -> bool:
    """Whether something that kept a rule silent has ended."""
    left = {each.exception_id for each in after}
    return any(each.kind in reasons and each.exception_id not in left for each in before)


def _note(turn: Turn, changed: OpenException) -> None:
    kept = tuple(changed if each.exception_id == changed.exception_id else each for each in turn.state.exceptions)
    turn.update(exceptions=kept)
