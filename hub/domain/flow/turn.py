"""One event on its way into the state: the working copy behind a decision.

The only mutable thing of the domain. It is made inside `decide` and does not outlive it, so seen from outside every
decision is a function.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from msgspec.structs import replace

from hub.domain import lifecycle
from hub.domain.decision import Context
from hub.domain.effects import Effect
from hub.domain.events import OrderEvent
from hub.domain.ids import effect_id
from hub.domain.model import Department
from hub.domain.order import LineState, OrderState, Terms, Work
from hub.errors import InvariantError

_DAY = timedelta(days=1)
SOURCE = "/orderhub/orders"
"""CloudEvents source of every effect of an order."""


class Turn:
    """The state so far, the effects so far, and why."""

    __slots__ = (
        "_cause",
        "_ordinal",
        "_ordinals",
        "context",
        "effects",
        "explanations",
        "moved",
        "now",
        "policy",
        "state",
    )

    def __init__(self, state: OrderState, context: Context) -> None:
        self.state = state
        self.context = context
        self.now: datetime = context.now
        self.policy = context.policy
        self.effects: list[Effect] = []
        self.explanations: list[str] = []
        self.moved = False
        """Whether the order came on, as opposed to a note being made."""
        self._cause = ("", "")
        self._ordinal: Iterator[int] = count()
        self._ordinals: dict[tuple[str, str], Iterator[int]] = {}

    def begin(self, event: OrderEvent) -> None:
        """From now on, or again, effects are those of `event`."""
        self._cause = (event.source, event.event_id)
        self._ordinal = self._ordinals.setdefault(self._cause, count())

    def next_id(self) -> str:
        """A deterministic id for the next effect of the event."""
        return effect_id(self.state.order_id, *self._cause, next(self._ordinal))

    def emit(self, effect: Effect) -> None:
        """Makes `effect` happen."""
        self.effects.append(effect)

    def explain(self, sentence: str) -> None:
        """Notes what was decided and by which rule."""
        self.explanations.append(sentence)

    @property
    def terms(self) -> Terms:
        """The order's terms; every event but its placement finds them in place."""
        if self.state.terms is None:
            raise InvariantError(f"Order {self.state.order_id}: was never placed and has no terms")
        return self.state.terms

    @property
    def event_id(self) -> str:
        """Id of the event whose effects are decided."""
        return self._cause[1]

    @property
    def today(self) -> date:
        """The date of the decision (UTC)."""
        return self.now.date()

    def day_of(self, moment: datetime) -> date:
        """The date of a moment where goods are delivered, as the schedule has it."""
        day, end_of = moment.date(), self.policy.schedule.end_of
        if moment >= end_of(day):
            return day + _DAY
        return day - _DAY if moment < end_of(day - _DAY) else day

    def update(self, **changes: Any) -> None:
        """Replaces fields of the state."""
        self.state = replace(self.state, **changes)

    def set_line(self, index: int, line: LineState) -> None:
        """Replaces one line."""
        lines = self.state.lines
        self.state = replace(self.state, lines=(*lines[:index], line, *lines[index + 1 :]))

    def work(self, department: Department) -> Work:
        """The department's work order."""
        work: Work = getattr(self.state, department)
        return work

    def set_work(self, department: Department, work: Work) -> None:
        """Replaces the department's work order."""
        self.state = replace(self.state, **{department: work})

    def move_commercial(self, trigger: lifecycle.CommercialTrigger, **changes: Any) -> None:
        """Moves the commercial axis, and replaces fields with it; InvariantError if the table forbids it."""
        state = self.state
        status = lifecycle.move("commercial", lifecycle.COMMERCIAL, state.commercial, trigger, state.order_id)
        since = state.commercial_since if status == state.commercial else self.now
        self.state = replace(state, commercial=status, commercial_since=since, **changes)
        self.moved = True

    def move_credit(self, trigger: lifecycle.CreditTrigger, **changes: Any) -> None:
        """Moves the credit axis, and replaces fields with it; InvariantError if the table forbids it."""
        state = self.state
        status = lifecycle.move("credit", lifecycle.CREDIT, state.credit, trigger, state.order_id)
        since = state.credit_since if status == state.credit else self.now
        self.state = replace(state, credit=status, credit_since=since, **changes)
        self.moved = True

    def move_billing(self, trigger: lifecycle.BillingTrigger) -> None:
        """Moves the billing axis; InvariantError if the table forbids it."""
        state = self.state
        status = lifecycle.move("billing", lifecycle.BILLING, state.billing, trigger, state.order_id)
        since = state.billing_since if status == state.billing else self.now
        self.state = replace(state, billing=status, billing_since=since)
        self.moved = True

    def move_work(self, department: Department, trigger: lifecycle.WorkTrigger, **changes: Any) -> None:
        """Moves a department's axis, and replaces fields of its work with it.

        What comes late does not move it, what is illegal is an InvariantError.
        """
        work = self.work(department)
        status = lifecycle.move(department, lifecycle.WORK, work.status, trigger, self.state.order_id)
        if status == lifecycle.EARLY:
            raise InvariantError(f"Order {self.state.order_id}: the {department} axis cannot {trigger} yet")
        if status not in (lifecycle.LATE, work.status):
            changes |= {"status": status, "since": self.now}
        if changes:
            self.set_work(department, replace(work, **changes))
        self.moved = True
