"""Structs to messages and back: 0x00, the schema's id in four bytes, the Avro body (Confluent's wire format)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from hub.codec.avro import as_written, avro_of
from hub.codec.binary import Layout, Layouts
from hub.codec.lock import PUBLISH, Pinned, current, differences, read_lock, read_schema
from hub.codec.malformed import Malformed
from hub.codec.records import RECORDS, schema_name
from hub.codec.shape import Record, record_of
from hub.domain.model import Frozen
from hub.errors import CodecError, ConfigError
from hub.topics import MAX_OUTPUT_BYTES

S = TypeVar("S", bound=Frozen)

SCHEMA_DIR = Path(__file__).parents[2] / "schemas"
"""The schemas that come with the hub."""

_FRAME = struct.Struct(">bI")


class Codec:
    """Writes messages of every record type, and reads those of every schema there ever was of it.

    Encoding and decoding raise CodecError and nothing else. Its reasons: `empty`, `bad-magic`, `unknown-schema`,
    `too-large`, `truncated`, `trailing-bytes`, `not-utf8`, `invalid-value`, `wrong-type`.
    """

    def __init__(
        self,
        pinned: tuple[Pinned, ...],
        structs: Mapping[str, type[msgspec.Struct]],
    ) -> None:
        """`structs` by schema name. Raises ConfigError where a struct and its current schema differ."""
        self._writers: dict[type, Layout] = {}
        self._readers: dict[bytes, Layout] = {}
        self._ids: dict[str, int] = {}
        records = {name: record_of(struct) for name, struct in structs.items()}
        layouts = Layouts()
        newest = current(pinned)
        for name, record in records.items():
            frame = _FRAME.pack(0, _require_current(name, record, newest).id)
            self._writers[record.struct] = layouts.layout(record, frame)
            self._ids[record.name] = newest[name].id
        for entry in pinned:
            if entry.name not in records:
                raise ConfigError(f"Schema {entry.id} is pinned for {entry.name}, which is no record type of the hub.")
            written = as_written(entry.schema, records[entry.name], f"schema {entry.id}, {entry.name}")
            frame = _FRAME.pack(0, entry.id)
            self._readers[frame] = layouts.layout(written, frame)

    @classmethod
    def load(cls, schema_dir: Path = SCHEMA_DIR) -> Self:
        """The codec of the pinned schemas. Raises ConfigError, naming the field, where lock, file or struct differ."""
        pinned = read_lock(schema_dir)
        for name, entry in current(pinned).items():
            changes = list(differences(entry.schema, read_schema(schema_dir, name), name))
            if changes:
                raise ConfigError(
                    f"{name}.avsc is not the schema pinned as {entry.id}: {'; '.join(changes)}. Schemas are made "
                    f"from the structs in hub/domain: change those and run {PUBLISH}."
                )
        return cls(pinned, {schema_name(record.__name__): record for record in RECORDS})

    def encode(self, value: S, old: S | None = None, written: bytes = b"") -> bytes:
        """The message of a struct. Where it replaces an `old` one `written` before, what is the same is copied."""
        writer = self._writers.get(type(value))
        if writer is None:
            raise CodecError("wrong-type", f"{type(value).__name__} is not a record type with a schema.")
        try:
            message = writer.write(value) if old is None else writer.rewrite(value, old, written)
        except Malformed as error:
            raise CodecError(error.reason, f"{writer.name}.{error.path} cannot be sent: {error.text}.") from None
        if len(message) > MAX_OUTPUT_BYTES:
            size = f"{len(message)} bytes; a message has at most {MAX_OUTPUT_BYTES}"
            raise CodecError("too-large", f"{writer.name} cannot be sent: it takes {size}.")
        return message

    def decode(self, raw: bytes | None, max_bytes: int = MAX_OUTPUT_BYTES) -> Any:
        """The struct of a message of at most `max_bytes`, whichever schema of the hub's it was written with."""
        if not raw:
            raise CodecError("empty", "The message has no value.")
        if len(raw) > max_bytes:
            raise CodecError("too-large", f"The message has {len(raw)} bytes; at most {max_bytes} are taken.")
        reader = self._readers.get(raw[: _FRAME.size])
        if reader is None:
            raise _unreadable(raw)
        try:
            value, end = reader.read(raw)
        except Malformed as error:
            raise CodecError(error.reason, f"{reader.name}.{error.path}: {error.text}.") from None
        if end < len(raw):
            raise CodecError("trailing-bytes", f"{reader.name} is followed by {len(raw) - end} more bytes.")
        return value

    def decode_as(self, struct: type[S], raw: bytes | None, max_bytes: int = MAX_OUTPUT_BYTES) -> S:
        """The same for a message that must be one record type."""
        value = self.decode(raw, max_bytes)
        if not isinstance(value, struct):
            raise CodecError("wrong-type", f"The message is a {type(value).__name__}, not a {struct.__name__}.")
        return value

    def schema_id(self, struct: type[Frozen]) -> int:
        """The id messages of a record type are written with."""
        return self._ids[struct.__name__]


def _unreadable(raw: bytes) -> CodecError:
    """Why no schema is known by which to read the message."""
    if raw[0] != 0:
        return CodecError(
            "bad-magic",
            f"The message begins with {raw[:4]!r} where 0x00 and a schema id should be: it is not Confluent framed.",
        )
    if len(raw) < _FRAME.size:
        return CodecError("truncated", f"The message has {len(raw)} bytes; the schema id alone takes {_FRAME.size}.")
    unknown = _FRAME.unpack(raw[: _FRAME.size])[1]
    return CodecError("unknown-schema", f"The message names schema {unknown}, which schemas/ids.lock does not know.")


def _require_current(name: str, record: Record, newest: Mapping[str, Pinned]) -> Pinned:
    if name not in newest:
        raise ConfigError(f"{record.name} has no schema yet: run {PUBLISH}, which pins an id for it.")
    entry = newest[name]
    changes = list(differences(entry.schema, avro_of(record, lambda _: {}), record.name))
    if changes:
        raise ConfigError(
            f"{record.name} is not what schema {entry.id} was pinned for: {'; '.join(changes)}. Run {PUBLISH}: it pins "
            "a new version if old messages stay readable, which they do when a field with a default is added "
            "(`--replace` keeps the id, while no message of it is stored anywhere)."
        )
    return entry
