"""Writes the function that encodes one record.

The body of a message is a single f-string of its values and their lengths, in order:
`f"{L[len(v1)]}{v1}{N[str(o.quantity)]}..."`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any

from hub.codec import wire
from hub.codec.shape import Choice, Field, Maybe, Record, Scalar, Shape, records_in
from hub.codec.source import Source, indented

Encoder = Callable[[Any], str]
"""A struct to the text whose characters are its bytes; raises what `UNWRITABLE` names."""

KEPT_SIZE = 131_072
"""How many parts of a kept type are remembered, about 350 bytes each beside the part itself."""

UNWRITABLE = (wire.Malformed, AttributeError, KeyError, TypeError, ValueError, OverflowError)
"""What writing a value of the wrong type or range raises."""


class OutTables:
    """What encoders have in common."""

    def __init__(self) -> None:
        self._longs = wire.Longs()
        self.numbers = wire.NumbersOut(self._longs)
        self.names = {
            "L": self._longs,
            "N": self.numbers,
            "I": wire.InstantsOut(self._longs),
            "B": wire.Flags({True: "\1", False: "\0"}),
            "utf8": wire.as_bytes_text,
            "join": "".join,
        }

    def choices(self, choice: Choice) -> wire.Choices:
        """The values of a choice to their encoding."""
        texts = {value: wire.as_bytes_text(value) for value in choice.values}
        return wire.Choices({value: self._longs[len(text)] + text for value, text in texts.items()})


def encoder(record: Record, tables: OutTables, kept: Collection[type] = ()) -> Encoder:
    """The encoder of a record. Parts of the `kept` types are encoded once as long as they are remembered."""
    source = Source(tables.names)
    for part in records_in(record):
        _function(f"write_{part.name}", part, source, tables, keep=part.struct in kept)
    write: Encoder = source.compiled(f"write_{record.name}")
    return write


def _function(name: str, shape: Shape, source: Source, tables: OutTables, *, keep: bool = False) -> None:
    body: list[str] = []
    parts = shape.fields if isinstance(shape, Record) else ()
    pieces = [_field(field, body, source, tables) for field in parts] or [_piece("o", shape, body, source, tables)]
    text = "".join(pieces)
    if keep:
        body = _remembered(body, text, source)
    else:
        body.append(f'return f"{text}"')
    source.function(f"{name}(o)", body)


def _remembered(body: list[str], text: str, source: Source) -> list[str]:
    """The same, asking first whether this very object was written before: it cannot have changed since.

    What is remembered holds the object, so that no other can have its id meanwhile.
    """
    memory: dict[int, tuple[object, str]] = {}
    kept = source.bind(memory)
    return [
        f"k = {kept}.get(id(o))",
        "if k is not None: return k[1]",
        *body,
        f'k = f"{text}"',
        f"if len({kept}) >= {KEPT_SIZE}: {kept}.clear()",
        f"{kept}[id(o)] = o, k",
        "return k",
    ]


def _field(field: Field, body: list[str], source: Source, tables: OutTables) -> str:
    """The part of the f-string for a field. Most numbers and texts that have a default are the default."""
    value = f"o.{field.name}"
    if field.shape == Scalar.NUMBER and isinstance(field.default, Decimal):
        default, code = source.bind(field.default), source.bind(tables.numbers[str(field.default)])
        return f"{{({code} if (n := {value}) is {default} else N[str(n)])}}"
    if field.shape == Scalar.TEXT and field.default == "":
        local = source.fresh()
        body += [
            f'if ({local} := {value}) != "":',
            f"    {_AS_TEXT[Scalar.TEXT].format(local=local)}",
            f'    {local} = f"{{L[len({local})]}}{{{local}}}"',
            f'else: {local} = "\\x00"',
        ]
        return f"{{{local}}}"
    return _piece(value, field.shape, body, source, tables)


_ONE_LOOKUP = {
    Scalar.NUMBER: "{{N[str({value})]}}",
    Scalar.FLAG: "{{B[{value}]}}",
    Scalar.WHOLE: "{{L[{value}]}}",
    Scalar.DAY: f"{{{{L[{{value}}.toordinal() - {wire.EPOCH_ORDINAL}]}}}}",
    Scalar.INSTANT: "{{I[{value}]}}",
}
_AS_TEXT = {
    Scalar.TEXT: "if not {local}.isascii(): {local} = utf8({local})",
    Scalar.RAW: '{local} = {local}.decode("latin-1")',
}


def _piece(value: str, shape: Shape, body: list[str], source: Source, tables: OutTables) -> str:
    """The part of the f-string for `value`; what has to be worked out before goes to `body`."""
    if isinstance(shape, Scalar) and shape in _ONE_LOOKUP:
        return _ONE_LOOKUP[shape].format(value=value)
    if isinstance(shape, Choice):
        return f"{{{source.bind(tables.choices(shape))}[{value}]}}"
    if isinstance(shape, Record):
        return f"{{write_{shape.name}({value})}}"
    local = source.fresh()
    body.append(f"{local} = {value}")
    if isinstance(shape, Scalar):
        body.append(_AS_TEXT[shape].format(local=local))
        return f"{{L[len({local})]}}{{{local}}}"
    if isinstance(shape, Maybe):
        present: list[str] = []
        text = _piece(local, shape.of, present, source, tables)
        body += [f"if {local} is not None:", *indented([*present, f'{local} = f"\\x02{text}"'])]
        body.append(f'else: {local} = "\\x00"')
    else:
        text = f"{{L[len({local})]}}{{join(map({_item(shape.of, source, tables)}, {local}))}}\\x00"
        body.append(f'{local} = f"{text}" if {local} else "\\x00"')
    return f"{{{local}}}"


def _item(shape: Shape, source: Source, tables: OutTables) -> str:
    """The name of the function that writes an item of an array."""
    if isinstance(shape, Record):
        return f"write_{shape.name}"
    name = f"write_{source.fresh()}"
    _function(name, shape, source, tables)
    return name
