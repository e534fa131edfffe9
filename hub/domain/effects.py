"""What a decision makes happen: each is a message with its topic in `hub.topics` and its Avro record in `schemas/`.

Ids are deterministic (`hub.domain.ids`): the same decision always names the same effects, so a consumer that
deduplicates on `event_id` is safe even across a restored backup.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from hub.domain.customer import NotificationKind
from hub.domain.events import CapacityRequested, CreditRequested, OrderFact
from hub.domain.model import Address, Adjustment, Department, Frozen, LineGroup, VatCategory


class WorkOrderLine(Frozen):
    """What a department has to supply of one line. No prices: they are not its business."""

    line_id: str
    item_id: str
    description: str
    quantity: Decimal
    unit: str
    requested_delivery: date | None
    node: str = ""
    """Which of the department's plants, suppliers or warehouses; of goods to ship, where they are. Empty: as the
    department sees fit. A line that several nodes supply is named once for each."""
    ready_on: date | None = None
    """When the node is expected to have it ready, as the rules reckon."""
    group: LineGroup | None = None
    """Lines of a group are to be shipped, or to arrive, at once."""


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
    """Who has to see to it: a queue until it is assigned, then a person."""
    detail: str
    priority: int = 3
    """1 is worked first, 5 last."""
    root: str = ""
    """What the trouble comes from, in the same words for every order it concerns: `procurement: ACME`."""
    case_id: str = ""
    """Equal for all exceptions of the same kind and root, whichever order they are of: together they are one case."""
    opened_at: datetime | None = None
    """When the fact behind it happened."""
    department: str = ""
    """In whose hands it is, of what the monitor found; empty if it is not one department's."""


class SettledLine(Frozen):
    """One line of a settlement: what it bills or credits, and its net amount (BT-131)."""

    line_id: str
    """BT-126: the order line's own."""
    item_id: str
    """BT-155."""
    description: str
    """BT-153."""
    ordered: Decimal
    """As the latest revision has it."""
    delivered: Decimal
    """Delivered and kept by the time of this settlement, whatever other settlements bill of it."""
    quantity: Decimal
    """BT-129: what this settlement bills, or credits if it is a credit note; positive, or 0 where a line is named only
    because what is charged or credited beside it is about it (cancellation, early-payment)."""
    unit: str
    """BT-130."""
    price: Decimal
    """BT-146."""
    base_quantity: Decimal
    """BT-149."""
    allowance: Decimal
    """Sum of BT-136."""
    net_amount: Decimal
    vat_category: VatCategory
    vat_rate: Decimal
    event_ids: tuple[str, ...]
    """The status reports the quantity came from."""
    charge: Decimal = Decimal(0)
    """Sum of BT-141."""
    adjustments: tuple[Adjustment, ...] = ()
    """What `allowance` and `charge` are the sums of; empty where there is the line's discount at most."""


AdjustmentRole = Literal["", "discount", "agreed", "once", "penalty", "charge", "early-payment"]
"""What an allowance or charge is for. discount, agreed: what the order allows and charges in proportion to the goods.
once: what it charges once, whatever comes of it. penalty: late delivery. charge: what was cancelled too late.
early-payment: paying early. Empty where nobody said."""


class SettledAdjustment(Frozen):
    """A document level allowance (BG-20) or charge (BG-21) of a settlement, and where it comes from."""

    kind: Literal["allowance", "charge"]
    amount: Decimal
    """BT-92, BT-99; positive."""
    vat_category: VatCategory
    vat_rate: Decimal
    percent: Decimal | None
    """BT-94, BT-101."""
    base_amount: Decimal | None
    """BT-93, BT-100: what `percent` was taken of."""
    reason_code: str
    """UNCL 5189 for an allowance (BT-98), UNCL 7161 for a charge (BT-105)."""
    reason: str
    """BT-97, BT-104."""
    event_ids: tuple[str, ...]
    """The events it follows from."""
    role: AdjustmentRole = ""


class VatBreakdown(Frozen):
    """BG-23: one row per VAT category and rate."""

    category: VatCategory
    rate: Decimal
    taxable_amount: Decimal
    """BT-116."""
    tax_amount: Decimal
    """BT-117."""


DifferenceKind = Literal["short", "over", "cancelled", "returned", "rounding"]


class Difference(Frozen):
    """Why what is settled is not what was ordered.

    Stated by the settlement that closes the order, and by later ones as far as they change it; negative when a later
    one takes a difference back.
    """

    line_id: str
    """Empty for rounding, which is about a VAT category and rate as a whole."""
    kind: DifferenceKind
    quantity: Decimal
    amount: Decimal
    """Net, after the line's discount. Of `rounding`: what one document over everything would come to above the sum
    of the settlements, of the taxable amount and of the VAT each."""
    detail: str


SettlementKind = Literal["invoice", "credit-note"]
"""BT-3: 380 or 381."""

SettlementCause = Literal[
    "delivery", "close", "supplement", "return", "cancellation", "reversal", "replacement", "early-payment"
]
"""delivery: one of several by contract. close: everything wanted was delivered. supplement: delivered after that.
return: sent back, or found never to have arrived. cancellation: what a cancelled order is charged. reversal,
replacement: a correction's two halves. early-payment: what paying early saves."""


class SettlementRecorded(OrderFact, kw_only=True):
    """settlements: the record finance books. Amounts in `currency`, rounded to its minor unit.

    Amounts are those of the document and, as on paper, positive on a credit note too; `kind` says which way they count.
    """

    settlement_id: str
    """BT-1."""
    kind: SettlementKind
    cause: SettlementCause
    preceding: tuple[str, ...]
    """BT-25: the settlements this one credits, reverses or replaces."""
    customer_id: str
    """BT-46."""
    purchase_order: str
    """BT-13."""
    currency: str
    """BT-5."""
    deliver_to: Address
    """BG-15."""
    delivered_on: date | None
    """BT-72: when the last of its goods arrived; absent when it bills none."""
    payment_due: date | None
    """BT-9; absent on a credit note."""
    payment_terms: str
    """BT-20, among them what early payment saves; may be empty."""
    lines: tuple[SettledLine, ...]
    adjustments: tuple[SettledAdjustment, ...]
    vat: tuple[VatBreakdown, ...]
    line_total: Decimal
    """BT-106, sum of line net amounts."""
    allowance_total: Decimal
    """BT-107, document level allowances."""
    charge_total: Decimal
    """BT-108, document level charges."""
    tax_exclusive: Decimal
    """BT-109."""
    tax_total: Decimal
    """BT-110."""
    tax_inclusive: Decimal
    """BT-112."""
    prepaid: Decimal
    """BT-113."""
    rounding: Decimal
    """BT-114."""
    payable: Decimal
    """BT-115."""
    tax_currency: str
    """BT-6, the VAT accounting currency if it is another than `currency`, else empty."""
    tax_total_accounting: Decimal | None
    """BT-111: `tax_total` in `tax_currency`."""
    differences: tuple[Difference, ...]


PostingCause = Literal[
    "delivery",
    "close",
    "supplement",
    "return",
    "cancellation",
    "reversal",
    "replacement",
    "early-payment",
    "payment",
]
"""A `SettlementCause`, or a payment."""


class PostedEntry(Frozen):
    """One side of a posting; either debit or credit is 0, the other positive."""

    account: str
    debit: Decimal
    credit: Decimal
    settlement_id: str
    """The settlement whose claim it is about; empty for money that no settlement claims."""


class SettlementPosted(OrderFact, kw_only=True):
    """settlements.journal: the double entry of one settlement or one payment. Debits equal credits."""

    customer_id: str
    settlement_id: str
    """Empty for a payment: its entries name the settlements it pays."""
    cause: PostingCause
    currency: str
    entries: tuple[PostedEntry, ...]
    event_ids: tuple[str, ...]
    """The events it came from."""


class DeadLettered(Frozen, kw_only=True):
    """hub.dead-letter: original bytes that could not take effect after all (a parked event past its deadline)."""

    raw: bytes
    code: str
    reason: str
    topic: str
    partition: int
    offset: int


Effect = (
    WorkOrderIssued
    | CustomerNotified
    | ExceptionRaised
    | SettlementRecorded
    | SettlementPosted
    | CreditRequested
    | CapacityRequested
    | DeadLettered
)
