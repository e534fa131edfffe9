"""What an examination found: how much is lost, doubled or mismatched, and in words where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_SHOWN = 20


@dataclass
class Verdict:
    """Figures of damage; all zero when there is none."""

    events: int = 0
    """Input records that were examined."""
    lost: int = 0
    """Effects that should be there and are not."""
    doubled: int = 0
    """Effects that are there more than once, or without a cause."""
    mismatched: int = 0
    """Effects, orders of effects and states that are not what the inputs make of them."""
    complaints: list[str] = field(default_factory=list)
    """The first of them, in words."""

    @property
    def sound(self) -> bool:
        return not (self.lost or self.doubled or self.mismatched)

    def add(self, other: Verdict) -> None:
        self.events += other.events
        self.lost += other.lost
        self.doubled += other.doubled
        self.mismatched += other.mismatched
        for complaint in other.complaints:
            self._complain(complaint)

    def mismatch(self, complaint: str) -> None:
        self.mismatched += 1
        self._complain(complaint)

    def expect_once(self, what: str, expected: Iterable[Hashable], found: Iterable[Hashable]) -> None:
        """Each expected thing is found once, and nothing else is found."""
        wanted, there = Counter(iter(expected)), Counter(iter(found))
        for thing, count in (wanted - there).items():
            self.lost += count
            self._complain(f"{what}: {thing!r} is lost")
        for thing, count in (there - wanted).items():
            self.doubled += count
            self._complain(f"{what}: {thing!r} is there {there[thing]} times instead of {wanted[thing]}")

    def expect_equal(self, what: str, expected: Mapping[Any, object], found: Mapping[Any, object]) -> None:
        """The same values under the same keys."""
        for key in expected.keys() | found.keys():
            if expected.get(key) != found.get(key):
                self.mismatch(f"{what}: {key!r} is {found.get(key)!r} where it should be {expected.get(key)!r}")

    def _complain(self, complaint: str) -> None:
        if len(self.complaints) < _SHOWN:
            self.complaints.append(complaint if len(complaint) < 600 else f"{complaint[:600]} ...")
