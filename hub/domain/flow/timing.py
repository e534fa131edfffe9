"""Time passes: what a due time in the order's state leads to."""

from __future__ import annotations

from hub.domain.events import TimerFired
from hub.domain.flow.confirming import on_silence
from hub.domain.flow.crediting import ask_again, on_horizon
from hub.domain.flow.holding import on_hold_times
from hub.domain.flow.parking import dead_letter
from hub.domain.flow.problems import escalate_due
from hub.domain.flow.turn import Turn
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
    if turn.state.confirm_due is not None and turn.state.confirm_due <= now:  # what came before may have ended it
        due = True
        on_silence(turn)
    if state.watch_due is not None and state.watch_due <= now:
        due = True  # the monitor looks after every decision
    return None if due else Ignore("not-due", f"Nothing is due at {now:%Y-%m-%d %H:%M:%S}")


def _give_up_parked(turn: Turn) -> None:
    parked = turn.state.parked
    turn.update(parked=tuple(each for each in parked if each.deadline > turn.now))
    for each in parked:
        if each.deadline <= turn.now:
            reason = f"It waited until {each.deadline:%Y-%m-%d %H:%M:%S} in vain ({each.code})"
            dead_letter(turn, each, each.code, reason)
