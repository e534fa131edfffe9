"""Ten ways in which an order can stand still, each with the rule that sees it and what ends it; and healthy orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec.structs import replace

from connectors.base import Event
from hub.domain.events import CustomerUpdated, OrderCancelled, OrderConfirmed, OrderPaid, StatusKind
from hub.domain.model import Department
from tests.support.orders import Story, line

CUSTOMERS = 40
CAUTIOUS, POOR = "C-CAUTIOUS", "C-POOR"
"""Who wants to confirm each order, and who has no credit."""

RULES = """\
monitor:
  - {name: production-silent, unanswered: [production], longer_than: P1D, says: have no answer from production}
  - {name: procurement-silent, unanswered: [procurement], longer_than: P1D, says: have no answer from procurement}
  - {name: not-shipped, status: {logistics: [accepted]}, longer_than: P2D, says: have not been shipped}
  - {name: not-made, status: {production: [scheduled, started]}, longer_than: P2D, says: have not been made}
  - {name: not-bought, status: {procurement: [scheduled]}, longer_than: PT1S, says: have not been bought}
  - {name: not-confirmed, status: {commercial: [confirming]}, longer_than: P2D, says: wait for the customer}
  - {name: no-credit, status: {credit: [refused]}, longer_than: P1D, says: have no credit}
  - {name: unwanted, rejections: 2, severity: critical, says: have a line that two suppliers refused}
  - {name: not-settled, not_reached: settled, after: delivered, longer_than: P1D, says: have not been settled}
  - {name: not-paid, status: {billing: [due]}, longer_than: P3D, says: have not been paid}
  - name: stalled
    status: {order: [open]}
    longer_than: P3D
    severity: critical
    says: have not moved for days
    unless: [production-silent, procurement-silent, not-shipped, not-made, no-credit, unwanted, not-settled, on-hold]
"""


class Way(NamedTuple):
    """One way to stand still."""

    order_id: str
    alert: tuple[str, str, str]
    """Name, department and severity of what Prometheus tells of it."""
    receiver: str
    """To whom Alertmanager does."""
    events: Sequence[Event]
    """What happens to the order before it stands still."""
    ends: Sequence[Event]
    """What makes it go on."""


class Told:
    """Events of one order, a minute after one another."""

    def __init__(
        self, order_id: str, since: datetime, item: str = "ST-1", customer: str = "", wanted: date | None = None
    ) -> None:
        self.order_id = order_id
        self._since = since
        self._story = Story(order_id=order_id)
        self._count = 0
        customer = customer or f"C-{sum(order_id.encode()) % CUSTOMERS}"
        terms = {"customer_id": customer, "purchase_order": order_id, "requested_delivery": wanted}
        placed = self._story.placed(line(item_id=item), **terms)
        self.events: list[Event] = []
        self._happens(placed)

    def report(self, department: Department, *kinds: StatusKind, **fields: Any) -> Told:
        """A department says this, one after another, of the whole line where it is about quantities."""
        for kind in kinds:
            quantities = {"1": 10} if kind in ("produced", "received", "shipped", "delivered") else None
            self._happens(self._story.status(department, kind, quantities, **fields))
        return self

    def command(self, command: str, role: str, target: str = "") -> Told:
        """Somebody at a desk decides."""
        return self._happens(self._story.commanded(command=command, role=role, target=target))

    def cancel(self) -> Told:
        """The customer cancels."""
        return self._happens(OrderCancelled(order_id=self.order_id, **self._story.head()))

    def confirm(self) -> Told:
        """The customer agrees."""
        return self._happens(OrderConfirmed(order_id=self.order_id, **self._story.head()))

    def pay(self) -> Told:
        """The customer pays: ten pieces at 10.00 with 19 % VAT."""
        head = self._story.head()
        return self._happens(OrderPaid(order_id=self.order_id, amount=Decimal("119.00"), currency="EUR", **head))

    def from_now_on(self, since: datetime) -> int:
        """What follows happens later; gives how much has happened so far."""
        self._since = since
        return len(self.events)

    def _happens(self, event: Event) -> Told:
        self._count += 1
        at = self._since + timedelta(minutes=self._count)
        self.events.append(replace(event, occurred_at=at, event_id=f"{self.order_id}-{self._count}"))
        return self


def ways(begun: datetime, now: datetime) -> Iterator[Way]:
    """The ten, begun then and ended at `now`."""

    def way(name: str, department: str, told: Told, *, severity: str = "warning") -> tuple[Told, Any]:
        at = told.from_now_on(now)
        alert = (f"Orders{name}", department, severity)
        return told, lambda: Way(told.order_id, alert, department or "order-desk", told.events[:at], told.events[at:])

    def order(number: int, item: str = "ST-1", customer: str = "") -> Told:
        return Told(f"STALLED-{number}", begun, item, customer)

    told, made = way("ProductionSilent", "production", order(1, "MK-1"))
    told.report("production", "accepted")
    yield made()
    told, made = way("ProcurementSilent", "procurement", order(2, "BU-1"))
    told.report("procurement", "accepted")
    yield made()
    told, made = way("NotShipped", "logistics", order(3).report("logistics", "accepted"))
    told.report("logistics", "shipped")
    yield made()
    told, made = way("NotMade", "production", order(4, "MK-1").report("production", "accepted", "scheduled"))
    told.report("production", "produced")
    yield made()
    told, made = way("NotConfirmed", "", order(5, customer=CAUTIOUS))
    told.confirm()
    yield made()
    told, made = way("NoCredit", "", order(6, customer=POOR))
    told.command("override-credit", "credit-manager")
    yield made()
    refused = order(7, "MK-1").report("production", "rejected").report("procurement", "rejected")
    told, made = way("Unwanted", "", refused, severity="critical")
    told.cancel()
    yield made()
    held = order(8).command("hold", "finance", "invoice").report("logistics", "accepted", "shipped", "delivered")
    told, made = way("NotSettled", "", held)
    told.command("release-hold", "finance", "invoice")
    yield made()
    told, made = way("NotPaid", "", order(9).report("logistics", "accepted", "shipped", "delivered"))
    told.pay()
    yield made()
    told, made = way(
        "Stalled", "logistics", order(10).report("logistics", "accepted", "scheduled"), severity="critical"
    )
    told.report("logistics", "shipped")
    yield made()


def finished(number: int, begun: datetime) -> Sequence[Event]:
    """A healthy order that was delivered, settled and paid; every eighth was cancelled by the customer instead."""
    told = Told(f"FINISHED-{number}", begun)
    if number % 8 == 0:
        return told.cancel().events
    return told.report("logistics", "accepted", "shipped", "delivered").pay().events


def in_work(number: int, begun: datetime) -> Sequence[Event]:
    """A healthy order that is wanted in a month and has come as far as it shall be by now."""
    wanted = (begun + timedelta(days=30)).date()
    return Told(f"IN-WORK-{number}", begun, wanted=wanted).report("logistics", "accepted").events


def terms(begun: datetime) -> Iterator[CustomerUpdated]:
    """All customers."""
    for name in (*(f"C-{number}" for number in range(CUSTOMERS)), CAUTIOUS, POOR):
        yield CustomerUpdated(
            event_id=f"{name}-terms",
            source="/crm",
            occurred_at=begun,
            customer_id=name,
            name=name,
            currency="EUR",
            credit_limit=Decimal(10 if name == POOR else 10_000_000),
            confirmation="required" if name == CAUTIOUS else "automatic",
        )
