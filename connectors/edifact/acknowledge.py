"""CONTRL (syntax version 3): what became of every message of an interchange, for whoever sent it.

References and times are those of what is acknowledged: the same interchange always gives the same bytes.
Code lists are data elements 0083 and 0085 of ISO 9735.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from connectors.base import Problem
from connectors.edi.message import Judged
from connectors.edi.segments import Fault, Segment, SegmentError
from connectors.edifact.writing import Writer
from connectors.findings import DocumentError

CONTRL = "CONTRL"
"""Acknowledgements are not acknowledged."""
_REJECTED, _TAKEN = "4", "7"
_ELEMENT: dict[Fault, str] = {"missing": "13", "number": "37", "value": "12", "date": "12"}
_SEGMENT = {"unexpected": "15", "segment-missing": "13", "too-many": "35"}
_UNSPECIFIED = "18"


class MessageError(DocumentError):
    """The envelope of a message is wrong."""

    def __init__(self, what: str, reason: str, code: str) -> None:
        super().__init__(what, reason)
        self.code = code
        """0085."""


Answer = list[list[str]]
"""UCM, UCS and UCD of one message, each as its elements with composites written out."""


def answer(judged: Judged, header: Segment, write: Writer) -> Answer:
    """What is said of one message; `header` is its UNH."""
    kind = write.composite(*(header.get(2, each) for each in range(1, 6)))
    outcome = _REJECTED if judged.errors else _TAKEN
    codes = [error.code for error in judged.errors if isinstance(error, MessageError)]
    in_segments = [error for error in judged.errors if isinstance(error, SegmentError)]
    if judged.errors and not codes and not in_segments:
        codes = [_UNSPECIFIED]
    told: Answer = [["UCM", write.text(judged.reference), kind, outcome, *codes[:1]]]
    by_number = sorted(in_segments, key=lambda error: error.segment.number)
    for number, errors in groupby(by_number, key=lambda error: error.segment.number):
        told += _wrong(number, list(errors), write)
    return told


def group_answer(header: Segment, write: Writer) -> Answer:
    """UCF: the group that the messages after it stood in, by its UNG."""
    sender, recipient = (write.composite(header.get(at), header.get(at, 2)) for at in (2, 3))
    return [["UCF", write.text(header.get(5)), sender, recipient, _TAKEN]]


def to_contrl(header: Segment, answers: Iterable[Answer], write: Writer) -> bytes:
    """The acknowledgement of an interchange, whose UNB is `header`."""
    sender, recipient = (write.composite(*(header.get(at, each) for each in range(1, 4))) for at in (2, 3))
    reference = write.text(header.get(5))
    syntax, sent_at = (write.composite(*(header.get(at, each) for each in (1, 2))) for at in (1, 4))
    body = [["UCI", reference, sender, recipient, _TAKEN], *(segment for told in answers for segment in told)]
    test = ["", "", "", "", "", header.get(11)] if header.get(11) else []
    return write.segments(
        [
            ["UNB", syntax, recipient, sender, sent_at, reference, *test],
            ["UNH", "1", write.composite(CONTRL, "D", "3", "UN")],
            *body,
            ["UNT", str(len(body) + 2), "1"],
            ["UNZ", "1", reference],
        ]
    )


def rejections(segments: Sequence[Segment]) -> Iterator[Problem]:
    """What the receiver of our documents says against them in a CONTRL: in UCI, UCF and UCM."""
    for segment in segments:
        place = {"UCI": 4, "UCF": 4, "UCM": 3}.get(segment.tag)
        if place and segment.get(place) == _REJECTED:
            about = segment.get(1) if place != 3 else f"{segment.get(2)} {segment.get(1)}"
            yield Problem(segment.where(place), f"the receiver does not accept our {about[:99]}; ask them why")


def _wrong(number: int, errors: list[SegmentError], write: Writer) -> Iterable[list[str]]:
    """UCS for a segment, UCD for each element; the tag is position 1."""
    code = next((_SEGMENT[error.fault] for error in errors if error.fault in _SEGMENT), "")
    yield ["UCS", str(number), *filter(None, [code])]
    for error in errors:
        if error.fault in _ELEMENT and error.element:
            part = [str(error.component)] if error.segment.components(error.element) > 1 else []
            yield ["UCD", _ELEMENT[error.fault], write.composite(str(error.element + 1), *part)]
