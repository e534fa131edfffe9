"""The legal transitions of every axis, as data.

An axis is a table: status -> trigger -> next status. A trigger the table does not name in a status is illegal and
raising it is a bug (`InvariantError`). What a department reports may legally come early or late: those cells hold
`EARLY` (keep it until it makes sense) or `LATE` (nothing left to do).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeVar

from hub.domain.order import BillingStatus, CommercialStatus, CreditStatus, WorkStatus
from hub.errors import InvariantError

CommercialTrigger = Literal["place", "ask", "confirm", "amend", "cancel", "reopen", "fulfil", "close", "owe"]
CreditTrigger = Literal["ask", "grant", "refuse", "settle", "release"]
BillingTrigger = Literal["pay", "settle", "clear"]
ReportTrigger = Literal["accept", "schedule", "advance", "finish", "reject", "trouble", "insist"]
WorkTrigger = Literal["issue", "cancel"] | ReportTrigger

EARLY: Literal["early"] = "early"
LATE: Literal["late"] = "late"


COMMERCIAL: Mapping[CommercialStatus, Mapping[CommercialTrigger, CommercialStatus]] = {
    "unknown": {"place": "received"},
    "received": {"ask": "confirming", "confirm": "confirmed", "amend": "received", "cancel": "cancelled"},
    "confirming": {"confirm": "confirmed", "amend": "received", "cancel": "cancelled"},
    "confirmed": {"amend": "confirmed", "cancel": "cancelled", "fulfil": "fulfilled"},
    "fulfilled": {"close": "closed"},
    "closed": {"owe": "fulfilled"},
    "cancelled": {"reopen": "confirmed"},
}
"""ask: the customer is asked to confirm. reopen: goods are on their way although the order was cancelled.
owe: a later settlement claims something more."""

CREDIT: Mapping[CreditStatus, Mapping[CreditTrigger, CreditStatus]] = {
    "none": {"ask": "requested"},
    "requested": {
        "ask": "requested",
        "grant": "granted",
        "refuse": "refused",
        "settle": "settled",
        "release": "released",
    },
    "granted": {"ask": "requested", "settle": "settled", "release": "released"},
    "refused": {"ask": "requested", "settle": "settled", "release": "released"},
    "settled": {},
    "released": {"ask": "requested", "settle": "settled"},
}

BILLING: Mapping[BillingStatus, Mapping[BillingTrigger, BillingStatus]] = {
    "none": {"pay": "prepaid", "settle": "due"},
    "prepaid": {"pay": "prepaid", "settle": "part-paid"},
    "due": {"pay": "part-paid", "settle": "due", "clear": "paid"},
    "part-paid": {"pay": "part-paid", "settle": "part-paid", "clear": "paid"},
    "paid": {"pay": "paid", "settle": "part-paid", "clear": "paid"},
}
"""settle: something is claimed. clear: the order is over, and nothing is left to pay."""

WORK: Mapping[WorkStatus, Mapping[WorkTrigger, WorkStatus | Literal["early", "late"]]] = {
    "none": {
        "issue": "ordered",
        "accept": EARLY,
        "schedule": EARLY,
        "advance": EARLY,
        "finish": EARLY,
        "reject": EARLY,
        "trouble": EARLY,
        "insist": EARLY,
    },
    "ordered": {
        "issue": "ordered",
        "cancel": "cancelled",
        "accept": "accepted",
        "schedule": EARLY,
        "advance": EARLY,
        "finish": EARLY,
        "reject": "rejected",
        "trouble": "ordered",
        "insist": "ordered",
    },
    "accepted": {
        "issue": "accepted",
        "cancel": "cancelled",
        "accept": LATE,
        "schedule": "scheduled",
        "advance": "started",
        "finish": "done",
        "reject": "rejected",
        "trouble": "accepted",
        "insist": "accepted",
    },
    "scheduled": {
        "issue": "scheduled",
        "cancel": "cancelled",
        "accept": LATE,
        "schedule": "scheduled",
        "advance": "started",
        "finish": "done",
        "reject": "rejected",
        "trouble": "scheduled",
        "insist": "scheduled",
    },
    "started": {
        "issue": "started",
        "cancel": "cancelled",
        "accept": LATE,
        "schedule": "started",
        "advance": "started",
        "finish": "done",
        "reject": "rejected",
        "trouble": "started",
        "insist": "started",
    },
    "done": {
        "issue": "started",
        "cancel": "cancelled",
        "accept": LATE,
        "schedule": "done",
        "advance": "started",
        "finish": "done",
        "reject": LATE,
        "trouble": "done",
        "insist": "done",
    },
    "rejected": {
        "issue": "ordered",
        "accept": LATE,
        "schedule": LATE,
        "advance": LATE,
        "finish": LATE,
        "reject": LATE,
        "trouble": LATE,
        "insist": LATE,
    },
    "cancelled": {
        "issue": "ordered",
        "accept": LATE,
        "schedule": LATE,
        "advance": "started",
        "finish": "done",
        "reject": LATE,
        "trouble": LATE,
        "insist": "started",
    },
}
"""reject: nothing is left with the department. trouble: something may go wrong as soon as there is work.
advance, insist from cancelled: what was under way could not be stopped. insist: it does not take part in a change."""

StatusT = TypeVar("StatusT", bound=str)
TriggerT = TypeVar("TriggerT", bound=str)
NextT = TypeVar("NextT", bound=str)


def move(
    axis: str, table: Mapping[StatusT, Mapping[TriggerT, NextT]], status: StatusT, trigger: TriggerT, order_id: str
) -> NextT:
    """The next status. Raises InvariantError when the table has no such transition."""
    following = table[status].get(trigger)
    if following is None:
        raise InvariantError(f"Order {order_id}: the {axis} axis is {status} and cannot {trigger}")
    return following
