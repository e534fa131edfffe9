"""What can need a person: the kinds of exceptions, how urgent each is, whose it is, and when it is taken further."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Literal, get_args

from hub.domain.model import Department, Frozen

ExceptionKind = Literal[
    "credit-refused",
    "on-hold",
    "unconfirmed",
    "no-candidate",
    "change-rejected",
    "shipment-rejected",
    "group-parted",
    "production-problem",
    "procurement-problem",
    "logistics-problem",
    "over-delivered",
    "shipped-on-hold",
    "moved-after-cancel",
    "overpaid",
    "refund-due",
    "no-exchange-rate",
]
KINDS: tuple[ExceptionKind, ...] = get_args(ExceptionKind)

PROBLEM: Mapping[Department, ExceptionKind] = {
    "production": "production-problem",
    "procurement": "procurement-problem",
    "logistics": "logistics-problem",
}
"""The exception a department's problem report opens."""

HIGHEST, LOWEST = 1, 5


class ExceptionRule(Frozen, kw_only=True, forbid_unknown_fields=True):
    """How exceptions of one kind are worked."""

    priority: int = 3
    """1 is worked first, 5 last."""
    owner: str = ""
    """Whose queue they come to."""
    escalate_after: timedelta | None = None
    """An exception still open after so long, counted anew when it is assigned, rises by one in priority; and again
    after as long, until it is at the top."""
    escalate_to: str = ""
    """Who owns it then; empty: as before."""


PLAIN = ExceptionRule()

ExceptionRules = Mapping[str, ExceptionRule]


def check(rules: ExceptionRules) -> Iterator[tuple[str, str]]:
    """What makes no sense, as (kind, sentence)."""
    for kind, rule in rules.items():
        if kind not in KINDS:
            yield kind, f"there is no such kind; what monitor.yaml opens is set there. There are {', '.join(KINDS)}"
        if not HIGHEST <= rule.priority <= LOWEST:
            yield kind, f"priority is {rule.priority}; give {HIGHEST} to {LOWEST}"
        if rule.escalate_after is not None and rule.escalate_after <= timedelta(0):
            yield kind, f"escalate_after is {rule.escalate_after}; give a duration above 0"
