"""The hub as a scenario sees it: events in, and what can be seen of orders and customers afterwards."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from connectors.base import Event, key_of
from hub.domain.capacity import Booking, NodeLoad
from hub.domain.credit import CreditAccount, Reservation
from hub.domain.decide import decide
from hub.domain.decide_capacity import decide_capacity
from hub.domain.decide_credit import decide_credit, decide_customer
from hub.domain.decision import Context, Outcome, Received
from hub.domain.effects import DeadLettered, Effect
from hub.domain.events import (
    CapacityRequested,
    CreditRequested,
    CustomerUpdated,
    Fact,
    ItemUpdated,
    OrderEvent,
    PaymentReceived,
    TimerFired,
)
from hub.domain.ids import timer_id
from hub.domain.items import Item
from hub.domain.master_data import Knowledge, PurchaseOrder, claim, clear, give_up, number_mark
from hub.domain.order import OrderState, next_due
from hub.domain.policy import Policy
from hub.domain.review import Reviewer
from hub.domain.routing import Router
from hub.domain.statements import ItemStated
from tests.support.orders import START


class Entry(NamedTuple):
    """What became of one event that was about an order: the journal's entry, or its dead letter."""

    event: Fact
    outcome: Outcome
    code: str = ""
    detail: str = ""
    explanations: Sequence[str] = ()


class Hub(Protocol):
    """Takes events and lets time pass; when a call returns, everything that follows from it has happened."""

    now: datetime

    def tell(self, *events: Event) -> None:
        """These happen at the same time."""

    def wait(self, duration: timedelta) -> None:
        """Time passes."""

    def order(self, order_id: str) -> OrderState | None:
        """The order as it stands."""

    def account(self, customer_id: str) -> CreditAccount | None:
        """The customer's credit account as it stands."""

    def entries(self, order_id: str) -> Sequence[Entry]:
        """What became of every event about the order, as far as they are told apart in the order they were decided."""

    def effects(self, order_id: str) -> Sequence[Effect]:
        """What was sent about the order; those of one type in the order they were sent."""


class PureHub:
    """The domain alone: events queue up between orders and accounts as they do between partitions."""

    def __init__(self, policy: Policy, router: Router, reviewer: Reviewer) -> None:
        self.now = START
        self._policy = policy
        self._router = router
        self._reviewer = reviewer
        self._orders: dict[str, OrderState] = {}
        self._accounts: dict[str, CreditAccount] = {}
        self._reservations: dict[str, Reservation] = {}
        self._items: dict[str, Item] = {}
        self._loads: dict[str, NodeLoad] = {}
        self._bookings: dict[tuple[str, str], Booking] = {}
        self._numbers: dict[tuple[str, str], PurchaseOrder | None] = {}
        self._entries: defaultdict[str, list[Entry]] = defaultdict(list)
        self._effects: defaultdict[str, list[Effect]] = defaultdict(list)
        self._raw: dict[bytes, OrderEvent] = {}
        self._queue: deque[Event | CapacityRequested] = deque()

    def tell(self, *events: Event) -> None:
        self.post(*events)
        while self.waiting:
            self.step()

    def post(self, *events: Event) -> None:
        """Puts events where they are waited for; `step` lets one of them be decided."""
        self._queue.extend(events)

    @property
    def waiting(self) -> int:
        """How many events have not been decided."""
        return len(self._queue)

    def step(self, choice: int = 0) -> None:
        """Decides one event: those about one order, or of one account, in their order; which is next is a matter of
        chance between partitions."""
        partitions: dict[str, Event | CapacityRequested] = {}
        for each in self._queue:
            partitions.setdefault(each.node if isinstance(each, CapacityRequested) else key_of(each), each)
        event = [*partitions.values()][choice % len(partitions)]
        self._queue.remove(event)
        if isinstance(event, CreditRequested):
            self._request(event)
        elif isinstance(event, CapacityRequested):
            self._book(event)
        elif isinstance(event, ItemUpdated):
            self._items[event.item.item_id] = event.item
        elif isinstance(event, CustomerUpdated | PaymentReceived):
            account = decide_customer(self._accounts.get(event.customer_id), event, self._policy).account
            if account is not None:
                self._accounts[event.customer_id] = account
        elif not isinstance(event, ItemStated):
            self._decide(event)

    def wait(self, duration: timedelta) -> None:
        until = self.now + duration
        while timers := [
            (due, state.order_id) for state in self._orders.values() if (due := next_due(state)) and due <= until
        ]:
            due, order_id = min(timers)
            self.now = max(self.now, due)
            self.tell(TimerFired(event_id=timer_id(order_id, due), source="t", occurred_at=due, order_id=order_id))
        self.now = until

    def order(self, order_id: str) -> OrderState | None:
        return self._orders.get(order_id)

    def account(self, customer_id: str) -> CreditAccount | None:
        return self._accounts.get(customer_id)

    def reservations(self) -> Mapping[str, Reservation]:
        """What accounts hold, by order."""
        return self._reservations

    def entries(self, order_id: str) -> Sequence[Entry]:
        return self._entries[order_id]

    def effects(self, order_id: str) -> Sequence[Effect]:
        return self._effects[order_id]

    def _request(self, request: CreditRequested) -> None:
        customer_id, order_id = request.customer_id, request.order_id
        decision = decide_credit(
            self._accounts.get(customer_id),
            self._reservations.get(order_id),
            request,
            self.now,
            self._policy,
            knowledge=Knowledge(
                items=tuple(self._items[item_id] for item_id in request.items if item_id in self._items),
                duplicate_of=self._compare(request),
            ),
        )
        if decision.account is not None:
            self._accounts[customer_id] = decision.account
        if decision.reservation is not None:
            self._reservations[order_id] = decision.reservation
        if decision.decided is not None:
            self._queue.append(decision.decided)

    def _book(self, request: CapacityRequested) -> None:
        name, key = request.node, (request.node, request.order_id)
        decision = decide_capacity(
            self._loads.get(name), self._bookings.get(key), request, self.now, self._router.node(name)
        )
        if decision.load is not None:
            self._loads[name] = decision.load
        if decision.booking is not None:
            self._bookings[key] = decision.booking
        if decision.decided is not None:
            self._queue.append(decision.decided)

    def _compare(self, request: CreditRequested) -> str:
        """Another order of the customer under the same number."""
        if not request.purchase_order.strip():
            return ""
        key = (request.customer_id, number_mark(request.purchase_order))
        known, other = self._numbers.get(key), ""
        if request.action == "release":
            number = None if known is None else give_up(known, request.order_id)
        else:
            until = self.now + self._policy.purchase_orders_kept
            number, other = claim(
                known, request.customer_id, request.purchase_order, request.order_id, now=self.now, until=until
            )
        cleared = clear(known, number, request, self.now)
        if cleared is not None:
            self._queue.append(cleared)
        self._numbers[key] = number
        return other

    def _decide(self, event: OrderEvent) -> None:
        raw = f"{event.source}\x1f{event.event_id}".encode()
        self._raw[raw] = event
        context = Context(self.now, self._policy, self._router, self._raw.__getitem__, self._reviewer)
        received = Received(event, raw, "test", 0, len(self._raw))
        decision = decide(self._orders.get(event.order_id), received, context)
        entry = Entry(event, decision.outcome, decision.code, decision.detail, decision.explanations)
        self._entries[event.order_id].append(entry)
        if decision.state is not None:
            self._orders[event.order_id] = decision.state
        for effect in decision.effects:
            self._effects[event.order_id].append(effect)
            if isinstance(effect, CreditRequested | CapacityRequested):
                self._queue.append(effect)
            if isinstance(effect, DeadLettered):
                given_up = Entry(self._raw[effect.raw], "refused", effect.code, effect.reason)
                self._entries[event.order_id].append(given_up)
