"""What each rule of the monitor sees of an order: whether it is so, or will be if nothing happens, and since when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from hub.domain.flow.ending import wanted_by
from hub.domain.flow.planning import promise, wanted_first
from hub.domain.flow.turn import Turn
from hub.domain.headline import UNFINISHED, waits_for
from hub.domain.model import DEPARTMENTS, Department
from hub.domain.monitor import MonitorRule, Watched
from hub.domain.order import OrderState
from hub.domain.schedule import DEPARTMENT_OF, MILESTONES, MilestonePlan

_SOON = timedelta(minutes=1)


class Fact(NamedTuple):
    """What a rule sees."""

    name: str
    """Of the rule."""
    rule: MonitorRule
    subject: str
    """The department or the axis it is about; empty for the whole order."""
    due: datetime | None
    """When it is so, or became so; None if it may become so without anything happening, but not before `look_at`."""
    detail: Callable[[], str]
    """For a person."""
    department: str = ""
    """In whose hands it is."""
    root: str = ""
    look_at: datetime | None = None


def facts(turn: Turn) -> Iterator[Fact]:
    """What the rules see of the order now, in their order."""
    state = turn.state
    is_open = "open" if state.commercial in ("received", "confirmed") or state.consent else ""
    statuses = (
        is_open,
        state.commercial,
        state.credit,
        state.billing,
        state.production.status,
        state.procurement.status,
        state.logistics.status,
    )
    for watched in turn.policy.monitor.watched(statuses):
        yield from _SEES[watched.rule.kind](turn, watched)


def _in_status(turn: Turn, watched: Watched) -> Iterator[Fact]:
    """An axis is in a status that it shall not be in for long."""
    name, rule, axis = watched
    state = turn.state
    since = _since(state, str(axis))
    if since is None:
        return
    begin = since if state.cleared_at is None or not rule.unless else max(since, state.cleared_at)
    department = rule.department or (axis if axis in DEPARTMENTS else _in_whose_hands(state))

    def detail() -> str:
        if axis == "order":
            return f"The order has not moved since {_at(since)}; it waits for {', '.join(waits_for(state))}"
        if rule.kind == "unanswered":
            return f"{axis} has not said since {_at(since)} whether it takes on what it was given"
        return f"The order's {axis} is {_status(state, str(axis))} since {_at(since)}"

    subject = "" if axis == "order" else str(axis)
    yield Fact(name, rule, subject, turn.policy.monitor.after(rule, begin), detail, department or "", department or "")


def _not_reached(turn: Turn, watched: Watched) -> Iterator[Fact]:
    """A milestone of the order is still to be reached."""
    name, rule, _ = watched
    plan = _plan(turn.state, str(rule.not_reached))
    if plan is None or plan.reached is not None:
        return
    anchor = _moment(turn, rule.after or rule.before or "", plan)
    if anchor is None:
        return
    state = turn.state
    due = turn.policy.monitor.after(rule, anchor) if rule.after else anchor - rule.longer_than
    if rule.unless and state.cleared_at is not None and state.cleared_at > anchor:
        due = max(due, turn.policy.monitor.after(rule, state.cleared_at) if rule.after else state.cleared_at)
    department = rule.department or DEPARTMENT_OF.get(plan.name, "")
    yield Fact(
        name,
        rule,
        "",
        due,
        lambda: f"Not {plan.name} by {_at(due)}: {_word(rule)} {_at(anchor)}",
        department,
        department,
    )


def _reached(turn: Turn, watched: Watched) -> Iterator[Fact]:
    """A milestone was reached too early or too late."""
    name, rule, _ = watched
    plan = _plan(turn.state, str(rule.reached))
    if plan is None or plan.reached is None:
        return
    reached, other = plan.reached, _moment(turn, rule.after or rule.before or "", plan)
    if rule.after:
        is_so = other is not None and reached > other + rule.longer_than
    elif rule.before in MILESTONES:
        is_so = other is None
    else:
        is_so = other is not None and reached < other - rule.longer_than
    if is_so:
        shown = "which is still to come" if other is None else _at(other)
        department = rule.department or DEPARTMENT_OF.get(plan.name, "")
        yield Fact(
            name,
            rule,
            "",
            turn.now,
            lambda: f"{plan.name} {_at(reached)}: {_word(rule)} {shown}",
            department,
            department,
        )


def _dates(turn: Turn, watched: Watched) -> Iterator[Fact]:
    """A date is too early or too late beside another."""
    name, rule, _ = watched
    if rule.date == "expected":
        for department in DEPARTMENTS:
            work = turn.work(department)
            if work.expected_at is None or work.status not in UNFINISHED:
                continue
            other = _moment_of(turn, rule.after or rule.before or "", department)
            if other is not None and _is_off(rule, work.expected_at, other):
                because = f": {work.because}" if work.because else ""
                text = f"{department} expects {_at(work.expected_at)}: {_word(rule)} {_at(other)}{because}"
                root = f"{department}: {work.cause}" if work.cause else ""
                yield Fact(name, rule, department, turn.now, _said(text), department, root)
        return
    other = _moment(turn, rule.after or rule.before or "", None)
    date = _moment(turn, str(rule.date), None)
    if date is None or other is None:
        return
    holder = rule.department or _in_whose_hands(turn.state)
    if _is_off(rule, date, other):
        yield Fact(name, rule, "", turn.now, lambda: f"{rule.date} is {_at(date)}: {_word(rule)} {_at(other)}", holder)
    elif rule.date == "predicted" and rule.after:
        yield Fact(name, rule, "", None, str, holder, look_at=_may_slip_at(turn, other + rule.longer_than))


def _may_slip_at(turn: Turn, limit: datetime) -> datetime | None:
    """When the predicted delivery passes `limit` at the earliest if the next milestone is not reached in time."""
    schedule = turn.state.schedule
    if schedule is None or any(each.name == "delivered" and each.reached for each in schedule.milestones):
        return None
    planned = min(each.planned for each in schedule.milestones if each.reached is None)
    return max(planned, turn.now) + max(limit - schedule.predicted, _SOON)


def _rejections(turn: Turn, watched: Watched) -> Iterator[Fact]:
    """Suppliers have refused a line one after the other."""
    name, rule, _ = watched
    for line in turn.state.lines:
        if len(line.rejected_by) >= (rule.rejections or 1):
            text = f"Line {line.line.line_id} was refused by {', '.join(line.rejected_by)}"
            yield Fact(
                name, rule, line.line.line_id, turn.now, _said(text), rule.department, f"item {line.line.item_id}"
            )


_SEES: Mapping[str, Callable[[Turn, Watched], Iterator[Fact]]] = {
    "status": _in_status,
    "unanswered": _in_status,
    "not_reached": _not_reached,
    "reached": _reached,
    "date": _dates,
    "rejections": _rejections,
}


def _is_off(rule: MonitorRule, date: datetime, other: datetime) -> bool:
    return date > other + rule.longer_than if rule.after else date < other - rule.longer_than


def _moment(turn: Turn, name: str, plan: MilestonePlan | None) -> datetime | None:
    """The moment a rule speaks of; None if it is not known."""
    state = turn.state
    if name == "placed":
        return state.placed_at
    if name == "planned":
        return None if plan is None else plan.planned
    if name in ("wanted", "promised"):
        schedule = state.schedule
        day = wanted_first(state) if name == "wanted" else promise(state)
        if day is None and schedule is not None:
            day = schedule.promised
        return None if day is None else turn.policy.schedule.end_of(day)
    if name == "predicted":
        return None if state.schedule is None else state.schedule.predicted
    found = _plan(state, name)
    return None if found is None else found.reached


def _moment_of(turn: Turn, name: str, department: Department) -> datetime | None:
    """The same, of what a department has to do."""
    if name not in ("wanted", "promised"):
        return _moment(turn, name, None)
    day, promised = wanted_by(turn.state, department), turn.state.promised
    if day is not None and promised is not None and name == "promised":
        day = max(day, promised)
    return None if day is None else turn.policy.schedule.end_of(day)


def _plan(state: OrderState, name: str) -> MilestonePlan | None:
    schedule = state.schedule
    if schedule is None:
        return None
    for each in schedule.milestones:
        if each.name == name:
            return each
    return None


def _since(state: OrderState, axis: str) -> datetime | None:
    if axis in DEPARTMENTS:
        since: datetime | None = getattr(state, axis).since
        return since
    found: datetime | None = state.moved_at if axis == "order" else getattr(state, f"{axis}_since")
    return found


def _status(state: OrderState, axis: str) -> str:
    value = getattr(state, axis)
    return str(value.status if axis in DEPARTMENTS else value)


def _in_whose_hands(state: OrderState) -> str:
    """The one department that has unfinished work, for many orders may stand still there."""
    at_work = [each for each in DEPARTMENTS if getattr(state, each).status in UNFINISHED]
    return at_work[0] if len(at_work) == 1 else ""


def _said(text: str) -> Callable[[], str]:
    return lambda: text


def _word(rule: MonitorRule) -> str:
    return f"after {rule.after}" if rule.after else f"before {rule.before}"


def _at(moment: datetime | None) -> str:
    return "its arrival" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
