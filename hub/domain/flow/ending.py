"""Exceptions end when their cause does: what the hub sees by itself, and what only a person can say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from hub.domain import ledger
from hub.domain.exceptions import ExceptionKind
from hub.domain.flow.problems import close_one
from hub.domain.flow.turn import Turn
from hub.domain.groups import held_back
from hub.domain.headline import UNFINISHED
from hub.domain.model import DEPARTMENTS, Department
from hub.domain.order import LineState, OpenException, OrderState
from hub.domain.tolerance import over_tolerance

REMEDIES: Mapping[str, str] = {
    "credit-refused": "release-hold has the credit checked again, override-credit answers for it",
    "on-hold": "release-hold ends the hold",
    "unconfirmed": "the customer confirms, or cancel",
    "no-candidate": "reroute gives the line to a department, close-short gives it up",
}
"""Causes that the hub sees last or end: nobody can say otherwise. What ends each."""


def close_ended(turn: Turn) -> None:
    """Closes every exception whose cause has ended."""
    for exception in turn.state.exceptions:
        if because := _ended(turn, exception):
            close_one(turn, exception, because)


def lasts(turn: Turn, exception: OpenException) -> bool:
    """Whether the hub sees that the cause has not ended."""
    return exception.kind in REMEDIES and not _ended(turn, exception)


def is_late(turn: Turn, department: Department) -> bool:
    """Whether a department that has work to do expects to be done after the first day that any of it is wanted."""
    work = turn.work(department)
    if work.expected_at is None or work.status not in UNFINISHED:
        return False
    wanted = wanted_by(turn.state, department)
    return wanted is not None and turn.day_of(work.expected_at) > wanted


def wanted_by(state: OrderState, department: Department) -> date | None:
    """The first day on which anything is wanted that the department has to do with; None if no day is named."""
    place, otherwise = DEPARTMENTS.index(department), None if state.terms is None else state.terms.requested_delivery
    dates = (
        line.line.requested_delivery or otherwise
        for line in state.lines
        if ledger.is_open(line) and ledger.asked(line)[place]
    )
    return min((day for day in dates if day is not None), default=None)


def _ended(turn: Turn, exception: OpenException) -> str:
    """How the cause has ended; empty while it lasts or nobody can tell."""
    test = _ENDED.get(exception.kind)
    return "" if test is None else test(turn, exception)


def _credit(turn: Turn, _: OpenException) -> str:
    state = turn.state
    return "" if state.credit in {"refused", "requested"} else f"The credit is {state.credit}"


def _hold(turn: Turn, exception: OpenException) -> str:
    state = turn.state
    return "" if any(hold.name == exception.subject for hold in state.holds) else "The hold has ended"


def _unconfirmed(turn: Turn, _: OpenException) -> str:
    state = turn.state
    return "" if state.commercial == "confirming" and not state.consent else "The order was confirmed"


def _allocated(turn: Turn, exception: OpenException) -> str:
    state = turn.state
    line = _line(state, exception)
    return "" if line is not None and line.unallocated else "Nothing of the line is unallocated any more"


def _shipped(turn: Turn, _: OpenException) -> str:
    state = turn.state
    stuck = any(ledger.ready(line) > line.shipped for line in state.lines)
    return "" if stuck else "Everything that is ready has been shipped"


def _reunited(turn: Turn, exception: OpenException) -> str:
    return "" if exception.subject in held_back(turn.state.lines) else "The rest of the group is ready too"


def _delivered(turn: Turn, _: OpenException) -> str:
    state = turn.state
    return "The order was delivered" if state.settlement_id else ""


def _not_more(turn: Turn, exception: OpenException) -> str:
    state = turn.state
    line = _line(state, exception)
    if line is not None:
        ordered = line.line.quantity
        more = line.shipped - line.returned - line.missing - ordered
        if more > over_tolerance(state, line, turn.policy.over_delivery_percent, ordered):
            return ""
    return "The customer has no more than was ordered"


_ENDED: Mapping[ExceptionKind | str, Callable[[Turn, OpenException], str]] = {
    "credit-refused": _credit,
    "on-hold": _hold,
    "unconfirmed": _unconfirmed,
    "no-candidate": _allocated,
    "shipment-rejected": _shipped,
    "group-parted": _reunited,
    "production-problem": _delivered,
    "procurement-problem": _delivered,
    "over-delivered": _not_more,
}


def _line(state: OrderState, exception: OpenException) -> LineState | None:
    return next((line for line in state.lines if line.line.line_id == exception.subject), None)
