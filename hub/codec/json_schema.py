"""Records as JSON Schema (2020-12): what `hub tail --json` shows as `value`, and what goes into a JSON document.

Decimals are text in plain notation, moments and dates ISO 8601, bytes base64.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hub.codec.avro import Docs
from hub.codec.shape import Choice, Field, Many, Maybe, Record, Scalar, Shape, records_in

_SCALARS: dict[Scalar, dict[str, Any]] = {
    Scalar.TEXT: {"type": "string"},
    Scalar.NUMBER: {"type": "string", "pattern": r"^-?[0-9]{1,18}(\.[0-9]{1,9})?$"},
    Scalar.FLAG: {"type": "boolean"},
    Scalar.WHOLE: {"type": "integer"},
    Scalar.DAY: {"type": "string", "format": "date"},
    Scalar.INSTANT: {"type": "string", "format": "date-time", "pattern": "^(19|[2-8][0-9])[0-9]{2}-"},
    Scalar.RAW: {"type": "string", "contentEncoding": "base64"},
}


def json_schema_of(record: Record, docs: Docs) -> dict[str, Any]:
    """The JSON Schema of a record, its parts under `$defs`. Fields it does not know are for a newer version to say."""
    parts = [part for part in records_in(record) if part.name != record.name]
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": record.name}
    return schema | _object(record, docs) | {"$defs": {part.name: _object(part, docs) for part in parts}}


def _object(record: Record, docs: Docs) -> dict[str, Any]:
    texts = docs(record.struct)
    return {
        **({"description": texts[""]} if "" in texts else {}),
        "type": "object",
        "properties": {field.name: _field(field, texts.get(field.name, "")) for field in record.fields},
        "required": [field.name for field in record.fields if field.default is msgspec.NODEFAULT],
    }


def _field(field: Field, doc: str) -> dict[str, Any]:
    schema = _schema(field.shape)
    if field.default is not msgspec.NODEFAULT:
        schema = schema | {"default": msgspec.to_builtins(field.default)}
    return schema | ({"description": doc} if doc else {})


def _schema(shape: Shape) -> dict[str, Any]:
    match shape:
        case Scalar():
            return _SCALARS[shape]
        case Choice(values):
            return {"type": "string", "enum": list(values)}
        case Maybe(of):
            return {"anyOf": [_schema(of), {"type": "null"}]}
        case Many(of):
            return {"type": "array", "items": _schema(of)}
        case Record():
            return {"$ref": f"#/$defs/{shape.name}"}
