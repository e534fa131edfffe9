"""A node decides what it takes on: check and book are one decision, so that orders cannot overload a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal

from msgspec.structs import replace

from hub.domain.calendar import add_working_days, first_working_day, local_day
from hub.domain.capacity import BookedDay, Booking, DayLoad, NodeLoad
from hub.domain.decision import Outcome
from hub.domain.events import CapacityDecided, CapacityGrant, CapacityLine, CapacityRequested
from hub.domain.ids import effect_id
from hub.domain.model import Frozen
from hub.domain.node import Capacity, Node, ready_on
from hub.domain.order import ZERO
from hub.domain.units import convert

SOURCE = "/orderhub/capacity"
"""CloudEvents source of every answer."""
_WHOLE = Decimal(1)
_MICRO = Decimal("0.000001")


class CapacityDecision(Frozen):
    """The node's next load and the order's next booking, and the answer if the request gets one."""

    load: NodeLoad | None
    booking: Booking | None
    decided: CapacityDecided | None
    outcome: Outcome
    code: str = ""
    detail: str = ""


def decide_capacity(
    load: NodeLoad | None, booking: Booking | None, request: CapacityRequested, now: datetime, node: Node | None
) -> CapacityDecision:
    """Books what an order asks for, as far as there is room, and gives back what it asks for no more.

    What an order has keeps its days. What it wants more of goes to the first days with room, up to the latest that
    will do. `node` is None for one that the rules do not know any more; it, and one without a limit, takes on all.
    """
    if booking is not None and booking.answer.request_id == request.event_id:
        return CapacityDecision(load, booking, booking.answer, "duplicate", "duplicate", "The request was carried out")
    if booking is not None and request.entry < booking.entry:
        detail = f"Entry {request.entry} of order {request.order_id} is older than {booking.entry}"
        return CapacityDecision(load, booking, None, "ignored", "request-over", detail)
    had = () if booking is None else booking.days
    if node is None or node.capacity is None:
        days, grants = had, tuple(CapacityGrant(line.line_id, line.quantity, None) for line in request.lines)
    else:
        room = _Room(node, node.capacity, load, now)
        booked = room.book(request.lines, had)
        days = tuple(part for parts in booked for part in parts)
        grants = tuple(_grant(node, line, parts) for line, parts in zip(request.lines, booked, strict=True))
        load = room.load()
    decided = CapacityDecided(
        event_id=effect_id(request.order_id, request.source, request.event_id, 0),
        source=SOURCE,
        occurred_at=now,
        order_id=request.order_id,
        node=request.node,
        request_id=request.event_id,
        lines=grants,
    )
    answered = Booking(node=request.node, order_id=request.order_id, entry=request.entry, days=days, answer=decided)
    return CapacityDecision(load, answered, decided, "applied")


def _grant(node: Node, line: CapacityLine, parts: Sequence[BookedDay]) -> CapacityGrant:
    if _rate(line.unit, node) is None:
        return CapacityGrant(line.line_id, line.firm, None)
    quantity = sum((part.quantity for part in parts), ZERO)
    return CapacityGrant(line.line_id, quantity, ready_on(node, max(part.day for part in parts)) if parts else None)


def _rate(unit: str, node: Node) -> Decimal | None:
    """How much of the node's capacity one of `unit` takes; None if it cannot be counted."""
    return None if node.capacity is None else convert(_WHOLE, unit, node.capacity.unit)


class _Room:
    """The node's days while a request is decided."""

    def __init__(self, node: Node, capacity: Capacity, load: NodeLoad | None, now: datetime) -> None:
        self._node = node
        self._capacity = capacity
        self._first = first_working_day(node.calendar, now)
        self._last = add_working_days(node.calendar, self._first, capacity.horizon - 1)
        self._used: dict[date, Decimal] = {}
        self._today = local_day(node.calendar, now)
        rate = convert(_WHOLE, load.unit, capacity.unit) if load is not None else None
        if load is not None and rate is not None:
            self._used = {each.day: each.quantity * rate for each in load.days if each.day >= self._today}

    def load(self) -> NodeLoad:
        """What the node has to do now."""
        days = tuple(DayLoad(day, quantity) for day, quantity in sorted(self._used.items()) if quantity > ZERO)
        return NodeLoad(node=self._node.name, unit=self._capacity.unit, days=days)

    def book(self, lines: Sequence[CapacityLine], had: Sequence[BookedDay]) -> list[list[BookedDay]]:
        """The days of each line; first all that is wanted no more is given back, then each takes what it lacks."""
        wanted = {line.line_id: line.quantity for line in lines}
        kept: dict[str, list[BookedDay]] = {line.line_id: [] for line in lines}
        for part in had:
            left = wanted.get(part.line_id, ZERO)
            stays = min(part.quantity, left)
            wanted[part.line_id] = left - stays
            if stays < part.quantity:
                self._use(part, stays - part.quantity)
            if stays > ZERO:
                kept[part.line_id].append(replace(part, quantity=stays))
        return [self._book(line, kept[line.line_id]) for line in lines]

    def _book(self, line: CapacityLine, parts: list[BookedDay]) -> list[BookedDay]:
        rate = _rate(line.unit, self._node)
        if rate is None:
            return parts
        has = sum((part.quantity for part in parts), ZERO)
        firm = max(line.firm - has, ZERO)
        left = line.quantity - max(has, line.firm)
        free = self._free(line, rate)
        parts, over = self._take(line, parts, free, firm)
        if over > ZERO:
            parts = self._add(line, parts, self._first, over)
        available = min(left, sum(free.values(), ZERO))
        if available < left:
            available = min(available, left - line.smallest_part)
        if available >= min(line.smallest_part, left):
            parts, _ = self._take(line, parts, free, available)
        return sorted(parts, key=lambda part: part.day)

    def _free(self, line: CapacityLine, rate: Decimal) -> dict[date, Decimal]:
        """How much of the line each day that will do has room for."""
        step = _WHOLE if line.quantity == line.quantity.to_integral_value() else _MICRO
        last = self._last if line.latest is None else min(self._last, line.latest)
        free: dict[date, Decimal] = {}
        day = self._first
        while day <= last:
            room = self._capacity.per_day - self._used.get(day, ZERO)
            if room > ZERO:
                free[day] = (room / rate).quantize(step, ROUND_DOWN)
            day = add_working_days(self._node.calendar, day, 1)
        return free

    def _take(
        self, line: CapacityLine, parts: list[BookedDay], free: dict[date, Decimal], quantity: Decimal
    ) -> tuple[list[BookedDay], Decimal]:
        """Books `quantity` on the first free days; also what there was no room for."""
        for day, room in free.items():
            part = min(room, quantity)
            if part > ZERO:
                parts = self._add(line, parts, day, part)
                free[day] = room - part
                quantity -= part
        return parts, quantity

    def _add(self, line: CapacityLine, parts: list[BookedDay], day: date, quantity: Decimal) -> list[BookedDay]:
        added = BookedDay(line.line_id, line.unit, day, quantity)
        self._use(added, quantity)
        same = next((part for part in parts if part.day == day), None)
        if same is None:
            return [*parts, added]
        return [replace(part, quantity=part.quantity + quantity) if part is same else part for part in parts]

    def _use(self, part: BookedDay, quantity: Decimal) -> None:
        rate = _rate(part.unit, self._node)
        if rate is not None and part.day >= self._today:
            self._used[part.day] = max(self._used.get(part.day, ZERO) + quantity * rate, ZERO)
