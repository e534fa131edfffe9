"""The credit agent: one customer's account decides in the customer's partition, so orders cannot overdraw it.

Beside the accounts lie the customers' purchase order numbers and, in every partition, all items: an account's answer
tells an order what it has to know of them.
"""

from __future__ import annotations

from typing import TypeVar

from hub.agents.gate import Gate
from hub.codec import Codec, cloud_event_headers
from hub.domain.credit import CreditAccount, Reservation
from hub.domain.decide_credit import CreditDecision, decide_credit, decide_customer
from hub.domain.events import (
    CreditRequested,
    CustomerEvent,
    ItemCopied,
    ItemEvent,
    ItemUpdated,
)
from hub.domain.ids import effect_id
from hub.domain.items import Item
from hub.domain.master_data import KeptItem, Knowledge, PurchaseOrder, claim, clear, give_up, newest, number_mark
from hub.ruleset import Rules
from hub.runtime.partitioner import addresses
from hub.runtime.spec import AgentSpec, Record, since_header, since_ms
from hub.runtime.work import Work
from hub.topics import (
    CREDIT_DECISIONS,
    CREDIT_REQUESTS,
    CREDIT_STATE,
    CUSTOMERS_EVENTS,
    HUB_DEAD_LETTER,
    HUB_REKEYED_CUSTOMERS,
    ITEMS_COPIES,
    ITEMS_EVENTS,
)

CreditState = CreditAccount | Reservation | PurchaseOrder | KeptItem
K = TypeVar("K", CreditAccount, Reservation, PurchaseOrder, KeptItem)

SOURCES = (CREDIT_REQUESTS, CUSTOMERS_EVENTS, ITEMS_EVENTS, ITEMS_COPIES)
_COPIES = "/orderhub/items"
"""CloudEvents source of items on their way to a partition."""


def create_agent(codec: Codec, rules: Rules, *, max_event_bytes: int) -> AgentSpec[CreditState]:
    """The credit agent, which goes by these rules."""
    return AgentSpec(
        name="credit",
        sources=SOURCES,
        outputs=(CREDIT_DECISIONS, ITEMS_COPIES),
        changelog=CREDIT_STATE,
        handler=CreditHandler(codec, rules, max_event_bytes=max_event_bytes),
        rewrite=codec.encode,
        rekey=HUB_REKEYED_CUSTOMERS,
        dead_letter=HUB_DEAD_LETTER,
        record_key=home_of,
    )


def account_key(customer_id: str) -> bytes:
    """Where a customer's account is kept."""
    return customer_id.encode()


def reservation_key(customer_id: str, order_id: str) -> bytes:
    """Where the reservation of one order is kept; the separator is no part of an id."""
    return f"{customer_id}\x1f{order_id}".encode()


def purchase_order_key(customer_id: str, purchase_order: str) -> bytes:
    """Where a customer's orders of one number are kept; the second separator begins no order's id."""
    return f"{customer_id}\x1f\x1e{number_mark(purchase_order)}".encode()


def item_key(address: str, item_id: str) -> bytes:
    """Where an item is kept in the partition of this address."""
    return f"{address}\x1f{item_id}".encode()


def home_of(key: bytes) -> bytes:
    """The customer, or the address, whose partition has what is kept under `key`."""
    return key.partition(b"\x1f")[0]


class CreditHandler:
    """Decodes, decides, answers."""

    def __init__(self, codec: Codec, rules: Rules, *, max_event_bytes: int) -> None:
        self._codec = codec
        self._rules = rules
        self._gate: Gate[CustomerEvent | ItemEvent] = Gate(
            codec, (*SOURCES, HUB_REKEYED_CUSTOMERS), _subject, max_event_bytes=max_event_bytes
        )

    def on_record(self, work: Work[CreditState], record: Record) -> None:
        """Decide one request, or one event of a customer or an item."""
        admitted = self._gate.admit(work, record)
        if admitted is None:
            return
        _, event = admitted
        if isinstance(event, ItemUpdated):
            self._hand_out(work, record, event)
        elif isinstance(event, ItemCopied):
            self._keep(work, event)
        else:
            self._decide(work, record, event)

    def on_timer(self, work: Work[CreditState], key: bytes, due_ms: int) -> None:
        """A purchase order number is old enough to be forgotten."""
        kept = _kept(work, key, PurchaseOrder)
        if kept is None:
            raise TypeError(f"{key!r} was due at {due_ms} ms and is no purchase order")
        work.put(key, None)

    def encode(self, state: CreditState) -> bytes:
        """The record of what is kept."""
        return self._codec.encode(state)

    def decode(self, raw: bytes) -> CreditState:
        """The inverse of `encode`."""
        state: CreditState = self._codec.decode(raw)
        return state

    # --- accounts --------------------------------------------------------------------------------

    def _decide(self, work: Work[CreditState], record: Record, event: CustomerEvent) -> None:
        key = account_key(event.customer_id)
        account = _kept(work, key, CreditAccount)
        if isinstance(event, CreditRequested):
            decision = self._request(work, account, event, record)
        else:
            decision = decide_customer(account, event, self._rules.current.policy)
        if decision.outcome == "refused":
            work.refuse(record, decision.code, decision.detail)
        elif decision.account is not None and decision.account is not account:
            work.put(key, decision.account, label="account")

    def _request(
        self, work: Work[CreditState], account: CreditAccount | None, request: CreditRequested, record: Record
    ) -> CreditDecision:
        key = reservation_key(request.customer_id, request.order_id)
        held = _kept(work, key, Reservation)
        is_named = request.purchase_order.strip() != ""
        place = purchase_order_key(request.customer_id, request.purchase_order) if is_named else b""
        before = _kept(work, place, PurchaseOrder) if is_named else None
        number, duplicate_of = self._compare(work, before, request) if is_named else (None, "")
        known = Knowledge(items=self._items(work, request.items), duplicate_of=duplicate_of)
        decision = decide_credit(account, held, request, work.now, self._rules.current.policy, knowledge=known)
        if decision.reservation is not None and decision.reservation is not held:
            work.put(key, decision.reservation, label="reservation")
        if is_named and (decision.outcome == "applied" or request.action == "release"):
            self._remember(work, request, place, before, number)
        if decision.decided is not None:
            work.emit(
                CREDIT_DECISIONS,
                request.order_id.encode(),
                self._codec.encode(decision.decided),
                [*cloud_event_headers(decision.decided), since_header(since_ms(record))],
            )
        return decision

    # --- purchase orders -------------------------------------------------------------------------

    def _compare(
        self, work: Work[CreditState], known: PurchaseOrder | None, request: CreditRequested
    ) -> tuple[PurchaseOrder | None, str]:
        """What shall be known of the request's number from now on, and an order that had it before."""
        if request.action == "release":
            return None if known is None else give_up(known, request.order_id), ""
        until = work.now + self._rules.current.policy.purchase_orders_kept
        return claim(known, request.customer_id, request.purchase_order, request.order_id, now=work.now, until=until)

    def _remember(
        self,
        work: Work[CreditState],
        request: CreditRequested,
        key: bytes,
        before: PurchaseOrder | None,
        number: PurchaseOrder | None,
    ) -> None:
        cleared = clear(before, number, request, work.now)
        if cleared is not None:
            twin = cleared.order_id.encode()
            work.emit(CREDIT_DECISIONS, twin, self._codec.encode(cleared), cloud_event_headers(cleared))
        if number is None:
            work.put(key, None)
        else:
            work.put(key, number, due_ms=int(number.until.timestamp() * 1000), label="purchase order")

    # --- items -----------------------------------------------------------------------------------

    def _hand_out(self, work: Work[CreditState], record: Record, event: ItemUpdated) -> None:
        """Sends the item to every partition."""
        if mistake := event.item.mistake():
            work.refuse(record, "item-invalid", f"Item {event.item.item_id}: {mistake}")
            return
        for partition, address in enumerate(addresses(work.partitions)):
            copied = ItemCopied(
                event_id=effect_id(event.item.item_id, event.source, event.event_id, partition),
                source=_COPIES,
                occurred_at=event.occurred_at,
                address=address,
                item=event.item,
            )
            work.emit(ITEMS_COPIES, address.encode(), self._codec.encode(copied), cloud_event_headers(copied))

    def _keep(self, work: Work[CreditState], event: ItemCopied) -> None:
        key = item_key(event.address, event.item.item_id)
        kept = newest(_kept(work, key, KeptItem), event.item, event.occurred_at)
        if kept is not None:
            work.put(key, kept, label="item")

    def _items(self, work: Work[CreditState], item_ids: tuple[str, ...]) -> tuple[Item, ...]:
        """Those of the items that are known."""
        if not item_ids:
            return ()
        address = addresses(work.partitions)[work.partition]
        kept = [_kept(work, item_key(address, item_id), KeptItem) for item_id in item_ids]
        return tuple([each.item for each in kept if each is not None])


def _subject(event: CustomerEvent | ItemEvent) -> str:
    """Whose key a record must have."""
    if isinstance(event, ItemUpdated):
        return event.item.item_id
    if isinstance(event, ItemCopied):
        return event.address
    return event.customer_id


def _kept(work: Work[CreditState], key: bytes, kind: type[K]) -> K | None:
    """What is kept under a key, which is of this kind or nothing."""
    state = work.get(key)
    if state is None or isinstance(state, kind):
        return state
    raise TypeError(f"what is kept under {key!r} is no {kind.__name__}")
