"""What an order knows of its customer beside what the customer said in it: as the customer's account told it."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, get_args

from hub.domain.model import Frozen

NotificationKind = Literal[
    "received",
    "confirmation-requested",
    "confirmed",
    "refused",
    "changed",
    "delayed",
    "partly-shipped",
    "shipped",
    "delivered",
    "cancelled",
    "settled",
]
NOTIFICATION_KINDS: tuple[NotificationKind, ...] = get_args(NotificationKind)
ALWAYS_TOLD: frozenset[NotificationKind] = frozenset({"confirmation-requested"})
"""Who is asked has to know it."""


class CustomerFacts(Frozen, kw_only=True):
    """The customer as it was when its account last answered the order."""

    known: bool
    """Whether anyone has told the hub about the customer."""
    group: str = ""
    """Whose terms hold where the customer has none of its own."""
    locale: str = ""
    """BCP 47; of what the customer is told, if the order does not say."""
    notifications: tuple[NotificationKind, ...] | None = None
    """What the customer wants to be told; absent: everything."""

    over_delivery_percent: Decimal | None = None
    """How much more than ordered the customer takes and pays, where the item does not say."""
    under_delivery_percent: Decimal | None = None
    """How much less than ordered counts as all of it, where the item does not say."""

    def wants(self, kind: NotificationKind) -> bool:
        """Whether the customer is told this."""
        return self.notifications is None or kind in self.notifications or kind in ALWAYS_TOLD
