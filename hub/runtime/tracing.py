"""Traces go through the hub: a sampled record that was taken becomes a span, and what it leads to that span's child.

Span ids are made of where the record lies, so that taking it again, after a transaction that came to nothing, gives the
same messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple, Protocol

from hub.runtime.spec import Headers, Record

_LENGTH = 55
"""Of a `traceparent` of version 00: version, trace id, span id, flags."""
_SPAN = slice(36, 52)


class Taken(NamedTuple):
    """A sampled record that a transaction took."""

    record: Record
    traceparent: str
    """As it came: the span it is a child of."""
    span_id: int
    begun_ns: int
    """When the handler got it, epoch nanoseconds."""


class Tracing(Protocol):
    """Where spans go."""

    def committed(self, agent: str, partition: int, taken: Sequence[Taken], records: int, begun_ns: int) -> None:
        """A transaction of so many records, some of them sampled, is visible as of now."""


def take(agent: str, record: Record, context: Headers, now_ns: int) -> tuple[Taken | None, Headers]:
    """The span of a record with this trace context, None if it is not sampled; and the context it leads to."""
    traceparent = dict(context).get("traceparent", b"")
    if not _is_sampled(traceparent):
        return None, context
    place = f"{agent}/{record.topic}/{record.partition}/{record.offset}".encode()
    span_id = blake2b(place, digest_size=8).digest()
    child = traceparent[: _SPAN.start] + span_id.hex().encode() + traceparent[_SPAN.stop :]
    following = [(name, child if name == "traceparent" else value) for name, value in context]
    return Taken(record, traceparent.decode(), int.from_bytes(span_id, "big"), now_ns), following


def _is_sampled(traceparent: bytes) -> bool:
    try:
        return len(traceparent) == _LENGTH and bool(int(traceparent[-2:], 16) & 1)
    except ValueError:
        return False
