"""The state of one order: parallel axes, a ledger per line, and what it waits for.

Nothing here decides; see `hub.domain.decide`. The headline status is derived (`hub.domain.headline`), never stored.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from hub.domain.events import CreditRequested
from hub.domain.model import Address, Department, Frozen, OrderLine
from hub.domain.routing import OrderClass
from hub.domain.seen import NOTHING_SEEN, Seen

CommercialStatus = Literal["unknown", "received", "confirming", "confirmed", "fulfilled", "closed", "cancelled"]
"""unknown: only events that came before the order itself. fulfilled: all delivered and settled, not all paid."""

CreditStatus = Literal["none", "requested", "granted", "refused", "settled", "released"]

WorkStatus = Literal["none", "ordered", "accepted", "scheduled", "started", "done", "rejected", "cancelled"]
"""Of a department's work order on this order."""

BillingStatus = Literal["none", "prepaid", "due", "part-paid", "paid"]

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


class Allocation(Frozen):
    """Units of a line that one department supplies."""

    department: Department
    rule: str
    quantity: Decimal
    made: Decimal
    """Produced or received so far as reported; may exceed `quantity`. Stock (logistics) needs no making: 0."""


class LineState(Frozen):
    """The ledger of one line, all in the line's unit.

    `line.quantity` (ordered) = cancelled + short + unallocated + the allocations' quantities, always, and
    returned <= delivered <= shipped. Shipped may exceed what was ordered: goods that left are a fact.
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
    rejected_by: tuple[Department, ...] = ()
    """Departments that refused this line, in order; they are never asked again."""
    delivered_by: tuple[str, ...] = ()
    """Event ids of the last reports `delivered` came from."""


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


NO_WORK = Work()


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
    lines: tuple[LineState, ...] = ()

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
    settlement_id: str = ""
    payable: Decimal = ZERO
    """What the settlement claims before payments (BT-112), in the order's currency."""
    paid: Decimal = ZERO

    exceptions: tuple[OpenException, ...] = ()
    parked: tuple[Parked, ...] = ()
    seen: Seen = NOTHING_SEEN

    placed_at: datetime | None = None
    moved_at: datetime | None = None
    """When the hub last decided something that moved the order on."""
    confirm_due: datetime | None = None
    """When the customer's silence is taken for an answer."""
    credit_due: datetime | None = None
    """When the credit request is sent again."""
    stall_due: datetime | None = None
    """When the order counts as stalled."""


def next_due(state: OrderState) -> datetime | None:
    """When `TimerFired` shall come next, None if the order waits for no time."""
    times = [time for time in (state.confirm_due, state.credit_due, state.stall_due) if time is not None]
    times.extend(parked.deadline for parked in state.parked)
    return min(times, default=None)
