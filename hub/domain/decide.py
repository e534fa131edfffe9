"""One event, one decision: what the order is next and what shall happen.

`decide` knows neither events nor departments: it looks up whether the order takes the event now (`admission`), lets
the event's own module apply it, keeps what came too early and tries that again after everything that took effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from hub.domain import ledger
from hub.domain.checks import FIRST, LAST, check_times, refusal
from hub.domain.decision import Context, Decision, Outcome, Received
from hub.domain.events import (
    CapacityDecided,
    CreditDecided,
    DuplicateCleared,
    OperatorCommanded,
    OrderCancelled,
    OrderChanged,
    OrderConfirmed,
    OrderEvent,
    OrderPaid,
    OrderPlaced,
    StatusReported,
    TimerFired,
)
from hub.domain.flow.admission import ADMISSION
from hub.domain.flow.amending import on_changed
from hub.domain.flow.approving import on_credit_decided
from hub.domain.flow.cancelling import on_cancelled
from hub.domain.flow.commanding import on_commanded
from hub.domain.flow.confirming import on_confirmed
from hub.domain.flow.ending import close_ended
from hub.domain.flow.granting import on_capacity_decided
from hub.domain.flow.holding import end_fulfilled, on_duplicate_cleared
from hub.domain.flow.joining import on_status
from hub.domain.flow.parking import is_parked, park, retry_parked
from hub.domain.flow.paying import on_paid
from hub.domain.flow.placing import on_placed
from hub.domain.flow.timing import on_timer
from hub.domain.flow.turn import Turn
from hub.domain.flow.watching import keep_watch
from hub.domain.order import OrderState
from hub.domain.seen import Seen, already_seen, mark_of, remember
from hub.domain.verdict import Ignore, Park, Refuse, Verdict
from hub.errors import InvariantError

_APPLY: Mapping[type[OrderEvent], Callable[[Turn, Any], Verdict]] = {
    OrderPlaced: on_placed,
    OrderChanged: on_changed,
    OrderCancelled: on_cancelled,
    OrderConfirmed: on_confirmed,
    OrderPaid: on_paid,
    StatusReported: on_status,
    OperatorCommanded: on_commanded,
    CreditDecided: on_credit_decided,
    DuplicateCleared: on_duplicate_cleared,
    CapacityDecided: on_capacity_decided,
    TimerFired: on_timer,
}


def decide(state: OrderState | None, received: Received, context: Context) -> Decision:
    """What `received` does to an order; `state` is None for one nobody has heard of.

    A refusal leaves the state as it was. Every other outcome counts one journal entry. A decided state of None means
    that nothing is left to remember. Raises InvariantError when the domain contradicts itself.
    """
    event = received.event
    before = state if state is not None else OrderState(order_id=event.order_id)
    mark = mark_of(event)
    if already_seen(before.seen, mark, event) or is_parked(before, mark):
        counted = replace(before, entries=before.entries + 1)
        return Decision(counted, (), "duplicate", "duplicate", f"{event.event_id} of {event.source} came before")
    if not FIRST <= event.occurred_at < LAST:
        wrong = refusal([*check_times(event)])
        return Decision(state, (), "refused", wrong.code, wrong.detail)
    turn = Turn(before, context)
    verdict = apply(turn, event)
    if isinstance(verdict, Park):
        verdict = park(turn, received, mark, verdict)
    if isinstance(verdict, Refuse):
        return Decision(state, (), "refused", verdict.code, verdict.detail)
    if isinstance(verdict, Park):
        return _decision(turn, before, before.seen, "parked", verdict)
    seen = before.seen
    if not isinstance(event, TimerFired):
        seen = remember(seen, mark, event, context.policy.duplicate_window)
    if isinstance(verdict, Ignore):
        return _decision(turn, before, seen, "ignored", verdict)
    if turn.state.parked:
        turn.update(seen=seen)
        retry_parked(turn, apply)
        turn.begin(event)
        seen = turn.state.seen
    return _decision(turn, before, seen, "applied", None)


def apply(turn: Turn, event: OrderEvent) -> Verdict:
    """Applies one event to the turn; unless the verdict is None, nothing has changed."""
    state = turn.state
    verdict = ADMISSION[type(event)][state.commercial]
    if verdict is not None:
        return verdict
    turn.begin(event)
    verdict = _APPLY[type(event)](turn, event)
    if verdict is not None and turn.state is not state:
        raise InvariantError(f"Order {state.order_id}: {type(event).__name__} was not applied but left its mark")
    return verdict


def fold(received: Iterable[tuple[Received, datetime]], context: Context) -> OrderState | None:
    """The state after a journal's events, each with the time it was decided at. `context.now` is not used."""
    state: OrderState | None = None
    for each, decided_at in received:
        state = decide(state, each, replace(context, now=decided_at)).state
    return state


def _decision(turn: Turn, before: OrderState, seen: Seen, outcome: Outcome, verdict: Park | Ignore | None) -> Decision:
    if turn.state.holds and outcome == "applied":
        end_fulfilled(turn)
    if turn.state.exceptions:
        close_ended(turn)
    watch_due = keep_watch(turn, before)
    moved_at = turn.now if turn.moved else before.moved_at
    state = replace(turn.state, entries=before.entries + 1, moved_at=moved_at, seen=seen, watch_due=watch_due)
    if state.lines is not before.lines:
        _check_conservation(before, state)
    code, detail = ("", "") if verdict is None else (verdict.code, verdict.detail)
    left = None if state.commercial == "unknown" and not state.parked else state
    return Decision(left, tuple(turn.effects), outcome, code, detail, tuple(turn.explanations))


def _check_conservation(before: OrderState, after: OrderState) -> None:
    known = before.lines
    same = len(known) == len(after.lines)
    touched = [line for line, old in zip(after.lines, known, strict=True) if line is not old] if same else after.lines
    broken = ledger.conserved(touched)
    if broken:
        raise InvariantError(f"Order {after.order_id}: {broken}")
