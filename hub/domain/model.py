"""The values an order is made of. Terms follow EN 16931 (BT-n) and UBL/Peppol."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal, dataclass_transform

import msgspec

Department = Literal["production", "procurement", "logistics"]
DEPARTMENTS: tuple[Department, ...] = ("production", "procurement", "logistics")

VatCategory = Literal["S", "Z", "E", "AE", "K", "G", "O"]
"""UNCL 5305 codes used by EN 16931 (BT-151)."""


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Frozen(msgspec.Struct, frozen=True, gc=False, omit_defaults=False):
    """Base of all values: immutable and compared by content.

    `gc=False` keeps millions of them out of the cyclic collector; values never form cycles.
    """


class Address(Frozen):
    """Deliver-to address (BG-15)."""

    name: str
    street: str
    city: str
    postal_code: str
    country: str
    """ISO 3166-1 alpha-2 (BT-80)."""


class LineGroup(Frozen):
    """Lines of an order that belong together."""

    name: str
    together: Literal["shipped", "delivered"]
    """shipped: from one place, at once. delivered: at once, from wherever they come."""


class OrderLine(Frozen):
    """One line as the buyer ordered it (BG-25)."""

    line_id: str
    """BT-126, unique in the order."""
    item_id: str
    """Seller's item identifier (BT-155)."""
    description: str
    quantity: Decimal
    """Ordered quantity (BT-129), positive, at most 6 decimals."""
    unit: str
    """UN/ECE Recommendation 20 code (BT-130), e.g. C62, KGM, TNE."""
    price: Decimal
    """Item net price (BT-146) before `discount_percent`, in the order's currency, not negative."""
    base_quantity: Decimal
    """Quantity the price is for (BT-149), positive."""
    discount_percent: Decimal
    """Line allowance percentage (BT-138), 0 to 100."""
    vat_category: VatCategory
    vat_rate: Decimal
    """Percent (BT-152)."""
    requested_delivery: date | None = None
    group: LineGroup | None = None
    """The lines it belongs with, which name the same group; None: it comes as it can."""


class LineChange(Frozen):
    """What an amendment does to one line (UBL OrderChange LineStatusCode)."""

    action: Literal["add", "change", "delete"]
    line_id: str
    line: OrderLine | None = None
    """The line as it shall be; absent on delete."""


class LineQuantity(Frozen):
    """A quantity of one line, in the line's unit unless `unit` says otherwise."""

    line_id: str
    quantity: Decimal
    unit: str | None = None
