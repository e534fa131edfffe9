"""How often something was, how long it took, and in which orders most of it lies."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

NAMED = 10
"""Orders that are named of each measure."""
_MICROSECOND = timedelta(microseconds=1)


def _spans() -> array[int]:
    return array("q")


@dataclass(slots=True)
class Measure:
    """Spans of time, eight bytes each; a mere count is of spans of no length."""

    orders: int = 0
    _spans: array[int] = field(default_factory=_spans)
    """In microseconds."""
    _worst: list[tuple[int, int, str]] = field(default_factory=list)
    """The heap of the orders to be named: time and number in each, and its id."""

    def add(self, order_id: str, spans: Iterable[timedelta]) -> None:
        """What there was of it in one order, if anything; an order is added once."""
        added = [max(span // _MICROSECOND, 0) for span in spans]
        if added:
            self.orders += 1
            self._spans.extend(added)
            self._name((sum(added), len(added), order_id))

    def merge(self, other: Measure) -> None:
        """Adds what there was in other orders."""
        self.orders += other.orders
        self._spans.extend(other._spans)
        for each in other._worst:
            self._name(each)

    @property
    def times(self) -> int:
        """How often it was."""
        return len(self._spans)

    @property
    def total(self) -> timedelta:
        """How long it took in all."""
        return sum(self._spans) * _MICROSECOND

    def quantile(self, percent: int) -> timedelta:
        """The shortest span that is not shorter than so many percent of them (nearest rank); 0 of none."""
        if not self._spans:
            return timedelta(0)
        rank = -(-len(self._spans) * percent // 100)
        return sorted(self._spans)[max(rank, 1) - 1] * _MICROSECOND

    @property
    def median(self) -> timedelta:
        """Of the spans."""
        return self.quantile(50)

    @property
    def named(self) -> tuple[str, ...]:
        """The orders in which most of it lies, at most `NAMED`."""
        return tuple(order_id for _, _, order_id in sorted(self._worst, reverse=True))

    def _name(self, candidate: tuple[int, int, str]) -> None:
        if len(self._worst) < NAMED:
            heapq.heappush(self._worst, candidate)
        else:
            heapq.heappushpop(self._worst, candidate)
