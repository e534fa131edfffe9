"""X12 interchanges: every transaction set on its own, in bounded memory, and a 997 for each interchange.

Delimiters are those of the interchange header, padded to its fixed width or not. A set that does not end, or whose
counts or control numbers do not agree, is refused; the others go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from typing import BinaryIO

from connectors.base import Read, Receipt, Refusal
from connectors.defaults import NO_DEFAULTS, Defaults
from connectors.edi.interchange import Interchange, Open, Tags, discontent
from connectors.edi.message import Message, Trader, judge
from connectors.edi.segments import Segment, Syntax
from connectors.edi.source import Source
from connectors.files import safe_name
from connectors.findings import MAX_DOCUMENT_BYTES, DocumentError, Findings
from connectors.x12.acknowledge import ACKNOWLEDGEMENT, ACKNOWLEDGEMENTS, Group, SetError, rejections, to_997
from connectors.x12.order import READERS, read_order

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISA_ELEMENTS = 16
_ISA_BYTES = 400
"""More than an interchange header has, however it is padded."""


@dataclass(frozen=True, slots=True)
class X12:
    """Reads purchase orders (850) and their changes (860)."""

    defaults: Defaults = NO_DEFAULTS

    def read(self, stream: BinaryIO, name: str) -> Iterator[Read]:
        """Every transaction set of every interchange, and a 997 after each interchange."""
        source = Source(stream)
        number = 0
        while head := source.head(_ISA_BYTES):
            number += 1
            where = f"{name}:{number}"
            try:
                elements, syntax, size = _header(head)
            except DocumentError as error:
                yield Refusal(where, (error.problem,), head)
                return
            source.skip(size)
            yield from _Interchange(source, where, self.defaults, elements, syntax).read()


def _header(head: bytes) -> tuple[list[str], Syntax, int]:
    """The interchange header's elements, the delimiters and its length. Raises DocumentError."""
    if not head.startswith(b"ISA") or len(head) < len("ISA*"):
        raise DocumentError("", "an interchange begins with ISA; what follows is not read")
    element = head[3:4]
    parts = head.split(element, _ISA_ELEMENTS)
    if len(parts) <= _ISA_ELEMENTS or len(parts[_ISA_ELEMENTS]) < 2:
        raise DocumentError("ISA", "the interchange header has 16 elements; what follows is not read")
    component, terminator = parts[_ISA_ELEMENTS][:1], parts[_ISA_ELEMENTS][1:2]
    marks = element + component + terminator
    if len(set(marks)) < len(marks) or any(mark in b" \x00" or mark >= 0x80 or chr(mark).isalnum() for mark in marks):
        raise DocumentError("ISA", f"{marks!r} cannot separate elements, components and segments")
    syntax = Syntax(terminator.decode(), element.decode(), component.decode())
    elements = [part.decode("latin-1") for part in (*parts[:_ISA_ELEMENTS], component)]
    return elements, syntax, len(element.join(parts[:_ISA_ELEMENTS])) + 3


class _Interchange(Interchange):
    """One interchange and its acknowledgement."""

    tags = Tags("ISA", "IEA", "GS", "GE", "ST", "SE")

    def __init__(self, source: Source, where: str, defaults: Defaults, header: list[str], syntax: Syntax) -> None:
        super().__init__(source, where, syntax)
        self._defaults = defaults
        self._header = header
        self._groups: list[Group] = []

    def opened_group(self, header: Segment) -> None:
        self._groups.append(Group(header))

    def closed_group(self, trailer: Segment | None) -> Iterator[DocumentError]:
        group = self._groups[-1]
        if trailer is None:
            group.codes.append("3")
            yield DocumentError(group.header.where(), "the functional group does not end with GE; send it whole")
            return
        group.included = trailer.get(1)
        if trailer.get(2) != group.header.get(6):
            group.codes.append("4")
            yield DocumentError(trailer.where(2), f"the group begins as {group.header.get(6)!r}; send it anew")
        if trailer.get(1) != str(group.received):
            group.codes.append("5")
            yield DocumentError(
                trailer.where(1), f"the group has {group.received} transaction sets; send what is missing"
            )

    def closed(self, trailer: Segment) -> Iterator[DocumentError]:
        if trailer.get(2) != self._header[13].strip():
            yield DocumentError(trailer.where(2), f"the interchange begins as {self._header[13]!r}; send it anew")
        if trailer.get(1) != str(len(self._groups)):
            yield DocumentError(
                trailer.where(1), f"the interchange has {len(self._groups)} groups; send what is missing"
            )

    def judged(self, message: Open, where: str) -> Read | None:
        header, sender = message.segments[0], Trader(self._header[5].strip(), self._header[6].strip())
        read = READERS.get(header.get(1))
        findings = Findings()
        with findings:
            self._check(message, known=read is not None or header.get(1) == ACKNOWLEDGEMENT)
            if header.get(1) == ACKNOWLEDGEMENT:
                self._groups[-1].received += 1
                return discontent(where, message, tuple(rejections(message.segments)))
        sent_at = EPOCH
        if self._groups:
            with findings:
                sent_at = self._groups[-1].header.moment(4)
        document = Message(header.get(1), header.get(2), message.segments, sender, sent_at, message.raw)
        judged = judge(document, where, read or read_order, self._defaults, findings.errors)
        if self._groups:
            self._groups[-1].note(judged, self.syntax)
        return judged.result

    def _check(self, message: Open, *, known: bool) -> None:
        """Raise what the envelope of a transaction set has wrong."""
        header, trailer, count = message.segments[0], message.segments[-1], len(message.segments)
        if not self._groups:
            raise SetError(header.where(), "the transaction set stands in no functional group (GS)", "6")
        if message.too_large:
            raise SetError(header.where(), f"it is larger than {MAX_DOCUMENT_BYTES} bytes; split it", "5")
        if not message.ended:
            raise SetError(header.where(), "the transaction set does not end with SE; send it whole", "2")
        if trailer.get(2) != header.get(2):
            raise SetError(trailer.where(2), f"the transaction set begins as {header.get(2)!r}; send it anew", "3")
        if trailer.get(1) != str(count):
            reason = f"the transaction set has {count} segments, not {trailer.get(1)[:40]!r}; send it whole"
            raise SetError(trailer.where(1), reason, "4")
        if not known:
            reason = f"{header.get(1)[:40]!r} is none of the transaction sets taken in: {', '.join(READERS)}"
            raise SetError(header.where(1), reason, "1")

    def receipt(self) -> Receipt | None:
        told = [group for group in self._groups if group.header.get(1) != ACKNOWLEDGEMENTS]
        return (
            Receipt(self.where, safe_name(f"{PurePath(self.where).name}.997"), to_997(self._header, told, self.syntax))
            if told
            else None
        )
