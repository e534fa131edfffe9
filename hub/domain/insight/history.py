"""One order's history: what took effect on it, in order, and what the hub sent each time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from hub.domain.effects import ExceptionRaised, SettlementRecorded, WorkOrderIssued
from hub.domain.events import Fact, OrderPlaced
from hub.domain.journal import JournalEntry
from hub.domain.model import Frozen
from hub.domain.order import OrderState

Sent = WorkOrderIssued | ExceptionRaised | SettlementRecorded


class Happening(Frozen):
    """An event that took effect."""

    at: datetime
    """When it happened, or when the hub heard of it if that is earlier."""
    heard_at: datetime
    event: Fact
    sent: tuple[Sent, ...] = ()


class History(Frozen, kw_only=True):
    """Everything that happened to one order that was placed."""

    order_id: str
    placed_at: datetime
    state: OrderState
    """As it is now."""
    happenings: tuple[Happening, ...]
    explanations: tuple[str, ...]
    """What was decided by which rule, of all of them."""


def history(
    state: OrderState | None, journal: Iterable[tuple[JournalEntry, Fact]], sent: Mapping[str, Sent]
) -> History | None:
    """The history of an order from its journal, with its events, and from what was sent, by event id.

    None if it was never placed. What came early happens when its time has come; what was ignored or came twice has not
    happened.
    """
    happenings: list[Happening] = []
    explanations: list[str] = []
    parked: dict[str, Happening] = {}
    for entry, event in journal:
        explanations += entry.explanations
        at, caused = min(event.occurred_at, entry.decided_at), (sent.get(each) for each in entry.effect_ids)
        happening = Happening(at, entry.decided_at, event, tuple(each for each in caused if each is not None))
        if entry.outcome == "parked":
            parked[f"{event.event_id} of {event.source} had waited ("] = happening
        elif entry.outcome == "applied":
            happenings.append(happening)
            happenings += _had_waited(parked, entry.explanations)
    placed = next((each for each in happenings if isinstance(each.event, OrderPlaced)), None)
    if placed is None or state is None:
        return None
    return History(
        order_id=state.order_id,
        placed_at=placed.at,
        state=state,
        happenings=tuple(happenings),
        explanations=tuple(explanations),
    )


def _had_waited(parked: dict[str, Happening], explanations: Iterable[str]) -> Iterator[Happening]:
    """Those of the parked events that the decision explained to have taken effect."""
    for sentence in explanations if parked else ():
        for beginning in [each for each in parked if sentence.startswith(each)]:
            yield parked.pop(beginning)
