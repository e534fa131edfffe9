"""What the customer is told: what it wants to know, in its language, and nothing that is not its business.

Reasons are the hub's own phrases, the buyer's own words, the remedy of a rule that refuses, and the reason an operator
gives for cancelling. Whatever else operators and departments write is for the house: it is in the journal, never here.
"""

from __future__ import annotations

from hub.domain.customer import NotificationKind
from hub.domain.effects import CustomerNotified
from hub.domain.flow.turn import SOURCE, Turn
from hub.domain.phrases import told
from hub.domain.texts import language


def notify(turn: Turn, kind: NotificationKind, *, reason: str = "", until: str = "") -> None:
    """Tells the customer, if it wants to know. The order is named by the buyer's own number where there is one."""
    terms, customer = turn.terms, turn.state.customer
    if customer is not None and not customer.wants(kind):
        return
    locale = terms.locale or ("" if customer is None else customer.locale)
    texts = turn.policy.texts
    tag = language(texts, locale)
    words = texts.get(tag)
    order = terms.purchase_order or turn.state.order_id
    text = "" if words is None else words.notifications[kind]
    turn.emit(
        CustomerNotified(
            event_id=turn.next_id(),
            source=SOURCE,
            occurred_at=turn.now,
            order_id=turn.state.order_id,
            customer_id=terms.customer_id,
            kind=kind,
            locale=tag,
            text=text.format(order=order, reason=told(reason, words.phrases) if words else "", until=until),
        )
    )
