"""Which format a stream is in, by its first bytes, so that nobody has to say it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from io import BufferedReader
from pathlib import PurePath

from connectors.base import Inbound, Problem, Read, Refusal
from connectors.defaults import NO_DEFAULTS, Defaults
from connectors.edifact.reader import Edifact
from connectors.jsonl import JsonLines
from connectors.mapped.mapping import TableMapping
from connectors.mapped.table import MappedTable
from connectors.statement_csv import StatementCsv, is_statement
from connectors.ubl import UblOrders
from connectors.x12.reader import X12

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_COMPRESSED = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf")
"""zip, gzip, bzip2, xz, zstd, 7z."""
_BLANK = b"\xef\xbb\xbf \t\r\n"
_SHOWN = 1024


def read(
    stream: BufferedReader,
    name: str,
    defaults: Defaults = NO_DEFAULTS,
    mappings: Sequence[TableMapping] = (),
) -> Iterator[Read]:
    """Every document of the stream: by the first mapping for files of its name, else as its first bytes say."""
    for mapping in mappings:
        if fnmatch(PurePath(name).name, mapping.files):
            return MappedTable(mapping).read(stream, name)
    head = stream.peek(_SHOWN)[:_SHOWN]
    reader = _reader(head, defaults)
    if reader is None:
        return iter((Refusal(name, (Problem("", _unknown(head)),), head),))
    return reader.read(stream, name)


def _reader(head: bytes, defaults: Defaults) -> Inbound | None:
    start = head.lstrip(_BLANK)
    if start.startswith(b"<") or head.startswith(_UTF16):
        return UblOrders(defaults.vat)
    if start.startswith(b"{"):
        return JsonLines()
    if start.startswith(b"ISA"):
        return X12(defaults)
    if start.startswith((b"UNA", b"UNB")):
        return Edifact(defaults)
    if is_statement(head):
        return StatementCsv()
    return None


def _unknown(head: bytes) -> str:
    if not head:
        return "it is empty"
    if head.startswith(_COMPRESSED):
        return "it is compressed, and nobody knows what it would grow to; unpack it first"
    if head.lstrip(_BLANK).startswith(b"["):
        return "it holds a JSON array; write one object a line, without brackets and commas between them"
    return (
        "it begins like none of UBL XML (<), JSON Lines ({), X12 (ISA), EDIFACT (UNA, UNB) and a list as CSV, whose "
        "first row names its columns"
    )
