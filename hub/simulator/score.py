"""What a performance came to: orders on time, exceptions resolved, and how long that took. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from hub.domain.effects import ExceptionRaised
from hub.domain.events import OperatorCommanded
from hub.domain.order import OrderState

_DELIVERED = frozenset(("fulfilled", "closed"))
_URGENT = 0.5
"""Part of the time promised that an urgent order has."""


@dataclass(slots=True)
class Trouble:
    """One exception."""

    kind: str
    order_id: str
    opened_at: datetime
    ended_at: datetime | None = None
    touched_at: datetime | None = None
    """When a person first did something about it or its order."""

    @property
    def seconds(self) -> float | None:
        """How long it was open, None while it is."""
        return (self.ended_at - self.opened_at).total_seconds() if self.ended_at else None


@dataclass(frozen=True, slots=True)
class Tally:
    """Exceptions of one kind, or all."""

    kind: str
    opened: int
    ended: int
    by_people: int
    """Of those ended, how many after a person had done something."""
    median_seconds: float | None
    """Half of those that ended had been open for so long at most."""
    longest_seconds: float | None
    first_touch_seconds: float | None
    """Half of those a person did something about had waited for so long at most."""


@dataclass(frozen=True, slots=True)
class Result:
    """The score."""

    placed: int
    """Orders the hub has taken on."""
    on_time: int
    late: int
    """Delivered, or still open, after the time promised."""
    waiting: int
    """Open, and the time promised is not over."""
    cancelled: int
    total: Tally
    kinds: tuple[Tally, ...]

    @property
    def on_time_percent(self) -> float | None:
        """Of the orders that were due."""
        due = self.on_time + self.late
        return 100 * self.on_time / due if due else None


@dataclass
class Score:
    """Keeps the score of the orders whose ids begin with `prefix`."""

    prefix: str
    promised: timedelta
    orders: dict[str, OrderState] = field(default_factory=dict)
    _delivered: dict[str, datetime] = field(default_factory=dict)
    _troubles: dict[str, Trouble] = field(default_factory=dict)

    def take(self, message: object, at: datetime) -> None:
        """Something was committed at that time."""
        if not isinstance(message, OrderState | ExceptionRaised | OperatorCommanded):
            return
        if not message.order_id.startswith(self.prefix):
            return
        match message:
            case OrderState(order_id=order_id):
                self.orders[order_id] = message
                if message.commercial in _DELIVERED:
                    self._delivered.setdefault(order_id, at)
            case ExceptionRaised(action="opened"):
                self._troubles[message.exception_id] = Trouble(message.kind, message.order_id, at)
            case ExceptionRaised(action="closed"):
                if trouble := self._troubles.get(message.exception_id):
                    trouble.ended_at = at
            case OperatorCommanded(order_id=order_id):
                self._touch(order_id, at)

    def _touch(self, order_id: str, at: datetime) -> None:
        for trouble in self._troubles.values():
            if trouble.order_id == order_id and trouble.ended_at is None and trouble.touched_at is None:
                trouble.touched_at = at

    @property
    def open_orders(self) -> int:
        """Orders that are not delivered, nor cancelled."""
        return sum(state.commercial not in {*_DELIVERED, "cancelled"} for state in self.orders.values())

    @property
    def open_exceptions(self) -> int:
        """Exceptions that have not ended."""
        return sum(trouble.ended_at is None for trouble in self._troubles.values())

    def result(self, now: datetime) -> Result:
        """The score as it is now."""
        outcomes = defaultdict[str, int](int)
        for state in self.orders.values():
            outcomes[self._outcome(state, now)] += 1
        kinds = defaultdict[str, list[Trouble]](list)
        for trouble in self._troubles.values():
            kinds[trouble.kind].append(trouble)
        return Result(
            placed=len(self.orders),
            on_time=outcomes["on-time"],
            late=outcomes["late"],
            waiting=outcomes["waiting"],
            cancelled=outcomes["cancelled"],
            total=_tally("all", self._troubles.values()),
            kinds=tuple(_tally(kind, members) for kind, members in sorted(kinds.items())),
        )

    def _outcome(self, state: OrderState, now: datetime) -> str:
        if state.commercial == "cancelled":
            return "cancelled"
        urgent = state.terms is not None and state.terms.priority == "urgent"
        due = (state.placed_at or now) + self.promised * (_URGENT if urgent else 1)
        delivered = self._delivered.get(state.order_id)
        if delivered is None:
            return "waiting" if now <= due else "late"
        return "on-time" if delivered <= due else "late"


def _tally(kind: str, troubles: Iterable[Trouble]) -> Tally:
    known = list(troubles)
    seconds = [each.seconds for each in known if each.seconds is not None]
    ended = [each for each in known if each.ended_at]
    waits = [(each.touched_at - each.opened_at).total_seconds() for each in known if each.touched_at]
    return Tally(
        kind,
        opened=len(known),
        ended=len(ended),
        by_people=sum(each.touched_at is not None for each in ended),
        median_seconds=_half(seconds),
        longest_seconds=max(seconds, default=None),
        first_touch_seconds=_half(waits),
    )


def _half(seconds: Sequence[float]) -> float | None:
    return median(seconds) if seconds else None
