"""The gate both agents share: what a record holds, or where it goes instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from hub.codec import Codec
from hub.codec.records import RECORDS
from hub.domain.model import Frozen
from hub.errors import CodecError
from hub.runtime.spec import Record
from hub.runtime.work import Work
from hub.topics import MAX_OUTPUT_BYTES, TOPICS

E = TypeVar("E", bound=Frozen)


class Gate(Generic[E]):
    """Decodes records, refuses what cannot be decoded or does not belong on its topic, forwards the mis-keyed.

    `subject` gives what an event is about: the order, customer or item whose id must be the record's key. What comes
    from outside is bounded by `max_event_bytes`.
    """

    def __init__(
        self, codec: Codec, topics: Iterable[str], subject: Callable[[E], str], *, max_event_bytes: int
    ) -> None:
        self._codec = codec
        self._subject = subject
        by_name = {record.__name__: record for record in RECORDS}
        self._accepted = {topic: frozenset(by_name[record] for record in TOPICS[topic].records) for topic in topics}
        self._limits = {
            topic: MAX_OUTPUT_BYTES if TOPICS[topic].direction == "internal" else max_event_bytes
            for topic in self._accepted
        }

    def admit(self, work: Work[Any], record: Record) -> tuple[bytes, E] | None:
        """The key and the event of a record; None when it was refused or forwarded."""
        event = self._event(work, record)
        if event is None:
            return None
        subject = self._subject(event)
        key = subject.encode()
        if record.key is not None and record.key != key:
            work.refuse(
                record,
                "key-mismatch",
                f"{_at(record)} is keyed {record.key[:100]!r} but is about {subject!r}: send it again under that key",
            )
            return None
        if work.owns(key):
            return key, event
        work.forward(record, key)
        return None

    def _event(self, work: Work[Any], record: Record) -> E | None:
        try:
            event = self._codec.decode(record.value, self._limits[record.topic])
        except CodecError as exc:
            work.refuse(record, exc.reason, f"{_at(record)}: {exc}")
            return None
        if type(event) not in self._accepted[record.topic]:
            name = type(event).__name__
            work.refuse(record, "wrong-type", f"{_at(record)} is a {name}, which does not belong on {record.topic}")
            return None
        return event  # type: ignore[no-any-return]


def _at(record: Record) -> str:
    return f"{record.topic}[{record.partition}]@{record.offset}"
