"""What a sender says of itself in numbers: how far behind it is, what became of what, and how long it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from hub.metrics import SenderMetrics
from hub.runtime.spec import Record


class Outcome(Protocol):
    """What became of something that was to be brought to others."""

    @property
    def outcome(self) -> str:
        """One of a few words."""
        ...

    @property
    def count(self) -> int:
        """Of how many."""
        ...

    @property
    def seconds(self) -> float | None:
        """How long the try took; None if nothing was tried."""
        ...


class Meter:
    """Counts for one sender and receiver."""

    def __init__(self, metrics: SenderMetrics, sender: str, receiver: str) -> None:
        self._metrics = metrics
        self._labels = sender, receiver

    def behind(self, lag: Mapping[str, int]) -> None:
        """So many records of each topic are still to be read."""
        for topic, records in lag.items():
            self._metrics.lag.labels(*self._labels, topic).set(records)

    def took(self, records: Sequence[Record]) -> None:
        """These were dealt with."""
        for record in records:
            self._metrics.records.labels(*self._labels, record.topic).inc()

    def became(self, outcome: Outcome) -> None:
        """This became of something."""
        self._metrics.outcomes.labels(*self._labels, outcome.outcome).inc(outcome.count)
        if outcome.seconds is not None:
            self._metrics.try_seconds.labels(*self._labels).observe(outcome.seconds)

    def waits(self, messages: int) -> None:
        """So many are kept to be sent."""
        self._metrics.waiting.labels(*self._labels).set(messages)
