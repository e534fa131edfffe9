"""The few shapes a message's values have, read off the structs of the domain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec
import msgspec.inspect as mi

from hub.errors import ConfigError


class Scalar(Enum):
    """A value without parts."""

    TEXT = "str"
    NUMBER = "Decimal"
    FLAG = "bool"
    WHOLE = "int"
    DAY = "date"
    INSTANT = "datetime"
    RAW = "bytes"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few texts (a `Literal`)."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Maybe:
    """A value or None."""

    of: Shape


@dataclass(frozen=True, slots=True)
class Many:
    """A tuple of any length."""

    of: Shape


@dataclass(frozen=True, slots=True)
class Field:
    """A named part of a record; `default` is `msgspec.NODEFAULT` where it has none."""

    name: str
    shape: Shape
    default: Any = msgspec.NODEFAULT


@dataclass(frozen=True, slots=True)
class Record:
    """A struct with its fields in order; fewer than the struct has where an older schema did not have them all."""

    struct: type[msgspec.Struct]
    fields: tuple[Field, ...]

    @property
    def name(self) -> str:
        """The record's name in Avro: the struct's."""
        return self.struct.__name__


Shape = Scalar | Choice | Maybe | Many | Record


def record_of(struct: type[msgspec.Struct]) -> Record:
    """The shape of a struct. Raises ConfigError for a type that has no place in a message."""
    return _record(mi.type_info(struct), ())


def records_in(shape: Shape) -> Iterator[Record]:
    """Every record of a shape, each once, parts before the whole."""
    found: dict[str, Record] = {}

    def visit(part: Shape) -> None:
        match part:
            case Maybe(of) | Many(of):
                visit(of)
            case Record():
                for field in part.fields:
                    visit(field.shape)
                found.setdefault(part.name, part)

    visit(shape)
    return iter(found.values())


def _record(info: mi.Type, within: tuple[type, ...]) -> Record:
    if not isinstance(info, mi.StructType):
        raise ConfigError(f"{info} is not a struct and cannot be a message.")
    if info.cls in within:
        raise ConfigError(f"{info.cls.__name__} holds itself: a message must not be recursive, or depth has no bound.")
    if not info.fields:
        raise ConfigError(f"{info.cls.__name__} has no fields: a part of no bytes could be claimed without end.")
    return Record(info.cls, tuple(_field(field, info.cls, within) for field in info.fields))


def _field(field: mi.Field, owner: type, within: tuple[type, ...]) -> Field:
    where = f"{owner.__name__}.{field.name}"
    if field.default_factory is not msgspec.NODEFAULT:
        raise ConfigError(f"{where} makes its default anew each time: give it an immutable one.")
    return Field(field.name, _shape(field.type, where, (*within, owner)), field.default)


_SCALARS: dict[type[mi.Type], Scalar] = {
    mi.StrType: Scalar.TEXT,
    mi.DecimalType: Scalar.NUMBER,
    mi.BoolType: Scalar.FLAG,
    mi.IntType: Scalar.WHOLE,
    mi.DateType: Scalar.DAY,
    mi.DateTimeType: Scalar.INSTANT,
    mi.BytesType: Scalar.RAW,
}


def _shape(info: mi.Type, where: str, within: tuple[type, ...]) -> Shape:
    if scalar := _SCALARS.get(type(info)):
        return scalar
    match info:
        case mi.LiteralType(values=values) if all(isinstance(value, str) for value in values):
            return Choice(tuple(str(value) for value in values))
        case mi.VarTupleType(item_type=item):
            return Many(_shape(item, where, within))
        case mi.UnionType(types=(mi.NoneType(), other) | (other, mi.NoneType())):
            return Maybe(_shape(other, where, within))
        case mi.StructType():
            return _record(info, within)
    raise ConfigError(
        f"{where} is a {type(info).__name__.removesuffix('Type')}, which no message can hold; use str, Decimal, bool, "
        "int, date, datetime, bytes, a Literal of texts, a struct, `tuple[X, ...]` or `X | None`."
    )
