"""Holds are placed, watched and ended; an order whose hold ends goes on from where it was, its credit checked anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec.structs import replace

from hub.domain import amounts, ledger
from hub.domain.events import DuplicateCleared
from hub.domain.flow.allocating import issue_changed_work, issue_work
from hub.domain.flow.cancelling import cancel_order
from hub.domain.flow.crediting import request_remaining_credit
from hub.domain.flow.problems import open_exception
from hub.domain.flow.settling import settle_delivery
from hub.domain.flow.turn import Turn
from hub.domain.holds import DUPLICATE, HOLD, Hold
from hub.domain.model import Department
from hub.domain.order import ZERO, LineState, OrderState
from hub.domain.phrases import Phrase
from hub.domain.verdict import Ignore, Verdict

_NOT_BEGUN = frozenset(("ordered", "accepted", "scheduled"))
_OPEN = frozenset(("received", "confirming", "confirmed"))


def place_hold(
    turn: Turn, kind: str, detail: str, *, subject: str = "", owner: str = "", since: datetime | None = None
) -> None:
    """Holds the order, or the line `subject`, as the rules say of this kind; once, whatever else is found.

    `owner`: who is to end it, if not who the rules name. The credit is not asked for here: an order that is held when
    it is placed asks as any other does.
    """
    rule = turn.policy.holds.get(kind, HOLD)
    hold = Hold(
        kind=kind,
        subject=subject,
        blocks=rule.blocks,
        owner=owner or rule.owner,
        detail=detail,
        since=since or turn.now,
        until=None if rule.ends_after is None else turn.now + rule.ends_after,
        frees_at=None if rule.keeps_reservation is None else turn.now + rule.keeps_reservation,
    )
    if any(each.name == hold.name for each in turn.state.holds):
        turn.explain(f"hold {hold.name} is in force already: {detail}")
        return
    turn.update(holds=(*turn.state.holds, hold))
    turn.moved = True
    turn.explain(f"held by {hold.name}, which blocks {', '.join(rule.blocks)}: {detail}")
    open_exception(turn, "on-hold", detail, subject=hold.name, severity=rule.severity, since=since, owner=hold.owner)
    if "ship" in rule.blocks:
        _issue_shipment(turn)
    if hold.frees_at is not None and hold.frees_at <= turn.now:
        _free(turn, hold)


def release_holds(turn: Turn, names: frozenset[str], because: str) -> None:
    """Ends these holds and lets the order go on as far as no other keeps it."""
    ended = [hold for hold in turn.state.holds if hold.name in names]
    turn.update(holds=tuple(hold for hold in turn.state.holds if hold.name not in names))
    turn.moved = True
    for hold in ended:
        turn.explain(f"hold {hold.name} ended: {because}")
    steps = {step for hold in ended for step in hold.blocks}
    if "ship" in steps:
        _issue_shipment(turn)
    asked = turn.state.credit == "requested" and not any(hold.freed for hold in ended)
    if turn.state.commercial in _OPEN and not asked and not steps.isdisjoint(_BEFORE_WORK):
        _check_credit_again(turn)
    if "settle" in steps and any(line.delivered for line in turn.state.lines):
        settle_delivery(turn, turn.state)


_BEFORE_WORK = frozenset(("confirm", "allocate"))


def on_duplicate_cleared(turn: Turn, event: DuplicateCleared) -> Verdict:
    """The order that came first under the same purchase order number was cancelled: this one stands for it."""
    if all(hold.name != DUPLICATE for hold in turn.state.holds):
        return Ignore("no-hold", "The order is not held as a duplicate")
    release_holds(turn, frozenset((DUPLICATE,)), f"order {event.duplicate_of} was cancelled")
    return None


def end_fulfilled(turn: Turn) -> None:
    """Ends the holds whose conditions are met, and those that waited for them."""
    while True:
        state = turn.state
        names = frozenset(hold.name for hold in state.holds if _is_over(turn, hold))
        if not names:
            return
        release_holds(turn, names, "what it waited for has come about")


def on_hold_times(turn: Turn) -> bool:
    """Gives back what a hold keeps no longer, and ends holds whose time is up; whether anything was due."""
    now = turn.now
    due = [hold for hold in turn.state.holds if hold.frees_at is not None and hold.frees_at <= now]
    for hold in due:
        _free(turn, hold)
    over = [hold for hold in turn.state.holds if hold.until is not None and hold.until <= now]
    for hold in over:
        if turn.policy.holds.get(hold.kind, HOLD).then == "cancel":
            turn.explain(f"it was held until {now:%Y-%m-%d %H:%M} ({hold.name})")
            cancel_order(turn, Phrase("it could not be released in time"), line_id=hold.subject)
    if over:
        release_holds(turn, frozenset(hold.name for hold in over), "its time is up")
    return bool(due or over)


def _is_over(turn: Turn, hold: Hold) -> bool:
    conditions = turn.policy.holds.get(hold.kind, HOLD).ends_when
    return bool(conditions) and all(_is_met(turn, condition) for condition in conditions)


def _is_met(turn: Turn, condition: str) -> bool:
    test = _CONDITIONS.get(condition)
    if test is not None:
        return test(turn.state)
    return all(hold.kind != condition for hold in turn.state.holds)


def _paid(state: OrderState) -> bool:
    terms = state.terms
    return terms is not None and state.paid >= amounts.value(terms, state.lines, amounts.once(terms.adjustments))


_CONDITIONS: Mapping[str, Callable[[OrderState], bool]] = {
    "credit-granted": lambda state: state.credit == "granted",
    "confirmed": lambda state: state.commercial not in ("received", "confirming"),
    "allocated": lambda state: state.commercial == "confirmed" and not any(line.unallocated for line in state.lines),
    "shipped": lambda state: all(line.shipped >= ledger.wanted(line) for line in state.lines),
    "delivered": lambda state: not any(ledger.is_open(line) for line in state.lines),
    "paid": _paid,
}


def _check_credit_again(turn: Turn) -> None:
    """The account may have changed while the order was held; its answer lets the order go on."""
    if turn.state.commercial != "confirmed" or any(line.unallocated for line in turn.state.lines):
        request_remaining_credit(turn, anew=True)


def _free(turn: Turn, hold: Hold) -> None:
    """Others may have the stock, the capacity and the credit: gives back all work that has not begun."""
    before = turn.state
    freed = replace(hold, frees_at=None, freed=True)
    turn.update(
        holds=tuple(freed if each is hold else each for each in before.holds),
        lines=tuple(
            _give_back(turn, line) if hold.subject in ("", line.line.line_id) else line for line in before.lines
        ),
    )
    issue_changed_work(turn, before.lines)
    turn.explain(f"hold {hold.name} gives back what was reserved and has not begun")
    if before.reserved > ZERO or before.credit == "requested":
        request_remaining_credit(turn)


def _give_back(turn: Turn, line: LineState) -> LineState:
    for allocation in line.allocations:
        department: Department = allocation.department
        quantity = ledger.unmade(line, department)
        if quantity and (department == "logistics" or turn.work(department).status in _NOT_BEGUN):
            line = ledger.take_back(line, department, quantity)
    return line


def _issue_shipment(turn: Turn) -> None:
    """What logistics may ship has changed."""
    if turn.state.commercial == "confirmed" and any(ledger.ready(line) > line.shipped for line in turn.state.lines):
        issue_work(turn, "logistics")
