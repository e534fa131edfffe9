"""Records that end the process: found by halving in on them, and after N attempts alone, dead-lettered.

A handler that raises, loops into the OOM killer or crashes a C extension would otherwise end every owner of its
partition for ever. Before a transaction is built, what it is about to take is noted in the local store, where the
note outlives the process; when the transaction ends well, the next note replaces it. A note found at start is the
suspect: its records are taken in ever smaller transactions, and the one that keeps ending the process alone is
refused. A process killed from outside leaves a note too, but its records pass at the next attempt.

A timer whose handler raises is noted in the same place, and after N attempts disarmed and dead-lettered.
"""

from __future__ import annotations

from typing import NamedTuple

import orjson

_SHRINK = 32


class Suspect(NamedTuple):
    """Offsets, by topic (first, last), that were being processed when a process ended."""

    ranges: dict[str, tuple[int, int]]
    size: int
    """How many records the failed transaction took."""
    failures: int
    """How often this very attempt has failed."""

    @property
    def next_size(self) -> int:
        """How many of its records the next transaction shall take."""
        return max(1, self.size // _SHRINK)

    def covers(self, topic: str, offset: int) -> bool:
        """Whether the record was in the failed transaction."""
        first, last = self.ranges.get(topic, (0, -1))
        return first <= offset <= last

    def cleared_up_to(self, topic: str, offset: int) -> Suspect | None:
        """What is left to suspect once the records of `topic` up to `offset` have passed."""
        ranges = {name: span for name, span in self.ranges.items() if name != topic or span[1] > offset}
        return self._replace(ranges=ranges) if ranges else None

    def failed_alone(self, topic: str, offset: int) -> int:
        """How often the record, taken alone, has ended the process."""
        return self.failures if self.size == 1 and self.ranges.get(topic) == (offset, offset) else 0

    def encode(self) -> bytes:
        """For the local store."""
        return orjson.dumps([self.ranges, self.size, self.failures])


class BadTimer(NamedTuple):
    """A timer whose handler raised."""

    key: bytes
    due_ms: int
    failures: int

    def failed(self, key: bytes, due_ms: int) -> int:
        """How often this very timer has ended the process."""
        return self.failures if (self.key, self.due_ms) == (key, due_ms) else 0

    def encode(self) -> bytes:
        """For the local store."""
        return orjson.dumps({"key": self.key.hex(), "due_ms": self.due_ms, "failures": self.failures})


def decode(raw: bytes | None) -> Suspect | BadTimer | None:
    """The note an `encode` wrote, None for nothing."""
    note = orjson.loads(raw) if raw else None
    if note is None:
        return None
    if isinstance(note, dict):
        return BadTimer(bytes.fromhex(note["key"]), note["due_ms"], note["failures"])
    ranges, size, failures = note
    return Suspect({topic: (first, last) for topic, (first, last) in ranges.items()}, size, failures)
