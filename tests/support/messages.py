"""Any message of the hub's, and fastavro as the reference of what its bytes are."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import fastavro
import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from hub.codec.shape import Choice, Many, Maybe, Record, Scalar, Shape, record_of

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(["", "ß" * 40, "x" * 63, "x" * 64, "€" * 3000, "x" * 8192]),
)
DECIMALS = st.builds(
    lambda negative, digits, places: Decimal((negative, tuple(map(int, digits)), -places)),
    st.booleans(),
    st.from_regex(r"[1-9][0-9]{0,17}|0", fullmatch=True),
    st.integers(-3, 9),
).filter(lambda number: abs(number) < 10**18)
MOMENTS = st.one_of(
    st.datetimes(timezones=st.just(UTC)),
    st.datetimes(datetime(1978, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  (timezones=)
)

_SCALARS: dict[Scalar, SearchStrategy[Any]] = {
    Scalar.TEXT: TEXTS,
    Scalar.NUMBER: DECIMALS,
    Scalar.FLAG: st.booleans(),
    Scalar.WHOLE: st.one_of(st.integers(-70, 70), st.integers(-(2**63), 2**63 - 1)),
    Scalar.DAY: st.dates(),
    Scalar.INSTANT: MOMENTS,
    Scalar.RAW: st.binary(max_size=200),
}


def any_of(struct: type[msgspec.Struct]) -> SearchStrategy[Any]:
    """Every value of a struct that a message can hold."""
    return values(record_of(struct))


def values(shape: Shape) -> SearchStrategy[Any]:
    match shape:
        case Scalar():
            return _SCALARS[shape]
        case Choice(allowed):
            return st.sampled_from(allowed)
        case Maybe(of):
            return st.none() | values(of)
        case Many(of):
            return st.lists(values(of), max_size=3).map(tuple)
        case Record():
            return st.builds(shape.struct, **{field.name: values(field.shape) for field in shape.fields})


def plain(value: Any) -> Any:
    """A struct as fastavro takes it."""
    match value:
        case msgspec.Struct():
            return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
        case tuple():
            return [plain(item) for item in value]
        case Decimal():
            return format(value, "f")
    return value


def reference_encode(schema: Any, value: Any) -> bytes:
    """The body by fastavro; `schema` parsed."""
    body = io.BytesIO()
    fastavro.schemaless_writer(body, schema, plain(value))
    return body.getvalue()


def reference_decode(schema: Any, struct: type[msgspec.Struct], body: bytes) -> Any:
    """The value by fastavro and msgspec; `schema` parsed."""
    stream = io.BytesIO(body)
    value = msgspec.convert(fastavro.schemaless_reader(stream, schema, None), struct)
    if stream.tell() != len(body):
        raise ValueError("not all was read")
    return value


def example(struct: type[msgspec.Struct]) -> Any:
    """One plausible value of a struct, the same each time, with every optional part and two items in every list."""
    return _example(record_of(struct), struct.__name__)


_EXAMPLES: dict[Scalar, Any] = {
    Scalar.NUMBER: Decimal("12.50"),
    Scalar.FLAG: True,
    Scalar.WHOLE: 3,
    Scalar.DAY: date(2025, 3, 4),
    Scalar.INSTANT: datetime(2025, 3, 4, 5, 6, 7, 891234, UTC),
    Scalar.RAW: b"\x00\x01\xff",
}


def _example(shape: Shape, name: str) -> Any:
    match shape:
        case Scalar.TEXT:
            return f"{name} ü"
        case Scalar():
            return _EXAMPLES[shape]
        case Choice(allowed):
            return allowed[0]
        case Maybe(of):
            return _example(of, name)
        case Many(of):
            return (_example(of, name),) * 2
        case Record():
            return shape.struct(**{field.name: _example(field.shape, field.name) for field in shape.fields})
