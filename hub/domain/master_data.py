"""What lies with a customer's account beside it, so that its answer can tell an order: items and purchase orders.

Item master data is kept in every partition, for any customer may order any item. A purchase order number is remembered
for as long as the policy says, so the memory is bounded by what the customer orders in that time.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from hub.domain.events import CreditRequested, DuplicateCleared
from hub.domain.ids import effect_id, fingerprint
from hub.domain.items import Item
from hub.domain.model import Frozen

ACCOUNTS = "/orderhub/credit"
"""CloudEvents source of what customers' accounts tell orders."""
_MOST_ORDERS = 8
"""Orders remembered of one purchase order number: the first and the latest others."""


class KeptItem(Frozen, kw_only=True):
    """An item as it lies in one partition. Stored under address|item_id."""

    item: Item
    since: datetime
    """When this became so; older news does not replace it."""


class PurchaseOrder(Frozen, kw_only=True):
    """Which orders a customer has placed under one number. Stored under customer_id||fingerprint of the number."""

    customer_id: str
    number: str
    """As the first order had it."""
    orders: tuple[str, ...]
    """Order ids, in the order in which the account heard of them."""
    until: datetime
    """When it is forgotten."""


class Knowledge(Frozen, kw_only=True):
    """What is known of the items and the purchase order that a request asks about."""

    items: tuple[Item, ...] = ()
    duplicate_of: str = ""
    """Another order of the same customer with the same number."""


NOTHING_KNOWN = Knowledge()


def number_mark(purchase_order: str) -> str:
    """What a number is remembered by: 16 hex digits, the same for numbers that differ in case and spaces only."""
    return fingerprint("".join(purchase_order.split()).casefold()).hex()


def claim(
    known: PurchaseOrder | None, customer_id: str, number: str, order_id: str, *, now: datetime, until: datetime
) -> tuple[PurchaseOrder, str]:
    """The number with the order among those placed under it, and an order that came before it with the same one."""
    if known is None or known.until <= now:
        return PurchaseOrder(customer_id=customer_id, number=number, orders=(order_id,), until=until), ""
    before = known.orders
    if order_id in before:
        return known, before[0] if before[0] != order_id else ""
    orders = (*before, order_id)
    if len(orders) > _MOST_ORDERS:
        orders = (orders[0], *orders[2:])
    return replace(known, orders=orders, until=until), before[0]


def give_up(known: PurchaseOrder, order_id: str) -> PurchaseOrder | None:
    """The number without an order that was cancelled; None when no other has it."""
    orders = tuple(each for each in known.orders if each != order_id)
    return replace(known, orders=orders) if orders else None


def clear(
    before: PurchaseOrder | None, after: PurchaseOrder | None, request: CreditRequested, now: datetime
) -> DuplicateCleared | None:
    """What the order hears that has become the first under its number, for `request` gave up the one before it."""
    if before is None or after is None or before.orders[0] == after.orders[0]:
        return None
    return DuplicateCleared(
        event_id=effect_id(after.orders[0], request.source, request.event_id, 0),
        source=ACCOUNTS,
        occurred_at=now,
        order_id=after.orders[0],
        customer_id=after.customer_id,
        purchase_order=after.number,
        duplicate_of=request.order_id,
    )


def newest(kept: KeptItem | None, item: Item, since: datetime) -> KeptItem | None:
    """What is to be kept of an item from now on; None if what is kept is newer."""
    if kept is not None and since < kept.since:
        return None
    return KeptItem(item=item, since=since)
