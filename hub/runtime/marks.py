"""Marks: what is the matter with a state, and since when. How many bear each mark, and the oldest of them.

Kept as states change, for those only that are marked, so that looking costs nothing however many states there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import NamedTuple

import msgspec

Labels = tuple[str, ...]
"""What a mark says, in the order of the labels of the metric that tells of it; of few values: rules, departments."""

_SLACK = 64
"""So many entries more than there are marks may lie in a heap before it is cleared of those that count no more."""


class Mark(NamedTuple):
    """Something about a state that somebody is to know."""

    labels: Labels
    since_ms: int
    """Epoch milliseconds."""


Marks = tuple[Mark, ...]
"""Those of one state, each with labels of its own."""


class Marked:
    """The marked states of a partition by their keys."""

    def __init__(self) -> None:
        self.counts: Counter[Labels] = Counter()
        """How many states bear each mark; 0 for one that was borne."""
        self._of: dict[bytes, Marks] = {}
        self._heaps: dict[Labels, list[tuple[int, bytes]]] = {}

    def __contains__(self, key: bytes) -> bool:
        return key in self._of

    def __getitem__(self, key: bytes) -> Marks:
        """The marks of a state, none of one that bears none."""
        return self._of.get(key, ())

    def __len__(self) -> int:
        return len(self._of)

    def put(self, key: bytes, marks: Marks) -> None:
        """From now on these are the state's marks."""
        before = self._of.get(key, ())
        for mark in before:
            self.counts[mark.labels] -= 1
        if marks:
            self._of[key] = marks
        else:
            self._of.pop(key, None)
        for mark in marks:
            self.counts[mark.labels] += 1
            if mark not in before:
                self._push(key, mark)

    def oldest_ms(self, labels: Labels) -> int | None:
        """Since when the state is marked that has been so for longest; None if none is."""
        heap = self._heaps.get(labels, [])
        while heap and not self._counts(labels, heap[0]):
            heappop(heap)
        return heap[0][0] if heap else None

    def items(self) -> Iterator[tuple[bytes, Marks]]:
        """Every marked state's key and marks."""
        yield from self._of.items()

    def _push(self, key: bytes, mark: Mark) -> None:
        heap = self._heaps.setdefault(mark.labels, [])
        heappush(heap, (mark.since_ms, key))
        if len(heap) > 2 * self.counts[mark.labels] + _SLACK:
            heap[:] = {entry for entry in heap if self._counts(mark.labels, entry)}
            heapify(heap)

    def _counts(self, labels: Labels, entry: tuple[int, bytes]) -> bool:
        since_ms, key = entry
        return Mark(labels, since_ms) in self._of.get(key, ())


def pack(marks: Marks) -> bytes:
    """JSON, for the changelog and the store."""
    return msgspec.json.encode(marks)


def unpack(raw: bytes) -> Marks:
    """The inverse of `pack`."""
    return msgspec.json.decode(raw, type=Marks)
