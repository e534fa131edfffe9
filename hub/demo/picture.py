"""What the committed topics say about the orders: the only thing the demonstration's summary is made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import median

from connectors.dead_letters import DeadLetter, parse_letter
from hub import topics
from hub.codec import Codec
from hub.domain.effects import SettlementRecorded
from hub.domain.headline import Headline, headline
from hub.domain.journal import JournalEntry
from hub.domain.order import OrderState
from hub.runtime.spec import Record

_INPUTS = tuple(topic.name for topic in topics.TOPICS.values() if topic.direction == "in")
WATCHED = (topics.ORDERS_STATE, topics.ORDERS_JOURNAL, topics.SETTLEMENTS, topics.HUB_DEAD_LETTER, *_INPUTS)

IN_WORK: frozenset[Headline] = frozenset(
    {
        "unknown", "credit-check", "awaiting-confirmation", "confirmed", "in-work", "partly-shipped", "shipped",
        "partly-delivered",
    }
)  # fmt: skip
"""Headlines of orders that go on by themselves; the others are over or wait for a person."""


@dataclass(slots=True)
class Total:
    """What was settled in one currency."""

    settlements: int = 0
    net: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    payable: Decimal = Decimal(0)


@dataclass
class Picture:
    """The orders as the topics show them so far."""

    codec: Codec
    orders: dict[str, OrderState] = field(default_factory=dict)
    settlements: dict[str, SettlementRecorded] = field(default_factory=dict)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    """Events decided, by outcome."""
    received: int = 0
    """Records on the input topics."""
    decided: list[int] = field(default_factory=list)
    """When events were decided, milliseconds since 1970."""
    waits: list[int] = field(default_factory=list)
    """Milliseconds from an event's arrival in Kafka to its decision."""
    _arrived: dict[tuple[str, int, int], int] = field(default_factory=dict)

    def take(self, records: Iterable[Record]) -> None:
        """Add what was read."""
        for record in records:
            match record.topic:
                case topics.ORDERS_STATE:
                    self._take_state(record)
                case topics.ORDERS_JOURNAL:
                    self._take_entry(self.codec.decode_as(JournalEntry, record.value))
                case topics.SETTLEMENTS:
                    settled = self.codec.decode_as(SettlementRecorded, record.value)
                    self.settlements[settled.settlement_id] = settled
                case topics.HUB_DEAD_LETTER:
                    self.dead_letters.append(parse_letter(record, {}))
                case _:
                    self.received += 1
                    self._arrived[record.topic, record.partition, record.offset] = record.timestamp

    def headlines(self) -> Counter[Headline]:
        """Orders by where they stand."""
        return Counter(headline(state) for state in self.orders.values())

    def open_orders(self) -> int:
        """Orders that go on by themselves."""
        return sum(headline(state) in IN_WORK for state in self.orders.values())

    def totals(self) -> dict[str, Total]:
        """What was settled, by currency."""
        totals: dict[str, Total] = {}
        for each in self.settlements.values():
            total = totals.setdefault(each.currency, Total())
            sign = 1 if each.kind == "invoice" else -1
            total.settlements += 1
            total.net += sign * each.tax_exclusive
            total.tax += sign * each.tax_total
            total.payable += sign * each.payable
        return dict(sorted(totals.items()))

    def seconds(self) -> float:
        """From the first decision to the last."""
        return (max(self.decided) - min(self.decided)) / 1000 if self.decided else 0.0

    def median_wait_ms(self) -> float | None:
        """How long half of the events waited at most, from Kafka to decision."""
        return median(self.waits) if self.waits else None

    def _take_state(self, record: Record) -> None:
        key = (record.key or b"").decode()
        if record.value is None:
            self.orders.pop(key, None)
        else:
            self.orders[key] = self.codec.decode_as(OrderState, record.value)

    def _take_entry(self, entry: JournalEntry) -> None:
        self.outcomes[entry.outcome] += 1
        decided = int(entry.decided_at.timestamp() * 1000)
        self.decided.append(decided)
        arrived = self._arrived.pop((entry.topic, entry.partition, entry.offset), None)
        if arrived is not None:
            self.waits.append(decided - arrived)
