"""One order's story without a broker: events in, decisions out, its customer's account answering, time at will."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from msgspec.structs import replace

from hub.domain.capacity import Booking, NodeLoad
from hub.domain.credit import CreditAccount, Reservation
from hub.domain.decide import decide
from hub.domain.decide_capacity import decide_capacity
from hub.domain.decide_credit import decide_credit, decide_customer
from hub.domain.decision import Context, Decision, Received
from hub.domain.effects import DeadLettered, Effect
from hub.domain.events import (
    CapacityDecided,
    CapacityRequested,
    CreditDecided,
    CreditRequested,
    CustomerUpdated,
    OperatorCommanded,
    OrderCancelled,
    OrderChanged,
    OrderConfirmed,
    OrderEvent,
    OrderPaid,
    OrderPlaced,
    StatusKind,
    StatusReported,
    TimerFired,
)
from hub.domain.headline import Headline, headline
from hub.domain.ids import timer_id, work_order_id
from hub.domain.items import Item
from hub.domain.master_data import Knowledge
from hub.domain.model import Address, Department, LineChange, LineQuantity, OrderLine
from hub.domain.monitor import NOTHING_WATCHED, Monitor, MonitorRule
from hub.domain.node import Node
from hub.domain.order import LineState, OrderState, next_due
from hub.domain.policy import Policy
from hub.domain.review import Reviewer
from hub.domain.routing import Candidate, LineFacts
from hub.rules import load_reviewer
from hub.rules.texts import load_texts

START = datetime(2025, 3, 3, 8, tzinfo=UTC)
ORDER = "ORD-1"
CUSTOMER = "C-1"
ADDRESS = Address("Weserland", "Hafenstrasse 12", "Bremen", "28217", "DE")
E = TypeVar("E")
RULES = load_reviewer()
TEXTS = load_texts()
"""The hub's own rules for the review of an order."""
WATCHED = Monitor(
    {
        "late": MonitorRule(says="will be late", date="expected", after="wanted"),
        "stalled": MonitorRule(
            says="stand still", status={"order": ("open",)}, longer_than=timedelta(days=3), severity="critical"
        ),
    }
)
"""What an order is watched by if a test says nothing else."""


class PrefixRouter:
    """MK is made or else bought, BU is bought, ST is on stock or else bought, anything else nobody has.

    Where a department has `nodes`, they supply what it would, in their order.
    """

    def __init__(self, *nodes: Node) -> None:
        self.nodes = {each.name: each for each in nodes}

    def candidates(self, facts: LineFacts) -> tuple[Candidate, ...]:
        departments: Mapping[str, tuple[Department, ...]] = {
            "MK": ("production", "procurement"),
            "BU": ("procurement",),
            "ST": ("logistics", "procurement"),
        }
        return tuple(
            candidate for department in departments.get(facts.item_id[:2], ()) for candidate in self._of(department)
        )

    def node(self, name: str) -> Node | None:
        return self.nodes.get(name)

    def _of(self, department: Department) -> Sequence[Candidate]:
        nodes = [each for each in self.nodes.values() if each.department == department]
        if not nodes:
            return [Candidate(department, f"{department}-rule")]
        return [Candidate(department, f"{department}-rule", each) for each in nodes]


def line(line_id: str = "1", item_id: str = "ST-1", quantity: str | int | Decimal = 10, **fields: Any) -> OrderLine:
    """An order line; by default ten pieces from stock at 10.00 with 19% VAT."""
    values: dict[str, Any] = {
        "line_id": line_id,
        "item_id": item_id,
        "description": f"Item {item_id}",
        "quantity": Decimal(quantity),
        "unit": "C62",
        "price": Decimal(10),
        "base_quantity": Decimal(1),
        "discount_percent": Decimal(0),
        "vat_category": "S",
        "vat_rate": Decimal(19),
    }
    return OrderLine(**(values | fields))


class Story:
    """An order, its customer's account, and everything that was decided so far."""

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        limit: str = "1000000",
        credit_answers: bool = True,
        order_id: str = ORDER,
        nodes: Sequence[Node] = (),
        nodes_answer: bool = True,
    ) -> None:
        self.order_id = order_id
        self.nodes_answer = nodes_answer
        policy = policy or Policy()
        policy = policy if policy.texts else replace(policy, texts=TEXTS)
        self.policy = policy if policy.monitor is not NOTHING_WATCHED else replace(policy, monitor=WATCHED)
        self.router = PrefixRouter(*nodes)
        self.reviewer: Reviewer = RULES
        self.items: dict[str, Item] = {}
        """Master data, by item."""
        self.twin = ""
        """Another order of the customer under the same purchase order number."""
        self.now = START
        self.state: OrderState | None = None
        self.decisions: list[Decision] = []
        self.journal: list[tuple[Received, datetime]] = []
        self.effects: list[Effect] = []
        self.account: CreditAccount | None = None
        self.reservation: Reservation | None = None
        self.requests: list[CreditRequested] = []
        self.loads: dict[str, NodeLoad] = {}
        self.bookings: dict[str, Booking] = {}
        self.credit_answers = credit_answers
        self._events: dict[bytes, OrderEvent] = {}
        self._count = 0
        self.customer(limit=limit)

    # --- what happens -------------------------------------------------------------------------

    def customer(self, **fields: Any) -> None:
        """The customer's terms are (re)set."""
        values: dict[str, Any] = {
            "name": "Weserland",
            "currency": "EUR",
            "credit_limit": Decimal(fields.pop("limit", "1000000")),
        }
        event = CustomerUpdated(customer_id=CUSTOMER, **self.head(), **(values | fields))
        self.account = decide_customer(self.account, event, self.policy).account

    def item(self, item_id: str, **fields: Any) -> None:
        """The item's master data are (re)set."""
        self.items[item_id] = Item(item_id=item_id, **fields)

    def head(self) -> dict[str, Any]:
        """What every event carries, each time a new id and a minute later."""
        self._count += 1
        return {
            "event_id": f"event-{self._count}",
            "source": "/test",
            "occurred_at": START + timedelta(minutes=self._count),
        }

    def placed(self, *lines: OrderLine, **fields: Any) -> OrderPlaced:
        values: dict[str, Any] = {
            "customer_id": CUSTOMER,
            "purchase_order": "PO-1",
            "currency": "EUR",
            "lines": lines or (line(),),
            "deliver_to": ADDRESS,
        }
        return OrderPlaced(order_id=self.order_id, **(self.head() | values | fields))

    def status(
        self, department: Department, kind: StatusKind, quantities: Mapping[str, object] | None = None, **fields: Any
    ) -> StatusReported:
        parts = tuple(LineQuantity(line_id, Decimal(str(quantity))) for line_id, quantity in (quantities or {}).items())
        values: dict[str, Any] = {
            "order_id": self.order_id,
            "work_order_id": work_order_id(self.order_id, department),
            "department": department,
            "kind": kind,
            "lines": parts,
        }
        return StatusReported(**(self.head() | values | fields))

    def place(self, *lines: OrderLine, **fields: Any) -> Decision:
        return self.receive(self.placed(*lines, **fields))

    def report(
        self, department: Department, kind: StatusKind, quantities: Mapping[str, object] | None = None, **fields: Any
    ) -> Decision:
        return self.receive(self.status(department, kind, quantities, **fields))

    def change(self, revision: int, *changes: LineChange, **fields: Any) -> Decision:
        values: dict[str, Any] = {"order_id": self.order_id, "revision": revision, "changes": changes}
        return self.receive(OrderChanged(**(self.head() | values | fields)))

    def cancel(self, reason: str = "") -> Decision:
        return self.receive(OrderCancelled(order_id=self.order_id, reason=reason, **self.head()))

    def confirm(self, *, accepted: bool = True) -> Decision:
        return self.receive(OrderConfirmed(order_id=self.order_id, accepted=accepted, **self.head()))

    def pay(self, amount: object, currency: str = "EUR", **fields: Any) -> Decision:
        values: dict[str, Any] = {"order_id": self.order_id, "amount": Decimal(str(amount)), "currency": currency}
        return self.receive(OrderPaid(**(self.head() | values | fields)))

    def command(self, command: Any, target: str = "", owner: str = "ines", reason: str = "test") -> Decision:
        return self.receive(self.commanded(command=command, target=target, owner=owner, reason=reason))

    def commanded(self, **fields: Any) -> OperatorCommanded:
        values: dict[str, Any] = {"order_id": self.order_id, "owner": "ines", "reason": "test"}
        return OperatorCommanded(**(self.head() | values | fields))

    def wait(self, duration: timedelta) -> None:
        """Time passes; every timer that falls due fires at its time."""
        until = self.now + duration
        while self.state is not None and (due := next_due(self.state)) is not None and due <= until:
            self.now = max(self.now, due)
            self.fire()
        self.now = until

    def fire(self) -> Decision:
        """The order's timer goes off now."""
        timer = TimerFired(
            event_id=timer_id(self.order_id, self.now), source="/timers", occurred_at=self.now, order_id=self.order_id
        )
        return self.receive(timer)

    def receive(self, event: OrderEvent) -> Decision:
        """Decides one event, and then whatever the account answers."""
        raw = f"{event.source} {event.event_id}".encode()
        self._events[raw] = event
        received = Received(event, raw, "test", 0, len(self.journal))
        decision = decide(self.state, received, self.context())
        self.decisions.append(decision)
        self.effects.extend(decision.effects)
        if decision.outcome != "refused":
            self.journal.append((received, self.now))
            self.state = decision.state
        for effect in decision.effects:
            if isinstance(effect, CreditRequested):
                self.requests.append(effect)
                answer = self.answer(effect) if self.credit_answers else None
                if answer is not None:
                    self.receive(answer)
            elif isinstance(effect, CapacityRequested) and self.nodes_answer:
                self.receive(self.ask_node(effect))
        return decision

    def ask_node(self, request: CapacityRequested) -> CapacityDecided:
        """What a node answers to a request."""
        name = request.node
        decision = decide_capacity(
            self.loads.get(name), self.bookings.get(name), request, self.now, self.router.node(name)
        )
        assert decision.decided is not None
        assert decision.booking is not None
        self.bookings[name] = decision.booking
        if decision.load is not None:
            self.loads[name] = decision.load
        return decision.decided

    def answer(self, request: CreditRequested) -> CreditDecided | None:
        """What the account decides on a request."""
        known = Knowledge(
            items=tuple(self.items[item_id] for item_id in request.items if item_id in self.items),
            duplicate_of=self.twin if request.purchase_order and request.action == "reserve" else "",
        )
        decision = decide_credit(self.account, self.reservation, request, self.now, self.policy, knowledge=known)
        self.account, self.reservation = decision.account, decision.reservation
        return decision.decided

    # --- what can be seen ---------------------------------------------------------------------

    def context(self) -> Context:
        return Context(self.now, self.policy, self.router, self._events.__getitem__, self.reviewer)

    @property
    def order(self) -> OrderState:
        assert self.state is not None
        return self.state

    @property
    def headline(self) -> Headline:
        return headline(self.order)

    def line(self, line_id: str = "1") -> LineState:
        return next(each for each in self.order.lines if each.line.line_id == line_id)

    def sent(self, kind: type[E], effects: Iterable[Effect] | None = None) -> list[E]:
        """The effects of one type, of all decisions or of those given."""
        return [effect for effect in (self.effects if effects is None else effects) if isinstance(effect, kind)]

    def told(self) -> list[str]:
        """The kinds of notifications the customer got."""
        return [effect.kind for effect in self.effects if type(effect).__name__ == "CustomerNotified"]  # type: ignore[union-attr]

    def dead(self) -> list[str]:
        """The codes of what was dead-lettered after having waited."""
        return [letter.code for letter in self.sent(DeadLettered)]

    def explained(self) -> list[str]:
        """Everything that was explained so far."""
        return [sentence for decision in self.decisions for sentence in decision.explanations]

    def problems(self) -> list[str]:
        """The kinds of the exceptions that are open."""
        return [each.kind for each in self.order.exceptions]


def stock_order_in_work(**fields: Any) -> Story:
    """Ten pieces from stock, confirmed, and accepted by logistics."""
    story = Story(**fields)
    story.place()
    story.report("logistics", "accepted")
    return story


def made_order_in_work(**fields: Any) -> Story:
    """Ten pieces that production makes, confirmed, and accepted by production."""
    story = Story(**fields)
    story.place(line(item_id="MK-1"))
    story.report("production", "accepted")
    return story
