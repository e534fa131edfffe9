"""When what a rule watches for is so, or will be if nothing happens: all most decisions ask, and so it is quick."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

from hub.domain.flow.ending import wanted_by
from hub.domain.flow.planning import promise, wanted_first
from hub.domain.flow.turn import Turn
from hub.domain.headline import UNFINISHED
from hub.domain.model import DEPARTMENTS, Department
from hub.domain.monitor import Axis, Kind, MonitorRule, Watched, is_about_payment
from hub.domain.order import ZERO, OrderState
from hub.domain.schedule import MILESTONES, MilestonePlan

_SOON = timedelta(minutes=1)


class View:
    """An order as the monitor sees it in one decision; what is asked of it twice is worked out once."""

    __slots__ = ("_ends", "horizon", "monitor", "now", "state", "turn")

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.state: OrderState = turn.state
        self.now = turn.now
        self.horizon: datetime | None = None
        """What comes later does not matter to who asks."""
        self.monitor = turn.policy.monitor
        self._ends: dict[str, datetime | None] = {}

    @property
    def statuses(self) -> tuple[str, ...]:
        """Where the axes stand."""
        state = self.state
        return (
            "open" if state.commercial in ("received", "confirmed") or state.consent else "",
            state.commercial,
            state.credit,
            state.billing,
            state.production.status,
            state.procurement.status,
            state.logistics.status,
        )

    def plan(self, name: str | None) -> MilestonePlan | None:
        """The order's milestone of this name, if it has one."""
        schedule = self.state.schedule
        if schedule is not None:
            for each in schedule.milestones:
                if each.name == name:
                    return each
        return None

    def moment(self, name: str | None, plan: MilestonePlan | None = None) -> datetime | None:
        """What a rule about `plan` names; None while nobody knows."""
        if name in ("wanted", "promised", "due"):
            if name not in self._ends:
                self._ends[name] = self._end_of(name)
            return self._ends[name]
        if name == "planned":
            return None if plan is None else plan.planned
        if name == "placed":
            return self.state.placed_at
        if name == "predicted":
            return None if self.state.schedule is None else self.state.schedule.predicted
        found = self.plan(name)
        return None if found is None else found.reached

    def moment_of(self, name: str | None, department: Department) -> datetime | None:
        """The same, of what a department has to do."""
        if name not in ("wanted", "promised"):
            return self.moment(name)
        day, promised = wanted_by(self.state, department), self.state.promised
        if day is not None and promised is not None and name == "promised":
            day = max(day, promised)
        return None if day is None else self.turn.policy.schedule.end_of(day)

    def since(self, axis: Axis | None) -> datetime | None:
        """When an axis came to its status; the order as a whole, when it moved last."""
        if axis == "order" and self.turn.moved:
            return self.now
        return None if axis is None else _SINCE[axis](self.state)

    def after(self, watched: Watched, begin: datetime) -> datetime:
        """When `longer_than` is over that begins then; if that is later than `horizon`, not before it."""
        clock, duration = watched.clock, watched.rule.longer_than
        at_least = begin + duration
        if clock is None or (self.horizon is not None and at_least > self.horizon):
            return at_least
        return clock.add(begin, duration)

    def _end_of(self, name: str) -> datetime | None:
        state = self.state
        if name == "due":
            day = min([bill.due for bill in state.bills if bill.due is not None and bill.open > ZERO], default=None)
        elif state.schedule is not None and (name == "promised" or state.promised is None):
            day = state.schedule.promised
        else:
            day = wanted_first(state) if name == "wanted" else promise(state)
        return None if day is None else self.turn.policy.schedule.end_of(day)


_SINCE: Mapping[Axis, Callable[[OrderState], datetime | None]] = {
    "order": attrgetter("moved_at"),
    "commercial": attrgetter("commercial_since"),
    "credit": attrgetter("credit_since"),
    "billing": attrgetter("billing_since"),
    "production": attrgetter("production.since"),
    "procurement": attrgetter("procurement.since"),
    "logistics": attrgetter("logistics.since"),
}


def foreseen(view: View, watched: Watched) -> datetime | None:
    """When it is so; a time that has passed if it is; None if it will not be without anything happening."""
    return _FORESEEN[watched.kind](view, watched)


def first_foreseen(view: View, rules: Sequence[Watched]) -> datetime | None:
    """When the first of the rules falls due; a time that has passed if one has, None if none will.

    Beginning with the last: the broadest mostly come last, and what falls due later than they do is not worked out.
    """
    for watched in reversed(rules):
        due = _FORESEEN[watched.kind](view, watched)
        if due is not None and (view.horizon is None or due < view.horizon):
            view.horizon = due
    first, view.horizon = view.horizon, None
    return first


def _status(view: View, watched: Watched) -> datetime | None:
    rule, since, cleared_at = watched.rule, view.since(watched.axis), view.state.cleared_at
    if since is None:
        return None
    if cleared_at is not None and rule.unless and cleared_at > since:
        since = cleared_at
    return view.after(watched, since)


def _not_reached(view: View, watched: Watched) -> datetime | None:
    rule = watched.rule
    plan = view.plan(rule.not_reached)
    if (plan is None or plan.reached is not None) and not is_about_payment(rule):
        return None
    anchor = view.moment(watched.anchor, plan)
    if anchor is None:
        return None
    cleared_at = view.state.cleared_at
    if not rule.after:
        due = anchor - rule.longer_than
        return due if cleared_at is None or not rule.unless else max(due, cleared_at)
    if cleared_at is not None and rule.unless and cleared_at > anchor:
        anchor = cleared_at
    return view.after(watched, anchor)


def _reached(view: View, watched: Watched) -> datetime | None:
    rule = watched.rule
    plan = view.plan(rule.reached)
    if plan is None or plan.reached is None:
        return None
    other = view.moment(watched.anchor, plan)
    if other is None:
        return plan.reached if rule.before in MILESTONES else None
    if rule.before in MILESTONES or not is_off(rule, plan.reached, other):
        return None
    return plan.reached


def _date(view: View, watched: Watched) -> datetime | None:
    rule = watched.rule
    if rule.date == "expected":
        state = view.state
        if state.production.expected_at or state.procurement.expected_at or state.logistics.expected_at:
            for department in DEPARTMENTS:
                if department_is_off(view, watched, department):
                    return view.now
        return None
    date = view.moment(rule.date)
    other = None if date is None else view.moment(watched.anchor)
    if date is None or other is None:
        return None
    if is_off(rule, date, other):
        return view.now
    return _may_slip_at(view, other + rule.longer_than) if rule.date == "predicted" and rule.after else None


def department_is_off(view: View, watched: Watched, department: Department) -> bool:
    """Whether the date that a department names for its work is too early or too late."""
    work = view.turn.work(department)
    if work.expected_at is None or work.status not in UNFINISHED:
        return False
    other = view.moment_of(watched.anchor, department)
    return other is not None and is_off(watched.rule, work.expected_at, other)


def _may_slip_at(view: View, limit: datetime) -> datetime | None:
    """When the predicted delivery passes `limit` at the earliest if the next milestone is not reached in time.

    If that is later than `horizon`, not before it.
    """
    schedule = view.state.schedule
    if schedule is None:
        return None
    left = max(limit - schedule.predicted, _SOON)
    if view.horizon is not None and view.now + left > view.horizon:
        return view.now + left
    delivered = view.plan("delivered")
    if delivered is None or delivered.reached is not None:
        return None
    planned = min([each.planned for each in schedule.milestones if each.reached is None])
    return max(planned, view.now) + left


def _rejections(view: View, watched: Watched) -> datetime | None:
    limit = watched.rule.rejections or 1
    for line in view.state.lines:
        if line.rejected_by and len(line.rejected_by) >= limit:
            return view.now
    return None


_FORESEEN: Mapping[Kind, Callable[[View, Watched], datetime | None]] = {
    "status": _status,
    "unanswered": _status,
    "not_reached": _not_reached,
    "reached": _reached,
    "date": _date,
    "rejections": _rejections,
}


def is_off(rule: MonitorRule, date: datetime, other: datetime) -> bool:
    """Whether a date is so long after, or before, another as it shall not be."""
    return date > other + rule.longer_than if rule.after else date < other - rule.longer_than
