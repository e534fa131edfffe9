"""Deterministic ids: a decision gives the same names whenever it is taken, also in a replay or a restored backup."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b

from hub.domain.model import Department

_SEPARATOR = "\x1f"
"""ASCII unit separator: cannot be confused with a part of an id."""


def effect_id(order_id: str, source: str, event_id: str, ordinal: int) -> str:
    """Id of the `ordinal`-th effect that the event `event_id` of `source` has on an order: 32 hex digits."""
    return blake2b(_SEPARATOR.join((order_id, source, event_id, str(ordinal))).encode(), digest_size=16).hexdigest()


def fingerprint(*parts: str) -> bytes:
    """Eight bytes that stand for `parts`; equal by chance once in 2**64 pairs."""
    return blake2b(_SEPARATOR.join(parts).encode(), digest_size=8).digest()


def work_order_id(order_id: str, department: Department) -> str:
    """An order has one work order per department, which is changed as the order is."""
    return f"{order_id}.{department}"


def case_id(kind: str, root: str) -> str:
    """What the exceptions of one kind with one root have in common, in every order: 16 hex digits."""
    return fingerprint(kind, root).hex()


def timer_id(order_id: str, due: datetime) -> str:
    """Event id of the `TimerFired` of an order for one due time."""
    return f"timer:{order_id}:{due.isoformat()}"
