"""Many orders of one customer in flight at once: whoever is decided first, they cannot overdraw its limit together."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hub.domain.policy import Policy
from tests.support.effort import examples
from tests.support.hubs import PureHub
from tests.support.orders import RULES, PrefixRouter
from tests.support.scene import Scene

LIMIT = Decimal(600)
CUSTOMER = "Weserland"
NAMES = [f"PO-{number}" for number in range(8)]
ORDERS = st.sampled_from(NAMES)
QUANTITIES = st.integers(1, 40)


class OrdersInFlight(RuleBasedStateMachine):
    """Orders are placed, changed, cancelled, delivered and paid; partitions are decided in any order."""

    @initialize()
    def open_account(self) -> None:
        self.hub = PureHub(Policy(), PrefixRouter(), RULES)
        self.scene = Scene(self.hub, "")
        self.scene.customer(CUSTOMER, str(LIMIT), "EUR")

    @rule(order=ORDERS, quantity=QUANTITIES)
    def place(self, order: str, quantity: int) -> None:
        self.hub.post(self.scene.placed(order, CUSTOMER, [_row(quantity)]))

    @rule(quantity=QUANTITIES)
    def place_all(self, quantity: int) -> None:
        self.hub.post(*(self.scene.placed(order, CUSTOMER, [_row(quantity)]) for order in NAMES))

    @rule(order=ORDERS, quantity=QUANTITIES)
    def change(self, order: str, quantity: int) -> None:
        if self._choose(order):
            self.hub.post(self.scene.changed([{"action": "change", **_row(quantity)}]))

    @rule(order=ORDERS)
    def cancel(self, order: str) -> None:
        if self._choose(order):
            self.hub.post(self.scene.cancelled())

    @rule(order=ORDERS)
    def deliver(self, order: str) -> None:
        if self._choose(order) and self.scene.order.credit == "granted":
            for kind in ("accepted", "shipped", "delivered"):
                self.hub.post(self.scene.reported("logistics", kind))

    @rule(order=ORDERS, amount=st.integers(1, 300))
    def pay(self, order: str, amount: int) -> None:
        if self._choose(order):
            self.hub.post(self.scene.paid(str(amount), "EUR"))

    @rule(choices=st.lists(st.integers(0, 10), min_size=1, max_size=20))
    def decide(self, choices: list[int]) -> None:
        for choice in choices:
            if self.hub.waiting:
                self.hub.step(choice)
                self._check()

    @rule()
    def decide_all(self) -> None:
        while self.hub.waiting:
            self.hub.step()
            self._check()
        for order_id, held in self.hub.reservations().items():
            state = self.hub.order(order_id)
            assert state is not None
            assert state.credit != "requested"
            assert state.reserved == held.reserved

    @invariant()
    def the_limit_is_kept_and_the_account_is_the_sum_of_its_orders(self) -> None:
        if hasattr(self, "hub"):
            self._check()

    def _check(self) -> None:
        account, held = self.scene.account(CUSTOMER), self.hub.reservations().values()
        assert account.reserved == sum((each.reserved for each in held), Decimal(0))
        assert account.receivable == sum((each.settled - each.paid for each in held), Decimal(0))
        assert account.reserved + account.receivable <= LIMIT

    def _choose(self, order: str) -> bool:
        """Makes the order the one that is spoken of, if there is one."""
        self.scene.order_id = self.scene.id_of(order)
        state = self.hub.order(self.scene.order_id)
        return state is not None and state.commercial != "unknown"


def _row(quantity: int) -> dict[str, str]:
    return {"line": "1", "item": "ST-1", "quantity": str(quantity)}


TestOrdersInFlight = OrdersInFlight.TestCase
TestOrdersInFlight.settings = settings(max_examples=examples(100), stateful_step_count=30)
