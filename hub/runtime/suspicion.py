"""What the owners of a partition noted in its store before they ended, and what follows for this one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub.runtime.inbox import Portion
from hub.runtime.poison import BadTimer, Suspect, decode
from hub.runtime.spec import Record
from hub.runtime.store import Store


class Suspicion:
    """Notes what is about to be handled, and knows what was being handled when an owner before ended.

    What has ended the process `attempts` times, taken alone, is refused.
    """

    def __init__(self, store: Store, attempts: int) -> None:
        self._store = store
        self._attempts = attempts
        note = decode(store.attempt)
        self.suspect = note if isinstance(note, Suspect) else None
        """Records to be taken in small portions."""
        self._bad_timer = note if isinstance(note, BadTimer) else None
        for topic, offset in store.applied.items():
            self._clear(topic, offset)

    def note(self, portions: Iterable[Portion]) -> bytes | None:
        """Leave word of what is about to be handled, for the process after this one; what was written, if anything."""
        taken = [portion for portion in portions if portion.records]
        if not taken:
            return None
        size = sum(len(portion.records) for portion in taken)
        failures = self._failed(taken[0].records[0]) if size == 1 else 0
        ranges: dict[str, tuple[int, int]] = {}
        for portion in taken:
            start = ranges.get(portion.topic, (portion.records[0].offset, 0))[0]
            ranges[portion.topic] = (start, portion.records[-1].offset)
        note = Suspect(ranges, size, failures + 1).encode()
        self._store.mark_attempt(note)
        return note

    def accuse(self, record: Record) -> None:
        """The handler raised: this record, and no other of its transaction, is the suspect."""
        span = (record.offset, record.offset)
        self._store.mark_attempt(Suspect({record.topic: span}, 1, self._failed(record) + 1).encode())

    def accuse_timer(self, key: bytes, due_ms: int) -> None:
        """The handler raised on a timer; it is not the records' fault."""
        self._store.mark_attempt(BadTimer(key, due_ms, self._failed_timer(key, due_ms) + 1).encode())

    def against(self, records: Sequence[Record]) -> str:
        """Why the one record is to be refused; empty if it, or what there is of them, may be handled."""
        failures = self._failed(records[0]) if len(records) == 1 else 0
        if failures < self._attempts:
            return ""
        return f"taking this record ended the process {failures} times; report it with the worker's log"

    def against_timer(self, key: bytes, due_ms: int) -> str:
        """Why a timer is to be given up; empty if it may go off."""
        failures = self._failed_timer(key, due_ms)
        if failures < self._attempts:
            return ""
        return (
            f"the timer due at {due_ms} ms ended the process {failures} times and is given up: report it with the "
            "worker's log, and look after what it was to remind of"
        )

    def passed(self, portions: Iterable[Portion]) -> None:
        """These are handled and committed."""
        for portion in portions:
            if portion.records:
                self._clear(portion.topic, portion.records[-1].offset)

    def _clear(self, topic: str, offset: int) -> None:
        self.suspect = self.suspect and self.suspect.cleared_up_to(topic, offset)

    def _failed(self, record: Record) -> int:
        return self.suspect.failed_alone(record.topic, record.offset) if self.suspect else 0

    def _failed_timer(self, key: bytes, due_ms: int) -> int:
        return self._bad_timer.failed(key, due_ms) if self._bad_timer else 0
