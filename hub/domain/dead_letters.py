"""What people decide about records that the hub refused."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from hub.domain.model import Frozen


class LetterDecided(Frozen, kw_only=True):
    """hub.dead-letter.audit: a refused record was sent to its topic again, or given up.

    A record is decided about once: one that is refused again after its replay lies elsewhere and is another.
    """

    letter: str
    """Where the refused record lay, `orders.events-3@17`; of a due time, which lay nowhere, where its letter is."""
    action: Literal["replayed", "dropped"]
    by: str
    """Who decided it."""
    reason: str
    decided_at: datetime
    code: str
    """What the record was refused with."""
    replayed_offset: int | None = None
    """Of a replay: where the record lies now, on the topic and partition it came from."""
