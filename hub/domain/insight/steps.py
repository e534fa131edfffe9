"""The way of an order in steps: how long each took. Together they are the time from its placement to its last step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Literal, get_args

from hub.domain.effects import SettlementRecorded, WorkOrderIssued
from hub.domain.events import CreditDecided, OrderConfirmed, OrderPaid, OrderPlaced, StatusReported
from hub.domain.insight.history import Happening, History

Step = Literal[
    "arrival",
    "credit",
    "confirmation",
    "release",
    "acceptance",
    "making",
    "dispatch",
    "transport",
    "settlement",
    "payment",
]
STEPS: tuple[Step, ...] = get_args(Step)
ENDS: Mapping[Step, str] = {
    "arrival": "order in the hub",
    "credit": "first grant of credit",
    "confirmation": "the customer's last yes",
    "release": "first work order",
    "acceptance": "first department that accepts",
    "making": "last goods made or received",
    "dispatch": "last shipment",
    "transport": "last delivery",
    "settlement": "last settlement of deliveries",
    "payment": "last payment, of an order that is closed",
}
"""What each step ends with; it begins where the one before ended that the order has been through."""

_REPORTS: Mapping[str, Step] = {
    "produced": "making",
    "received": "making",
    "shipped": "dispatch",
    "delivered": "transport",
}
_FIRST: frozenset[Step] = frozenset(("arrival", "credit", "release", "acceptance"))
"""Steps that end when something is for the first time, the others when it is for the last."""
_DELIVERIES = frozenset(("close", "delivery"))


def steps(history: History) -> Iterator[tuple[Step, timedelta]]:
    """The steps an order has been through. One whose end came before that of an earlier one took no time."""
    ends = _ends(history)
    reached = history.placed_at
    for step in STEPS:
        if (end := ends.get(step)) is not None:
            yield step, max(end - reached, timedelta(0))
            reached = max(end, reached)


def _ends(history: History) -> dict[Step, datetime]:
    ends: dict[Step, datetime] = {}
    for happening in history.happenings:
        for step, end in _ended(happening):
            choose = min if step in _FIRST else max
            ends[step] = choose(end, ends.get(step, end))
    if history.state.commercial != "closed":
        ends.pop("payment", None)
    return ends


def _ended(happening: Happening) -> Iterator[tuple[Step, datetime]]:
    match happening.event:
        case OrderPlaced():
            yield "arrival", happening.heard_at
        case CreditDecided(granted=True):
            yield "credit", happening.at
        case OrderConfirmed(accepted=True):
            yield "confirmation", happening.at
        case StatusReported(kind="accepted"):
            yield "acceptance", happening.at
        case StatusReported(kind=kind) if kind in _REPORTS:
            yield _REPORTS[kind], happening.at
        case OrderPaid(amount=amount) if amount > 0:
            yield "payment", happening.at
    for sent in happening.sent:
        match sent:
            case WorkOrderIssued(action="create"):
                yield "release", sent.occurred_at
            case SettlementRecorded(kind="invoice", cause=cause) if cause in _DELIVERIES:
                yield "settlement", sent.occurred_at
