"""Shapes as Avro schemas and back.

A decimal is a `string` in plain notation: exact, of any scale, readable everywhere. A choice is a `string` that
names its values. Both say so as logical types, which readers that do not know them ignore.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from hub.codec.shape import Choice, Field, Many, Maybe, Record, Scalar, Shape
from hub.errors import ConfigError

NAMESPACE = "orderhub"

Schema = str | dict[str, Any] | list[Any]
Docs = Callable[[type[msgspec.Struct]], dict[str, str]]
"""What a struct's documentation says: of itself under the empty name, of its fields under theirs."""

_SCALARS: dict[Scalar, Schema] = {
    Scalar.TEXT: "string",
    Scalar.NUMBER: {"type": "string", "logicalType": "plain-decimal"},
    Scalar.FLAG: "boolean",
    Scalar.WHOLE: "long",
    Scalar.DAY: {"type": "int", "logicalType": "date"},
    Scalar.INSTANT: {"type": "long", "logicalType": "timestamp-micros"},
    Scalar.RAW: "bytes",
}


def avro_of(shape: Shape, docs: Docs) -> Schema:
    """The Avro schema of a shape."""
    return _avro(shape, docs, set())


def contract_of(schema: Any) -> Any:
    """The schema without its documentation: what reader and writer agree on."""
    if isinstance(schema, dict):
        return {name: contract_of(part) for name, part in sorted(schema.items()) if name != "doc"}
    if isinstance(schema, list):
        return [contract_of(part) for part in schema]
    return schema


def fingerprint(schema: Schema) -> str:
    """SHA-256 of the schema without its documentation, in hexadecimal: equal if and only if the contract is."""
    return hashlib.sha256(json.dumps(contract_of(schema), separators=(",", ":")).encode()).hexdigest()


def as_written(schema: Schema, record: Record, where: str) -> Record:
    """How data written with `schema` reads into `record`: fields the schema lacks take the struct's defaults.

    Raises ConfigError, naming the field, where the two contradict each other.
    """
    written = _as_written(schema, record, where, {})
    if not isinstance(written, Record):
        raise TypeError(where)
    return written


def _avro(shape: Shape, docs: Docs, named: set[str]) -> Schema:
    match shape:
        case Scalar():
            return _SCALARS[shape]
        case Choice(values):
            return {"type": "string", "logicalType": "choice", "choices": list(values)}
        case Maybe(of):
            return ["null", _avro(of, docs, named)]
        case Many(of):
            return {"type": "array", "items": _avro(of, docs, named)}
        case Record():
            if shape.name in named:
                return shape.name
            named.add(shape.name)
            texts = docs(shape.struct)
            fields = [_avro_field(field, texts.get(field.name, ""), docs, named) for field in shape.fields]
            doc = {"doc": texts[""]} if "" in texts else {}
            return {"type": "record", "name": shape.name, "namespace": NAMESPACE} | doc | {"fields": fields}


def _avro_field(field: Field, doc: str, docs: Docs, named: set[str]) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": field.name, "type": _avro(field.shape, docs, named)}
    if field.default is not msgspec.NODEFAULT:
        entry["default"] = _avro_default(field.default, field.shape)
    return entry | ({"doc": doc} if doc else {})


def _avro_default(value: Any, shape: Shape) -> Any:
    """A default as Avro writes it in JSON."""
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            return format(value, "f")
        case bytes():
            return value.decode("latin-1")
        case tuple() if isinstance(shape, Many):
            return [_avro_default(item, shape.of) for item in value]
        case msgspec.Struct() if isinstance(shape, Record):
            return {field.name: _avro_default(getattr(value, field.name), field.shape) for field in shape.fields}
        case date() | datetime():
            raise ConfigError(f"A default of {value} is not supported: let the field be None.")
    raise ConfigError(f"A default of {value!r} does not fit {shape}: an optional field's default is None.")


def _as_written(schema: Schema, shape: Shape, where: str, named: dict[str, Schema]) -> Shape:
    if isinstance(schema, str) and schema in named:
        schema = named[schema]
    match shape, schema:
        case Scalar(), _ if schema == _SCALARS[shape]:
            return shape
        case Choice(values), {"type": "string", "logicalType": "choice", "choices": written}:
            if gone := [value for value in written if value not in values]:
                raise ConfigError(f"{where}: the schema allows {', '.join(gone)}, which the struct does not know.")
            return shape
        case Maybe(of), ["null", inner]:
            return Maybe(_as_written(inner, of, where, named))
        case Many(of), {"type": "array", "items": inner}:
            return Many(_as_written(inner, of, where, named))
        case Record(), {"type": "record", "name": name, "fields": list(fields)} if name == shape.name:
            named[name] = schema
            return _record_as_written(fields, shape, where, named)
    raise ConfigError(f"{where}: the schema says {_brief(schema)} where the struct has {_brief_shape(shape)}.")


def _record_as_written(fields: list[Any], shape: Record, where: str, named: dict[str, Schema]) -> Record:
    known = {field.name: field for field in shape.fields}
    written: list[Field] = []
    for entry in fields:
        field = known.pop(entry["name"], None)
        if field is None:
            raise ConfigError(f"{where}.{entry['name']}: the schema has this field, the struct has not.")
        inner = _as_written(entry["type"], field.shape, f"{where}.{field.name}", named)
        written.append(Field(field.name, inner, field.default))
    for field in known.values():
        if field.default is msgspec.NODEFAULT:
            raise ConfigError(f"{where}.{field.name}: the schema lacks this field; the struct has no default for it.")
    return Record(shape.struct, tuple(written))


def _brief(schema: Schema) -> str:
    if isinstance(schema, dict):
        return str(schema.get("name") or schema.get("logicalType") or schema.get("type"))
    return " or ".join(map(_brief, schema)) if isinstance(schema, list) else schema


def _brief_shape(shape: Shape) -> str:
    return _brief(_avro(shape, lambda _: {}, set()))
