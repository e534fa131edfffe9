"""What the customer is told, in the language the order asked for."""

from __future__ import annotations

from hub.domain.customer import NotificationKind
from hub.domain.effects import CustomerNotified
from hub.domain.flow.texts import TEXTS
from hub.domain.flow.turn import SOURCE, Turn


def notify(turn: Turn, kind: NotificationKind, *, reason: str = "", until: str = "") -> None:
    """Tells the customer. The order is named by the buyer's own number where there is one."""
    terms = turn.terms
    texts = TEXTS.get(terms.locale[:2].lower(), TEXTS["en"])
    order = terms.purchase_order or turn.state.order_id
    turn.emit(
        CustomerNotified(
            event_id=turn.next_id(),
            source=SOURCE,
            occurred_at=turn.now,
            order_id=turn.state.order_id,
            customer_id=terms.customer_id,
            kind=kind,
            locale=terms.locale,
            text=texts[kind].format(order=order, reason=reason, until=until),
        )
    )
