"""Which format a stream is in, by its first bytes, so that nobody has to say it."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader

from connectors.base import Accepted, Problem, Refusal
from connectors.jsonl import JsonLines
from connectors.ubl import UblOrders
from connectors.ubl_line import Vat

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BLANK = b"\xef\xbb\xbf \t\r\n"
_SHOWN = 1024


def read(stream: BufferedReader, name: str, default_vat: Vat | None = None) -> Iterator[Accepted | Refusal]:
    """Every document of the stream: UBL if it begins like XML, JSON Lines if like a JSON object."""
    head = stream.peek(_SHOWN)[:_SHOWN]
    start = head.lstrip(_BLANK)[:1]
    if start == b"<" or head.startswith(_UTF16):
        return UblOrders(default_vat).read(stream, name)
    if start == b"{":
        return JsonLines().read(stream, name)
    if not head:
        reason = "it is empty"
    elif start == b"[":
        reason = "it holds a JSON array; write one object a line, without brackets and commas between them"
    else:
        reason = "it is neither UBL XML, which begins with <, nor JSON Lines, which begin with {"
    return iter((Refusal(name, (Problem("", reason),), head),))
