"""Past-tense facts the hub consumes. Every one is an Avro record in `schemas/` of the same name.

Each begins with the same attributes, the CloudEvents ones: `event_id` is unique per source, `occurred_at`
is when the fact happened (aware UTC), `source` who says so, `sequence` the source's own counter if it has one.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal, get_args

from hub.domain.credit_terms import NO_TERMS, CreditTerms
from hub.domain.customer import CustomerFacts, NotificationKind
from hub.domain.items import Item
from hub.domain.model import Address, Department, Frozen, LineChange, LineQuantity, OrderAdjustment, OrderLine
from hub.domain.party import Party


class Fact(Frozen, kw_only=True):
    """What every event carries."""

    event_id: str
    """Unique per source: an event of the same id and source is the same event."""
    source: str
    """Who says so."""
    occurred_at: datetime
    """When the fact happened, not when it was sent."""
    sequence: int | None = None
    """The source's own counter, if it has one: rises with every event of the source on one subject."""


class OrderFact(Fact, kw_only=True):
    """An event about one order."""

    order_id: str


# --- orders.events -------------------------------------------------------------------------------


class OrderPlaced(OrderFact, kw_only=True):
    """The buyer placed an order (UBL Order)."""

    customer_id: str
    purchase_order: str
    """The buyer's own number (BT-13)."""
    currency: str
    """ISO 4217 (BT-5)."""
    lines: tuple[OrderLine, ...]
    deliver_to: Address
    discount_percent: Decimal = Decimal(0)
    """Document level allowance percentage (BT-94), 0 to 100, over every line: the discount, beside `adjustments`."""
    requested_delivery: date | None = None
    seller_id: str = ""
    priority: Literal["normal", "urgent"] = "normal"
    locale: str = ""
    """BCP 47, of what the customer is told; empty: as the customer prefers."""
    note: str = ""
    settlement: Literal["", "at-close", "per-delivery"] = ""
    """By contract, one settlement when all is delivered or one for each delivery; empty: as the policy says."""
    adjustments: tuple[OrderAdjustment, ...] = ()
    """What else is allowed (BG-20) and charged (BG-21) on the order: freight, packaging, insurance."""


class OrderChanged(OrderFact, kw_only=True):
    """The buyer amended the order (UBL OrderChange). `revision` counts from 1 and has no gaps."""

    revision: int
    changes: tuple[LineChange, ...] = ()
    reason: str = ""
    deliver_to: Address | None = None
    """Where what is not on its way yet shall go; absent: as it was."""
    requested_delivery: date | None = None
    """When the order is wanted, of lines without a date of their own; absent: as it was."""
    discount_percent: Decimal | None = None
    """The order's discount as it shall be; absent: as it was."""
    adjustments: tuple[OrderAdjustment, ...] | None = None
    """All that is allowed and charged on the order, as it shall be; absent: as it was."""
    currency: str = ""
    """ISO 4217, of its amounts (BT-5): one that is not the order's is refused; empty: the order's."""


class OrderCancelled(OrderFact, kw_only=True):
    """The buyer cancelled what can still be cancelled (UBL OrderCancellation)."""

    reason: str = ""


class OrderConfirmed(OrderFact, kw_only=True):
    """The buyer answered the request for confirmation."""

    accepted: bool = True
    reason: str = ""


class OrderPaid(OrderFact, kw_only=True):
    """A payment for the order arrived, or money was sent back to the customer."""

    amount: Decimal
    """Negative: sent back, of what was paid beyond the claims of an order that is over."""
    currency: str


# --- production.status, procurement.status, logistics.status ---------------------------------------

StatusKind = Literal[
    "accepted",
    "rejected",
    "scheduled",
    "produced",
    "received",
    "shipped",
    "delivered",
    "returned",
    "problem",
    "change-rejected",
]


class StatusReported(OrderFact, kw_only=True):
    """A department reports about a work order it was given."""

    work_order_id: str
    department: Department
    kind: StatusKind
    lines: tuple[LineQuantity, ...] = ()
    """Quantities this report adds (a delta, not a running total). Empty means all that the work order still lacks when
    the report is joined: give quantities where reports may overtake one another or the work order may grow. With
    change-rejected: what was taken back and is supplied all the same; empty means all of it."""
    expected_at: datetime | None = None
    """The department's new date, with `scheduled` and `problem`."""
    reason: str = ""
    reference: str = ""
    """The department's own document, e.g. a despatch advice number."""
    cause: str = ""
    """What is behind a problem or a new date, in the same words for every order it concerns: a supplier, a machine."""
    node: str = ""
    """Which of the department's nodes made or rejects it; empty: the department speaks for all of them."""


# --- orders.commands -------------------------------------------------------------------------------


Command = Literal[
    "hold",
    "release-hold",
    "override-credit",
    "reroute",
    "assign",
    "resolve",
    "close-short",
    "cancel",
    "correct-settlement",
]
COMMANDS: tuple[Command, ...] = get_args(Command)


class OperatorCommanded(OrderFact, kw_only=True):
    """An operator's action on an order; `owner` is who, `reason` why."""

    command: Command
    owner: str
    reason: str
    target: str = ""
    """What the command is about. hold: `kind` or `kind:line`; release-hold: the same, empty or `credit` to have the
    credit checked again; reroute: `line` or `line:department`; assign, resolve: the exception's id or kind;
    close-short: the line, empty for all, or `line:quantity` of what was reported delivered and never arrived;
    correct-settlement: the settlement; else empty."""
    role: str = ""
    """What entitles the owner to it: one of `rules/roles.yaml`. Who may write here is trusted to name the right one."""
    assignee: str = ""
    """assign: who shall see to it; empty: the owner."""


# --- customers.events (key: customer_id) -----------------------------------------------------------


class CustomerFact(Fact, kw_only=True):
    """An event about one customer."""

    customer_id: str


class CurrencyLimit(Frozen):
    """A credit limit in a currency, beside the one in the customer's own."""

    currency: str
    limit: Decimal


class CustomerUpdated(CustomerFact, kw_only=True):
    """Credit terms of a customer, whole: the latest replaces what was known."""

    name: str
    currency: str
    credit_limit: Decimal | None = None
    """Absent: as the customer's group has it, or else the company's default."""
    blocked: bool = False
    confirmation: Literal["automatic", "required"] = "automatic"
    payment_days: int = 30
    group: str = ""
    """Whose terms hold where the customer has none of its own; one of those the policy names."""
    credit_terms: CreditTerms = NO_TERMS
    """Thresholds of the credit rules for this customer; `credit_limit` is its limit, whatever they say of one."""
    party: Party | None = None
    """Who the customer is on an invoice (BG-7); absent keeps what was known."""
    locale: str = ""
    """BCP 47, of what the customer is told where an order does not say; empty: English."""
    notifications: tuple[NotificationKind, ...] | None = None
    """What the customer wants to be told; absent: everything. A request for confirmation is always sent."""
    over_delivery_percent: Decimal | None = None
    """How much more than ordered the customer takes and pays, where the item does not say; absent: as the company."""
    under_delivery_percent: Decimal | None = None
    """How much less than ordered counts as all of it, likewise."""
    other_limits: tuple[CurrencyLimit, ...] = ()
    """Other currencies the customer buys in on credit: each has its own limit, and its own exposure against it."""


class PaymentReceived(CustomerFact, kw_only=True):
    """The customer paid on account; reduces the exposure. What is paid for an order is an `OrderPaid`."""

    amount: Decimal
    currency: str
    order_id: str = ""
    """Empty: the order itself tells the account of its payments, so one that names an order is refused."""


# --- items.events (key: item_id) ---------------------------------------------------------------------


class ItemUpdated(Fact, kw_only=True):
    """Master data of an item, whole: the latest replaces what was known."""

    item: Item


# --- internal ----------------------------------------------------------------------------------------


class ItemCopied(Fact, kw_only=True):
    """items.copies: an item on its way to one partition."""

    address: str
    """A key that belongs on the partition."""
    item: Item


class CreditRequested(CustomerFact, kw_only=True):
    """credit.requests: the order asks its customer's account to reserve, and tells it what is owed and paid."""

    order_id: str
    revision: int
    action: Literal["reserve", "adjust", "settle", "release", "owe", "credit", "pay"]
    amount: Decimal
    """reserve, adjust: what the order needs reserved in all (an adjust to no more than is reserved is always granted,
    a reserve is checked by every rule). settle: what moves from reserved to receivable.
    release: ignored, everything still reserved is freed. owe: what becomes receivable without having been reserved.
    credit, pay: what is no longer receivable, as a credit note says or because it was paid."""
    currency: str
    override_by: str = ""
    due: date | None = None
    """settle, owe: the last day to pay it."""
    purchase_order: str = ""
    """reserve, adjust: the buyer's number, to be remembered and compared with others; release: to be forgotten."""
    items: tuple[str, ...] = ()
    """Items the order asks the master data of."""


class CreditCheck(Frozen):
    """One credit rule as it was applied: why a decision came out as it did."""

    rule: str
    value: str
    threshold: str
    passed: bool


class CreditDecided(OrderFact, kw_only=True):
    """credit.decisions: the account's answer to one request, itemised."""

    customer_id: str
    request_id: str
    """Event id of the request this answers."""
    revision: int
    granted: bool
    reserved: Decimal
    currency: str
    checks: tuple[CreditCheck, ...]
    confirmation: Literal["automatic", "required"] = "automatic"
    payment_days: int = 30
    """How long after the issue of a settlement the customer has to pay."""
    customer: CustomerFacts | None = None
    items: tuple[Item, ...] = ()
    """Those of the items asked about that are known."""
    duplicate_of: str = ""
    """Another order that the customer placed before under the same purchase order number, if the request named it."""


class DuplicateCleared(OrderFact, kw_only=True):
    """credit.decisions: the order is no duplicate any more: the one that came first under its number was cancelled."""

    customer_id: str
    purchase_order: str
    """The number, as the first order had it."""
    duplicate_of: str
    """The order that was cancelled."""


class CapacityLine(Frozen):
    """What an order wants of a node for one line."""

    line_id: str
    quantity: Decimal
    """In all, in `unit`."""
    unit: str
    firm: Decimal
    """How much of it the node has to take whatever its load: granted before, or given to it by an operator."""
    smallest_part: Decimal
    """Of what is not firm, the node takes at least this much or nothing, and leaves as much or nothing."""
    latest: date | None
    """The last day on which work on it can begin; None: any within the node's horizon."""


class CapacityRequested(Fact, kw_only=True):
    """capacity.requests: the order says what it wants of a node in all; this replaces what it said before."""

    node: str
    order_id: str
    entry: int
    """Of the order's journal: a request of an earlier entry does not replace that of a later one."""
    lines: tuple[CapacityLine, ...]
    """Empty: nothing any more."""


class CapacityGrant(Frozen):
    """What a node takes on of one line."""

    line_id: str
    quantity: Decimal
    """In all, in the line's unit; may be 0."""
    ready_on: date | None
    """When the last of it is ready."""


class CapacityDecided(OrderFact, kw_only=True):
    """capacity.decisions: a node's answer to one request."""

    node: str
    request_id: str
    """Event id of the request this answers."""
    lines: tuple[CapacityGrant, ...]


class TimerFired(OrderFact, kw_only=True):
    """A due time in the order's state has passed; `occurred_at` is the due time."""


OrderEvent = (
    OrderPlaced
    | OrderChanged
    | OrderCancelled
    | OrderConfirmed
    | OrderPaid
    | StatusReported
    | OperatorCommanded
    | CreditDecided
    | DuplicateCleared
    | CapacityDecided
    | TimerFired
)
CustomerEvent = CustomerUpdated | PaymentReceived | CreditRequested
ItemEvent = ItemUpdated | ItemCopied
