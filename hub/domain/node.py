"""Places that supply lines: a plant, a supplier, a warehouse. Each belongs to a department and has its own calendar."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from hub.domain.calendar import Calendar, add_working_days, first_working_day
from hub.domain.model import Department, Frozen


class Capacity(Frozen):
    """How much a node takes on."""

    per_day: Decimal
    """On one working day, for all orders together."""
    unit: str
    """UN/ECE Recommendation 20 code; lines in units that do not convert to it are not given to the node."""
    horizon: int = 20
    """How many working days ahead of the first it takes orders for."""


class Node(Frozen):
    """Where a department makes, buys or keeps goods."""

    name: str
    department: Department
    calendar: Calendar
    lead_days: int = 0
    """Working days from the one on which work on a line is begun until its goods are ready."""
    capacity: Capacity | None = None
    """None: as much as it is given."""
    smallest_part: Decimal | None = None
    """If it has no capacity for all of a line it may be given a part, of at least so much, and so that at least as much
    is left for others; in the line's unit. None: all or nothing."""


def first_ready_on(node: Node, now: datetime) -> date:
    """The first day on which goods ordered now are ready."""
    return ready_on(node, first_working_day(node.calendar, now))


def ready_on(node: Node, begun: date) -> date:
    """The day on which goods are ready whose work is begun on a day."""
    return add_working_days(node.calendar, begun, node.lead_days)


def last_begin(node: Node, ready: date) -> date:
    """The last day on which work can be begun so that goods are ready on a day."""
    return add_working_days(node.calendar, ready, -node.lead_days)
