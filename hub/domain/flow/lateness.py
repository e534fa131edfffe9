"""Late units: how late, by which rule, and which of a line's units they are."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from msgspec.structs import replace

from hub.domain.events import StatusReported
from hub.domain.flow.turn import Turn
from hub.domain.model import OrderLine
from hub.domain.order import ZERO, Late
from hub.domain.policy import LateDelivery

_DAYS = {"day": 1, "week": 7}


def lateness(turn: Turn, event: StatusReported, line: OrderLine, quantity: Decimal) -> tuple[Late, ...]:
    """The units that `event` delivers as late ones, if they are and the policy takes something off for that."""
    rule = turn.policy.late_delivery
    if rule is None:
        return ()
    wanted_by = line.requested_delivery or turn.terms.requested_delivery
    if wanted_by is None:
        return ()
    days = (turn.day_of(event.occurred_at) - wanted_by).days
    return (Late(quantity, days, _percent(rule, days), event.event_id),) if days > 0 else ()


def _percent(rule: LateDelivery, days: int) -> Decimal:
    """Every period that has begun counts, up to the cap."""
    periods = -(-days // _DAYS[rule.per])
    return min(rule.percent * periods, rule.cap)


def late_among(late: Iterable[Late], quantity: Decimal) -> tuple[tuple[Late, ...], tuple[Late, ...]]:
    """The first `quantity` of late units, and the others."""
    taken: list[Late] = []
    left: list[Late] = []
    for each in late:
        part = min(each.quantity, quantity)
        quantity -= part
        if part > ZERO:
            taken.append(replace(each, quantity=part))
        if part < each.quantity:
            left.append(replace(each, quantity=each.quantity - part))
    return tuple(taken), tuple(left)
