"""Which events already took effect on an aggregate, in bounded space.

An event is known by its source and id (CloudEvents). The last `limit` of them are remembered exactly. Of those
pushed out, the highest sequence number per source is kept: a later event of that source at or below it is taken
for a repetition, so that even a source that replays its whole past does no harm. Reordering within the window
never loses a first delivery.
"""

from __future__ import annotations

import struct
from zlib import crc32

from hub.domain.events import Fact
from hub.domain.ids import fingerprint
from hub.domain.model import Frozen

_ENTRY = struct.Struct(">8sIq")
"""Mark of the event, checksum of the source's name, sequence number (-1: the source has none)."""


class SourceFloor(Frozen):
    """The highest sequence number of a source that left the window."""

    source: int
    """CRC-32 of the source's name, as in the entries."""
    sequence: int


class Seen(Frozen):
    """A window of event marks, oldest first."""

    entries: bytes = b""
    floors: tuple[SourceFloor, ...] = ()


NOTHING_SEEN = Seen()


def mark_of(event: Fact) -> bytes:
    """What an event is remembered by: equal for two events only if source and id are."""
    return fingerprint(event.source, event.event_id)


def already_seen(seen: Seen, mark: bytes, event: Fact) -> bool:
    """Whether `event`, whose mark is `mark`, took effect before."""
    entries = seen.entries
    at = entries.find(mark)
    while at >= 0:
        if at % _ENTRY.size == 0:
            return True
        at = entries.find(mark, at + 1)
    if not seen.floors or event.sequence is None:
        return False
    source = crc32(event.source.encode())
    return any(floor.source == source and event.sequence <= floor.sequence for floor in seen.floors)


def remember(seen: Seen, mark: bytes, event: Fact, limit: int) -> Seen:
    """`seen` with `event`; the oldest entries beyond `limit` are folded into the floors."""
    sequence = -1 if event.sequence is None else event.sequence
    entries = seen.entries + _ENTRY.pack(mark, crc32(event.source.encode()), sequence)
    excess = len(entries) - limit * _ENTRY.size
    if excess <= 0:
        return Seen(entries, seen.floors)
    floors = {floor.source: floor.sequence for floor in seen.floors}
    for _, source, number in _ENTRY.iter_unpack(entries[:excess]):
        if number > floors.get(source, -1):
            floors[source] = number
    return Seen(entries[excess:], tuple(SourceFloor(source, number) for source, number in sorted(floors.items())))
