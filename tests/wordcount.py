"""A tiny agent that is not about orders: counts words, and every count goes out. Used to test the runtime alone.

Input: key = the word, value = JSON number to add, or another word count's output, whose total is added. State: the
count and total so far. Output: JSON [word, count, total] per input. A value that is not a number is refused. With
`remind_after_ms` a word that has been silent for so long is reported once. A total below zero is a thing to be told.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from hub.runtime.marks import Mark
from hub.runtime.spec import AgentSpec, Record, since_ms
from hub.runtime.work import Work


@dataclass(frozen=True)
class Count:
    """How often a word came, and the sum of its values."""

    count: int
    total: int


class WordCount:
    """The handler."""

    def __init__(self, out: str, *, remind_after_ms: int | None = None) -> None:
        self._out = out
        self._remind_after_ms = remind_after_ms

    def on_record(self, work: Work[Count], record: Record) -> None:
        """Add one value to its word."""
        if record.key is None:
            work.refuse(record, "no-key", "a word is the key of its record")
            return
        if not work.owns(record.key):
            work.forward(record, record.key)
            return
        try:
            given = orjson.loads(record.value or b"")
            value = int(given[2] if isinstance(given, list) else given)
        except (TypeError, ValueError, IndexError) as exc:
            work.refuse(record, "not-a-number", str(exc))
            return
        if value == -666:
            raise RuntimeError("a bug in the handler")
        old = work.get(record.key) or Count(0, 0)
        new = Count(old.count + 1, old.total + value)
        due_ms = None
        if self._remind_after_ms is not None:
            due_ms = int(work.now.timestamp() * 1000) + self._remind_after_ms
        label = ("even" if new.count % 2 == 0 else "odd") + ("/-1" if new.total < 0 else "/+Inf")
        marks = (Mark(("negative", "", "warning"), record.timestamp),) if new.total < 0 else ()
        work.put(record.key, new, due_ms=due_ms, label=label, marks=marks)
        work.stepped("counted", since_ms(record))
        work.emit(self._out, record.key, orjson.dumps([record.key.decode(), new.count, new.total]))

    def on_timer(self, work: Work[Count], key: bytes, due_ms: int) -> None:
        """Say that the word has been silent."""
        work.emit(self._out, key, orjson.dumps([key.decode(), "silent", due_ms]))

    def encode(self, state: Count) -> bytes:
        """JSON."""
        return orjson.dumps([state.count, state.total])

    def decode(self, raw: bytes) -> Count:
        """JSON."""
        return Count(*orjson.loads(raw))


def spec(prefix: str = "wc", source: str | None = None, *, remind_after_ms: int | None = None) -> AgentSpec[Count]:
    """A word count whose topics begin with `prefix`; `source` reads another agent's output instead."""
    return AgentSpec(
        name=prefix,
        sources=(source or f"{prefix}.in",),
        outputs=(f"{prefix}.out",),
        changelog=f"{prefix}.state",
        handler=WordCount(f"{prefix}.out", remind_after_ms=remind_after_ms),
        rekey=f"{prefix}.rekeyed",
        steps=("counted",),
        bounds=("-1", "+Inf"),
    )
