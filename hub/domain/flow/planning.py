"""The schedule of an order: made when it is allocated, made anew when what it rests on changes, kept as it goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from itertools import product

from msgspec.structs import replace

from hub.domain import ledger
from hub.domain.calendar import close_of
from hub.domain.flow.turn import Turn
from hub.domain.headline import UNFINISHED
from hub.domain.model import DEPARTMENTS, Department
from hub.domain.order import LineState, OrderState, Work
from hub.domain.schedule import DEPARTMENT_OF, MILESTONES, Course, Milestone, MilestonePlan, Schedule, parts

_ACCEPTED = frozenset(("accepted", "scheduled", "started", "done"))
_WITHOUT_WORK = frozenset(("none", "rejected", "cancelled"))
_OVER = frozenset(("fulfilled", "closed"))
_MOVED_BY: Mapping[Milestone, Department] = {
    "produced": "production",
    "received": "procurement",
    "shipped": "logistics",
    "delivered": "logistics",
}
_SAID_OF: Mapping[Department, Milestone] = {
    "production": "produced",
    "procurement": "received",
    "logistics": "delivered",
}
"""What a department's date is the date of."""
_MAY_BE_REACHED: Mapping[tuple[bool, ...], frozenset[Milestone]] = {
    changed: frozenset(
        name for name in MILESTONES if name not in DEPARTMENT_OF or changed[DEPARTMENTS.index(DEPARTMENT_OF[name])]
    )
    for changed in product((False, True), repeat=len(DEPARTMENTS))
}
"""Milestones that may be reached now, by whether anything has changed that says so of each department's."""
_HOUR = timedelta(hours=1)


def keep_schedule(turn: Turn, before: OrderState) -> None:
    """Bring the schedule up to what was decided; one is made with the first work, and anew as what it rests on changes.

    Without steps (rules/plan.yaml) there is none.
    """
    state, known = turn.state, turn.state.schedule
    if known is None:
        if state.commercial == "confirmed" and turn.policy.schedule.steps and _has_work(state):
            turn.update(schedule=_made(turn, {}))
            turn.explain(_told(turn))
    elif state.commercial == "cancelled":
        return
    elif _rests_on_else(before, state):
        turn.update(schedule=_made(turn, {each.name: each.reached for each in known.milestones if each.reached}))
        turn.explain(_told(turn))
    else:
        _mark(turn, known, before)


def _mark(turn: Turn, known: Schedule, before: OrderState) -> None:
    """Note the milestones that are reached now, and that what is left to deliver is wanted on another day."""
    state, day = turn.state, known.promised
    if state.logistics is not before.logistics and any(line.line.requested_delivery for line in state.lines):
        day = promise(state) or day
    changed = day != known.promised
    names = _MAY_BE_REACHED[
        before.production is not state.production,
        before.procurement is not state.procurement,
        before.logistics is not state.logistics or before.lines is not state.lines,
    ]
    milestones = list(known.milestones)
    for place, each in enumerate(known.milestones):
        name = each.name
        if each.reached is None and name in names and _IS_REACHED[name](state):
            milestones[place], changed = MilestonePlan(name, each.planned, _when(turn, name)), True
    if changed:
        turn.update(schedule=_schedule(turn, tuple(milestones), day))


def predict_anew(turn: Turn) -> None:
    """Time has passed without the next milestone being reached: where that leads to."""
    known = turn.state.schedule
    if known is None or turn.state.commercial != "confirmed":
        return
    predicted = _schedule(turn, known.milestones, known.promised)
    if predicted != known:
        turn.update(schedule=predicted)


def promise(state: OrderState) -> date | None:
    """The day the customer was promised what is left to deliver, or else wants the first of it; None if neither."""
    wanted = wanted_first(state)
    if state.promised is None or wanted is None:
        return wanted
    return max(state.promised, wanted)


def wanted_first(state: OrderState) -> date | None:
    """The first day on which anything is wanted that was not delivered; None if nothing is."""
    otherwise = None if state.terms is None else state.terms.requested_delivery
    first: date | None = None
    for line in state.lines:
        day = line.line.requested_delivery or otherwise
        if day is not None and (first is None or day < first) and ledger.is_open(line):
            first = day
    return first


def _rests_on_else(before: OrderState, state: OrderState) -> bool:
    """Whether what a schedule rests on has changed: revision, promise, who works on it, and the dates they give."""
    if (
        before.revision != state.revision
        or before.capacity is not state.capacity
        or before.promised != state.promised
        or before.schedule is None
    ):
        return True
    for department in DEPARTMENTS:
        was: Work = getattr(before, department)
        now: Work = getattr(state, department)
        if was is now:
            continue
        # Goods are shipped in any case: that logistics is asked to is no news.
        given = department != "logistics" and (was.status in _WITHOUT_WORK) != (now.status in _WITHOUT_WORK)
        undone = was.status == "done" and now.status != "done"
        if given or undone or was.expected_at != now.expected_at:
            return True
    return False


def _has_work(state: OrderState) -> bool:
    return any(getattr(state, department).status not in _WITHOUT_WORK for department in DEPARTMENTS)


def _made(turn: Turn, known: Mapping[Milestone, datetime]) -> Schedule:
    """The schedule anew: what was reached stays if it is so still (more may have been ordered), the rest is planned."""
    state = turn.state
    names = parts(
        made=state.production.status not in _WITHOUT_WORK, bought=state.procurement.status not in _WITHOUT_WORK
    )
    reached = {name: known.get(name) or _when(turn, name) for name in names if _IS_REACHED[name](state)}
    milestones = _forward(turn, names, reached, state.placed_at or turn.now)
    if state.schedule is not None:
        old = {each.name: each.planned for each in state.schedule.milestones if each.name in reached}
        milestones = tuple([replace(each, planned=old.get(each.name, each.planned)) for each in milestones])
    return _schedule(turn, milestones, promise(state))


def _schedule(turn: Turn, milestones: tuple[MilestonePlan, ...], day: date | None) -> Schedule:
    """The milestones, with where they lead to from now, for an order that is promised for a day."""
    predicted = _predicted(turn, milestones)
    slack = None if day is None else (turn.policy.schedule.end_of(day) - predicted) // _HOUR
    return Schedule(milestones, predicted, day, slack)


def _predicted(turn: Turn, milestones: tuple[MilestonePlan, ...]) -> datetime:
    """When the order is delivered: as planned, or later if something is late. What is early waits for what is not."""
    late = False
    for each in milestones:
        if each.name == "delivered":
            if each.reached is not None:
                return each.reached
            if not late and each.planned >= turn.now:
                return each.planned
            break
        late = late or (each.reached or turn.now) > each.planned
    names = tuple([each.name for each in milestones if each.name not in ("settled", "paid")])
    reached = {each.name: each.reached for each in milestones if each.reached is not None}
    course = _forward(turn, names, reached, turn.now, not_before=turn.now)
    return next(each.planned for each in course if each.name == "delivered")


def _forward(
    turn: Turn,
    names: tuple[Milestone, ...],
    reached: Mapping[Milestone, datetime],
    begin: datetime,
    not_before: datetime | None = None,
) -> tuple[MilestonePlan, ...]:
    """When each milestone is reached, or will be by the rules if nothing before `not_before` counts any more."""
    given = tuple([(name, moment) for name, moment in _given(turn) if name in names and name not in reached])
    course = Course(names, tuple(reached.items()), begin, not_before, given, turn.state.payment_days)
    return turn.policy.schedule.course(course)


def _given(turn: Turn) -> list[tuple[Milestone, datetime]]:
    """When goods move by what the departments, or else their nodes, have said; nothing of what nobody has said."""
    given: dict[Department, datetime] = {}
    for line in turn.state.lines:
        for each in line.allocations:
            if each.ready_on is not None and each.department != "logistics":
                moment = _end_of_work(turn, each.node, each.ready_on)
                given[each.department] = max(given.get(each.department, moment), moment)
    for department in DEPARTMENTS:
        work = turn.work(department)
        if work.expected_at is not None and work.status in UNFINISHED:
            given[department] = work.expected_at
    return [(_SAID_OF[department], moment) for department, moment in given.items()]


def _end_of_work(turn: Turn, name: str, day: date) -> datetime:
    node = turn.context.router.node(name)
    return turn.policy.schedule.end_of(day) if node is None else close_of(node.calendar, day)


def _when(turn: Turn, name: Milestone) -> datetime:
    """Goods move when their department says they did, but never in the future; the rest is when the hub heard of it."""
    state, now = turn.state, turn.now
    if name == "confirmed":
        return state.commercial_since or now
    department = _MOVED_BY.get(name)
    moved_at = None if department is None else turn.work(department).moved_at
    return now if moved_at is None else min(moved_at, now)


def _is_accepted(department: Department) -> Callable[[OrderState], bool]:
    return lambda state: getattr(state, department).status in _ACCEPTED


def _all(test: Callable[[LineState], bool]) -> Callable[[OrderState], bool]:
    return lambda state: state.logistics.status in ("started", "done") and all(map(test, state.lines))


_IS_REACHED: Mapping[Milestone, Callable[[OrderState], bool]] = {
    "confirmed": lambda _: True,
    "allocated": lambda state: not state.capacity and not any(line.unallocated for line in state.lines),
    "production-accepted": _is_accepted("production"),
    "procurement-accepted": _is_accepted("procurement"),
    "produced": lambda state: state.production.status == "done",
    "received": lambda state: state.procurement.status == "done",
    "logistics-accepted": _is_accepted("logistics"),
    "shipped": _all(lambda line: line.shipped >= ledger.wanted(line)),
    "delivered": _all(lambda line: not ledger.is_open(line)),
    "settled": lambda state: state.settlement_id != "",
    "paid": lambda state: state.settlement_id != "" and (state.billing == "paid" or state.commercial == "closed"),
}


def _told(turn: Turn) -> str:
    schedule = turn.state.schedule
    if schedule is None:
        return ""
    slack = schedule.slack_hours
    kept = "" if slack is None else f", {abs(slack)} hours {'before' if slack >= 0 else 'after'} what is promised"
    return f"planned: delivered {schedule.predicted.isoformat(' ', 'minutes')[:16]}{kept}"
