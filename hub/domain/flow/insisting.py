"""A department does not take part in a change: what was taken back from it is wanted again."""

from __future__ import annotations

from hub.domain import ledger
from hub.domain.events import StatusReported
from hub.domain.flow.allocating import issue_changed_work
from hub.domain.flow.charging import charge_less
from hub.domain.flow.crediting import request_remaining_credit
from hub.domain.flow.notifying import notify
from hub.domain.flow.problems import open_exception
from hub.domain.flow.reporting import Reported, in_words, reported, set_lines, told
from hub.domain.flow.turn import Turn
from hub.domain.order import ZERO
from hub.domain.phrases import Phrase
from hub.domain.verdict import Refuse, Verdict


def on_change_rejected(turn: Turn, event: StatusReported) -> Verdict:
    """A department will supply what was taken back from it: the units it names, or all; else it refuses the rest of it.

    The order returns to what the department keeps to, the customer is told, and a person sees to it.
    """
    state, department, node = turn.state, event.department, event.node or None
    if state.settlement_id:
        return Refuse("order-over", "Everything has been delivered and settled; the units are no part of the order")
    parts = reported(turn, event, lambda line: ledger.taken(line, department, node))
    if isinstance(parts, Refuse):
        return parts
    kept = []
    for part in parts:
        still = min(part.quantity, ledger.taken(part.line, department, node))
        if still > ZERO:
            kept.append(Reported(part.place, part.line, still))
    what = f"goes on with {in_words(kept)}" if kept else "does not take part in the change"
    detail = f"{node or department} {what}: {event.reason or 'no reason given'}"
    turn.explain(detail)
    open_exception(turn, "change-rejected", detail, subject=department, since=event.occurred_at)
    if not kept:
        notify(turn, "refused", reason=Phrase("it cannot be changed any more"))
        return None
    if state.commercial == "cancelled":
        turn.move_commercial("reopen")
    set_lines(turn, [(part.place, ledger.put_back(part.line, department, part.quantity, node)) for part in kept])
    turn.move_work(department, "insist")
    issue_changed_work(turn, state.lines)
    charge_less(turn, state.lines)
    notify(turn, "changed", reason=Phrase("{goods} cannot be taken back any more", goods=told(kept)))
    request_remaining_credit(turn)
    return None
