"""How the customers answer: they confirm when asked, and most pay soon after the settlement. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from connectors.base import Event
from hub.domain.effects import CustomerNotified, SettlementRecorded
from hub.domain.events import OrderConfirmed, OrderPaid
from hub.domain.money import quantum, round_to
from hub.simulator.chance import share
from hub.simulator.conduct import Conduct, CustomerHabits, draw
from hub.simulator.scenes import STAGED

SHOP = "simulated-shop"
BANK = "simulated-bank"


class Customers:
    """All customers; what they answer to is a message, known by its event id."""

    def __init__(self, habits: CustomerHabits, *, seed: int = 0, pace: float = 1.0, prefix: str = "") -> None:
        """`pace` stretches the time until they answer; 1 is about half a second. `prefix`: of their orders' ids."""
        self._habits = habits
        self._seed = str(seed)
        self._pace = pace
        self._prefix = prefix
        self._confirming: dict[str, CustomerNotified] = {}
        self._paying: dict[str, tuple[SettlementRecorded, int]] = {}
        """With how often they have paid of it."""

    def take(self, message: Struct) -> tuple[str, float | None]:
        """The message, and seconds until the customer answers it; None for never."""
        match message:
            case CustomerNotified(event_id=event_id, kind="confirmation-requested"):
                self._confirming[event_id] = message
            case SettlementRecorded(event_id=event_id, kind="invoice") if self._is_paid(message):
                self._paying[event_id] = message, 0
            case _:
                return "", None
        conduct = self._conduct(message)
        if not message.order_id.startswith(self._prefix) or (event_id in self._confirming and conduct.silent):
            return "", None
        return event_id, (0.3 + 0.7 * share(*self._subject(message), "answers")) * self._pace + conduct.pause

    def report(self, subject: str, now: datetime) -> tuple[Sequence[Event], float | None]:
        """The answer to a message, and seconds until there is more to say; None for nothing more."""
        if asked := self._confirming.pop(subject, None):
            rejected = self._conduct(asked).rejecting
            answer = OrderConfirmed(
                event_id=f"{subject}-answer",
                source=SHOP,
                occurred_at=now,
                order_id=asked.order_id,
                accepted=not rejected,
                reason="ordered elsewhere meanwhile" if rejected else "",
            )
            return (answer,), None
        settled, times = self._paying.pop(subject)
        half = round_to(settled.payable / 2, quantum(settled.currency))
        in_parts = self._conduct(settled).partial and 0 < half < settled.payable
        amount = settled.payable if not in_parts else settled.payable - half if times else half
        if in_parts and not times:
            self._paying[subject] = settled, 1
        paid = OrderPaid(
            event_id=f"{subject}-paid{f'-{times + 1}' if in_parts else ''}",
            source=BANK,
            occurred_at=now,
            order_id=settled.order_id,
            amount=amount,
            currency=settled.currency,
        )
        return (paid,), self._habits.late_by if in_parts and not times else None

    def _conduct(self, message: CustomerNotified | SettlementRecorded) -> Conduct:
        if message.order_id in STAGED:
            return Conduct()
        return draw(self._habits, *self._subject(message))

    def _subject(self, message: CustomerNotified | SettlementRecorded) -> tuple[str, ...]:
        """What chance goes by: the same in every performance of the seed."""
        return self._seed, type(message).__name__, message.order_id.removeprefix(self._prefix)

    def _is_paid(self, settled: SettlementRecorded) -> bool:
        return settled.payable > 0 and share(*self._subject(settled), "pays") >= self._habits.unpaid
