"""Time passes: what a due time in the order's state leads to."""

from __future__ import annotations

from hub.domain.events import TimerFired
from hub.domain.flow.confirming import on_silence
from hub.domain.flow.crediting import ask_again, on_horizon
from hub.domain.flow.holding import on_hold_times
from hub.domain.flow.parking import dead_letter
from hub.domain.flow.problems import escalate_due, open_exception
from hub.domain.flow.turn import Turn
from hub.domain.headline import UNFINISHED, waits_for
from hub.domain.model import DEPARTMENTS
from hub.domain.order import OrderState
from hub.domain.verdict import Ignore, Verdict


def on_timer(turn: Turn, _event: TimerFired) -> Verdict:
    """Everything that is due by now happens, in a fixed order."""
    state, now = turn.state, turn.now
    due = False
    if any(parked.deadline <= now for parked in state.parked):
        due = True
        _give_up_parked(turn)
    if state.credit_request is not None and state.credit_due is not None and state.credit_due <= now:
        due = True
        ask_again(turn, state.credit_request)
    if state.horizon_due is not None and state.horizon_due <= now:
        due = True
        on_horizon(turn)
    if state.holds and on_hold_times(turn):
        due = True
    if state.exceptions and escalate_due(turn):
        due = True
    if state.confirm_due is not None and state.confirm_due <= now:
        due = True
        on_silence(turn)
    if state.stall_due is not None and state.stall_due <= now:
        due = True
        _note_stall(turn)
    return None if due else Ignore("not-due", f"Nothing is due at {now:%Y-%m-%d %H:%M:%S}")


def _give_up_parked(turn: Turn) -> None:
    parked = turn.state.parked
    turn.update(parked=tuple(each for each in parked if each.deadline > turn.now))
    for each in parked:
        if each.deadline <= turn.now:
            reason = f"It waited until {each.deadline:%Y-%m-%d %H:%M:%S} in vain ({each.code})"
            dead_letter(turn, each, each.code, reason)


def _note_stall(turn: Turn) -> None:
    state = turn.state
    turn.update(stall_due=None)
    since = f"{state.moved_at:%Y-%m-%d %H:%M}" if state.moved_at else "its arrival"
    detail = f"The order has not moved since {since}; it waits for {', '.join(waits_for(state))}"
    open_exception(turn, "stalled", detail, severity="critical", root=_in_whose_hands(state))


def _in_whose_hands(state: OrderState) -> str:
    """The one department that has unfinished work, for many orders may stand still there."""
    at_work = [each for each in DEPARTMENTS if getattr(state, each).status in UNFINISHED]
    return at_work[0] if len(at_work) == 1 else ""
