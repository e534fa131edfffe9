"""The credit agent keeps items in every partition, and tells an order of them and of others under its number."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bench.load import Message
from bench.play import Play
from bench.workload import PARTITIONS
from hub.agents.credit import home_of
from hub.domain.credit import Reservation
from hub.domain.events import CreditDecided, CreditRequested, CustomerUpdated, DuplicateCleared, ItemUpdated
from hub.domain.items import Item
from hub.domain.master_data import KeptItem, PurchaseOrder
from hub.domain.model import Frozen
from hub.runtime.partitioner import partition_of
from hub.runtime.work import Work
from hub.topics import CREDIT_DECISIONS, CREDIT_REQUESTS, CUSTOMERS_EVENTS, ITEMS_EVENTS
from tests.support.orders import START


class Desk:
    """Both agents, and what the credit agent keeps."""

    def __init__(self, directory: Path) -> None:
        self.play = Play(directory, keep=(CREDIT_DECISIONS,))
        self._count = 0

    def send(self, topic: str, key: str, event: Frozen) -> None:
        raw = self.play.codec.encode(event)
        self.play.send(topic, [Message(partition_of(key.encode(), PARTITIONS), key.encode(), raw)])
        self.play.work()

    def head(self) -> dict[str, Any]:
        self._count += 1
        moment = START + timedelta(minutes=self._count)
        return {"event_id": f"event-{self._count}", "source": "/test", "occurred_at": moment}

    def item(self, item_id: str, **fields: Any) -> None:
        self.send(ITEMS_EVENTS, item_id, ItemUpdated(item=Item(item_id=item_id, **fields), **self.head()))

    def customer(self, customer_id: str, **fields: Any) -> None:
        values: dict[str, Any] = {"name": customer_id, "currency": "EUR", "credit_limit": Decimal(1000)} | fields
        event = CustomerUpdated(customer_id=customer_id, **values, **self.head())
        self.send(CUSTOMERS_EVENTS, customer_id, event)

    def request(self, customer_id: str, order_id: str, **fields: Any) -> None:
        values: dict[str, Any] = {"action": "reserve", "amount": Decimal(10), "purchase_order": "PO-1", "revision": 0}
        values = {"customer_id": customer_id, "order_id": order_id, "currency": "EUR"} | self.head() | values | fields
        self.send(CREDIT_REQUESTS, customer_id, CreditRequested(**values))

    def ask(self, customer_id: str, order_id: str, **fields: Any) -> CreditDecided:
        self.request(customer_id, order_id, **fields)
        (held,) = (each for each in self.kept(Reservation) if each.order_id == order_id)
        answer: CreditDecided | None = held.answer
        assert answer is not None
        return answer

    def wait(self, until: datetime) -> None:
        """Every timer of the credit agent that is due by then goes off."""
        (agent,) = (agent for agent in self.play._agents if agent.name == "credit")
        for number in range(PARTITIONS):
            store, cache = self.play._homes["credit", number]
            work = Work(agent, number, PARTITIONS, now=until, store=store, cache=cache)
            for due_ms, key in store.due(int(until.timestamp() * 1000), 100):
                agent.handler.on_timer(work, key, due_ms)
            self.play.write(store, work.seal(), work.replaced())
            work.publish()

    def cleared(self) -> list[DuplicateCleared]:
        told = (self.play.codec.decode(raw) for _, raw in self.play.kept[CREDIT_DECISIONS])
        return [each for each in told if isinstance(each, DuplicateCleared)]

    def kept(self, kind: type[Any]) -> list[Any]:
        states = (self.play.codec.decode(raw) for _, raw in self.play.states("credit"))
        return [state for state in states if isinstance(state, kind)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.play.close()


def test_an_item_is_kept_in_every_partition_each_copy_at_home(desk: Desk) -> None:
    desk.item("MK-1", item_class="housings")
    desk.item("MK-1", item_class="brackets")
    kept = [(key, state) for key, raw in desk.play.states("credit") if (state := desk.play.codec.decode(raw))]
    assert [state.item.item_class for _, state in kept] == ["brackets"] * PARTITIONS
    assert sorted(partition_of(home_of(key), PARTITIONS) for key, _ in kept) == list(range(PARTITIONS))


def test_a_faulty_item_is_refused_and_none_of_it_kept(desk: Desk) -> None:
    desk.item("MK-1", min_quantity=Decimal(-1))
    assert desk.kept(KeptItem) == []


def test_every_customers_account_tells_of_the_items_that_are_known(desk: Desk) -> None:
    desk.item("MK-1", item_class="housings")
    for number in range(20):
        customer_id = f"C-{number}"
        desk.customer(customer_id, group="", locale="zh", notifications=("delayed",))
        answer = desk.ask(customer_id, f"O-{number}", items=("MK-1", "unheard-of"))
        assert [item.item_class for item in answer.items] == ["housings"]
        assert answer.customer is not None
        assert (answer.customer.locale, answer.customer.notifications) == ("zh", ("delayed",))


def test_only_the_customers_own_orders_are_suspected_under_a_number(desk: Desk) -> None:
    customers = [f"C-{number}" for number in range(20)]
    for customer_id in customers:
        assert desk.ask(customer_id, f"{customer_id}/1").duplicate_of == ""
    for customer_id in customers:
        assert desk.ask(customer_id, f"{customer_id}/2", purchase_order="po-1 ").duplicate_of == f"{customer_id}/1"
    assert desk.ask("C-1", "C-1/3", purchase_order="PO-2").duplicate_of == ""
    for order_id in ("C-1/4", "C-1/5"):
        for blank in ("", "   "):
            assert desk.ask("C-1", f"{order_id}{blank}", purchase_order=blank).duplicate_of == ""


def test_a_number_is_given_up_with_its_order_and_forgotten_in_time(desk: Desk) -> None:
    desk.request("C-1", "A")
    desk.request("C-1", "A", action="release")
    assert desk.kept(PurchaseOrder) == []
    assert desk.ask("C-1", "B").duplicate_of == ""
    (known,) = desk.kept(PurchaseOrder)
    assert known.orders == ("B",)
    desk.wait(known.until - timedelta(seconds=1))
    assert desk.kept(PurchaseOrder) == [known]
    desk.wait(known.until)
    assert desk.kept(PurchaseOrder) == []


def test_the_order_that_is_first_under_a_number_when_another_was_cancelled_hears_of_it(desk: Desk) -> None:
    for order_id in ("A", "B", "C"):
        desk.request("C-1", order_id)
    desk.request("C-1", "B", action="release")
    assert desk.cleared() == [], "C is a duplicate of A still"
    desk.request("C-1", "A", action="release", event_id="the same")
    desk.request("C-1", "A", action="release", event_id="the same")
    assert [(each.order_id, each.duplicate_of, each.purchase_order) for each in desk.cleared()] == [("C", "A", "PO-1")]
    assert desk.kept(PurchaseOrder)[0].orders == ("C",)


def test_an_order_in_another_currency_gives_its_number_up_too(desk: Desk) -> None:
    desk.customer("C-1", currency="EUR")
    desk.request("C-1", "A", currency="USD")
    desk.request("C-1", "A", currency="USD", action="release")
    assert desk.kept(PurchaseOrder) == []
    assert desk.ask("C-1", "B").duplicate_of == ""


def test_a_repeated_question_gets_the_answer_it_got(desk: Desk) -> None:
    answers = [desk.ask("C-1", "A", event_id="the same") for _ in range(2)]
    assert answers[0] == answers[1]
    assert desk.kept(PurchaseOrder)[0].orders == ("A",)
