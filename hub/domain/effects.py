"""What a decision makes happen: each is a message with its topic in `hub.topics` and its Avro record in `schemas/`.

Ids are deterministic (`hub.domain.ids`): the same decision always names the same effects, so a consumer that
deduplicates on `event_id` is safe even across a restored backup.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from hub.domain.events import CreditRequested, OrderFact
from hub.domain.model import Address, Department, Frozen, VatCategory


class WorkOrderLine(Frozen):
    """What a department has to supply of one line. No prices: they are not its business."""

    line_id: str
    item_id: str
    description: str
    quantity: Decimal
    unit: str
    requested_delivery: date | None


class WorkOrderIssued(OrderFact, kw_only=True):
    """<department>.orders: create, change or cancel a department's work on one order.

    A change carries the work order's lines whole, as they shall be; a cancel carries none. Logistics is asked to
    ship what is available: its work order grows as production and procurement report.
    """

    work_order_id: str
    department: Department
    action: Literal["create", "change", "cancel"]
    revision: int
    """Of the work order: 1 when created, one more with each change."""
    lines: tuple[WorkOrderLine, ...]
    deliver_to: Address | None
    due: date | None
    priority: str
    rule: str
    """Which allocation rules chose the department, comma separated."""


NotificationKind = Literal[
    "received",
    "confirmation-requested",
    "confirmed",
    "refused",
    "changed",
    "delayed",
    "shipped",
    "delivered",
    "cancelled",
    "settled",
]


class CustomerNotified(OrderFact, kw_only=True):
    """customer.notifications: what the customer is told or asked."""

    customer_id: str
    kind: NotificationKind
    locale: str
    text: str


class ExceptionRaised(OrderFact, kw_only=True):
    """orders.exceptions: a problem a person has to look at was opened, assigned, escalated or closed."""

    exception_id: str
    kind: str
    action: Literal["opened", "assigned", "escalated", "closed"]
    severity: Literal["warning", "critical"]
    owner: str
    detail: str


class SettledLine(Frozen):
    """One line of a settlement: what was delivered, and its net amount (BT-131)."""

    line_id: str
    item_id: str
    ordered: Decimal
    delivered: Decimal
    unit: str
    price: Decimal
    base_quantity: Decimal
    allowance: Decimal
    net_amount: Decimal
    vat_category: VatCategory
    vat_rate: Decimal
    event_ids: tuple[str, ...]
    """The status reports the quantity came from."""


class VatBreakdown(Frozen):
    """BG-23: one row per VAT category and rate."""

    category: VatCategory
    rate: Decimal
    taxable_amount: Decimal
    """BT-116."""
    tax_amount: Decimal
    """BT-117."""


DifferenceKind = Literal["short", "over", "cancelled", "returned"]


class Difference(Frozen):
    """Why the settlement is not the order."""

    line_id: str
    kind: DifferenceKind
    quantity: Decimal
    amount: Decimal
    detail: str


class SettlementRecorded(OrderFact, kw_only=True):
    """settlements: the record finance books. Amounts in `currency`, rounded to its minor unit."""

    settlement_id: str
    customer_id: str
    purchase_order: str
    currency: str
    lines: tuple[SettledLine, ...]
    vat: tuple[VatBreakdown, ...]
    line_total: Decimal
    """BT-106, sum of line net amounts."""
    allowance_total: Decimal
    """BT-107, document level allowances."""
    tax_exclusive: Decimal
    """BT-109."""
    tax_total: Decimal
    """BT-110."""
    tax_inclusive: Decimal
    """BT-112."""
    prepaid: Decimal
    """BT-113."""
    payable: Decimal
    """BT-115."""
    differences: tuple[Difference, ...]


class DeadLettered(Frozen, kw_only=True):
    """hub.dead-letter: original bytes that could not take effect after all (a parked event past its deadline)."""

    raw: bytes
    code: str
    reason: str
    topic: str
    partition: int
    offset: int


Effect = WorkOrderIssued | CustomerNotified | ExceptionRaised | SettlementRecorded | CreditRequested | DeadLettered
