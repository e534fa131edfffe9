"""997: what became of every transaction set of an interchange, for whoever sent it.

Control numbers and times are those of what is acknowledged: the same interchange always gives the same bytes.
Code lists are X12's data elements 715 to 718, 720 and 723.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from connectors.base import Problem
from connectors.edi.message import Judged
from connectors.edi.segments import Fault, Segment, SegmentError, Syntax
from connectors.findings import DocumentError

ACKNOWLEDGEMENT = "997"
ACKNOWLEDGEMENTS = "FA"
"""The functional group of 997s, which are not acknowledged themselves."""
_SEGMENT = {"unexpected": "2", "segment-missing": "3", "too-many": "5"}
_ELEMENT: dict[Fault, str] = {"missing": "1", "number": "6", "value": "7", "date": "8"}
_HAS_ELEMENT_ERRORS = "8"
_SEGMENTS_IN_ERROR = "5"
_COPIED = 99
_CONTENT = frozenset({"A", "E"})
"""Elements 715 and 717: accepted, with or without errors noted."""


class SetError(DocumentError):
    """The envelope of a transaction set is wrong."""

    def __init__(self, what: str, reason: str, code: str) -> None:
        super().__init__(what, reason)
        self.code = code
        """Data element 718."""


@dataclass(slots=True)
class Group:
    """A functional group, as far as its acknowledgement needs it."""

    header: Segment
    answers: list[tuple[str, ...]] = field(default_factory=list)
    """AK2 to AK5 of each transaction set, as segments without terminators."""
    received: int = 0
    accepted: int = 0
    included: str = ""
    """How many the trailer says there are."""
    codes: list[str] = field(default_factory=list)
    """Data element 716: what is wrong with the group itself."""

    def note(self, judged: Judged, syntax: Syntax) -> None:
        """A transaction set of the group was judged."""
        self.received += 1
        self.accepted += not judged.errors
        self.answers.append(tuple(_answer(judged, syntax)))

    def segments(self, syntax: Syntax) -> list[str]:
        """From AK1 to AK9."""
        outcome = "A" if self.accepted == self.received else "P" if self.accepted else "R"
        outcome = "E" if outcome == "A" and self.codes else outcome
        counts = (self.included or str(self.received), str(self.received), str(self.accepted))
        return [
            _join(syntax, "AK1", self.header.get(1), self.header.get(6)),
            *(segment for answer in self.answers for segment in answer),
            _join(syntax, "AK9", outcome, *counts, *self.codes[:5]),
        ]


def to_997(interchange: list[str], groups: Iterable[Group], syntax: Syntax) -> bytes:
    """The acknowledgement of an interchange: `interchange` is its ISA, element by element, ISA00 being the tag."""
    isa = [*interchange[:5], *interchange[7:9], *interchange[5:7], *interchange[9:14], "0", *interchange[15:]]
    told = list(groups)
    header = told[0].header
    group = [header.get(3), header.get(2), *(header.get(at) for at in (4, 5, 6))]
    segments = [syntax.element.join(isa), _join(syntax, "GS", ACKNOWLEDGEMENTS, *group, "X", header.get(8))]
    for number, each in enumerate(told, 1):
        body = each.segments(syntax)
        reference = f"{number:04}"
        segments += [_join(syntax, "ST", ACKNOWLEDGEMENT, reference), *body]
        segments.append(_join(syntax, "SE", str(len(body) + 2), reference))
    segments.append(_join(syntax, "GE", str(len(told)), header.get(6)))
    segments.append(_join(syntax, "IEA", "1", interchange[13]))
    end = syntax.terminator if syntax.terminator in "\r\n" else f"{syntax.terminator}\n"
    return "".join(segment + end for segment in segments).encode(syntax.charset, "replace")


def rejections(segments: Sequence[Segment]) -> Iterator[Problem]:
    """What the receiver of our documents says against them in a 997."""
    about = ""
    for segment in segments:
        if segment.tag == "AK2":
            about = f"{segment.get(1)} {segment.get(2)}"
        elif segment.tag in {"AK5", "AK9"} and segment.get(1) not in _CONTENT:
            if segment.tag == "AK9":
                about = "group"
            reason = f"the receiver does not accept our {about[:_COPIED]} ({segment.get(1)[:_COPIED]}); ask them why"
            yield Problem(segment.where(1), reason)


def _answer(judged: Judged, syntax: Syntax) -> Iterable[str]:
    yield _join(syntax, "AK2", judged.kind, judged.reference)
    in_segments = [error for error in judged.errors if isinstance(error, SegmentError)]
    by_number = sorted(in_segments, key=lambda error: error.segment.number)
    for number, errors in groupby(by_number, key=lambda error: error.segment.number):
        yield from _wrong(number, list(errors), syntax)
    codes = {error.code for error in judged.errors if isinstance(error, SetError)}
    if len(codes) == 0 or in_segments:
        codes.add(_SEGMENTS_IN_ERROR)
    yield _join(syntax, "AK5", "R", *sorted(codes)[:5]) if judged.errors else _join(syntax, "AK5", "A")


def _wrong(number: int, errors: list[SegmentError], syntax: Syntax) -> Iterable[str]:
    code = next((_SEGMENT[error.fault] for error in errors if error.fault in _SEGMENT), _HAS_ELEMENT_ERRORS)
    yield _join(syntax, "AK3", errors[0].segment.tag[:3], str(number), "", code)
    for error in errors:
        if error.fault in _ELEMENT and error.element:
            bad = error.segment.get(error.element, error.component)[:_COPIED]
            yield _join(syntax, "AK4", str(error.element), "", _ELEMENT[error.fault], bad)


def _join(syntax: Syntax, *elements: str) -> str:
    """A segment: no empty elements at its end, no separators within."""
    for separator in (syntax.element, syntax.component, syntax.terminator):
        elements = tuple(each.replace(separator, " ") if separator in each else each for each in elements)
    return syntax.element.join(elements).rstrip(syntax.element)
