"""Why a struct cannot be encoded: asked only after it failed, so it may take its time."""

from __future__ import annotations

from typing import Any

from hub.codec.encoder import UNWRITABLE, OutTables, encoder
from hub.codec.shape import Many, Maybe, Record, Shape
from hub.codec.wire import Malformed, shown


def fault(record: Record, value: Any) -> tuple[str, str]:
    """The path of the first field that cannot be written, and why."""
    for field in record.fields:
        try:
            encoder(Record(record.struct, (field,)), OutTables())(value)
        except UNWRITABLE as error:
            part = getattr(value, field.name, None)
            path, why = _inside(field.shape, part) or ("", _why(error, part))
            return field.name + path, why
    raise AssertionError(f"{record.name} can be encoded field by field but not as a whole")


def _inside(shape: Shape, value: Any) -> tuple[str, str] | None:
    """The same within a part, None where the part itself is at fault."""
    match shape:
        case Maybe(of):
            return _inside(of, value)
        case Many(Record() as of) if isinstance(value, tuple):
            for number, item in enumerate(value):
                try:
                    encoder(of, OutTables())(item)
                except UNWRITABLE:
                    path, why = fault(of, item)
                    return f"[{number}].{path}", why
        case Record() if isinstance(value, shape.struct):
            path, why = fault(shape, value)
            return f".{path}", why
    return None


def _why(error: Exception, value: Any) -> str:
    match error:
        case Malformed(text=text):
            return text
        case UnicodeEncodeError():
            return f"{shown(value)} holds half a surrogate pair, which UTF-8 cannot carry"
    return f"{shown(value)} is not a value of its type"
