"""Nodes as tests need them: they work from Monday to Friday, in Berlin, unless told otherwise."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hub.domain.calendar import Calendar, Shift
from hub.domain.model import Department
from hub.domain.node import Capacity, Node

WEEKDAYS = Calendar(ZoneInfo("Europe/Berlin"), ((Shift(8 * 60, 16 * 60),),) * 5 + ((), ()))


def node(name: str, department: Department = "production", per_day: int | None = None, **fields: Any) -> Node:
    """A node; `per_day` pieces are its capacity, if it has a limit."""
    capacity = None if per_day is None else Capacity(Decimal(per_day), "C62", fields.pop("horizon", 20))
    if "smallest_part" in fields:
        fields["smallest_part"] = Decimal(fields["smallest_part"])
    return Node(name, department, fields.pop("calendar", WEEKDAYS), capacity=capacity, **fields)
