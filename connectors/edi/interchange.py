"""Interchanges: groups of messages between headers and trailers that count them.

A message that does not end, or whose counts or numbers do not agree, is refused; the others go on. What is wrong with
the envelope itself is said when it is found, and does not undo what was in it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from connectors.base import Problem, Read, Receipt, Refusal
from connectors.edi.segments import Segment, Syntax
from connectors.edi.source import Raw, Source
from connectors.findings import MAX_DOCUMENT_BYTES, DocumentError


class Tags(NamedTuple):
    """What begins and ends an interchange, a group and a message."""

    interchange: str
    end_interchange: str
    group: str
    end_group: str
    message: str
    end_message: str


@dataclass(slots=True)
class Open:
    """A message being read, or read to its end."""

    segments: list[Segment] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    size: int = 0
    ended: bool = False

    @property
    def too_large(self) -> bool:
        """Whether it is beyond the bound; what came after that was not kept."""
        return self.size > MAX_DOCUMENT_BYTES

    @property
    def raw(self) -> bytes:
        """Its bytes as they came."""
        return b"".join(self.parts).lstrip()

    def add(self, segment: Segment, raw: bytes) -> None:
        """The next segment of it."""
        self.size += len(raw)
        if not self.too_large:
            self.segments.append(segment)
            self.parts.append(raw)


def discontent(where: str, message: Open, problems: tuple[Problem, ...]) -> Refusal | None:
    """What comes of an acknowledgement: a refusal if the receiver had problems with what it was sent."""
    return Refusal(where, problems, message.raw) if problems else None


class Interchange(ABC):
    """Reads one interchange, whose header is taken already, to its end."""

    tags: ClassVar[Tags]

    def __init__(self, source: Source, where: str, syntax: Syntax) -> None:
        self.where = where
        self.syntax = syntax
        self._source = source
        self._terminator, self._release = syntax.terminator.encode(), syntax.release.encode()
        self._in_group = False
        self._message: Open | None = None
        self.messages = 0

    def read(self) -> Iterator[Read]:
        """What comes of it, its acknowledgement last."""
        raw: Raw | None = None
        while (raw := self._source.take(self._terminator, self._release)) and raw.ended:
            segment = self._segment(raw)
            if segment.tag == self.tags.interchange:
                self._source.back(raw)
                break
            if segment.tag == self.tags.end_interchange:
                yield from self._finish()
                yield from self._told(self.closed(segment), raw.content)
                yield from self._receipt()
                return
            yield from self._take(segment, raw)
        yield from self._finish()
        reason = f"the interchange does not end with {self.tags.end_interchange}; send it whole"
        cut = raw.whole if raw and not raw.ended else b""
        yield Refusal(self.where, (Problem("", reason),), cut)
        yield from self._receipt()

    def _segment(self, raw: Raw) -> Segment:
        number = len(self._message.segments) + 1 if self._message else 1
        return Segment(self.syntax.split(raw.content), number, raw.line, any_mark=self.syntax.any_mark)

    def _take(self, segment: Segment, raw: Raw) -> Iterator[Read]:
        tag = segment.tag
        if tag == self.tags.message:
            yield from self._finish_message()
            self._message = Open()
            self._message.add(Segment(segment.content, 1, segment.line, any_mark=self.syntax.any_mark), raw.whole)
        elif tag == self.tags.end_message and self._message:
            self._message.add(segment, raw.whole)
            self._message.ended = True
            yield from self._finish_message()
        elif tag == self.tags.group:
            yield from self._finish()
            self._in_group = True
            self.opened_group(segment)
        elif tag == self.tags.end_group and self._in_group:
            yield from self._finish_message()
            self._in_group = False
            yield from self._told(self.closed_group(segment), raw.content)
        elif self._message:
            self._message.add(segment, raw.whole)
        elif raw.content:
            reason = (
                f"a segment outside of any document; it belongs between {self.tags.message} and {self.tags.end_message}"
            )
            yield Refusal(self.where, (Problem(segment.where(), reason),), raw.content)

    def _finish(self) -> Iterator[Read]:
        """What is open is over."""
        yield from self._finish_message()
        if self._in_group:
            self._in_group = False
            yield from self._told(self.closed_group(None), b"")

    def _finish_message(self) -> Iterator[Read]:
        message, self._message = self._message, None
        if message:
            self.messages += 1
            result = self.judged(message, f"{self.where}.{self.messages}")
            if result:
                yield result

    def _told(self, errors: Iterator[DocumentError], raw: bytes) -> Iterator[Read]:
        problems = tuple(error.problem for error in errors)
        if problems:
            yield Refusal(self.where, problems, raw)

    def _receipt(self) -> Iterator[Read]:
        receipt = self.receipt()
        if receipt:
            yield receipt

    @abstractmethod
    def opened_group(self, header: Segment) -> None:
        """A group begins."""

    @abstractmethod
    def closed_group(self, trailer: Segment | None) -> Iterator[DocumentError]:
        """What is wrong with the group that ends; without a trailer it just stopped."""

    @abstractmethod
    def closed(self, trailer: Segment) -> Iterator[DocumentError]:
        """What is wrong with the interchange that ends."""

    @abstractmethod
    def judged(self, message: Open, where: str) -> Read | None:
        """What comes of a message: nothing of an acknowledgement of ours that is content."""

    @abstractmethod
    def receipt(self) -> Receipt | None:
        """The acknowledgement of all of it, if it wants one."""
