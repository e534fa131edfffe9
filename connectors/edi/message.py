"""A transaction set (X12) or message (EDIFACT): a document with the envelope it came in, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from connectors.base import Accepted, Refusal
from connectors.defaults import Defaults
from connectors.edi.segments import Segment
from connectors.findings import MAX_DOCUMENT_BYTES, DocumentError, Findings, checked
from hub.domain.money import exact


class Trader(NamedTuple):
    """Who sends or receives an interchange."""

    qualifier: str
    number: str


@dataclass(frozen=True, slots=True)
class Message:
    """One document."""

    kind: str
    """`850`, `ORDERS`."""
    reference: str
    """Its control number: what an acknowledgement calls it."""
    segments: list[Segment]
    """All of them, header and trailer too."""
    sender: Trader
    sent_at: datetime
    raw: bytes
    """As it came, cut to `MAX_DOCUMENT_BYTES` where it was longer."""

    def id(self, prefix: str) -> str:
        """An event id that follows from the sender and the content alone, whatever it was sent in and numbered."""
        digest = sha256("\x1f".join(self.sender).encode())
        for segment in self.segments[1:-1]:
            parts = "\x1e".join("\x1f".join(map(str.strip, each)) for each in segment.content)
            digest.update(b"\x1d" + parts.encode("utf-8", "surrogatepass"))
        return f"{prefix}-{digest.hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a message, for whoever is told and for the acknowledgement."""

    kind: str
    reference: str
    result: Accepted | Refusal
    errors: tuple[DocumentError, ...] = ()


Fields = dict[str, Any]
"""An event as `hub.intake.event_from_document` takes it."""
Read = Callable[[Message, Defaults, Findings], Fields]
"""Makes an event of a message; raises DocumentError, or leaves errors in the findings."""


def judge(message: Message, where: str, read: Read, defaults: Defaults, faults: Iterable[DocumentError]) -> Judged:
    """The message's event, or its refusal. `faults` are what the envelope says against it already."""
    findings = Findings([*faults])
    event = None
    if not findings.errors:
        with findings, exact():
            fields = read(message, defaults, findings)
            event = None if findings.errors else checked(fields)
    if event is not None:
        return Judged(message.kind, message.reference, Accepted(where, event, tuple(findings.assumed)))
    refusal = Refusal(where, findings.problems, message.raw[:MAX_DOCUMENT_BYTES])
    return Judged(message.kind, message.reference, refusal, tuple(findings.errors))
