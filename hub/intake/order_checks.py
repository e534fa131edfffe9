"""Events held to the rules the hub will hold them to, so that whoever sends one through an edge is told at once.

How many lines an order may have is the company's policy and left to the hub.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from hub.domain import amounts
from hub.domain.agreeing import agreed
from hub.domain.checks import LARGEST_VALUE, check_change, check_line, check_order, check_times, too_large
from hub.domain.events import CustomerEvent, ItemUpdated, OrderChanged, OrderEvent, OrderPlaced
from hub.domain.finding import Finding
from hub.domain.ledger import new_line
from hub.domain.policy import Policy
from hub.domain.statements import ItemStated, check_stated

_POLICY = Policy(max_lines=2**31)


def findings(event: OrderEvent | CustomerEvent | ItemUpdated | ItemStated) -> tuple[Finding, ...]:
    """What stands against an event by its own content; empty if nothing."""
    if found := tuple(check_times(event)):
        return found
    match event:
        case OrderPlaced():
            return tuple(check_order(event, _POLICY)) or tuple(_worth(event))
        case OrderChanged():
            lines = (change.line for change in event.changes if change.line)
            return (*check_change(event), *(each for line in lines for each in check_line(line)))
        case ItemUpdated() if mistake := event.item.mistake():
            return (Finding("item-invalid", "item", event.item.item_id, mistake),)
        case ItemStated():
            return tuple(check_stated(event))
        case _:
            return ()


def _worth(order: OrderPlaced) -> Iterator[Finding]:
    order = replace(order, adjustments=agreed(order.adjustments, order.currency, order.lines))
    value = amounts.value(order, map(new_line, order.lines), amounts.once(order.adjustments))
    if value >= LARGEST_VALUE:
        refusal = too_large(value)
        yield Finding(refusal.code, "lines", f"{value:f}", "an order comes to less, so split it")
