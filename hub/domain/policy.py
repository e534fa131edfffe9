"""What the company decides once for all orders. The values here are the defaults; the configuration may set each."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Literal

from hub.domain.model import Frozen


class Policy(Frozen, kw_only=True):
    """Waiting times, limits and what silence means."""

    confirmation: Literal["by-account", "automatic", "required"] = "by-account"
    """Whether the customer must confirm: as the customer's account says, never, or always."""
    confirmation_wait: timedelta = timedelta(days=2)
    confirmation_silence: Literal["accept", "cancel", "escalate"] = "cancel"
    """What happens when the customer does not answer in time; escalate opens an exception and goes on waiting."""
    credit_wait: timedelta = timedelta(minutes=5)
    """After this long without an answer the credit request is sent again, under the same id."""
    default_credit_limit: Decimal = Decimal(0)
    """Limit of a customer nobody has told the hub about, in the currency of the first request."""
    parked_for: timedelta = timedelta(days=1)
    """How long an event that came too early is kept before it is dead-lettered."""
    parked_limit: int = 200
    """Events kept per order at the same time."""
    parked_bytes: int = 524_288
    """And their bytes in all."""
    stalled_after: timedelta = timedelta(days=3)
    """An open order that has not moved for this long opens an exception."""
    duplicate_window: int = 256
    """Events per order remembered exactly by id."""
    max_lines: int = 1_000
    large_amount: Decimal = Decimal(50_000)
    """An order of at least this value, in its own currency and with VAT, is of class `large`."""
    urgent_days: int = 3
    """An order wanted within this many days is of class `urgent`."""
    over_delivery_percent: Decimal = Decimal(0)
    """How much more than ordered is billed when it was delivered."""
