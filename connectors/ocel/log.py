"""What such a log is made of: events, objects whose attributes change over time, and how they are related."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

Type = Literal["string", "time", "integer", "float"]
"""Of an attribute. OCEL knows no decimals: quantities and amounts are floats there."""
Value = str | int | Decimal | date | datetime | None
ObjectType = Literal[
    "customer", "order", "line", "item", "work order", "delivery", "settlement", "payment", "exception"
]

OBJECT_TYPES: Mapping[ObjectType, Mapping[str, Type]] = {
    "customer": {},
    "order": {
        "purchase_order": "string",
        "currency": "string",
        "priority": "string",
        "country": "string",
        "requested_delivery": "time",
        "revision": "integer",
    },
    "line": {
        "quantity": "float",
        "unit": "string",
        "price": "float",
        "requested_delivery": "time",
        "deleted": "string",
    },
    "item": {},
    "work order": {
        "department": "string",
        "revision": "integer",
        "due": "time",
        "rule": "string",
        "status": "string",
        "expected_at": "time",
    },
    "delivery": {"status": "string"},
    "settlement": {
        "kind": "string",
        "cause": "string",
        "currency": "string",
        "payable": "float",
        "payment_due": "time",
    },
    "payment": {"amount": "float", "currency": "string"},
    "exception": {
        "kind": "string",
        "root": "string",
        "status": "string",
        "severity": "string",
        "priority": "integer",
        "owner": "string",
        "department": "string",
    },
}
"""Every type of object with its attributes."""

EVENT_ATTRIBUTES: Mapping[str, Type] = {
    "source": "string",
    "outcome": "string",
    "decided_at": "time",
    "rules": "string",
    "reason": "string",
    "cause": "string",
    "node": "string",
    "quantity": "float",
    "amount": "float",
    "currency": "string",
    "owner": "string",
    "role": "string",
    "kind": "string",
    "detail": "string",
    "revision": "integer",
}
"""Every attribute an event may have; which of them it has depends on its type."""


class Ref(NamedTuple):
    """An object by its type and what it is called among those of its type."""

    type: ObjectType
    name: str

    @property
    def object_id(self) -> str:
        """Its id, which is unique in the whole log."""
        return f"{self.type}/{self.name}"


Related = tuple[tuple[Ref, str], ...]
"""Objects, each with how it is related."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. All events of a type have the same attributes, of which some may be None."""

    event_id: str
    type: str
    time: datetime
    attributes: Mapping[str, Value]
    related: Related


@dataclass(frozen=True, slots=True)
class Described:
    """What an object's attributes are from a moment on, and what it is related to."""

    ref: Ref
    time: datetime
    attributes: Mapping[str, Value] = field(default_factory=dict)
    related: Related = ()
