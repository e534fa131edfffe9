"""A stream of segments, taken one by one in bounded memory, each with its bytes as they came."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, NamedTuple

MAX_SEGMENT_BYTES = 64 * 1024
"""Longest segment read: far beyond any the standards allow."""

_CHUNK = 64 * 1024
_BLANK = b" \t\r\n\x00\x1a"
"""What systems put between segments and at the end of a file, and what nobody means."""


class Raw(NamedTuple):
    """One segment as it came."""

    content: bytes
    """Without its terminator and the white space before it."""
    whole: bytes
    """With both."""
    line: int
    """The line of the file it begins on, from 1."""
    ended: bool
    """False for what stands after the last terminator of the stream, or is longer than `MAX_SEGMENT_BYTES`."""


class Source:
    """Segments of a binary stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
        self._buffer = b""
        self._at = 0
        self._line = 1

    def head(self, size: int) -> bytes:
        """The next `size` bytes, or what there is; white space before them is gone, they are not taken."""
        while True:
            rest = self._buffer[self._at :]
            blank = len(rest) - len(rest.lstrip(_BLANK))
            self.skip(blank)
            if len(rest) - blank >= size or not self._fill():
                return rest[blank : blank + size]

    def skip(self, size: int) -> bytes:
        """Take `size` bytes as they came."""
        return self._taken(self._at + size)

    def take(self, terminator: bytes, release: bytes = b"") -> Raw | None:
        """The next segment; None at the end. `release` before a terminator makes it an ordinary character."""
        search = self._at
        while True:
            end = self._buffer.find(terminator, search)
            if end >= 0 and not (release and _released(self._buffer, self._at, end, release)):
                break
            if end >= 0:
                search = end + 1
            elif len(self._buffer) - self._at > MAX_SEGMENT_BYTES:
                return self._segment(self._at + MAX_SEGMENT_BYTES, 0, ended=False)
            else:
                searched = len(self._buffer) - self._at
                if not self._fill():
                    rest = self._segment(len(self._buffer), 0, ended=False)
                    return rest if rest.content else None
                search = self._at + searched
        return self._segment(end + 1, 1, ended=True)

    def back(self, raw: Raw) -> None:
        """Give the segment back that was taken last."""
        self._at -= len(raw.whole)
        self._line -= raw.whole.count(b"\n")

    def _segment(self, end: int, terminator: int, *, ended: bool) -> Raw:
        start, line = self._at, self._line
        whole = self._taken(end)
        content = whole[: len(whole) - terminator]
        stripped = content.lstrip(_BLANK)
        if len(stripped) < len(content):
            line += self._buffer.count(b"\n", start, start + len(content) - len(stripped))
        return Raw(stripped if ended else stripped.rstrip(_BLANK), whole, line, ended)

    def _taken(self, end: int) -> bytes:
        whole = self._buffer[self._at : end]
        self._at = end
        self._line += whole.count(b"\n")
        return whole

    def _fill(self) -> bool:
        """Read on; what was taken is forgotten."""
        more = self._read(_CHUNK)
        self._buffer = self._buffer[self._at :] + more
        self._at = 0
        return bool(more)


def _released(buffer: bytes, start: int, end: int, release: bytes) -> bool:
    """Whether an odd number of release characters stands before `end`."""
    before = end
    while before > start and buffer[before - 1 : before] == release:
        before -= 1
    return (end - before) % 2 == 1
