"""The audit trail: one entry per event that reached an order, with what was decided and why."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from hub.domain.model import Frozen

JournaledOutcome = Literal["applied", "ignored", "duplicate", "parked"]


class JournalEntry(Frozen, kw_only=True):
    """orders.journal: an event as it came and what came of it.

    An order's state is the fold of `decide` over its entries, in order: `payload` is the event, `decided_at` the
    `now` and `rules` the rules it was decided with. A refused event is not here but in the dead letters: it changed
    nothing.
    """

    order_id: str
    entry: int
    """Counts the order's entries from 1, without gaps."""
    decided_at: datetime
    event_id: str
    event_type: str
    """Name of the event's record type."""
    topic: str
    """Where the event came from; empty for a timer, which came from nowhere."""
    partition: int
    offset: int
    """Of the event in its topic; -1 for a timer."""
    payload: bytes
    """The event's exact bytes as they came, in the hub's wire format."""
    outcome: JournaledOutcome
    code: str = ""
    """Why ignored or parked, as a stable code."""
    detail: str = ""
    """The same for a person."""
    explanations: tuple[str, ...] = ()
    """What was decided and by which rule, in order."""
    effect_ids: tuple[str, ...] = ()
    """Event ids of the messages the decision sent, in order."""
    rules: str = ""
    """Version of the rules it was decided by, as hub.rules has them."""
