"""Every record type that travels or is stored: a new one is added here, published, and named in `hub.topics`."""

from __future__ import annotations

import re

from hub.domain.capacity import Booking, NodeLoad
from hub.domain.credit import CreditAccount, Reservation
from hub.domain.dead_letters import LetterDecided
from hub.domain.effects import (
    CustomerNotified,
    ExceptionRaised,
    SettlementPosted,
    SettlementRecorded,
    WorkOrderIssued,
)
from hub.domain.events import (
    CapacityDecided,
    CapacityRequested,
    CreditDecided,
    CreditRequested,
    CustomerUpdated,
    DuplicateCleared,
    ItemCopied,
    ItemUpdated,
    OperatorCommanded,
    OrderCancelled,
    OrderChanged,
    OrderConfirmed,
    OrderPaid,
    OrderPlaced,
    PaymentReceived,
    StatusReported,
    TimerFired,
)
from hub.domain.journal import JournalEntry
from hub.domain.master_data import KeptItem, PurchaseOrder
from hub.domain.model import Frozen
from hub.domain.order import OrderState
from hub.domain.rule_files import RulesPublished
from hub.domain.statements import ItemStated

RECORDS: tuple[type[Frozen], ...] = (
    OrderPlaced,
    OrderChanged,
    OrderCancelled,
    OrderConfirmed,
    OrderPaid,
    StatusReported,
    OperatorCommanded,
    CustomerUpdated,
    PaymentReceived,
    CreditRequested,
    CreditDecided,
    TimerFired,
    WorkOrderIssued,
    CustomerNotified,
    ExceptionRaised,
    SettlementRecorded,
    JournalEntry,
    OrderState,
    CreditAccount,
    Reservation,
    SettlementPosted,
    ItemUpdated,
    ItemCopied,
    KeptItem,
    PurchaseOrder,
    ItemStated,
    CapacityRequested,
    CapacityDecided,
    NodeLoad,
    Booking,
    RulesPublished,
    LetterDecided,
    DuplicateCleared,
)
"""In the order their first ids were given."""


def schema_name(record: str) -> str:
    """The schema of a record type: `OrderPlaced` is `order-placed`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", record).lower()
