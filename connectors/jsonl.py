"""JSON Lines: one event a line, as `hub.intake` reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from connectors.base import Accepted, Problem, Refusal
from hub.intake import IntakeError, event_from_json
from hub.intake.json_events import MAX_DOCUMENT_BYTES

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class JsonLines:
    """Reads an event from every line that is not blank; a bad line does not end the file."""

    def read(self, stream: BinaryIO, name: str) -> Iterator[Accepted | Refusal]:
        """Every line's event or refusal, in order; a line beyond the bound is skipped unread."""
        number = 0
        while line := stream.readline(MAX_DOCUMENT_BYTES + 1):
            number += 1
            raw = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
            raw = raw.rstrip(b"\r\n")
            where = f"{name}:{number}"
            if len(line) > MAX_DOCUMENT_BYTES:
                _skip_rest(stream, line)
                reason = f"the line is longer than {MAX_DOCUMENT_BYTES} bytes; split the order"
                yield Refusal(where, (Problem("", reason),), raw)
            elif raw.strip():
                yield read_line(raw, where)


def read_line(raw: bytes, where: str) -> Accepted | Refusal:
    """The event of one JSON object, or why it is none."""
    try:
        return Accepted(where, event_from_json(raw))
    except IntakeError as error:
        return Refusal(where, tuple(Problem(problem.path, problem.reason) for problem in error.problems), raw)


def _skip_rest(stream: BinaryIO, line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = stream.readline(MAX_DOCUMENT_BYTES)
