"""Orders that fared in every way, by chance from a seed, and what the hub's topics hold of them."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from hub.codec import Codec
from hub.domain.decision import Decision
from hub.domain.effects import CustomerNotified, ExceptionRaised, SettlementRecorded, WorkOrderIssued
from hub.domain.events import OrderPlaced
from hub.domain.journal import JournalEntry
from hub.domain.model import DEPARTMENTS, Department, Frozen, LineChange
from hub.domain.order import OrderState
from hub.domain.policy import Policy
from hub.policy import load_policy
from hub.rules import RuleRouter, load_router
from hub.runtime.spec import Record
from hub.topics import (
    CUSTOMER_NOTIFICATIONS,
    ORDERS_EXCEPTIONS,
    ORDERS_JOURNAL,
    ORDERS_STATE,
    SETTLEMENTS,
    WORK_TOPIC,
)
from tests.support.fetched import record
from tests.support.orders import START, Story, line

CODEC = Codec.load()
_ITEMS = ("MK-1", "BU-1", "ST-1", "ST-2", "XX-1")
_KINDS = ("accepted", "accepted", "scheduled", "produced", "received", "shipped", "delivered", "delivered", "problem")
_RARE = ("rejected", "returned", "change-rejected")
_REASONS = ("no steel", "no room", "")
_CAUSES = ("Stahl AG", "press 4", "")


class Fared(Story):
    """A story in which time passes: everything happens when it is told, or up to two hours before."""

    def __init__(self, order_id: str, seed: int, policy: Policy, router: RuleRouter) -> None:
        self.chance = random.Random(seed)
        super().__init__(policy, order_id=order_id, limit=self.chance.choice(("1000000", "1000000", "500")))
        self.router = router  # type: ignore[assignment]
        self.now = START + timedelta(hours=self.chance.randrange(24 * 20))
        confirmation = self.chance.choice(("automatic", "required"))
        self.customer(confirmation=confirmation, limit=self.chance.choice(("1000000", "1000000", "500")))

    def head(self) -> dict[str, Any]:
        lag = timedelta(minutes=self.chance.choice((0, 0, 5, 120)))
        return super().head() | {"event_id": f"{self.order_id}-{self._count}", "occurred_at": self.now - lag}

    def fare(self) -> Story:
        """Everything that happens to it."""
        if self.chance.random() < 0.1:
            self._report()
        self.place(*self._lines(), requested_delivery=self._day())
        for _ in range(self.chance.randrange(30)):
            self.wait(timedelta(minutes=self.chance.randrange(60 * 20)))
            self._happen()
        return self

    def _lines(self) -> list[Any]:
        count = self.chance.choice((1, 1, 2, 3))
        return [
            line(str(number + 1), self.chance.choice(_ITEMS), self.chance.randrange(1, 40), requested_delivery=None)
            for number in range(count)
        ]

    def _day(self) -> Any:
        days = self.chance.choice((None, 1, 5, 20))
        return None if days is None else (self.now + timedelta(days=days)).date()

    def _happen(self) -> None:
        chance = self.chance.random()
        if self.order.commercial == "confirming" and chance < 0.7:
            self.confirm()
        elif chance < 0.75:
            self._report()
        elif chance < 0.77:
            self.confirm(accepted=self.chance.random() < 0.8)
        elif chance < 0.84:
            changed = line("1", self.chance.choice(_ITEMS), self.chance.randrange(1, 60))
            self.change(self.order.revision + 1, LineChange("change", "1", changed))
        elif chance < 0.85:
            self.cancel("not needed")
        elif chance < 0.93:
            self.pay(self.order.payable or 1)
        elif self.order.exceptions:
            chosen = self.chance.choice(self.order.exceptions)
            command = self.chance.choice(("assign", "resolve"))
            self.receive(self.commanded(command=command, target=chosen.exception_id, role="supervisor", assignee="mei"))

    def _report(self) -> None:
        busy = [] if self.state is None else [each for each in DEPARTMENTS if self._has_work(each)]
        department = self.chance.choice(busy or DEPARTMENTS)
        kind: Any = self._next(department) if self.chance.random() < 0.85 else self.chance.choice(_KINDS + _RARE)
        expected = self.now + timedelta(days=self.chance.randrange(12)) if kind in {"scheduled", "problem"} else None
        self.report(
            department,
            kind,
            None if self.chance.random() < 0.8 else {"1": self.chance.randrange(1, 10)},
            expected_at=expected,
            reason=self.chance.choice(_REASONS),
            cause=self.chance.choice(_CAUSES),
            reference=self.chance.choice(("", "D-1", "D-2")),
        )

    def _next(self, department: Department) -> str:
        """What the department would say as things are."""
        status = "none" if self.state is None else getattr(self.order, department).status
        if status in {"ordered", "none"}:
            return self.chance.choice(("accepted", "accepted", "accepted", "rejected"))
        if department != "logistics":
            return "produced" if department == "production" else "received"
        return "delivered" if any(each.shipped > each.delivered for each in self.order.lines) else "shipped"

    def _has_work(self, department: Department) -> bool:
        return getattr(self.order, department).status not in {"none", "cancelled", "rejected", "done"}


def told(count: int, seed: int = 0, prefix: str = "O") -> list[Story]:
    """So many orders, each with a history of its own."""
    policy, router = load_policy(), load_router()
    return [Fared(f"{prefix}-{number}", seed * 100_003 + number, policy, router).fare() for number in range(count)]


def journal(story: Story) -> Iterator[tuple[JournalEntry, Decision]]:
    """The story's entries, each with the decision it is about."""
    decided = [each for each in story.decisions if each.outcome != "refused"]
    for number, ((received, at), decision) in enumerate(zip(story.journal, decided, strict=True), 1):
        event = received.event
        yield (
            JournalEntry(
                order_id=story.order_id,
                entry=number,
                decided_at=at,
                event_id=event.event_id,
                event_type=type(event).__name__,
                topic="t",
                partition=0,
                offset=number,
                payload=CODEC.encode(event),
                outcome=decision.outcome,  # type: ignore[arg-type]
                code=decision.code,
                detail=decision.detail,
                explanations=decision.explanations,
                effect_ids=tuple(each.event_id for each in decision.effects if hasattr(each, "event_id")),
                rules="1",
            ),
            decision,
        )


def messages(story: Story) -> Iterator[tuple[str, Frozen]]:
    """What the hub wrote of a story, by topic, in its order; of the order's states the first and the last."""
    yield ORDERS_STATE, OrderState(order_id=story.order_id)
    for entry, decision in journal(story):
        for effect in decision.effects:
            match effect:
                case WorkOrderIssued(department=department):
                    yield WORK_TOPIC[department], effect
                case ExceptionRaised():
                    yield ORDERS_EXCEPTIONS, effect
                case SettlementRecorded():
                    yield SETTLEMENTS, effect
                case CustomerNotified():
                    yield CUSTOMER_NOTIFICATIONS, effect
        yield ORDERS_JOURNAL, entry
    yield ORDERS_STATE, story.order


def records(stories: Iterable[Story]) -> list[Record]:
    """The same as records, of all stories at once."""
    return [
        record(number, story.order_id.encode(), CODEC.encode(message), topic=topic)
        for story in stories
        for number, (topic, message) in enumerate(messages(story))
    ]


def placed(story: Story) -> datetime | None:
    """When the order was placed, as the hub counts it; None if it never was."""
    for received, at in story.journal:
        if isinstance(received.event, OrderPlaced):
            return min(received.event.occurred_at, at)
    return None


class Topics:
    """A reader of records that lie here, topic by topic."""

    def __init__(self, held: Sequence[Record]) -> None:
        self._held = held
        self.readings = 0

    async def held(self, topics: Sequence[str]) -> AsyncIterator[Record]:
        for topic in topics:
            for each in self._held:
                if each.topic == topic:
                    yield each

    async def after(
        self, topics: Sequence[str], _: object, *, follow: bool, partition: int | None
    ) -> AsyncIterator[list[Record]]:
        assert (partition, follow) == (0, False)
        self.readings += 1
        yield [each for each in self._held if each.topic in topics]
