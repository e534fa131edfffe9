"""What an operator may do with an order. A command that makes no sense now is refused with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation

from msgspec.structs import replace

from hub.domain import ledger
from hub.domain.checks import is_quantity
from hub.domain.events import OperatorCommanded
from hub.domain.flow.allocating import allocate_lines, issue_changed_work, why_unallocated
from hub.domain.flow.cancelling import cancel_order
from hub.domain.flow.correcting import on_correct_settlement
from hub.domain.flow.crediting import request_remaining_credit
from hub.domain.flow.ending import REMEDIES, lasts
from hub.domain.flow.holding import place_hold, release_holds
from hub.domain.flow.problems import assign, close_one, matching
from hub.domain.flow.settling import end_if_complete, settle_change
from hub.domain.flow.turn import Turn
from hub.domain.flow.watching import snooze
from hub.domain.holds import CREDIT
from hub.domain.model import DEPARTMENTS
from hub.domain.monitor import is_alert
from hub.domain.node import first_ready_on
from hub.domain.order import ZERO, LineState
from hub.domain.phrases import Phrase
from hub.domain.roles import refusal
from hub.domain.verdict import Ignore, Refuse, Verdict

_OVER = frozenset(("fulfilled", "closed", "cancelled"))


def on_commanded(turn: Turn, event: OperatorCommanded) -> Verdict:
    """An operator acted."""
    if not event.owner:
        return Refuse("owner-missing", "Say who gives the command")
    if turn.policy.roles and (refused := refusal(turn.policy.roles, event)):
        return refused
    verdict = _COMMANDS[event.command](turn, event)
    if verdict is None:
        who = f"{event.owner} ({event.role})" if event.role else event.owner
        target = f" {event.target}" if event.target else ""
        turn.explain(f"{who} commanded {event.command}{target}: {event.reason or 'no reason given'}")
    return verdict


def _hold(turn: Turn, event: OperatorCommanded) -> Verdict:
    """The operator holds the order or one of its lines."""
    state, (kind, _, line_id) = turn.state, event.target.partition(":")
    if state.commercial in _OVER:
        return Refuse("order-over", f"The order is {state.commercial}")
    if kind not in turn.policy.holds:
        return Refuse("unknown-hold", f"{kind!r} is no hold; there are {', '.join(turn.policy.holds)}")
    if line_id and _index(state.lines, line_id) is None:
        return Refuse("unknown-line", f"The order has no line {line_id}; the target is HOLD or HOLD:LINE")
    if any(hold.name == event.target for hold in state.holds):
        return Refuse("held-already", f"The order is held by {event.target} already")
    place_hold(turn, kind, event.reason or f"held by {event.owner}", subject=line_id)
    return None


def _release_hold(turn: Turn, event: OperatorCommanded) -> Verdict:
    """Ends a hold; if it is about the credit, that is checked again, with the account as it is now."""
    if event.target not in {"", CREDIT}:
        if all(hold.name != event.target for hold in turn.state.holds):
            names = ", ".join(hold.name for hold in turn.state.holds) or "none"
            return Refuse("no-hold", f"The order has no hold {event.target}; there are: {names}")
        release_holds(turn, frozenset((event.target,)), f"released by {event.owner}")
        return None
    if turn.state.credit != "refused":
        return Refuse("no-hold", f"The order is not held: its credit is {turn.state.credit}")
    request_remaining_credit(turn, anew=True)
    return None


def _override_credit(turn: Turn, event: OperatorCommanded) -> Verdict:
    """The operator answers for the credit; the account reserves whatever its limit says."""
    if not event.reason:
        return Refuse("reason-missing", "Say why the order is to go on although its credit was refused")
    if turn.state.credit not in ("refused", "requested"):
        return Refuse("no-hold", f"There is nothing to override: the credit is {turn.state.credit}")
    request_remaining_credit(turn, override_by=event.owner)
    return None


def _reroute(turn: Turn, event: OperatorCommanded) -> Verdict:
    """What is not made yet of a line goes to the department or node named, else to the next candidate.

    What waits for its credit or for the end of a hold goes on waiting.
    """
    if turn.state.commercial != "confirmed":
        return Refuse("not-in-work", f"Nothing is allocated: the order is {turn.state.commercial}")
    line_id, _, supplier = event.target.partition(":")
    node = turn.context.router.node(supplier)
    department = next((each for each in DEPARTMENTS if each == supplier), node.department if node else None)
    if supplier and department is None:
        return Refuse("unknown-department", f"{supplier} is none of {', '.join(DEPARTMENTS)}, and no node of theirs")
    before = turn.state.lines
    index = _index(before, line_id)
    if index is None:
        return Refuse(
            "unknown-line", f"The order has no line {line_id}; the target is LINE, or LINE:DEPARTMENT or NODE"
        )
    line = before[index]
    if department:
        waiting = line.unallocated if (why := why_unallocated(turn, line)) else ZERO
        rerouted = _take_all(replace(line, unallocated=line.unallocated - waiting), supplier)
        if rerouted.unallocated == ZERO:
            because = f", and {waiting} is not given away: {why}" if waiting else ""
            return Refuse("nothing-to-reroute", f"Nothing of line {line_id} is still to be made elsewhere{because}")
        ready_on = first_ready_on(node, turn.now) if node else None
        rerouted = ledger.allocate(
            rerouted, department, f"operator {event.owner}", node=node.name if node else "", ready_on=ready_on
        )
        rerouted = replace(rerouted, unallocated=waiting)
    else:
        rerouted = _take_all(line, None)
        if rerouted.unallocated == ZERO:
            return Refuse("nothing-to-reroute", f"Nothing of line {line_id} is still to be made")
    turn.set_line(index, rerouted)
    turn.moved = True
    allocate_lines(turn, before)
    return None


def _take_all(line: LineState, keep: str | None) -> LineState:
    """The line with all that is not made taken back, except from `keep`; without one, who had it is out of the race."""
    for allocation in line.allocations:
        supplier = allocation.supplier
        quantity = ledger.unmade(line, allocation.department, allocation.node)
        if supplier == keep or quantity == ZERO:
            continue
        line = ledger.take_back(line, allocation.department, quantity, allocation.node)
        if keep is None and supplier not in line.rejected_by:
            line = replace(line, rejected_by=(*line.rejected_by, supplier))
    return line


def _close_short(turn: Turn, event: OperatorCommanded) -> Verdict:
    """What has not been delivered of the line, or of all lines, will not be."""
    line_id, _, quantity = event.target.rpartition(":")
    if line_id and _index(turn.state.lines, event.target) is None:
        return _close_missing(turn, line_id, quantity)
    if turn.state.commercial != "confirmed":
        return Refuse("not-in-work", f"Nothing is in work: the order is {turn.state.commercial}")
    before = turn.state.lines
    if event.target and _index(before, event.target) is None:
        return Refuse("unknown-line", f"The order has no line {event.target}; leave the target empty for all lines")
    lines = tuple(ledger.shorten(line) if event.target in ("", line.line.line_id) else line for line in before)
    if all(old is new for old, new in zip(before, lines, strict=True)):
        return Refuse("nothing-to-close", "Everything that is wanted has been delivered")
    turn.update(lines=lines)
    turn.moved = True
    issue_changed_work(turn, before)
    if not end_if_complete(turn, before, Phrase("we cannot deliver it")):
        request_remaining_credit(turn)
    return None


def _close_missing(turn: Turn, line_id: str, quantity: str) -> Verdict:
    """So much of the line was reported as delivered and never arrived; what is billed of it is credited."""
    before = turn.state
    index = _index(before.lines, line_id)
    if index is None:
        return Refuse("unknown-line", f"The order has no line {line_id}; the target is LINE or LINE:QUANTITY")
    try:
        missing = Decimal(quantity)
    except InvalidOperation:
        missing = ZERO
    line = before.lines[index]
    if not is_quantity(missing) or missing > ledger.kept(line):
        return Refuse("quantity-invalid", f"Line {line_id} has {ledger.kept(line)} delivered, not {quantity}")
    turn.set_line(index, replace(line, missing=line.missing + missing))
    turn.moved = True
    settle_change(turn, before)
    return None


def _assign(turn: Turn, event: OperatorCommanded) -> Verdict:
    """The operator takes the exceptions on, or gives them to someone else."""
    exceptions, owner = matching(turn, event.target), event.assignee or event.owner
    if not exceptions:
        return _no_exception(event)
    others = [exception for exception in exceptions if exception.owner != owner]
    if not others:
        return Ignore("assigned-already", f"{owner} has it already")
    for exception in others:
        assign(turn, exception, owner)
    return None


def _resolve(turn: Turn, event: OperatorCommanded) -> Verdict:
    """The operator says the cause has ended."""
    exceptions = matching(turn, event.target)
    if not exceptions:
        return _no_exception(event)
    for exception in exceptions:
        if lasts(turn, exception):
            return Refuse("cause-lasts", f"{exception.kind} is no matter of opinion: {REMEDIES[exception.kind]}")
    for exception in exceptions:
        if is_alert(exception.kind):
            snooze(turn, exception)
        close_one(turn, exception, f"Resolved by {event.owner}: {event.reason or 'no reason given'}")
    return None


def _cancel(turn: Turn, event: OperatorCommanded) -> Verdict:
    if turn.state.commercial in _OVER:
        return Refuse("order-over", f"The order is {turn.state.commercial}")
    if not cancel_order(turn, event.reason or Phrase("by the seller")):
        return Refuse("nothing-to-cancel", "Everything that is wanted is on its way; close-short gives up what is lost")
    return None


def _no_exception(event: OperatorCommanded) -> Refuse:
    return Refuse("no-such-exception", f"No open exception has the id or kind {event.target!r}")


def _index(lines: tuple[LineState, ...], line_id: str) -> int | None:
    return next((index for index, line in enumerate(lines) if line.line.line_id == line_id), None)


_COMMANDS: Mapping[str, Callable[[Turn, OperatorCommanded], Verdict]] = {
    "hold": _hold,
    "release-hold": _release_hold,
    "override-credit": _override_credit,
    "reroute": _reroute,
    "assign": _assign,
    "resolve": _resolve,
    "close-short": _close_short,
    "cancel": _cancel,
    "correct-settlement": on_correct_settlement,
}
