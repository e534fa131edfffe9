"""What a rule of the monitor has found, for a person: what it is about, in whose hands, and what is the matter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from hub.domain.flow.foreseeing import View, department_is_off
from hub.domain.headline import UNFINISHED, waits_for
from hub.domain.model import DEPARTMENTS
from hub.domain.monitor import Kind, MonitorRule, Watched
from hub.domain.order import OrderState
from hub.domain.schedule import DEPARTMENT_OF


class Finding(NamedTuple):
    """What a rule has found."""

    subject: str
    """The department, axis or line it is about; empty for the whole order."""
    department: str
    """In whose hands it is; empty if it is not one department's."""
    root: str
    """What it comes from, in the same words for every order; empty if it is the order's own."""
    detail: str


def findings(view: View, watched: Watched) -> Iterator[Finding]:
    """What there is to say about what a rule has found, which is so now."""
    return _FOUND[watched.kind](view, watched)


def _status(view: View, watched: Watched) -> Iterator[Finding]:
    state, rule, axis = view.state, watched.rule, str(watched.axis)
    since = _at(view.since(watched.axis))
    department = rule.department or (axis if axis in DEPARTMENTS else in_whose_hands(state))
    if axis == "order":
        yield Finding(
            "",
            department,
            department,
            f"The order has not moved since {since}; it waits for {', '.join(waits_for(state))}",
        )
        return
    if watched.kind == "unanswered":
        detail = f"{axis} has not said since {since} whether it takes on what it was given"
    else:
        status = getattr(state, axis)
        detail = f"{axis} is {status.status if axis in DEPARTMENTS else status} since {since}"
    yield Finding(axis, department, department, detail)


def _not_reached(view: View, watched: Watched) -> Iterator[Finding]:
    rule = watched.rule
    name = rule.not_reached
    if name is not None:
        anchor = view.moment(watched.anchor, view.plan(name))
        department = rule.department or DEPARTMENT_OF.get(name, "")
        yield Finding("", department, department, f"Not {name}: {_than(rule)} {_at(anchor)}")


def _reached(view: View, watched: Watched) -> Iterator[Finding]:
    rule = watched.rule
    plan = view.plan(rule.reached)
    if plan is not None:
        other = view.moment(watched.anchor, plan)
        department = rule.department or DEPARTMENT_OF.get(plan.name, "")
        yield Finding("", department, department, f"{plan.name} {_at(plan.reached)}: {_than(rule)} {_at(other)}")


def _date(view: View, watched: Watched) -> Iterator[Finding]:
    rule = watched.rule
    if rule.date == "expected":
        for each in DEPARTMENTS:
            if department_is_off(view, watched, each):
                work, other = view.turn.work(each), view.moment_of(watched.anchor, each)
                because = f": {work.because}" if work.because else ""
                root = f"{each}: {work.cause}" if work.cause else ""
                detail = f"{each} expects {_at(work.expected_at)}: {_than(rule)} {_at(other)}{because}"
                yield Finding(each, each, root, detail)
        return
    date, other = view.moment(rule.date), view.moment(watched.anchor)
    yield Finding(
        "",
        rule.department or in_whose_hands(view.state),
        "",
        f"{rule.date} is {_at(date)}: {_than(rule)} {_at(other)}",
    )


def _rejections(view: View, watched: Watched) -> Iterator[Finding]:
    rule = watched.rule
    for line in view.state.lines:
        if len(line.rejected_by) >= (rule.rejections or 1):
            detail = f"Line {line.line.line_id} was refused by {', '.join(line.rejected_by)}"
            yield Finding(line.line.line_id, rule.department, f"item {line.line.item_id}", detail)


_FOUND: Mapping[Kind, Callable[[View, Watched], Iterator[Finding]]] = {
    "status": _status,
    "unanswered": _status,
    "not_reached": _not_reached,
    "reached": _reached,
    "date": _date,
    "rejections": _rejections,
}


def in_whose_hands(state: OrderState) -> str:
    """The one department that has unfinished work, for many orders may stand still there."""
    at_work = [each for each in DEPARTMENTS if getattr(state, each).status in UNFINISHED]
    return at_work[0] if len(at_work) == 1 else ""


def _than(rule: MonitorRule) -> str:
    return f"after {rule.after}" if rule.after else f"before {rule.before}"


def _at(moment: datetime | None) -> str:
    return "which is still to come" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
