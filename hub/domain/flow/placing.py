"""An order comes in: check, classify, and ask the customer's account for credit."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hub.domain import amounts
from hub.domain.checks import LARGEST_VALUE, check_order, refusal, too_large
from hub.domain.events import OrderPlaced
from hub.domain.flow.crediting import request_credit
from hub.domain.flow.notifying import notify
from hub.domain.flow.turn import Turn
from hub.domain.ledger import new_line
from hub.domain.order import Terms
from hub.domain.routing import OrderClass
from hub.domain.verdict import Verdict


def on_placed(turn: Turn, event: OrderPlaced) -> Verdict:
    """The order becomes known."""
    if findings := check_order(event, turn.policy):
        return refusal(findings)
    lines = tuple(new_line(line) for line in event.lines)
    value = amounts.value(event.currency, event.discount_percent, lines)
    if value >= LARGEST_VALUE:
        return too_large(value)
    order_class = classify(turn, event, value)
    turn.update(
        terms=Terms(
            customer_id=event.customer_id,
            purchase_order=event.purchase_order,
            currency=event.currency,
            deliver_to=event.deliver_to,
            discount_percent=event.discount_percent,
            requested_delivery=event.requested_delivery,
            seller_id=event.seller_id,
            priority=event.priority,
            locale=event.locale,
            note=event.note,
            settlement=event.settlement or turn.policy.settlement,
        ),
        order_class=order_class,
        lines=lines,
        placed_at=event.occurred_at,
    )
    turn.move_commercial("place")
    turn.explain(f"placed: {len(lines)} lines, {value} {event.currency}, class {order_class}")
    notify(turn, "received")
    request_credit(turn, value)
    return None


def classify(turn: Turn, event: OrderPlaced, value: Decimal) -> OrderClass:
    """urgent, as the buyer says or by its date; else large by its value; else standard."""
    wanted_by = event.requested_delivery
    if event.priority == "urgent" or (
        wanted_by is not None and wanted_by <= turn.today + timedelta(days=turn.policy.urgent_days)
    ):
        return "urgent"
    return "large" if value >= turn.policy.large_amount else "standard"
