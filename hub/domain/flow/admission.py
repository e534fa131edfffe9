"""Which events an order takes in which commercial status, as data.

`APPLY` means the event's own module decides; every other cell is the verdict.
"""

from __future__ import annotations

from collections.abc import Mapping

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
from hub.domain.order import CommercialStatus
from hub.domain.verdict import Ignore, Park, Refuse, Verdict

APPLY = None

_UNKNOWN = Park("order-unknown", "The order has not been placed yet")
_PLACED = Refuse("already-placed", "The order was placed already; send an OrderChanged to amend it")
_NOT_CONFIRMED = Park("not-confirmed", "The order is not confirmed and no department has work on it yet")
_CANCELLED = Refuse("order-cancelled", "The order is cancelled; place a new one")
_TOO_LATE_TO_CANCEL = Ignore("already-delivered", "Everything has been delivered and settled; send the goods back")
_CANCELLED_ALREADY = Ignore("already-cancelled", "The order is cancelled already")
_ANSWERED = Ignore("already-confirmed", "The order was confirmed long ago")
_NOT_HELD = Ignore("no-hold", "The order is over and held by nothing")
_NOT_AWAITED = Ignore("superseded", "The order is over and waits for no credit")

ADMISSION: Mapping[type[OrderEvent], Mapping[CommercialStatus, Verdict]] = {
    OrderPlaced: {
        "unknown": APPLY,
        "received": _PLACED,
        "confirming": _PLACED,
        "confirmed": _PLACED,
        "fulfilled": _PLACED,
        "closed": _PLACED,
        "cancelled": _PLACED,
    },
    OrderChanged: {
        "unknown": _UNKNOWN,
        "received": APPLY,
        "confirming": APPLY,
        "confirmed": APPLY,
        "fulfilled": APPLY,
        "closed": APPLY,
        "cancelled": _CANCELLED,
    },
    OrderCancelled: {
        "unknown": _UNKNOWN,
        "received": APPLY,
        "confirming": APPLY,
        "confirmed": APPLY,
        "fulfilled": _TOO_LATE_TO_CANCEL,
        "closed": _TOO_LATE_TO_CANCEL,
        "cancelled": _CANCELLED_ALREADY,
    },
    OrderConfirmed: {
        "unknown": _UNKNOWN,
        "received": APPLY,
        "confirming": APPLY,
        "confirmed": APPLY,
        "fulfilled": _ANSWERED,
        "closed": _ANSWERED,
        "cancelled": _CANCELLED_ALREADY,
    },
    OrderPaid: {
        "unknown": _UNKNOWN,
        "received": APPLY,
        "confirming": APPLY,
        "confirmed": APPLY,
        "fulfilled": APPLY,
        "closed": APPLY,
        "cancelled": APPLY,
    },
    StatusReported: {
        "unknown": _UNKNOWN,
        "received": _NOT_CONFIRMED,
        "confirming": _NOT_CONFIRMED,
        "confirmed": APPLY,
        "fulfilled": APPLY,
        "closed": APPLY,
        "cancelled": APPLY,
    },
    OperatorCommanded: {
        "unknown": _UNKNOWN,
        "received": APPLY,
        "confirming": APPLY,
        "confirmed": APPLY,
        "fulfilled": APPLY,
        "closed": APPLY,
        "cancelled": APPLY,
    },
    CreditDecided: {
        "unknown": _UNKNOWN,
        "received": APPLY,
        "confirming": APPLY,
        "confirmed": APPLY,
        "fulfilled": _NOT_AWAITED,
        "closed": _NOT_AWAITED,
        "cancelled": _NOT_AWAITED,
    },
    DuplicateCleared: {
        "unknown": _UNKNOWN,
        "received": APPLY,
        "confirming": APPLY,
        "confirmed": APPLY,
        "fulfilled": _NOT_HELD,
        "closed": _NOT_HELD,
        "cancelled": _NOT_HELD,
    },
    CapacityDecided: {
        "unknown": _UNKNOWN,
        "received": APPLY,
        "confirming": APPLY,
        "confirmed": APPLY,
        "fulfilled": APPLY,
        "closed": APPLY,
        "cancelled": APPLY,
    },
    TimerFired: {
        "unknown": APPLY,
        "received": APPLY,
        "confirming": APPLY,
        "confirmed": APPLY,
        "fulfilled": APPLY,
        "closed": APPLY,
        "cancelled": APPLY,
    },
}
