"""Cancellation: whatever has not been shipped is taken back; what has been shipped stays, and is settled."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from hub.domain import ledger
from hub.domain.events import OrderCancelled
from hub.domain.flow.allocating import issue_changed_work
from hub.domain.flow.changeable import fixed_departments
from hub.domain.flow.charging import charge_cancelled, charged_departments
from hub.domain.flow.crediting import request_remaining_credit
from hub.domain.flow.notifying import notify
from hub.domain.flow.settling import end_if_complete
from hub.domain.flow.turn import Turn
from hub.domain.model import Department
from hub.domain.order import ZERO, LineState
from hub.domain.phrases import Phrase
from hub.domain.verdict import Verdict


def on_cancelled(turn: Turn, event: OrderCancelled) -> Verdict:
    """The buyer cancelled."""
    charged, fixed = charged_departments(turn), fixed_departments(turn)
    if not cancel_order(turn, event.reason or Phrase("as you asked"), charged=charged, fixed=fixed):
        begun = any(line.shipped < ledger.wanted(line) for line in turn.state.lines)
        because = Phrase("work on the rest has gone too far") if begun else Phrase("everything is on its way already")
        turn.explain(f"nothing was cancelled: {because}")
        notify(turn, "refused", reason=because)
    return None


def cancel_order(
    turn: Turn,
    reason: str,
    *,
    line_id: str = "",
    charged: tuple[Department, ...] = (),
    fixed: Collection[Department] = (),
) -> bool:
    """Cancels what can still be cancelled, of one line if it is named, and tells the customer how much that was.

    `charged`: the departments whose work has to be paid for all the same. `fixed`: those whose work stays as it is.
    Whether there was anything; if not, nothing happens.
    """
    before = turn.state.lines
    lines = tuple(cancel_line(line, fixed) if line_id in {"", line.line.line_id} else line for line in before)
    if all(old is new for old, new in zip(before, lines, strict=True)):
        return False
    turn.update(lines=lines)
    issue_changed_work(turn, before)
    turn.explain(f"cancelled: {reason}")
    charge_cancelled(turn, before, charged)
    if not end_if_complete(turn, before, reason):
        rest = any(line.shipped < ledger.wanted(line) for line in turn.state.lines)
        told = Phrase("what could still be cancelled is, {reason}", reason=reason)
        if not rest:
            told = Phrase("what was not yet on its way is cancelled, {reason}", reason=reason)
        notify(turn, "changed", reason=told)
        request_remaining_credit(turn)
    return True


def cancel_line(line: LineState, fixed: Collection[Department] = ()) -> LineState:
    """The line without what was not shipped and is not with a `fixed` department; the line itself if that is all."""
    quantity = ledger.withdrawable(line, fixed)
    if quantity == ZERO:
        return line
    withdrawn = ledger.withdraw(line, quantity, fixed)
    return replace(withdrawn, cancelled=withdrawn.cancelled + quantity)
