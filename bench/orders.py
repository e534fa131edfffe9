"""The hub's own workload: orders of five lines from placement to payment, as the world reports them.

Two lines are made, one is bought and two are on stock, so that all three departments report. Within a chapter the
orders report one kind of event after the other: an order is hardly ever twice in one transaction, and no write of
its state is saved that would not be saved in earnest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from bench.load import Message
from bench.workload import PARTITIONS, SEED
from hub.codec import Codec
from hub.domain.events import CustomerUpdated, OrderPaid, OrderPlaced, StatusKind, StatusReported
from hub.domain.ids import work_order_id
from hub.domain.model import Address, Department, LineQuantity, OrderLine
from hub.runtime.partitioner import partition_of
from hub.topics import ORDERS_EVENTS, STATUS_TOPIC

_VAT = Decimal(19)
_ITEMS = (("MK-HOUSING", 2), ("MK-BRACKET", 40), ("BU-MOTOR", 3), ("ST-GREASE", 12), ("ST-SEAL", 100))
_REPORTED: dict[StatusKind, tuple[str, ...]] = {
    "produced": ("1", "2"),
    "received": ("3",),
    "shipped": ("1", "2", "3", "4", "5"),
    "delivered": ("1", "2", "3", "4", "5"),
}
"""The lines that the reports with quantities are about."""

Event = OrderPlaced | StatusReported | OrderPaid
Step = tuple[str, Callable[[OrderPlaced], Event]]
"""A topic, and what every order has on it next."""


@dataclass(frozen=True)
class Chapter:
    """Steps that need nothing from one another but their order within a topic."""

    title: str
    entries: int
    """What it adds to every order's journal; the credit decision counts, which the hub itself sends."""
    steps: tuple[Step, ...]


def generate(count: int, customers: int, now: datetime) -> list[OrderPlaced]:
    """The orders; the same for the same numbers but for their dates."""
    random = Random(SEED)
    return [
        OrderPlaced(
            event_id=f"SO-{number:08d}-placed",
            source="bench-shop",
            occurred_at=now,
            order_id=f"SO-{number:08d}",
            customer_id=_customer_id(random.randrange(customers)),
            purchase_order=f"PO-{number}",
            currency="EUR",
            lines=tuple(_line(random, str(line), *item) for line, item in enumerate(_ITEMS, start=1)),
            deliver_to=Address("Goods inwards", "Industriestr. 7", "Bremen", "28195", "DE"),
            requested_delivery=(now + timedelta(days=30)).date(),
        )
        for number in range(count)
    ]


def terms(customers: int, now: datetime) -> Iterator[CustomerUpdated]:
    """Credit terms that no order runs into."""
    for number in range(customers):
        customer_id = _customer_id(number)
        yield CustomerUpdated(
            event_id=f"{customer_id}-terms",
            source="bench-crm",
            occurred_at=now,
            customer_id=customer_id,
            name=f"Customer {number}",
            currency="EUR",
            credit_limit=Decimal(10**12),
        )


def claim(order: OrderPlaced) -> Decimal:
    """What the order comes to with VAT, computed without the hub."""
    net = sum((line.quantity * line.price for line in order.lines), Decimal(0))
    return net + (net * _VAT / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)


def messages(codec: Codec, events: Iterable[Event | CustomerUpdated]) -> Iterator[Message]:
    """The events as they lie in their topic."""
    for event in events:
        key = (event.customer_id if isinstance(event, CustomerUpdated) else event.order_id).encode()
        yield Message(partition_of(key, PARTITIONS), key, codec.encode(event))


def events(chapter: Chapter, topic: str, orders: Sequence[OrderPlaced]) -> Iterator[Event]:
    """What a chapter brings on one topic: each step for every order, then the next."""
    for place, make in chapter.steps:
        if place == topic:
            yield from map(make, orders)


def _placed(order: OrderPlaced) -> OrderPlaced:
    return order


def _paid(order: OrderPlaced) -> OrderPaid:
    return OrderPaid(
        event_id=f"{order.order_id}-paid",
        source="bench-bank",
        occurred_at=order.occurred_at,
        order_id=order.order_id,
        amount=claim(order),
        currency="EUR",
    )


def _reports(department: Department, *kinds: StatusKind) -> tuple[Step, ...]:
    def report(kind: StatusKind) -> Callable[[OrderPlaced], StatusReported]:
        lines = _REPORTED.get(kind, ())
        return lambda order: StatusReported(
            event_id=f"{order.order_id}-{department}-{kind}",
            source=f"bench-{department}",
            occurred_at=order.occurred_at,
            order_id=order.order_id,
            work_order_id=work_order_id(order.order_id, department),
            department=department,
            kind=kind,
            lines=tuple(LineQuantity(line.line_id, line.quantity) for line in order.lines if line.line_id in lines),
        )

    return tuple((STATUS_TOPIC[department], report(kind)) for kind in kinds)


CHAPTERS = (
    Chapter("placed, credit granted, given to the departments", 2, ((ORDERS_EVENTS, _placed),)),
    Chapter(
        "made and bought",
        5,
        _reports("production", "accepted", "scheduled", "produced") + _reports("procurement", "accepted", "received"),
    ),
    Chapter("shipped, delivered, settled", 3, _reports("logistics", "accepted", "shipped", "delivered")),
    Chapter("paid", 1, ((ORDERS_EVENTS, _paid),)),
)
"""The life of every order. A chapter begins when the one before is over: nothing comes too early."""


def _customer_id(number: int) -> str:
    return f"C-{number:06d}"


def _line(random: Random, line_id: str, item_id: str, usual: int) -> OrderLine:
    return OrderLine(
        line_id=line_id,
        item_id=f"{item_id}-{random.randrange(1000):03d}",
        description=f"{item_id.partition('-')[2].capitalize()}, as per drawing",
        quantity=Decimal(random.randint(1, 2 * usual)),
        unit="C62",
        price=Decimal(random.randint(100, 50_000)) / 100,
        base_quantity=Decimal(1),
        discount_percent=Decimal(0),
        vat_category="S",
        vat_rate=_VAT,
    )
