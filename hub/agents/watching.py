"""What those who watch the hub are told of an order: the steps it took, and what is the matter with it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime

from hub.domain.decision import Decision
from hub.domain.effects import SettlementRecorded
from hub.domain.headline import headline
from hub.domain.monitor import is_alert
from hub.domain.order import OrderState
from hub.runtime.marks import Mark, Marks

STEPS = ("routed", "settled")
"""routed: all that the order wants now is with the departments, every node asked has answered.
settled: what was delivered is billed."""

SLACK_HOURS = (-168, -72, -24, -1, 24, 72, 168)
BOUNDS = (*(str(bound) for bound in SLACK_HOURS), "+Inf")
"""Of the hours between an order's delivery as predicted and the end of the promised day; late is up to -1."""

_NEVER_MS = 1 << 63
_NOTHING_TO_DELIVER = frozenset(("settled", "closed", "cancelled"))
_BILLS_DELIVERY = frozenset(("delivery", "close", "supplement"))


def steps(before: OrderState | None, decision: Decision) -> Iterator[str]:
    """The steps that a decision took an order."""
    after = decision.state
    if after is None or after.routed is None:
        return
    if not after.capacity and (before is None or before.routed != after.routed or before.capacity):
        yield "routed"
    for each in decision.effects:
        if isinstance(each, SettlementRecorded) and each.cause in _BILLS_DELIVERY:
            yield "settled"


def label(state: OrderState) -> str:
    """Where an order stands, and behind a slash how much slack it has, as long as there is something to deliver."""
    status = headline(state)
    schedule = state.schedule
    if schedule is None or schedule.slack_hours is None or status in _NOTHING_TO_DELIVER:
        return status
    return f"{status}/{BOUNDS[bisect_left(SLACK_HOURS, schedule.slack_hours)]}"


def marks(state: OrderState) -> Marks:
    """What keeps an order, by rule, department and severity."""
    if not state.exceptions:
        return ()
    since: dict[tuple[str, str, str], int] = {}
    for each in state.exceptions:
        if is_alert(each.kind):
            labels = (each.kind, each.department, each.severity)
            since[labels] = min(_ms(each.opened_at), since.get(labels, _NEVER_MS))
    return tuple([Mark(labels, since_ms) for labels, since_ms in since.items()])


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
