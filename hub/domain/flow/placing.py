"""An order comes in: check it, and ask the customer's account for credit and for what it is to be reviewed by."""

from __future__ import annotations

from hub.domain import amounts
from hub.domain.agreeing import agreed
from hub.domain.checks import LARGEST_VALUE, check_order, refusal, too_large
from hub.domain.events import OrderPlaced
from hub.domain.flow.crediting import request_credit
from hub.domain.flow.turn import Turn
from hub.domain.ledger import new_line
from hub.domain.order import Terms
from hub.domain.verdict import Verdict


def on_placed(turn: Turn, event: OrderPlaced) -> Verdict:
    """The order becomes known."""
    if findings := check_order(event, turn.policy):
        return refusal(findings)
    lines = tuple([new_line(line) for line in event.lines])
    terms = Terms(
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
        adjustments=agreed(event.adjustments, event.currency, event.lines),
    )
    value = amounts.value(terms, lines, amounts.once(terms.adjustments))
    if value >= LARGEST_VALUE:
        return too_large(value)
    unreviewed = tuple([line.line_id for line in event.lines])
    turn.move_commercial("place", terms=terms, lines=lines, unreviewed=unreviewed, placed_at=event.occurred_at)
    turn.explain(f"placed: {len(lines)} lines, {value} {event.currency}")
    request_credit(turn, value)
    return None
