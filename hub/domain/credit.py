"""The customer's credit account: limit, reservations, receivables.

The account keeps totals; each order's reservation is a value of its own, so a decision costs the same however
many orders are open. Exposure = reserved + receivable.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from hub.domain.events import CreditDecided
from hub.domain.model import Frozen
from hub.domain.order import ZERO
from hub.domain.seen import NOTHING_SEEN, Seen


class CreditAccount(Frozen, kw_only=True):
    """A customer's terms and totals, in the account's currency. Stored under customer_id."""

    customer_id: str
    known: bool
    """False until the customer's terms arrive; then `credit_limit` is the policy's default."""
    name: str = ""
    currency: str
    credit_limit: Decimal
    blocked: bool = False
    confirmation: Literal["automatic", "required"] = "automatic"
    payment_days: int = 30
    reserved: Decimal = ZERO
    """For open orders, the sum of all reservations."""
    receivable: Decimal = ZERO
    """Settled and not yet paid; negative when the customer paid in advance."""
    terms_from: datetime | None = None
    """When the terms in force were set; older ones do not replace them."""
    seen: Seen = NOTHING_SEEN
    """Payments and terms that took effect."""


class Reservation(Frozen, kw_only=True):
    """What an account holds for one order, and its last answer. Stored under customer_id|order_id.

    It is kept when nothing is reserved any more, so that a late or repeated request is recognised.
    """

    customer_id: str
    order_id: str
    revision: int
    reserved: Decimal
    settled: Decimal = ZERO
    """What became receivable, less what was credited."""
    paid: Decimal = ZERO
    """What of the order was paid."""
    answer: CreditDecided | None = None
    """To the last reserve or adjust, in case it is asked again; None once settled or released."""
    seen: Seen = NOTHING_SEEN
    """Requests that were carried out."""
