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


class Adjustment(Frozen):
    """An allowance or charge beside the price: of a line BG-27 or BG-28, of a document BG-20 or BG-21.

    It is an amount, or a percentage of a base amount. A percentage without one is of what the line comes to by
    quantity and price; a document's is of the net amounts of the lines of the same VAT category and rate.
    """

    kind: Literal["allowance", "charge"]
    amount: Decimal | None = None
    """BT-136, BT-141; BT-92, BT-99. Not negative: `kind` says which way it counts."""
    percent: Decimal | None = None
    """BT-138, BT-143; BT-94, BT-101; 0 to 100 for an allowance."""
    base_amount: Decimal | None = None
    """BT-137, BT-142; BT-93, BT-100."""
    reason: str = ""
    """BT-139, BT-144; BT-97, BT-104."""
    reason_code: str = ""
    """BT-140, BT-145 and BT-98, BT-105: UNCL 5189 (allowance) or UNCL 7161 (charge)."""


class OrderAdjustment(Adjustment, kw_only=True):
    """What is allowed (BG-20) or charged (BG-21) on an order as a whole."""

    vat_category: VatCategory | None = None
    """BT-95, BT-102; None: those of the goods, each by its part."""
    vat_rate: Decimal = Decimal(0)
    """Percent (BT-96, BT-103)."""


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
    """Line allowance percentage (BT-138), 0 to 100: the discount, beside `adjustments`."""
    vat_category: VatCategory
    vat_rate: Decimal
    """Percent (BT-152)."""
    requested_delivery: date | None = None
    group: LineGroup | None = None
    """The lines it belongs with, which name the same group; None: it comes as it can."""
    adjustments: tuple[Adjustment, ...] = ()
    """What else is allowed (BG-27) and charged (BG-28) on the line; amounts are for `quantity`, and part of it has its
    part of them."""


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
