"""The events behind a difference, from the order's journal: those of the kinds that cause it, about its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from msgspec.structs import replace

from hub.domain.events import (
    Fact,
    OperatorCommanded,
    OrderCancelled,
    OrderChanged,
    OrderConfirmed,
    OrderPaid,
    OrderPlaced,
    StatusReported,
    TimerFired,
)
from hub.domain.order import ZERO, OrderState
from hub.domain.reconciliation.discrepancy import Discrepancy
from hub.domain.reconciliation.lists import Reported
from hub.domain.units import convert

_DELIVERED = frozenset(
    (
        "over-delivered",
        "not-billed",
        "not-settled-yet",
        "not-settled",
        "settled-later",
        "settled-not-delivered",
        "held-back",
    )
)
_PAYMENT = frozenset(("underpaid", "overpaid", "prepaid", "early-payment", "paid-unexplained"))
NAMED = _DELIVERED | _PAYMENT | {"cancelled", "given-up", "never-arrived", "returned", "not-delivered-yet"}
"""Causes whose events the journal has."""


def with_events(found: Iterable[Discrepancy], events: Sequence[Fact]) -> Iterator[Discrepancy]:
    """The discrepancies, those of `NAMED` causes with the events of the order that made them."""
    for each in found:
        behind = [event.event_id for event in events if _made(event, each)] if each.cause in NAMED else []
        yield replace(each, event_ids=tuple(dict.fromkeys((*each.event_ids, *behind)))) if behind else each


def reports_of(events: Iterable[Fact], state: OrderState) -> list[Reported]:
    """What was reported as delivered and sent back, line by line.

    A report without quantities is about all that was lacking: what the ledger has and no other report says. Several of
    them are told apart no further: the last has it all.
    """
    units = {line.line.line_id: line.line.unit for line in state.lines}
    ledger: dict[str, Mapping[str, Decimal]] = {
        "delivered": {line.line.line_id: line.delivered for line in state.lines},
        "returned": {line.line.line_id: line.returned for line in state.lines},
    }
    found: list[Reported] = []
    silent: dict[str, StatusReported] = {}
    for event in events:
        if isinstance(event, StatusReported) and event.kind in ledger:
            sign = 1 if event.kind == "delivered" else -1
            if not event.lines:
                silent[event.kind] = event
            for part in event.lines:
                quantity = convert(part.quantity, part.unit, units.get(part.line_id, part.unit or "")) or ZERO
                found.append(_reported(event, part.line_id, sign * quantity))
    for kind, event in silent.items():
        sign = 1 if kind == "delivered" else -1
        for line_id, quantity in ledger[kind].items():
            said = sum((each.quantity for each in found if each.line_id == line_id and each.quantity * sign > 0), ZERO)
            if left := sign * quantity - said:
                found.append(_reported(event, line_id, left))
    return found


def _reported(event: StatusReported, line_id: str, quantity: Decimal) -> Reported:
    return Reported(event.event_id, line_id, quantity, event.occurred_at, event.reference)


def _made(event: Fact, found: Discrepancy) -> bool:  # noqa: PLR0911 - one case for each type of event
    """Whether an event is one of those that make such a difference."""
    cause = found.cause
    match event:
        case StatusReported(kind="delivered"):
            return cause in _DELIVERED and _names(event, found.line_id)
        case StatusReported(kind="returned"):
            return cause == "returned" and _names(event, found.line_id)
        case StatusReported(kind="rejected" | "problem"):
            return cause in ("given-up", "not-delivered-yet") and _names(event, found.line_id)
        case OrderCancelled() | OrderConfirmed(accepted=False) | OperatorCommanded(command="cancel"):
            return cause == "cancelled"
        case OrderChanged(changes=changes):
            return cause == "cancelled" and any(each.line_id == found.line_id for each in changes)
        case TimerFired():
            return False
        case OperatorCommanded(command="close-short", target=target):
            line_id, _, quantity = target.partition(":")
            about = "never-arrived" if quantity else "given-up"
            return cause == about and line_id in ("", found.line_id)
        case OrderPlaced():
            return cause == "not-delivered-yet"
        case OrderPaid():
            return cause in _PAYMENT
    return False


def _names(event: StatusReported, line_id: str) -> bool:
    return not event.lines or any(part.line_id == line_id for part in event.lines)
