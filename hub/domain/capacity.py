"""A node's capacity: what is booked on each day, and by which order.

The node's load keeps totals; each order's booking is a value of its own, so a decision costs the same however many
orders a node has. The load of a day is the sum of the bookings on it.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hub.domain.events import CapacityDecided
from hub.domain.model import Frozen


class DayLoad(Frozen):
    """What is booked on a day, in the node's unit."""

    day: date
    quantity: Decimal


class NodeLoad(Frozen, kw_only=True):
    """What a node has to do on today's date and later. Stored under its name."""

    node: str
    unit: str
    """Of the quantities: the node's when it was last asked."""
    days: tuple[DayLoad, ...] = ()
    """Days with any load, in order."""


class BookedDay(Frozen):
    """A quantity of one line on one day, in the line's unit."""

    line_id: str
    unit: str
    day: date
    quantity: Decimal


class Booking(Frozen, kw_only=True):
    """What one order has of a node. Stored under node|order_id until its last day is over."""

    node: str
    order_id: str
    entry: int
    """Of the order's journal, when it last asked."""
    days: tuple[BookedDay, ...] = ()
    """By line, each line's days in order."""
    answer: CapacityDecided
    """What it was told, in case the question is repeated."""
