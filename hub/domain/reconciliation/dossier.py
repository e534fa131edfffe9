"""All that is held about one order, and the days a reconciliation is about."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hub.domain.effects import SettlementPosted, SettlementRecorded
from hub.domain.model import Frozen
from hub.domain.order import OrderState

_UNFINISHED = frozenset(("received", "confirming", "confirmed", "fulfilled"))


def day_of(moment: datetime) -> date:
    """The UTC day of a moment."""
    return moment.astimezone(UTC).date()


class Period(Frozen, kw_only=True):
    """The days a reconciliation is about, UTC, both included."""

    today: date
    """What is due is due by this day, or by the period's last if that is earlier."""
    since: date | None = None
    until: date | None = None

    @property
    def as_of(self) -> date:
        """The day up to which claims count as due."""
        return self.today if self.until is None else min(self.today, self.until)

    def ended_before(self, moment: datetime) -> bool:
        """Whether the moment is after the period."""
        return self.until is not None and day_of(moment) > self.until

    def begins_after(self, moment: datetime) -> bool:
        """Whether the moment is before the period."""
        return self.since is not None and day_of(moment) < self.since


class Dossier(Frozen, kw_only=True):
    """One order as the topics hold it, in their order; what was written twice is there twice."""

    order_id: str
    state: OrderState | None = None
    """As it is now, also when the period is over; None where nobody placed it."""
    settlements: tuple[SettlementRecorded, ...] = ()
    postings: tuple[SettlementPosted, ...] = ()

    def concerns(self, period: Period) -> bool:
        """Whether the period is about this order: it was there by its end, and not over before it began."""
        state = self.state
        if state is not None and state.placed_at is not None:
            if period.ended_before(state.placed_at):
                return False
            if state.commercial in _UNFINISHED or (state.moved_at and not period.begins_after(state.moved_at)):
                return True
        moments = [each.occurred_at for each in (*self.settlements, *self.postings)]
        return any(not (period.begins_after(each) or period.ended_before(each)) for each in moments)

    def split(self, period: Period) -> tuple[Dossier, tuple[SettlementRecorded, ...]]:
        """What was recorded by the end of the period, and the settlements that came later."""
        if period.until is None:
            return self, ()
        settlements = tuple(each for each in self.settlements if not period.ended_before(each.occurred_at))
        postings = tuple(each for each in self.postings if not period.ended_before(each.occurred_at))
        later = tuple(each for each in self.settlements if period.ended_before(each.occurred_at))
        return Dossier(order_id=self.order_id, state=self.state, settlements=settlements, postings=postings), later
