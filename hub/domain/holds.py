"""Holds: what each kind keeps an order or a line from, and how it ends. The kinds are rules (`hub.rules.holds`).

A hold ends by an operator's `release-hold`, by itself when its conditions are met, or when its time is up; all end with
the order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Literal, get_args

from hub.domain.model import Frozen

Step = Literal["confirm", "allocate", "ship", "settle"]
"""What the hub does with an order, in this order. A report of goods that moved is a fact and is never blocked."""
STEPS: tuple[Step, ...] = get_args(Step)

Condition = Literal["credit-granted", "confirmed", "allocated", "shipped", "delivered", "paid"]
"""What can end a hold beside the end of other holds. paid: payments cover all that is ordered, with VAT."""
CONDITIONS: tuple[Condition, ...] = get_args(Condition)


DUPLICATE = "suspected-duplicate"
"""The hold of an order whose customer has placed another under the same number; it ends when that is cancelled."""

CREDIT = "credit"
"""What commands and roles call the hold that a refused credit is; it has rules of its own."""


class HoldRule(Frozen, kw_only=True, forbid_unknown_fields=True):
    """One kind of hold."""

    blocks: tuple[Step, ...] = STEPS
    severity: Literal["warning", "critical"] = "warning"
    """Of the exception that is open as long as the hold is."""
    owner: str = ""
    """Whose it is to end it, unless who places the hold names another."""
    ends_when: tuple[str, ...] = ()
    """`Condition`s that must all be met, and kinds of holds of which none may be left, for it to end by itself."""
    ends_after: timedelta | None = None
    """How long it lasts at most."""
    then: Literal["release", "cancel"] = "release"
    """What becomes of a hold, or of its order, whose time is up."""
    keeps_reservation: timedelta | None = None
    """How long a held order keeps its credit and the stock and work it was given; None: as long as it is held."""


HOLD = HoldRule()
"""A kind nobody has declared: it blocks everything until a person ends it."""

HoldRules = Mapping[str, HoldRule]


class Hold(Frozen, kw_only=True):
    """A hold that is in force. A line's does not keep the order from being confirmed."""

    kind: str
    subject: str
    """The line it is about, or empty for the whole order."""
    blocks: tuple[Step, ...]
    owner: str
    detail: str
    """Why, for a person."""
    since: datetime
    until: datetime | None = None
    """When its time is up."""
    frees_at: datetime | None = None
    """When the order, or the line, gives its reservation back."""
    freed: bool = False
    """Whether it has."""

    @property
    def name(self) -> str:
        """`kind`, or `kind:line`: what a command calls it."""
        return f"{self.kind}:{self.subject}" if self.subject else self.kind


def blocking(holds: Iterable[Hold], step: Step, line_id: str = "") -> str:
    """The names of the holds that keep a line, or the whole order, from a step; empty if nothing does."""
    return ", ".join(hold.name for hold in holds if step in hold.blocks and hold.subject in {"", line_id})


def check(rules: HoldRules) -> Iterator[tuple[str, str]]:
    """What makes no sense, as (kind, sentence): unknown conditions, and holds that wait for what they block."""
    for kind, rule in rules.items():
        if kind in CONDITIONS or kind == CREDIT:
            yield kind, "the name stands for something else already"
        for name in ("ends_after", "keeps_reservation"):
            if (duration := getattr(rule, name)) is not None and duration < timedelta(0):
                yield kind, f"{name} is {duration}; give no negative duration"
        unknown = sorted(set(rule.ends_when) - set(CONDITIONS) - set(rules))
        if unknown:
            known = ", ".join((*CONDITIONS, *rules))
            yield kind, f"ends_when: {', '.join(unknown)} is neither a condition nor a hold; there are {known}"
            return
        if rule.keeps_reservation is not None and "allocate" not in rule.blocks:
            yield kind, "keeps_reservation: an order gives its reservation back only if the hold blocks `allocate`"
    for kind in rules:
        if circle := _circle(kind, _needs(rules)):
            yield kind, f"it would never end: {' waits for '.join(circle)}"
            return


def _needs(rules: HoldRules) -> Mapping[str, tuple[str, ...]]:
    """What each condition and each hold waits for."""
    blocking = {step: tuple(kind for kind, rule in rules.items() if step in rule.blocks) for step in STEPS}
    freeing = tuple(kind for kind, rule in rules.items() if rule.keeps_reservation is not None)
    return {
        "credit-granted": freeing,
        "confirmed": ("credit-granted", *blocking["confirm"]),
        "allocated": ("confirmed", *blocking["allocate"]),
        "shipped": ("allocated", *blocking["ship"]),
        "delivered": ("shipped",),
        "paid": (),
        **{kind: rule.ends_when for kind, rule in rules.items()},
    }


def _circle(start: str, needs: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """A way from `start` back to it, empty if there is none."""
    came_from: dict[str, str] = {}
    waiting = [start]
    while waiting:
        at = waiting.pop()
        for following in needs[at]:
            if following == start:
                way = [start, at]
                while way[-1] != start:
                    way.append(came_from[way[-1]])
                return tuple(reversed(way))
            if following not in came_from:
                came_from[following] = at
                waiting.append(following)
    return ()
