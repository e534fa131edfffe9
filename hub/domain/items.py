"""Item master data: what the company knows about what it sells, and whether an order for it makes sense."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from hub.domain.model import Frozen
from hub.domain.money import CURRENCIES
from hub.domain.units import convert

Supply = Literal["", "make", "buy", "stock"]
"""How an item is come by; empty: nobody said."""

ItemStatus = Literal["active", "blocked", "discontinued"]

_LONGEST_TEXT = 100
_MOST_UNITS = 20
_HUNDRED = Decimal(100)
_ONE = Decimal(1)


class ItemUnit(Frozen, kw_only=True):
    """A unit an item is sold in beside its own."""

    unit: str
    """UN/ECE Recommendation 20 code, e.g. BX for a box."""
    quantity: Decimal
    """So much of the item's own unit is in one."""


class Item(Frozen, kw_only=True):
    """One item. What is empty or absent nobody said."""

    item_id: str
    item_class: str = ""
    """What rules call a group of items by."""
    unit: str = ""
    """Its own unit (UN/ECE Recommendation 20): that of all quantities here."""
    units: tuple[ItemUnit, ...] = ()
    """Others it is sold in, beside those that convert anyhow (12 C62 are 1 DZN)."""
    supply: Supply = ""
    status: ItemStatus = "active"
    replaced_by: str = ""
    """The item to order instead of a discontinued one."""
    list_price: Decimal | None = None
    """Of one unit, before discounts."""
    currency: str = ""
    """Of the list price."""
    min_quantity: Decimal | None = None
    """The least that can be ordered."""
    multiple_of: Decimal | None = None
    """What can be ordered is a multiple of this."""
    lead_days: int | None = None
    """So many days it takes from the order to the delivery."""
    over_delivery_percent: Decimal | None = None
    """How much more than ordered may be delivered."""
    under_delivery_percent: Decimal | None = None
    """How much less than ordered counts as all of it."""

    def mistake(self) -> str:
        """What makes no sense, empty if nothing."""
        return next(_mistakes(self), "")


def _mistakes(item: Item) -> Iterator[str]:
    texts = (item.item_id, item.item_class, item.unit, item.replaced_by, *(each.unit for each in item.units))
    if not item.item_id:
        yield "item_id is empty; give the seller's item identifier"
    if any(len(text) > _LONGEST_TEXT for text in texts) or len(item.units) > _MOST_UNITS:
        yield f"a text is longer than {_LONGEST_TEXT} characters, or there are more than {_MOST_UNITS} units"
    if item.list_price is not None and item.currency not in CURRENCIES:
        yield f"currency is {item.currency!r}; give the ISO 4217 code of the list price"
    if item.list_price is not None and not _is_number(item.list_price):
        yield f"list_price is {item.list_price}; give a number of 0 or more"
    quantities = {"min_quantity": item.min_quantity, "multiple_of": item.multiple_of}
    quantities |= {f"units[{each.unit}].quantity": each.quantity for each in item.units}
    for name, quantity in quantities.items():
        if quantity is not None and not (_is_number(quantity) and quantity):
            yield f"{name} is {quantity}; give a number above 0"
    for name in ("over_delivery_percent", "under_delivery_percent"):
        percent = getattr(item, name)
        if percent is not None and not (_is_number(percent) and percent <= _HUNDRED):
            yield f"{name} is {percent}; give 0 to 100"
    if item.lead_days is not None and item.lead_days < 0:
        yield f"lead_days is {item.lead_days}; give 0 or more"


def in_item_unit(item: Item, quantity: Decimal, unit: str) -> Decimal | None:
    """A quantity of `unit` in the item's own; None when the item is not sold in it. Without a unit, any is its own."""
    for each in item.units:
        if each.unit == unit:
            return quantity * each.quantity
    return convert(quantity, unit, item.unit or unit)


def convert_of(item: Item | None, quantity: Decimal, unit: str | None, to: str) -> Decimal | None:
    """`quantity` of `unit` in the unit `to`, by factors declared for all items or for this one; None without any."""
    converted = convert(quantity, unit, to)
    if converted is not None or item is None or unit is None:
        return converted
    own, one = in_item_unit(item, quantity, unit), in_item_unit(item, _ONE, to)
    return None if own is None or not one else own / one


def _is_number(value: Decimal) -> bool:
    return value.is_finite() and value >= 0 and value.adjusted() <= 11 and value == round(value, 6)
