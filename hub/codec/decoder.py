"""Writes the function that decodes one record: field after field, `at` naming the one being read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Protocol

from hub.codec import wire
from hub.codec.shape import Choice, Many, Maybe, Record, Scalar, Shape, records_in
from hub.codec.source import Source, indented


class Decoder(Protocol):
    """Reads a record of the bytes `b`, also given as the text `t`, from `i` on: the struct, and where it ends.

    Raises `wire.Malformed`. The end may lie beyond the bytes there are: then the message is cut short.
    """

    def __call__(self, b: bytes, t: str, i: int, /) -> tuple[Any, int]:
        """See the class."""


class InTables:
    """What decoders have in common."""

    def __init__(self) -> None:
        self.numbers = wire.NumbersIn()
        self.names = {
            "N": self.numbers,
            "F": wire.Flags({0: False, 1: True}),
            "S": wire.SPAN,
            "Z": wire.ZIGZAG,
            "UNREADABLE": wire.UNREADABLE,
            "utf8": wire.from_utf8,
            "span": wire.span,
            "long": wire.long,
            "day": wire.day,
            "instant": wire.instant,
            "many": wire.many,
            "branch": wire.branch,
            "located": wire.located,
        }


def decoder(record: Record, tables: InTables) -> Decoder:
    """The decoder of a record as it was written."""
    source = Source(tables.names)
    for part in records_in(record):
        _record(part, source, tables.numbers)
    read: Decoder = source.compiled(f"read_{record.name}")
    return read


def _record(record: Record, source: Source, numbers: wire.NumbersIn) -> None:
    """The function of one record. Numbers that are a field's default are read as the default itself."""
    struct = source.bind(record.struct)
    body: list[str] = []
    arguments: list[str] = []
    for field in record.fields:
        if isinstance(field.default, Decimal):
            numbers.setdefault(str(field.default), field.default)
        local = source.fresh()
        body += [f'at = "{field.name}"', *_read(local, field.shape, source)]
        arguments.append(f"{field.name}={local}")
    _function(f"read_{record.name}", body, f"{struct}({', '.join(arguments)})", source)


def _function(name: str, body: list[str], result: str, source: Source) -> None:
    source.function(
        f"{name}(b, t, i)",
        [
            'at = ""; j = i',
            "try:",
            *indented(body),
            "except UNREADABLE as error:",
            "    raise located(error, at, ended=j > len(b)) from None",
            f"return {result}, i",
        ],
    )


_BOUNDS = ("j = i + S[b[i]]", "if i == j: i, j = span(b, i)")
"""Of a text: `i` before its first byte, `j` behind its last."""

_SCALARS: dict[Scalar, tuple[str, ...]] = {
    Scalar.TEXT: (*_BOUNDS, "{v} = t[i + 1:j]", "if not {v}.isascii(): {v} = utf8({v})", "i = j"),
    Scalar.NUMBER: (*_BOUNDS, "{v} = N[t[i + 1:j]]", "i = j"),
    Scalar.RAW: (*_BOUNDS, "{v} = b[i + 1:j]", "i = j"),
    Scalar.FLAG: ("{v} = F[b[i]]", "i += 1"),
    Scalar.WHOLE: ("{v} = b[i]", "if {v} < 128: {v} = Z[{v}]; i += 1", "else: {v}, i = long(b, i)"),
    Scalar.DAY: ("{v}, i = day(b, i)",),
    Scalar.INSTANT: ("{v}, i = instant(b, i)",),
}


def _read(local: str, shape: Shape, source: Source) -> list[str]:
    """The statements that read a value into `local` and move `i` behind it."""
    match shape:
        case Scalar():
            return [line.format(v=local) for line in _SCALARS[shape]]
        case Choice(values):
            choices = source.bind(wire.Choices({value: value for value in values}))
            return [*_BOUNDS, f"{local} = {choices}[t[i + 1:j]]", "i = j"]
        case Maybe(of):
            return [
                f"{local} = b[i]; i += 1",
                f"if {local} == 0: {local} = None",
                f"elif {local} == 2:",
                *indented(_read(local, of, source)),
                f"else: raise branch({local})",
            ]
        case Many(of):
            read = _item(of, source)
            return [f"if b[i] == 0: {local} = (); i += 1", f"else: {local}, i = many({read}, b, t, i)"]
        case Record():
            return [f"{local}, i = read_{shape.name}(b, t, i)"]


def _item(shape: Shape, source: Source) -> str:
    """The name of the function that reads an item of an array."""
    if isinstance(shape, Record):
        return f"read_{shape.name}"
    name = f"read_{source.fresh()}"
    _function(name, _read("o", shape, source), "o", source)
    return name
