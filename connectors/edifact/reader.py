"""EDIFACT interchanges: every message on its own, in bounded memory, and a CONTRL for each interchange.

Separators are those of the service string advice (UNA), or the usual ones. A message that does not end, or whose
count or reference does not agree, is refused; the others go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePath
from typing import BinaryIO

from connectors.base import Read, Receipt, Refusal
from connectors.defaults import NO_DEFAULTS, Defaults
from connectors.edi.interchange import Interchange, Open, Tags, discontent
from connectors.edi.message import Message, Trader, judge
from connectors.edi.segments import Segment, Syntax
from connectors.edi.source import Source
from connectors.edifact.acknowledge import CONTRL, Answer, MessageError, answer, group_answer, rejections, to_contrl
from connectors.edifact.codes import CHARSETS
from connectors.edifact.order import READERS, read_order
from connectors.edifact.writing import Writer
from connectors.files import safe_name
from connectors.findings import MAX_DOCUMENT_BYTES, DocumentError, Findings

_USUAL = Syntax("'", "+", ":", "?", any_mark=True)
_ADVICE_BYTES = 9
_VALUES_DIFFER, _COUNT_DIFFERS, _UNSUPPORTED, _UNFINISHED, _TOO_LARGE = "28", "29", "14", "13", "39"
_MINUTES = 4


@dataclass(frozen=True, slots=True)
class Edifact:
    """Reads orders (ORDERS) and their changes (ORDCHG)."""

    defaults: Defaults = NO_DEFAULTS

    def read(self, stream: BinaryIO, name: str) -> Iterator[Read]:
        """Every message of every interchange, and a CONTRL after each interchange."""
        source = Source(stream)
        number = 0
        while head := source.head(_ADVICE_BYTES):
            number += 1
            where = f"{name}:{number}"
            syntax = _USUAL
            try:
                if head.startswith(b"UNA"):
                    syntax = _advised(head)
                    source.skip(_ADVICE_BYTES)
                header, syntax = _header(source, syntax)
            except DocumentError as error:
                yield Refusal(where, (error.problem,), head)
                return
            yield from _Interchange(source, where, self.defaults, header, syntax).read()


def _advised(advice: bytes) -> Syntax:
    """UNA: the separators, one after the other."""
    if len(advice) < _ADVICE_BYTES:
        raise DocumentError("UNA", "the service string advice has 9 characters; what follows is not read")
    component, element, _, release, _, terminator = list(advice[3:].decode("latin-1"))
    release = release.strip()
    marks = component + element + release + terminator
    if len(set(marks)) < len(marks) or not all(mark.isascii() and not mark.isalnum() and mark != " " for mark in marks):
        raise DocumentError("UNA", f"{marks!r} cannot separate components, elements and segments")
    return Syntax(terminator, element, component, release, any_mark=True)


def _header(source: Source, syntax: Syntax) -> tuple[Segment, Syntax]:
    """UNB, and the syntax with the character set it names. Raises DocumentError."""
    raw = source.take(syntax.terminator.encode(), syntax.release.encode())
    if raw is None or not raw.ended or not raw.content.startswith(b"UNB"):
        raise DocumentError("", "an interchange begins with UNB, after UNA if there is one; what follows is not read")
    charset = CHARSETS.get(raw.content[4:8].decode("latin-1"), syntax.charset)
    syntax = replace(syntax, charset=charset)
    return Segment(syntax.split(raw.content), 1, raw.line), syntax


class _Interchange(Interchange):
    """One interchange and its acknowledgement."""

    tags = Tags("UNB", "UNZ", "UNG", "UNE", "UNH", "UNT")

    def __init__(self, source: Source, where: str, defaults: Defaults, header: Segment, syntax: Syntax) -> None:
        super().__init__(source, where, syntax)
        self._defaults = defaults
        self._header = header
        self._write = Writer(replace(syntax, release=syntax.release or "?"))
        self._answers: list[Answer] = []
        self._groups: list[Segment] = []
        self._in_last_group = 0

    def opened_group(self, header: Segment) -> None:
        self._groups.append(header)
        self._answers.append(group_answer(header, self._write))
        self._in_last_group = 0

    def closed_group(self, trailer: Segment | None) -> Iterator[DocumentError]:
        header = self._groups[-1]
        if trailer is None:
            yield DocumentError(header.where(), "the group does not end with UNE; send it whole")
        elif trailer.get(2) != header.get(5):
            yield DocumentError(trailer.where(2), f"the group begins as {header.get(5)!r}; send it anew")
        elif trailer.get(1) != str(self._in_last_group):
            yield DocumentError(trailer.where(1), f"the group has {self._in_last_group} messages; send what is missing")

    def closed(self, trailer: Segment) -> Iterator[DocumentError]:
        if trailer.get(2) != self._header.get(5):
            yield DocumentError(trailer.where(2), f"the interchange begins as {self._header.get(5)!r}; send it anew")
        count, what = (len(self._groups), "groups") if self._groups else (self.messages, "messages")
        if trailer.get(1).lstrip("0") != (str(count) if count else ""):
            yield DocumentError(trailer.where(1), f"the interchange has {count} {what}; send what is missing")

    def judged(self, message: Open, where: str) -> Read | None:
        header, sender = message.segments[0], Trader(self._header.get(2, 2), self._header.get(2))
        kind = header.get(2)
        read = READERS.get(kind)
        findings = Findings()
        with findings:
            _check(message, known=read is not None or kind == CONTRL)
            if kind == CONTRL:
                return discontent(where, message, tuple(rejections(message.segments)))
        document = Message(kind, header.get(1), message.segments, sender, self._sent_at(), message.raw)
        judged = judge(document, where, read or read_order, self._defaults, findings.errors)
        self._in_last_group += 1
        if kind != CONTRL:
            self._answers.append(answer(judged, header, self._write))
        return judged.result

    def _sent_at(self) -> datetime:
        """S004; the beginning of time if it says none."""
        day, clock = self._header.get(4), self._header.get(4, 2)
        text = f"{day if len(day) == 8 else f'20{day}'}{clock[:_MINUTES] or '0000'}"
        try:
            return datetime.strptime(text, "%Y%m%d%H%M").replace(tzinfo=UTC)
        except ValueError:
            return datetime(1970, 1, 1, tzinfo=UTC)

    def receipt(self) -> Receipt | None:
        if not any(told[0][0] == "UCM" for told in self._answers):
            return None
        name = safe_name(f"{PurePath(self.where).name}.contrl")
        return Receipt(self.where, name, to_contrl(self._header, self._answers, self._write))


def _check(message: Open, *, known: bool) -> None:
    """Raise what the envelope of a message has wrong."""
    header, trailer, count = message.segments[0], message.segments[-1], len(message.segments)
    if message.too_large:
        raise MessageError(header.where(), f"it is larger than {MAX_DOCUMENT_BYTES} bytes; split it", _TOO_LARGE)
    if not message.ended:
        raise MessageError(header.where(), "the message does not end with UNT; send it whole", _UNFINISHED)
    if trailer.get(2) != header.get(1):
        raise MessageError(trailer.where(2), f"the message begins as {header.get(1)!r}; send it anew", _VALUES_DIFFER)
    if trailer.get(1).lstrip("0") != str(count):
        reason = f"the message has {count} segments, not {trailer.get(1)[:40]!r}; send it whole"
        raise MessageError(trailer.where(1), reason, _COUNT_DIFFERS)
    if not known:
        reason = f"{header.get(2)[:40]!r} is none of the messages taken in: {', '.join(READERS)}"
        raise MessageError(header.where(2), reason, _UNSUPPORTED)
