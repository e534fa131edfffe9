"""What is played: ordinary orders from a seed, and a few staged ones in which something happens.

The script is the same for the same seed but for its dates, which follow the day it is played on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

import msgspec

from connectors.base import Event
from hub.demo.company import CUSTOMERS, EURO_RATES, ITEMS, Customer, Item
from hub.domain.events import CustomerUpdated, OrderCancelled, OrderChanged, OrderPlaced, StatusReported
from hub.domain.ids import work_order_id
from hub.domain.model import LineChange, OrderLine
from hub.domain.money import quantum, round_to

SHOP = "demo-shop"
CRM = "demo-crm"
_LIMITS_HOLD = 300
"""Ordinary orders the customers' credit limits are made for."""
_DISCOUNTS = ("0", "0", "0", "0", "3", "5", "12.5")


@dataclass(frozen=True, slots=True)
class Cue:
    """One record to send, and when."""

    at: float
    """Seconds from the beginning."""
    event: Event
    wrong_partition: bool = False
    """Sent where a producer with another partitioner would put it."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A staged order and what is to be seen in it."""

    order_id: str
    happens: str


DUPLICATE = Scene("DEMO-DUPLICATE", "the shop sends it twice; it counts once")
EARLY = Scene("DEMO-EARLY", "procurement reports before the order arrives; the report waits for it")
OVER_LIMIT = Scene("DEMO-OVER-LIMIT", "more than the customer's credit limit; the order desk has to decide")
INVALID = Scene("DEMO-INVALID", "a negative quantity; to the dead letters, with the reason")
STALLED = Scene("DEMO-STALLED", "production never answers; an exception says so")
PARTIAL = Scene("DEMO-PARTIAL", "delivered in two parts, settled once when all has arrived")
MISKEYED = Scene("DEMO-MISKEYED", "sent to the wrong partition, forwarded to the right one")
CANCELLED = Scene("DEMO-CANCELLED", "cancelled by the customer before anything was shipped")
CHANGED = Scene("DEMO-CHANGED", "a quantity is lowered and a line added while it is being made")
REJECTED = Scene("DEMO-REJECTED", "the first department refuses the work, the next one gets it")

SCENES = (DUPLICATE, EARLY, OVER_LIMIT, INVALID, STALLED, PARTIAL, MISKEYED, CANCELLED, CHANGED, REJECTED)


def terms(now: datetime, orders: int) -> Iterator[CustomerUpdated]:
    """The customers' terms, their limits wide enough for `orders` ordinary orders."""
    times = -(-orders // _LIMITS_HOLD)
    for customer in CUSTOMERS:
        yield CustomerUpdated(
            event_id=f"{customer.customer_id}-terms-1",
            source=CRM,
            occurred_at=now,
            customer_id=customer.customer_id,
            name=customer.name,
            currency=customer.currency,
            credit_limit=Decimal(customer.credit_limit * times),
            confirmation=customer.confirmation,
            party=customer.party,
        )


def play(now: datetime, *, orders: int, seconds: float, seed: int) -> list[Cue]:
    """The script in order of time: `orders` orders, the staged ones among them, within `seconds`."""
    random = Random(seed)  # noqa: S311 - a script, not a secret
    ordinary = (
        Cue(random.uniform(0, seconds), _order(random, now, f"SO-{number:05d}", random.choice(CUSTOMERS)))
        for number in range(1, orders - len(SCENES) + 1)
    )
    cues = sorted([*ordinary, *_staged(random, now, seconds)], key=lambda cue: cue.at)
    first: dict[str, float] = {}
    for cue in cues:
        first.setdefault(cue.event.event_id, cue.at)
    return [_happening(cue, now, first[cue.event.event_id]) for cue in cues]


def _happening(cue: Cue, now: datetime, at: float) -> Cue:
    """The cue with the time at which its event happens: when it is sent first."""
    event = msgspec.structs.replace(cue.event, occurred_at=now + timedelta(seconds=at))
    return replace(cue, event=event)


def _order(random: Random, now: datetime, order_id: str, customer: Customer, *items: Item) -> OrderPlaced:
    chosen = items or random.sample(ITEMS, random.choice((1, 1, 2, 2, 3, 4, 5)))
    urgent = random.random() < 0.08
    return OrderPlaced(
        event_id=f"{order_id}-placed",
        source=SHOP,
        occurred_at=now,
        order_id=order_id,
        customer_id=customer.customer_id,
        purchase_order=f"PO-{order_id}",
        currency=customer.currency,
        lines=tuple(_line(random, str(number), item, customer) for number, item in enumerate(chosen, start=1)),
        deliver_to=customer.address,
        discount_percent=Decimal(customer.discount),
        requested_delivery=(now + timedelta(days=2 if urgent else random.randint(7, 30))).date(),
        seller_id=customer.seller_id,
        priority="urgent" if urgent else "normal",
        locale=customer.locale,
    )


def _line(random: Random, line_id: str, item: Item, customer: Customer) -> OrderLine:
    category, rate = customer.vat[0 if random.random() < 0.8 else -1]
    price = Decimal(item.price) * EURO_RATES[customer.currency]
    return OrderLine(
        line_id=line_id,
        item_id=item.item_id,
        description=item.description,
        quantity=Decimal(random.randint(*item.usual)),
        unit=item.unit,
        price=round_to(price, quantum(customer.currency)),
        base_quantity=Decimal(item.base_quantity),
        discount_percent=Decimal(random.choice(_DISCOUNTS)),
        vat_category=category,
        vat_rate=Decimal(rate),
    )


def _staged(random: Random, now: datetime, seconds: float) -> Iterator[Cue]:
    """The scenes, early enough that what they show is over when the last ordinary order is."""
    bracket, _, housing, *_ = ITEMS
    motor = next(item for item in ITEMS if item.item_id.startswith("BU-MOTOR"))
    grease = next(item for item in ITEMS if item.item_id.startswith("ST-GREASE"))
    automatic = [customer for customer in CUSTOMERS if customer.confirmation == "automatic"]

    def staged(scene: Scene, *items: Item) -> OrderPlaced:
        return _order(random, now, scene.order_id, random.choice(automatic), *items)

    def with_quantity(order: OrderPlaced, quantity: int) -> OrderPlaced:
        first = msgspec.structs.replace(order.lines[0], quantity=Decimal(quantity))
        return msgspec.structs.replace(order, lines=(first, *order.lines[1:]))

    twice = staged(DUPLICATE, grease)
    yield Cue(0.10 * seconds, twice)
    yield Cue(0.14 * seconds, twice)

    early = staged(EARLY, motor)
    yield Cue(0.05 * seconds, _accepted_early(early, now))
    yield Cue(0.10 * seconds, early)

    yield Cue(0.95 * seconds, with_quantity(staged(OVER_LIMIT, housing), 90_000))
    yield Cue(0.10 * seconds, with_quantity(staged(INVALID, bracket), -5))
    yield Cue(0.02 * seconds, staged(STALLED, bracket, grease))
    yield Cue(0.15 * seconds, with_quantity(staged(PARTIAL, grease), 50))
    yield Cue(0.20 * seconds, staged(MISKEYED, bracket, motor), wrong_partition=True)

    cancelled = staged(CANCELLED, housing)
    yield Cue(0.15 * seconds, cancelled)
    yield Cue(0.15 * seconds + 2, _cancellation(cancelled, now))

    changed = with_quantity(staged(CHANGED, bracket, grease), 120)
    yield Cue(0.15 * seconds, changed)
    yield Cue(0.15 * seconds + 2, _amendment(changed, _line(random, "3", motor, _buyer(changed)), now))

    yield Cue(0.20 * seconds, staged(REJECTED, housing))


def _buyer(order: OrderPlaced) -> Customer:
    return next(customer for customer in CUSTOMERS if customer.customer_id == order.customer_id)


def _accepted_early(order: OrderPlaced, now: datetime) -> StatusReported:
    return StatusReported(
        event_id=f"{order.order_id}-early",
        source="demo-procurement",
        occurred_at=now,
        order_id=order.order_id,
        work_order_id=work_order_id(order.order_id, "procurement"),
        department="procurement",
        kind="accepted",
    )


def _cancellation(order: OrderPlaced, now: datetime) -> OrderCancelled:
    return OrderCancelled(
        event_id=f"{order.order_id}-cancelled",
        source=SHOP,
        occurred_at=now,
        order_id=order.order_id,
        reason="the project was stopped",
    )


def _amendment(order: OrderPlaced, added: OrderLine, now: datetime) -> OrderChanged:
    lower = msgspec.structs.replace(order.lines[0], quantity=order.lines[0].quantity / 2)
    return OrderChanged(
        event_id=f"{order.order_id}-changed",
        source=SHOP,
        occurred_at=now,
        order_id=order.order_id,
        revision=1,
        changes=(LineChange("change", lower.line_id, lower), LineChange("add", added.line_id, added)),
        reason="half as many brackets, and a motor",
    )
