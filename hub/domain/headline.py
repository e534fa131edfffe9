"""Where an order stands in one word, and what it waits for: derived from its axes and its ledger, never stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, NamedTuple

from hub.domain.holds import blocking
from hub.domain.ledger import wanted
from hub.domain.model import DEPARTMENTS, Department
from hub.domain.monitor import STALLED
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
        if state.exceptions and any(each.kind == STALLED for each in state.exceptions):
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


class Wait(NamedTuple):
    """One thing that has to happen for the order to go on."""

    what: str
    """For a person."""
    since: datetime | None
    """When the order began to wait for it; None for a department, whose last word only the journal has."""
    department: Department | None = None


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
    return tuple(wait.what for wait in waits(state))


def waits(state: OrderState) -> tuple[Wait, ...]:
    """What has to happen for the order to go on, and since when it waits for that."""
    if state.commercial in _WAITS and not state.consent:
        return tuple(Wait(what, state.moved_at) for what in _WAITS[state.commercial])
    if state.commercial == "cancelled":
        return (Wait("payment", state.moved_at),) if any(bill.open for bill in state.bills) else ()
    return (*_held_up(state), *_at_work(state))


def _held_up(state: OrderState) -> Iterator[Wait]:
    for hold in state.holds:
        yield Wait(f"the end of hold {hold.name}{f' ({hold.owner})' if hold.owner else ''}", hold.since)
    if state.credit == "requested":
        request = state.credit_request
        yield Wait("the credit account's answer", request.occurred_at if request else None)
    elif state.credit == "refused":
        yield Wait("credit, which was refused", _opened_at(state, "credit-refused", ""))
    elif state.commercial == "confirmed":
        for line in state.lines:
            if line.unallocated and not blocking(state.holds, "allocate", line.line.line_id):
                line_id = line.line.line_id
                yield Wait(f"a department that supplies line {line_id}", _opened_at(state, "no-candidate", line_id))
        for question in state.capacity:
            yield Wait(f"the capacity of {question.node}", question.asked_at)


def _at_work(state: OrderState) -> Iterator[Wait]:
    for department in DEPARTMENTS:
        status = getattr(state, department).status
        if status in UNFINISHED:
            yield Wait(f"{department} ({status})", None, department)


def _opened_at(state: OrderState, kind: str, subject: str) -> datetime | None:
    """When the exception of this kind was opened; one that a person has resolved leaves when the order moved last."""
    for each in state.exceptions:
        if each.kind == kind and each.subject == subject:
            return each.opened_at
    return state.moved_at
