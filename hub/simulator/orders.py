"""What customers do by themselves: ordinary orders from a seed, and the staged ones where a scenario has them.

The script is the same for the same seed but for its dates, which follow the day it is played on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from msgspec.structs import replace as with_fields

from hub.domain.events import CustomerUpdated, OrderCancelled, OrderChanged, OrderEvent, OrderPlaced, StatusReported
from hub.domain.ids import work_order_id
from hub.domain.model import LineChange, OrderLine
from hub.domain.money import quantum, round_to
from hub.simulator.company import CUSTOMERS, EURO_RATES, ITEMS, Customer, Item
from hub.simulator.conduct import CustomerHabits, draw
from hub.simulator.scenes import (
    CANCELLED,
    CHANGED,
    DUPLICATE,
    EARLY,
    INVALID,
    MISKEYED,
    OVER_LIMIT,
    PARTIAL,
    REJECTED,
    SCENES,
    STALLED,
    Scene,
)

SHOP = "simulated-shop"
CRM = "simulated-crm"
_LIMITS_HOLD = 300
"""Ordinary orders the customers' credit limits are made for."""
_AGAIN_SECONDS = 3.0
_DISCOUNTS = ("0", "0", "0", "0", "3", "5", "12.5")


@dataclass(frozen=True, slots=True)
class Cue:
    """One record to send, and when."""

    at: float
    """Seconds from the beginning."""
    event: OrderEvent
    wrong_partition: bool = False
    """Sent where a producer with another partitioner would put it."""


@dataclass(frozen=True, slots=True)
class Playing:
    """One performance: how many orders in how many seconds, from which seed, under which names."""

    orders: int
    seconds: float
    seed: int
    prefix: str = "SO-"
    """Of the ordinary orders' ids."""
    customers: str = ""
    """Before every customer's id, where others are on the same hub."""

    def buyers(self) -> tuple[Customer, ...]:
        """The customers as this performance calls them."""
        return tuple(replace(each, customer_id=f"{self.customers}{each.customer_id}") for each in CUSTOMERS)


def terms(now: datetime, playing: Playing, credit: float = 1.0) -> Iterator[CustomerUpdated]:
    """The customers' terms, their limits wide enough for all ordinary orders, or a part of that."""
    times = Decimal(-(-playing.orders // _LIMITS_HOLD)) * Decimal(str(credit))
    for customer in playing.buyers():
        yield CustomerUpdated(
            event_id=f"{customer.customer_id}-terms-{playing.prefix}",
            source=CRM,
            occurred_at=now,
            customer_id=customer.customer_id,
            name=customer.name,
            currency=customer.currency,
            credit_limit=round_to(customer.credit_limit * times, Decimal(1)),
            confirmation=customer.confirmation,
            party=customer.party,
        )


def play(now: datetime, playing: Playing, habits: CustomerHabits, *, staged: bool) -> list[Cue]:
    """The script in order of time: all orders, the staged ones among them, and those that are placed again."""
    random = Random(playing.seed)  # noqa: S311 - a script, not a secret
    buyers = playing.buyers()
    ordinary = [
        Cue(
            random.uniform(0, playing.seconds),
            _order(random, now, f"{playing.prefix}{number:05d}", random.choice(buyers)),
        )
        for number in range(1, playing.orders + 1 - (len(SCENES) if staged else 0))
    ]
    again = [
        _again(cue)
        for cue in ordinary
        if draw(habits, str(playing.seed), cue.event.order_id.removeprefix(playing.prefix)).duplicating
    ]
    scenes = _staged(random, now, playing.seconds, buyers) if staged else ()
    cues = sorted([*ordinary, *again, *scenes], key=lambda cue: cue.at)
    first: dict[str, float] = {}
    for cue in cues:
        first.setdefault(cue.event.event_id, cue.at)
    return [_happening(cue, now, first[cue.event.event_id]) for cue in cues]


def _happening(cue: Cue, now: datetime, at: float) -> Cue:
    """The cue with the time at which its event happens: when it is sent first."""
    return replace(cue, event=with_fields(cue.event, occurred_at=now + timedelta(seconds=at)))


def _again(cue: Cue) -> Cue:
    """The same purchase order, a little later and as another order."""
    order_id = f"{cue.event.order_id}B"
    return Cue(cue.at + _AGAIN_SECONDS, with_fields(cue.event, order_id=order_id, event_id=f"{order_id}-placed"))


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
        requested_delivery=(now + timedelta(days=17 if urgent else random.randint(21, 45))).date(),
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


def _staged(random: Random, now: datetime, seconds: float, buyers: Sequence[Customer]) -> Iterator[Cue]:
    """The scenes, early enough that what they show is over when the last ordinary order is."""
    bracket, _, housing, *_ = ITEMS
    motor = next(item for item in ITEMS if item.item_id.startswith("BU-MOTOR"))
    grease = next(item for item in ITEMS if item.item_id.startswith("ST-GREASE"))
    automatic = [customer for customer in buyers if customer.confirmation == "automatic"]

    def staged(scene: Scene, *items: Item) -> OrderPlaced:
        return _order(random, now, scene.order_id, random.choice(automatic), *items)

    def with_quantity(order: OrderPlaced, quantity: int) -> OrderPlaced:
        first = with_fields(order.lines[0], quantity=Decimal(quantity))
        return with_fields(order, lines=(first, *order.lines[1:]))

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
    yield Cue(0.15 * seconds + 2, _amendment(changed, _line(random, "3", motor, _buyer(changed, buyers)), now))

    yield Cue(0.20 * seconds, staged(REJECTED, housing))


def _buyer(order: OrderPlaced, buyers: Sequence[Customer]) -> Customer:
    return next(customer for customer in buyers if customer.customer_id == order.customer_id)


def _accepted_early(order: OrderPlaced, now: datetime) -> StatusReported:
    return StatusReported(
        event_id=f"{order.order_id}-early",
        source="simulated-procurement",
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
    lower = with_fields(order.lines[0], quantity=order.lines[0].quantity / 2)
    return OrderChanged(
        event_id=f"{order.order_id}-changed",
        source=SHOP,
        occurred_at=now,
        order_id=order.order_id,
        revision=1,
        changes=(LineChange("change", lower.line_id, lower), LineChange("add", added.line_id, added)),
        reason="half as many brackets, and a motor",
    )
