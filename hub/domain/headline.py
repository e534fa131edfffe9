"""Where an order stands in one word, and what it waits for: derived from its axes and its ledger, never stored."""

from __future__ import annotations

from typing import Literal

from hub.domain.ledger import wanted
from hub.domain.model import DEPARTMENTS
from hub.domain.order import OrderState

Headline = Literal[
    "unknown",
    "credit-check",
    "credit-hold",
    "on-hold",
    "awaiting-confirmation",
    "confirmed",
    "in-work",
    "partly-shipped",
    "shipped",
    "partly-delivered",
    "stalled",
    "settled",
    "closed",
    "cancelled",
]

_FIXED: dict[str, Headline] = {
    "unknown": "unknown",
    "confirming": "awaiting-confirmation",
    "fulfilled": "settled",
    "closed": "closed",
    "cancelled": "cancelled",
}
_AT_WORK = frozenset(("scheduled", "started", "done"))


def headline(state: OrderState) -> Headline:
    """Where the order stands. `stalled` and the holds come before how far the goods are: they need a person."""
    commercial = state.commercial
    if commercial in ("received", "confirmed") or state.consent:
        if state.exceptions and any(each.kind == "stalled" for each in state.exceptions):
            return "stalled"
        if state.holds and any(hold.subject == "" for hold in state.holds):
            return "on-hold"
        if state.credit == "refused":
            return "credit-hold"
        return _of_the_goods(state) if commercial == "confirmed" else "credit-check"
    return _FIXED[commercial]


def _of_the_goods(state: OrderState) -> Headline:
    if state.logistics.status not in ("none", "ordered", "accepted", "scheduled"):
        lines = state.lines
        if any(line.delivered for line in lines):
            return "partly-delivered"
        if any(line.shipped for line in lines):
            return "shipped" if all(line.shipped >= wanted(line) for line in lines) else "partly-shipped"
    if state.production.status in _AT_WORK or state.procurement.status in _AT_WORK:
        return "in-work"
    return "confirmed"


_WAITS: dict[str, tuple[str, ...]] = {
    "unknown": ("the order itself",),
    "confirming": ("the customer's confirmation",),
    "fulfilled": ("payment",),
    "closed": (),
}
UNFINISHED = frozenset(("ordered", "accepted", "scheduled", "started"))
"""Statuses of work that its department still has to do."""


def waits_for(state: OrderState) -> tuple[str, ...]:
    """What has to happen for the order to go on, for a person."""
    if state.commercial in _WAITS and not state.consent:
        return _WAITS[state.commercial]
    if state.commercial == "cancelled":
        return ("payment",) if any(bill.open for bill in state.bills) else ()
    waits = [f"the end of hold {hold.name}{f' ({hold.owner})' if hold.owner else ''}" for hold in state.holds]
    if state.credit == "requested":
        waits.append("the credit account's answer")
    elif state.credit == "refused":
        waits.append("credit, which was refused")
    else:
        waits.extend(f"a department that supplies line {line.line.line_id}" for line in state.lines if line.unallocated)
    for department in DEPARTMENTS:
        status = getattr(state, department).status
        if status in UNFINISHED:
            waits.append(f"{department} ({status})")
    return tuple(waits)
