"""Every topic of the hub, declared once: `hub topics create|check` applies it, `docs/topics.md` is made from it.

All topics have the same partition count and the same partitioner (murmur2 of the key), so that partition p of
every topic an agent reads lands on one worker together with the state it needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from hub.domain.model import Department

ORDERS_EVENTS = "orders.events"
ORDERS_COMMANDS = "orders.commands"
PRODUCTION_STATUS = "production.status"
PROCUREMENT_STATUS = "procurement.status"
LOGISTICS_STATUS = "logistics.status"
CUSTOMERS_EVENTS = "customers.events"
ITEMS_EVENTS = "items.events"
STATEMENTS = "statements"

PRODUCTION_ORDERS = "production.orders"
PROCUREMENT_ORDERS = "procurement.orders"
LOGISTICS_ORDERS = "logistics.orders"
CUSTOMER_NOTIFICATIONS = "customer.notifications"
ORDERS_STATE = "orders.state"
ORDERS_JOURNAL = "orders.journal"
ORDERS_EXCEPTIONS = "orders.exceptions"
SETTLEMENTS = "settlements"
SETTLEMENTS_JOURNAL = "settlements.journal"
HUB_DEAD_LETTER = "hub.dead-letter"
HUB_DEAD_LETTER_AUDIT = "hub.dead-letter.audit"

CREDIT_REQUESTS = "credit.requests"
CREDIT_DECISIONS = "credit.decisions"
CREDIT_STATE = "credit.state"
ITEMS_COPIES = "items.copies"
CAPACITY_REQUESTS = "capacity.requests"
CAPACITY_DECISIONS = "capacity.decisions"
CAPACITY_STATE = "capacity.state"
HUB_APPLIED = "hub.applied"
HUB_REKEYED = "hub.rekeyed"
HUB_REKEYED_CUSTOMERS = "hub.rekeyed.customers"
HUB_REKEYED_NODES = "hub.rekeyed.nodes"
HUB_RULES = "hub.rules"
HUB_PROBE = "hub.probe"

STATUS_TOPIC: Mapping[Department, str] = MappingProxyType(
    {"production": PRODUCTION_STATUS, "procurement": PROCUREMENT_STATUS, "logistics": LOGISTICS_STATUS}
)
"""Where a department reports."""
WORK_TOPIC: Mapping[Department, str] = MappingProxyType(
    {"production": PRODUCTION_ORDERS, "procurement": PROCUREMENT_ORDERS, "logistics": LOGISTICS_ORDERS}
)
"""Where a department is given work."""

DEFAULT_PARTITIONS = 8

MAX_EVENT_BYTES = 256 * 1024
"""Largest event the hub takes; a bigger one is dead-lettered as `too-large`. About 1,500 order lines."""
MAX_INPUT_BYTES = 1024 * 1024
"""Largest record batch Kafka accepts on an input topic."""
MAX_OUTPUT_BYTES = 4 * 1024 * 1024
"""Largest record batch on the topics the hub writes: a state or a journal entry embeds events."""
MAX_DEAD_LETTER_BYTES = 16 * 1024 * 1024
"""Above every other bound, so that whatever could be read can also be refused."""

_DAY_MS = 24 * 3600 * 1000
_KEEP_FOREVER = {"retention.ms": "-1"}
_SMALL_SEGMENTS = {"segment.bytes": str(1024 * 1024), "segment.ms": str(3600 * 1000)}
_EAGER_COMPACTION = {"min.cleanable.dirty.ratio": "0.1"}

Direction = Literal["in", "out", "internal"]
Cleanup = Literal["delete", "compact"]


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic's contract."""

    name: str
    key: str
    """What the record key is, by field name of the records."""
    records: tuple[str, ...]
    """Struct names of the record types it carries (schemas in `schemas/`); empty when its bytes are opaque."""
    owner: str
    """Who writes it and answers for its content."""
    direction: Direction
    doc: str
    cleanup: Cleanup = "delete"
    configs: Mapping[str, str] = field(default_factory=dict)
    """Kafka topic configuration beside `cleanup.policy`."""

    def kafka_configs(self) -> dict[str, str]:
        """The whole topic configuration as Kafka takes it."""
        return {"cleanup.policy": self.cleanup, **self.configs}


_INPUT = {"max.message.bytes": str(MAX_INPUT_BYTES), "retention.ms": str(30 * _DAY_MS)}
_OUTPUT = {"max.message.bytes": str(MAX_OUTPUT_BYTES), "retention.ms": str(30 * _DAY_MS)}
_STATE = {"max.message.bytes": str(MAX_OUTPUT_BYTES), **_EAGER_COMPACTION}

_ORDER_INPUTS = (
    "OrderPlaced",
    "OrderChanged",
    "OrderCancelled",
    "OrderConfirmed",
    "OrderPaid",
    "StatusReported",
    "OperatorCommanded",
    "CreditDecided",
    "DuplicateCleared",
    "CapacityDecided",
)


def _status(department: Department) -> Topic:
    return Topic(
        name=STATUS_TOPIC[department],
        key="order_id",
        records=("StatusReported",),
        owner=f"{department} department",
        direction="in",
        doc=f"Reports of {department} on its work orders: accepted to delivered, returned, problem.",
        configs=_INPUT,
    )


def _work(department: Department) -> Topic:
    return Topic(
        name=WORK_TOPIC[department],
        key="order_id",
        records=("WorkOrderIssued",),
        owner="orders agent",
        direction="out",
        doc=f"Work orders to {department}: create, change, cancel.",
        configs=_OUTPUT,
    )


_DECLARED = (
    Topic(
        name=ORDERS_EVENTS,
        key="order_id",
        records=("OrderPlaced", "OrderChanged", "OrderCancelled", "OrderConfirmed", "OrderPaid"),
        owner="web shop, EDI gateway, CRM",
        direction="in",
        doc="What the buyer does with an order.",
        configs=_INPUT,
    ),
    _status("production"),
    _status("procurement"),
    _status("logistics"),
    Topic(
        name=ORDERS_COMMANDS,
        key="order_id",
        records=("OperatorCommanded",),
        owner="order desk",
        direction="in",
        doc="Operator actions: hold, release a hold, override, re-route, assign, resolve, cancel.",
        configs=_INPUT,
    ),
    Topic(
        name=CUSTOMERS_EVENTS,
        key="customer_id",
        records=("CustomerUpdated", "PaymentReceived"),
        owner="CRM, finance",
        direction="in",
        doc="Credit limits, terms, blocks and preferences of customers, and their payments.",
        configs=_INPUT,
    ),
    Topic(
        name=ITEMS_EVENTS,
        key="item_id",
        records=("ItemUpdated",),
        owner="ERP, product data",
        direction="in",
        doc="Master data of the items the company sells.",
        configs=_INPUT,
    ),
    Topic(
        name=STATEMENTS,
        key="statement_id",
        records=("ItemStated",),
        owner="departments, carriers, customers",
        direction="in",
        doc="Lists kept outside: deliveries, proofs of delivery, remittances. Only `hub reconcile` reads them.",
        configs={**_INPUT, **_KEEP_FOREVER},
    ),
    _work("production"),
    _work("procurement"),
    _work("logistics"),
    Topic(
        name=CUSTOMER_NOTIFICATIONS,
        key="order_id",
        records=("CustomerNotified",),
        owner="orders agent",
        direction="out",
        doc="What the customer is told and asked to confirm.",
        configs=_OUTPUT,
    ),
    Topic(
        name=ORDERS_STATE,
        key="order_id",
        records=("OrderState",),
        owner="orders agent",
        direction="out",
        doc="The order state table: the latest state of every order, and what the agent recovers from.",
        cleanup="compact",
        configs=_STATE,
    ),
    Topic(
        name=ORDERS_JOURNAL,
        key="order_id",
        records=("JournalEntry",),
        owner="orders agent",
        direction="out",
        doc="The audit trail: every event that reached an order and what was decided, in order, kept for ever.",
        configs={**_OUTPUT, **_KEEP_FOREVER},
    ),
    Topic(
        name=ORDERS_EXCEPTIONS,
        key="order_id",
        records=("ExceptionRaised",),
        owner="orders agent",
        direction="out",
        doc="Problems a person has to look at: opened, assigned, escalated, closed; kept for ever, as some stay open.",
        configs={**_OUTPUT, **_KEEP_FOREVER},
    ),
    Topic(
        name=SETTLEMENTS,
        key="order_id",
        records=("SettlementRecorded",),
        owner="orders agent",
        direction="out",
        doc="What finance books: what was delivered, its amounts and every difference from the order.",
        configs={**_OUTPUT, **_KEEP_FOREVER},
    ),
    Topic(
        name=SETTLEMENTS_JOURNAL,
        key="order_id",
        records=("SettlementPosted",),
        owner="orders agent",
        direction="out",
        doc="The double entry of every settlement and payment of an order, debits equal to credits, kept for ever.",
        configs={**_OUTPUT, **_KEEP_FOREVER},
    ),
    Topic(
        name=HUB_DEAD_LETTER,
        key="the refused record's own",
        records=(),
        owner="every agent",
        direction="out",
        doc="Refused records, key and value byte-identical, where from and why in the `hub-dlq-*` headers.",
        configs={"max.message.bytes": str(MAX_DEAD_LETTER_BYTES), "retention.ms": str(90 * _DAY_MS)},
    ),
    Topic(
        name=HUB_DEAD_LETTER_AUDIT,
        key="letter",
        records=("LetterDecided",),
        owner="hub dlq",
        direction="out",
        doc="Who replayed or dropped which refused record, when and why, written in the transaction that did it; kept "
        "for ever.",
        configs={**_OUTPUT, **_KEEP_FOREVER},
    ),
    Topic(
        name=CREDIT_REQUESTS,
        key="customer_id",
        records=("CreditRequested",),
        owner="orders agent",
        direction="internal",
        doc="Orders ask their customer's account to reserve, and tell it what is owed, credited and paid; with it they "
        "ask about the customer, the items and the purchase order.",
        configs=_OUTPUT,
    ),
    Topic(
        name=CREDIT_DECISIONS,
        key="order_id",
        records=("CreditDecided", "DuplicateCleared"),
        owner="credit agent",
        direction="internal",
        doc="Granted or refused, itemised rule by rule; and what was asked about customer, items and purchase order. "
        "Who was suspected to be a duplicate hears when the first order is cancelled.",
        configs=_OUTPUT,
    ),
    Topic(
        name=CREDIT_STATE,
        key="customer_id or customer_id|order_id; of what lies beside it customer_id||number, address|item_id",
        records=("CreditAccount", "Reservation", "PurchaseOrder", "KeptItem"),
        owner="credit agent",
        direction="internal",
        doc="Customers' credit accounts, their orders' reservations and purchase order numbers, and in every partition "
        "all items: what the credit agent recovers from.",
        cleanup="compact",
        configs=_STATE,
    ),
    Topic(
        name=ITEMS_COPIES,
        key="address",
        records=("ItemCopied",),
        owner="credit agent",
        direction="internal",
        doc="Master data of items on its way to every partition.",
        configs=_OUTPUT,
    ),
    Topic(
        name=CAPACITY_REQUESTS,
        key="node",
        records=("CapacityRequested",),
        owner="orders agent",
        direction="internal",
        doc="Orders say what they want of a node with a limited capacity.",
        configs=_OUTPUT,
    ),
    Topic(
        name=CAPACITY_DECISIONS,
        key="order_id",
        records=("CapacityDecided",),
        owner="capacity agent",
        direction="internal",
        doc="What the node takes on, line by line.",
        configs=_OUTPUT,
    ),
    Topic(
        name=CAPACITY_STATE,
        key="node or node|order_id",
        records=("NodeLoad", "Booking"),
        owner="capacity agent",
        direction="internal",
        doc="What nodes have to do day by day, and their orders' bookings: what the capacity agent recovers from.",
        cleanup="compact",
        configs=_STATE,
    ),
    Topic(
        name=HUB_RULES,
        key="version",
        records=("RulesPublished",),
        owner="worker",
        direction="out",
        doc="Every version of the rules, written before anything is decided by it.",
        cleanup="compact",
        configs=_STATE,
    ),
    Topic(
        name=HUB_APPLIED,
        key="agent and source topic",
        records=(),
        owner="runtime",
        direction="internal",
        doc="The input offset each agent has applied per source topic, written in the transaction that applied it, "
        "to the partition it speaks of.",
        cleanup="compact",
        configs={**_EAGER_COMPACTION, **_SMALL_SEGMENTS},
    ),
    Topic(
        name=HUB_REKEYED,
        key="order_id",
        records=_ORDER_INPUTS,
        owner="orders agent",
        direction="internal",
        doc="Order records that came on the wrong partition, byte-identical, on their way to the right one.",
        configs=_OUTPUT,
    ),
    Topic(
        name=HUB_REKEYED_CUSTOMERS,
        key="customer_id or item_id",
        records=("CustomerUpdated", "PaymentReceived", "CreditRequested", "ItemUpdated"),
        owner="credit agent",
        direction="internal",
        doc="Customer and item records that came on the wrong partition, byte-identical, on their way to the right "
        "one.",
        configs=_OUTPUT,
    ),
    Topic(
        name=HUB_REKEYED_NODES,
        key="node",
        records=("CapacityRequested",),
        owner="capacity agent",
        direction="internal",
        doc="Requests to nodes that came on the wrong partition, byte-identical, on their way to the right one.",
        configs=_OUTPUT,
    ),
    Topic(
        name=HUB_PROBE,
        key="none",
        records=(),
        owner="hub doctor",
        direction="internal",
        doc="What `hub doctor` writes to see that Kafka takes records, and what time it has.",
        configs={"message.timestamp.type": "LogAppendTime", "retention.ms": str(_DAY_MS)},
    ),
)

TOPICS: Mapping[str, Topic] = MappingProxyType({topic.name: topic for topic in _DECLARED})
"""Every topic by name, in the order of the documentation."""
