"""Segments, elements and components; what is wrong with one says where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal, NoReturn

from connectors.findings import DocumentError

Fault = Literal["missing", "value", "number", "date", "unexpected", "segment-missing", "too-many"]
"""What is wrong with an element (the first four) or a segment, as acknowledgements tell it apart."""

_NUMBER = re.compile(r"[+-]?(\d{1,18}(\.\d{0,12})?|\.\d{1,12})", re.ASCII)
_SHOWN = 40
_DAY = 8
_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Syntax:
    """The characters an interchange is written with."""

    terminator: str
    element: str
    component: str
    release: str = ""
    """Makes the character after it an ordinary one; X12 has none."""
    any_mark: bool = False
    """Whether a comma is a decimal mark as the point is."""
    charset: str = "utf-8"

    def split(self, content: bytes) -> list[list[str]]:
        """A segment's elements, each as its components; the first is the tag. Bytes that are no text of the
        character set are read as Latin-1.
        """
        try:
            text = content.decode(self.charset)
        except UnicodeDecodeError:
            text = content.decode("latin-1")
        component = self.component
        if self.release and self.release in text:
            elements = _released(text, self.element, self.release)
            return [
                [_unescaped(part, self.release) for part in _released(each, component, self.release)]
                for each in elements
            ]
        return [each.split(component) if component in each else [each] for each in text.split(self.element)]


class SegmentError(DocumentError):
    """Something in a segment is wrong, or one is missing."""

    def __init__(self, segment: Segment, element: int, component: int, reason: str, fault: Fault) -> None:
        super().__init__(segment.where(element, component), reason)
        self.segment = segment
        self.element = element
        self.component = component
        self.fault: Fault = fault


class Segment:
    """One segment; elements and components count from 1, as the standards do."""

    __slots__ = ("_elements", "any_mark", "line", "number", "tag")

    def __init__(self, elements: list[list[str]], number: int, line: int, *, any_mark: bool = False) -> None:
        self._elements = elements
        self.tag = elements[0][0].strip()
        self.number = number
        """In its transaction set or message, from 1."""
        self.line = line
        self.any_mark = any_mark
        """Whether a comma is a decimal mark too, as in EDIFACT."""

    @property
    def content(self) -> list[list[str]]:
        """All of it, the tag first."""
        return self._elements

    @property
    def size(self) -> int:
        """How many elements there are."""
        return len(self._elements) - 1

    def where(self, element: int = 0, component: int = 0) -> str:
        """`PO1 element 2 (segment 9, line 9)`."""
        place = f" element {element}" if element else ""
        place += f".{component}" if component and self.components(element) > 1 else ""
        return f"{self.tag[:_SHOWN]}{place} (segment {self.number}, line {self.line})"

    def fail(self, element: int, reason: str, fault: Fault = "value", component: int = 1) -> NoReturn:
        """Refuse the document because of an element, or of the whole segment if `element` is 0."""
        raise SegmentError(self, element, component, reason, fault)

    def components(self, element: int) -> int:
        """How many components an element has."""
        return len(self._elements[element]) if 0 < element < len(self._elements) else 0

    def get(self, element: int, component: int = 1) -> str:
        """A component's text, empty when absent."""
        elements = self._elements
        if element < len(elements) and component <= len(elements[element]):
            return elements[element][component - 1].strip()
        return ""

    def require(self, element: int, reason: str, component: int = 1) -> str:
        """A component's text; absent or empty fails with `reason`."""
        return self.get(element, component) or self.fail(element, reason, "missing", component)

    def decimal(self, element: int, component: int = 1) -> Decimal:
        """A component as a number, at most 18 digits before and 12 after the point."""
        text = self.get(element, component)
        plain = text.replace(",", ".") if self.any_mark else text
        if not _NUMBER.fullmatch(plain):
            self.fail(
                element, f"{text[:_SHOWN]!r} is not a number of at most 18 digits and 12 decimals", "number", component
            )
        return Decimal(plain)

    def date(self, element: int, component: int = 1) -> date:
        """A component as CCYYMMDD, or YYMMDD of this century."""
        text = self.get(element, component)
        digits = f"20{text}" if len(text) == _DAY - 2 else text
        found = _DATE.fullmatch(digits)
        try:
            return date(*map(int, found.groups() if found else ()))
        except (TypeError, ValueError):
            self.fail(element, f"{text[:_SHOWN]!r} is not a date like 20260331", "date", component)

    def moment(self, element: int, component: int = 1) -> datetime:
        """Midnight UTC of a component's date."""
        day = self.date(element, component)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _released(text: str, separator: str, release: str) -> list[str]:
    """The text split at separators that no release character stands before; release characters stay."""
    parts: list[str] = []
    start = at = 0
    while at < len(text):
        if text[at] == release:
            at += 2
        elif text[at] == separator:
            parts.append(text[start:at])
            at += 1
            start = at
        else:
            at += 1
    parts.append(text[start:])
    return parts


def _unescaped(text: str, release: str) -> str:
    if release not in text:
        return text
    letters = iter(text)
    return "".join(next(letters, "") if letter == release else letter for letter in letters)
