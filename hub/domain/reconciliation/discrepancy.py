"""What a reconciliation finds, and the tolerances it finds it with."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from hub.domain.model import Frozen
from hub.domain.order import ZERO
from hub.domain.reconciliation.causes import CAUSES, Kind, Side

_HUNDRED = Decimal(100)


class Discrepancy(Frozen, kw_only=True):
    """One difference between two sides, explained as far as it is."""

    cause: str
    """One of `CAUSES`."""
    amount: Decimal
    """By how much the later side exceeds the earlier, with VAT, in `currency`: negative where it is less. Of goods on a
    list it is the net amount at the order's price."""
    currency: str
    quantity: Decimal = ZERO
    """The same in goods, in the order line's unit; 0 where it is not about goods."""
    order_id: str = ""
    line_id: str = ""
    customer_id: str = ""
    item_id: str = ""
    settlements: tuple[str, ...] = ()
    event_ids: tuple[str, ...] = ()
    """The events behind it."""
    stated: tuple[str, ...] = ()
    """Items of lists it is about, each as `statement item`."""
    tolerated: bool = False
    """Within the tolerances that hold for its item and customer."""

    @property
    def kind(self) -> Kind:
        """What kind of difference it is."""
        return CAUSES[self.cause].kind

    @property
    def side(self) -> Side:
        """Between what it is found."""
        return CAUSES[self.cause].side

    @property
    def open(self) -> bool:
        """Whether somebody has to look at it."""
        return not (self.tolerated or CAUSES[self.cause].explained)

    def as_tolerated(self) -> Discrepancy:
        """The same within tolerance."""
        return replace(self, tolerated=True)


class Tolerance(Frozen, kw_only=True, forbid_unknown_fields=True):
    """How much two sides may differ without anybody looking; what is absent is left to the less special tolerance."""

    quantity: Decimal | None = None
    """In the order line's unit."""
    price: Decimal | None = None
    """For one unit, in the order's currency."""
    amount: Decimal | None = None
    """In the order's currency."""
    percent: Decimal | None = None
    """Of the quantity, price or amount that was to be expected."""

    def __post_init__(self) -> None:
        """Refuses what is negative or no number."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is not None and not (value.is_finite() and value >= 0):
                raise ValueError(f"{name} is {value}; give a number that is not negative")


class Tolerances(Frozen, kw_only=True, forbid_unknown_fields=True):
    """Tolerances by item, by customer, and for all others: each measure is the first of them that names it."""

    default: Tolerance = Tolerance()
    customers: Mapping[str, Tolerance] = msgspec.field(default_factory=dict)
    items: Mapping[str, Tolerance] = msgspec.field(default_factory=dict)

    def allow(self, found: Discrepancy, expected: Decimal, price_off: Decimal | None = None) -> bool:
        """Whether a difference is within one of the limits that hold for it.

        `expected`: the quantity, or without one the amount, it is a difference of. `price_off`: by how much the price
        of one unit differs; then `expected` is that price.
        """
        if _within(self._limit(found, "amount"), abs(found.amount)):
            return True
        if price_off is not None:
            return _within(self._limit(found, "price"), price_off) or self._share(found, price_off, expected)
        if found.quantity and found.kind not in ("price", "tax"):
            quantity = abs(found.quantity)
            return _within(self._limit(found, "quantity"), quantity) or self._share(found, quantity, expected)
        return self._share(found, abs(found.amount), expected)

    def _share(self, found: Discrepancy, off: Decimal, expected: Decimal) -> bool:
        percent = self._limit(found, "percent")
        return percent is not None and off <= abs(expected) * percent / _HUNDRED

    def _limit(self, found: Discrepancy, measure: str) -> Decimal | None:
        for tolerance in (self.items.get(found.item_id), self.customers.get(found.customer_id), self.default):
            limit: Decimal | None = None if tolerance is None else getattr(tolerance, measure)
            if limit is not None:
                return limit
        return None


def _within(limit: Decimal | None, off: Decimal) -> bool:
    return limit is not None and off <= limit
