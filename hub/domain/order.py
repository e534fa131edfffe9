"""The state of one order: parallel axes, a ledger per line, and what it waits for.

Nothing here decides; see `hub.domain.decide`. The headline status is derived (`hub.domain.headline`), never stored.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from hub.domain.customer import CustomerFacts
from hub.domain.effects import SettlementCause, VatBreakdown
from hub.domain.events import CreditRequested
from hub.domain.holds import Hold
from hub.domain.items import Item, Supply
from hub.domain.model import Address, Department, Frozen, OrderAdjustment, OrderLine
from hub.domain.routing import OrderClass
from hub.domain.schedule import Schedule
from hub.domain.seen import NOTHING_SEEN, Seen

CommercialStatus = Literal["unknown", "received", "confirming", "confirmed", "fulfilled", "closed", "cancelled"]
"""unknown: only events that came before the order itself. fulfilled: all delivered and settled, not all paid."""

CreditStatus = Literal["none", "requested", "granted", "refused", "settled", "released"]

WorkStatus = Literal["none", "ordered", "accepted", "scheduled", "started", "done", "rejected", "cancelled"]
"""Of a department's work order on this order."""

BillingStatus = Literal["none", "prepaid", "due", "part-paid", "paid"]

SettlementContract = Literal["at-close", "per-delivery"]

ZERO = Decimal(0)


class Terms(Frozen):
    """What the buyer said about the order as a whole."""

    customer_id: str
    purchase_order: str
    currency: str
    deliver_to: Address
    discount_percent: Decimal
    requested_delivery: date | None
    seller_id: str
    priority: Literal["normal", "urgent"]
    locale: str
    note: str
    settlement: SettlementContract = "at-close"
    adjustments: tuple[OrderAdjustment, ...] = ()
    """As `hub.domain.agreeing` makes them: of an allowance by amount the base is what the goods it is for come to."""


class Allocation(Frozen):
    """Units of a line that one department, or one node of it, supplies."""

    department: Department
    rule: str
    quantity: Decimal
    made: Decimal
    """Produced or received so far as reported; may exceed `quantity`. Stock (logistics) needs no making: 0."""
    made_by: tuple[str, ...] = ()
    """Event ids of the last reports `made` came from, if a cancellation would be charged for it."""
    node: str = ""
    """The plant, supplier or warehouse; empty: the department sees to it."""
    awaiting: Decimal = ZERO
    """How much of `quantity` the node has not said yet that it has the capacity for; nobody works on it."""
    ready_on: date | None = None
    """When the node is expected to have it ready, as the rules reckon."""
    taken: Decimal = ZERO
    """Units that were cancelled or ordered less and so taken back; the supplier may say that it cannot."""

    @property
    def supplier(self) -> str:
        """The node, or else the department."""
        return self.node or self.department


class Late(Frozen):
    """Units of a line that arrived after the date they were wanted by, and what that costs the seller."""

    quantity: Decimal
    days: int
    percent: Decimal
    """Of the units' net amount, as the policy had it when they arrived."""
    event_id: str
    """The report of the delivery."""


class Billed(Frozen):
    """Units of a line that one settlement bills and that have not been credited."""

    bill: int
    """Index into the order's `bills`."""
    quantity: Decimal
    late: tuple[Late, ...] = ()
    """Those of them that were late."""


class LineState(Frozen):
    """The ledger of one line, all in the line's unit.

    `line.quantity` (ordered) = cancelled + short + unallocated + the allocations' quantities, always, and
    returned + missing + billed <= delivered <= shipped. Shipped may exceed what was ordered: goods that left are a
    fact.
    """

    line: OrderLine
    """As the latest revision has it."""
    unallocated: Decimal
    """Not given to a department yet."""
    allocations: tuple[Allocation, ...] = ()
    cancelled: Decimal = ZERO
    """The customer does not want them any more."""
    short: Decimal = ZERO
    """The seller will not deliver them."""
    shipped: Decimal = ZERO
    delivered: Decimal = ZERO
    returned: Decimal = ZERO
    rejected_by: tuple[str, ...] = ()
    """Departments and nodes that refused this line as it is, in order; they are not asked again unless it changes."""
    delivered_by: tuple[str, ...] = ()
    """Event ids of the last reports `delivered` came from."""
    missing: Decimal = ZERO
    """Reported as delivered, and found never to have arrived."""
    late: tuple[Late, ...] = ()
    """Late units no settlement has billed yet."""
    billed: tuple[Billed, ...] = ()
    """What settlements bill of the line, less what was credited, by settlement, oldest first."""
    billed_to: str = ""
    """The last of `delivered_by` that a settlement has named."""
    item: Item | None = None
    """The item as it was when the line was reviewed; None if nobody told the hub about it."""
    supply: Supply = ""
    """How the rules say it is come by."""


class Work(Frozen):
    """A department's work order: where it stands and when it is expected."""

    status: WorkStatus = "none"
    revision: int = 0
    """How often the work order was issued: created 1, each change one more."""
    expected_at: datetime | None = None
    expected_from: datetime | None = None
    """When the report `expected_at` came from happened; an older one does not replace it."""
    moved_at: datetime | None = None
    """When the latest reported progress happened."""
    since: datetime | None = None
    """When the hub gave it its status."""
    cause: str = ""
    """What the department named for its date, in the same words for every order it concerns."""
    because: str = ""
    """The same for a person."""


NO_WORK = Work()


class Fee(Frozen):
    """What the customer owes for units of a line that were cancelled when a department had made or started them."""

    line_id: str
    department: Department
    quantity: Decimal
    percent: Decimal
    """Of the units' net amount, as the policy had it when they were cancelled."""
    event_ids: tuple[str, ...]
    """The cancellation, and the department's reports of what it made."""


class Bill(Frozen):
    """A settlement that claimed something, and what is left of its claim. Its quantities are with the lines."""

    settlement_id: str
    cause: SettlementCause
    open: Decimal
    """Neither paid nor credited."""
    fees: tuple[Fee, ...] = ()
    charges: tuple[OrderAdjustment, ...] = ()
    """Those of the order's charges that are billed once, and by this bill."""
    early_percent: Decimal = ZERO
    """What early payment saves, in percent of the whole claim."""
    early_until: date | None = None
    """The last day of early payment."""
    early_taken: bool = False
    """Whether early payment was granted."""
    due: date | None = None
    """The last day to pay it (BT-9)."""


class CapacityQuestion(Frozen):
    """What a node was asked, and has not answered yet."""

    node: str
    request_id: str
    asked_at: datetime


class OpenException(Frozen):
    """A problem a person has to look at, until it is closed."""

    exception_id: str
    kind: str
    subject: str
    """What it is about: a line, a department, or empty for the whole order."""
    severity: Literal["warning", "critical"]
    owner: str
    detail: str
    opened_at: datetime
    """When the fact behind it happened."""
    priority: int = 3
    """1 is worked first, 5 last."""
    root: str = ""
    """What the trouble comes from, in the same words for every order it concerns."""
    escalate_at: datetime | None = None
    """When it is taken further if it is still open."""
    department: str = ""
    """In whose hands it is, of what the monitor found; empty if it is not one department's."""
    level: int = 0
    """How many of its rule's escalations were taken."""


class Snooze(Frozen):
    """An alert that a person ended although it was so still: it is not opened again before."""

    rule: str
    subject: str
    until: datetime


class Parked(Frozen):
    """An event that came too early, kept as it came."""

    mark: bytes
    """`ids.fingerprint(source, event_id)`: a repetition of it is a duplicate."""
    raw: bytes
    topic: str
    partition: int
    offset: int
    code: str
    """Why it waits."""
    deadline: datetime


class OrderState(Frozen, kw_only=True):
    """All the hub knows of one order."""

    order_id: str
    entries: int = 0
    """Decisions taken so far other than refusals: the number of the order's last journal entry."""
    revision: int = 0
    """Of the buyer's last amendment that took effect; 0 as placed."""
    terms: Terms | None = None
    """None only while `unknown`."""
    order_class: OrderClass = "standard"
    priority: str = ""
    """How urgent the rules say it is; empty until they were asked."""
    region: str = ""
    """Where it goes, as the rules name it."""
    lines: tuple[LineState, ...] = ()
    unreviewed: tuple[str, ...] = ()
    """Lines that wait for the account's answer to be reviewed."""
    customer: CustomerFacts | None = None
    """None until the customer's account has answered for the first time."""

    commercial: CommercialStatus = "unknown"
    credit: CreditStatus = "none"
    billing: BillingStatus = "none"
    production: Work = NO_WORK
    procurement: Work = NO_WORK
    logistics: Work = NO_WORK

    credit_request: CreditRequested | None = None
    """The request that waits for its answer."""
    reserved: Decimal = ZERO
    """What the customer's account holds reserved for this order, in the order's currency."""
    payment_days: int = 30
    """How long the customer has to pay a settlement, as the account said."""
    settlement_id: str = ""
    """The settlement of all that was wanted; empty while anything is still to be delivered."""
    payable: Decimal = ZERO
    """What all settlements claim before payments, credit notes deducted (BT-112), in the order's currency."""
    paid: Decimal = ZERO
    """payable - paid = what is open of the bills - prepaid - credit_balance, always."""
    prepaid: Decimal = ZERO
    """Paid before there was a claim to pay."""
    credit_balance: Decimal = ZERO
    """Paid beyond the claims of an order that is over, or credited after it had been paid: the customer's money."""
    bills: tuple[Bill, ...] = ()
    """Settlements that claimed something, oldest first."""
    settlements: int = 0
    """How many there are, credit notes included."""
    vat: tuple[VatBreakdown, ...] = ()
    """What all settlements come to by VAT category and rate, credit notes deducted."""
    rounding: tuple[VatBreakdown, ...] = ()
    """By how much the whole differs from these its parts, as far as settlements have stated it."""
    delivered_on: date | None = None
    """When the last goods arrived."""
    promised: date | None = None
    """The new date the customer was last told of; None if there is no delay."""

    routed: int | None = None
    """The last revision whose lines were routed; what is allocated after that is what somebody gave back."""
    capacity: tuple[CapacityQuestion, ...] = ()
    """One for each node whose answer the order waits for."""
    exceptions: tuple[OpenException, ...] = ()
    holds: tuple[Hold, ...] = ()
    """What keeps the order or its lines from going on, beside its credit."""
    consent: bool = False
    """Whether the customer agreed while a hold or the credit kept the order from being confirmed."""
    parked: tuple[Parked, ...] = ()
    seen: Seen = NOTHING_SEEN

    placed_at: datetime | None = None
    moved_at: datetime | None = None
    """When the hub last decided something that moved the order on."""
    confirm_due: datetime | None = None
    """When the customer's silence is taken for an answer."""
    credit_due: datetime | None = None
    """When the credit request is sent again."""
    horizon_due: datetime | None = None
    """When more of its lines will need credit."""
    commercial_since: datetime | None = None
    """When the hub gave the axis its status; so are the next two."""
    credit_since: datetime | None = None
    billing_since: datetime | None = None
    schedule: Schedule | None = None
    """None until something was allocated."""
    watch_due: datetime | None = None
    """When the monitor has to look at the order again if nothing happens."""
    cleared_at: datetime | None = None
    """When a hold or another trouble ended last: what the monitor passed over for it has as long again."""
    snoozed: tuple[Snooze, ...] = ()


def next_due(state: OrderState) -> datetime | None:
    """When `TimerFired` shall come next, None if the order waits for no time."""
    first = state.watch_due
    for time in (state.confirm_due, state.credit_due, state.horizon_due):
        if time is not None and (first is None or time < first):
            first = time
    if not (state.parked or state.exceptions or state.holds):
        return first
    times = [] if first is None else [first]
    times.extend(parked.deadline for parked in state.parked)
    times.extend(each.escalate_at for each in state.exceptions if each.escalate_at is not None)
    for hold in state.holds:
        times.extend(time for time in (hold.until, hold.frees_at) if time is not None)
    return min(times, default=None)
