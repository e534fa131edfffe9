"""How the customers answer: they confirm when asked, and most pay soon after the settlement. Pure."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from connectors.base import Event
from hub.demo.chance import share
from hub.domain.effects import CustomerNotified, SettlementRecorded
from hub.domain.events import OrderConfirmed, OrderPaid

SHOP = "demo-shop"
BANK = "demo-bank"
_PROMPT = 0.75
"""Part of the settlements that are paid while one watches."""


class Customers:
    """All customers of the demonstration; what they answer to is a message, known by its event id."""

    def __init__(self) -> None:
        self._confirming: dict[str, CustomerNotified] = {}
        self._paying: dict[str, SettlementRecorded] = {}

    def take(self, message: Struct) -> tuple[str, float | None]:
        """The message, and seconds until the customer answers it; None for never."""
        match message:
            case CustomerNotified(event_id=event_id, kind="confirmation-requested"):
                self._confirming[event_id] = message
            case SettlementRecorded(event_id=event_id, kind="invoice") if _is_paid(message):
                self._paying[event_id] = message
            case _:
                return "", None
        return event_id, 0.3 + 0.7 * share(event_id, "answers")

    def report(self, subject: str, now: datetime) -> tuple[Event, float | None]:
        """The answer to a message; there is never more to say."""
        if asked := self._confirming.pop(subject, None):
            return OrderConfirmed(
                event_id=f"{subject}-answer", source=SHOP, occurred_at=now, order_id=asked.order_id
            ), None
        settled = self._paying.pop(subject)
        return OrderPaid(
            event_id=f"{subject}-paid",
            source=BANK,
            occurred_at=now,
            order_id=settled.order_id,
            amount=settled.payable,
            currency=settled.currency,
        ), None


def _is_paid(settled: SettlementRecorded) -> bool:
    return settled.payable > 0 and share(settled.event_id, "pays") < _PROMPT
