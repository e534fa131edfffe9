"""Orders of `tests.support.orders` as a reconciliation sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.domain.effects import SettlementPosted, SettlementRecorded
from hub.domain.reconciliation.discrepancy import Discrepancy, Tolerances
from hub.domain.reconciliation.dossier import Dossier, Period
from hub.domain.reconciliation.order import Grounds, Outcome, in_full, reconcile
from hub.domain.statements import ItemStated
from tests.support.orders import Story


def dossier(story: Story) -> Dossier:
    """What the topics would hold of the story's order."""
    return Dossier(
        order_id=story.order.order_id,
        state=story.order,
        settlements=tuple(story.sent(SettlementRecorded)),
        postings=tuple(story.sent(SettlementPosted)),
    )


def grounds(story: Story, **fields: Any) -> Grounds:
    """On the day of the story, all of its time, with no tolerance."""
    values: dict[str, Any] = {
        "period": Period(today=story.now.date()),
        "tolerances": Tolerances(),
        "accounts": story.policy.accounts,
        "over_delivery_percent": story.policy.over_delivery_percent,
    }
    return Grounds(**(values | fields))


def reconciled(story: Story, held: Dossier | None = None, **fields: Any) -> Outcome:
    """The story's order, or what is held of it instead, without its journal."""
    outcome = reconcile(held or dossier(story), grounds(story, **fields))
    assert outcome is not None
    return outcome


def explained(
    story: Story, held: Dossier | None = None, stated: Sequence[ItemStated] = (), **fields: Any
) -> tuple[Discrepancy, ...]:
    """The same with the journal and with lists."""
    held = held or dossier(story)
    outcome = reconciled(story, held, **fields)
    events = [received.event for received, _ in story.journal]
    return in_full(outcome, held, events, stated, grounds(story, **fields))[0].discrepancies
