"""Rows of a table with the place and the bytes of each, in bounded memory, whatever the table's format."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from io import SEEK_END
from typing import Any, BinaryIO

import orjson

from connectors.mapped.mapping import TableMapping, columns_of
from hub.intake import IntakeError
from hub.intake.json_events import object_from_json

MAX_ROW_BYTES = 1024 * 1024
"""Longest row read."""
MAX_GROUP_BYTES = 256 * 1024 * 1024
"""Largest group of rows of a Parquet file, unpacked: what one reads at a time."""
_MAY_UNPACK, _TIMES_ITS_SIZE = 16 * 1024 * 1024, 1_000
"""A Parquet file's rows may come to so many bytes, and so many times what the file has."""
_BATCH = 500
_TRUTH = {True: "true", False: "false"}


@dataclass(frozen=True, slots=True)
class Row:
    """A row that could be read."""

    line: int
    """Of the file, or the row's number where there are no lines; from 1."""
    raw: bytes
    """As it came, or as JSON where the file has no text."""
    values: Mapping[str, str]
    """By column; parts of parts have dotted names."""
    items: tuple[Mapping[str, str], ...] = ()
    """The elements of the list that holds the lines."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be read, or the rest of the file."""

    line: int
    raw: bytes
    reason: str


def read_rows(stream: BinaryIO, mapping: TableMapping) -> Iterator[Row | BadRow]:
    """Every row in order; a bad one does not end the table where the next can be found."""
    match mapping.format:
        case "csv":
            return _csv(stream, mapping)
        case "jsonl":
            return _jsonl(stream, mapping)
        case "parquet":
            return _parquet(stream, mapping)


class _Lines:
    """Text lines of a stream for `csv`, which keep their bytes."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._encoding = "utf-8-sig" if encoding == "utf-8" else encoding
        self.taken: list[bytes] = []
        self.number = 0
        self.size = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(MAX_ROW_BYTES + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.size += len(line)
        self.taken.append(line)
        if self.size > MAX_ROW_BYTES:
            raise csv.Error(f"the row is longer than {MAX_ROW_BYTES} bytes; is a quote left open?")
        encoding = self._encoding if self.number == 1 else self._encoding.removesuffix("-sig")
        return line.decode(encoding)

    def forget(self) -> bytes:
        """The bytes since the last row."""
        raw = b"".join(self.taken)
        self.taken, self.size = [], 0
        return raw


def _csv(stream: BinaryIO, mapping: TableMapping) -> Iterator[Row | BadRow]:
    lines = _Lines(stream, mapping.encoding)
    table = csv.reader(lines, delimiter=mapping.delimiter, quotechar=mapping.quote, strict=True)
    columns: list[str] | None = None
    while True:
        begins = lines.number + 1
        try:
            cells = next(table)
        except StopIteration:
            return
        except (csv.Error, UnicodeDecodeError) as error:
            yield BadRow(begins, lines.forget()[:MAX_ROW_BYTES], f"it cannot be read: {error}")
            if columns is None:
                return
            continue
        raw = lines.forget().rstrip(b"\r\n")
        if columns is None:
            columns = [cell.strip() for cell in cells]
            if missing := _missing(mapping, columns):
                yield BadRow(begins, raw, missing)
                return
        elif not any(cells):
            continue
        elif len(cells) != len(columns):
            yield BadRow(begins, raw, f"it has {len(cells)} cells, the first line names {len(columns)}")
        else:
            yield Row(begins, raw, dict(zip(columns, cells, strict=True)))


def _jsonl(stream: BinaryIO, mapping: TableMapping) -> Iterator[Row | BadRow]:
    number = 0
    while line := stream.readline(MAX_ROW_BYTES + 1):
        number += 1
        raw = line.rstrip(b"\r\n")
        if len(line) > MAX_ROW_BYTES:
            while line and not line.endswith(b"\n"):
                line = stream.readline(MAX_ROW_BYTES)
            yield BadRow(number, raw, f"the line is longer than {MAX_ROW_BYTES} bytes")
        elif raw.strip():
            try:
                yield _row(number, raw, object_from_json(raw, MAX_ROW_BYTES), mapping)
            except IntakeError as error:
                yield BadRow(number, raw, str(error))


def _parquet(stream: BinaryIO, mapping: TableMapping) -> Iterator[Row | BadRow]:
    import pyarrow as pa  # noqa: PLC0415 - takes longer to load than most tables to read
    from pyarrow import parquet  # noqa: PLC0415

    number = 0
    try:
        limits = {"thrift_string_size_limit": 10**7, "thrift_container_size_limit": 10**6}
        metadata = parquet.ParquetFile(stream, **limits).metadata
        sizes = [metadata.row_group(each).total_byte_size for each in range(metadata.num_row_groups)]
        if max(sizes, default=0) > MAX_GROUP_BYTES:
            yield BadRow(
                0, b"", f"a group of rows is {max(sizes)} bytes, more than {MAX_GROUP_BYTES}; write smaller ones"
            )
            return
        room = _MAY_UNPACK + _TIMES_ITS_SIZE * stream.seek(0, SEEK_END)
        # A text that many rows have is held once, and unpacked for one of them at a time.
        columns = [metadata.schema.column(each) for each in range(metadata.num_columns)]
        texts = [each.path for each in columns if each.physical_type == "BYTE_ARRAY"]
        table = parquet.ParquetFile(stream, metadata=metadata, read_dictionary=texts, **limits)
        for batch in table.iter_batches(batch_size=_BATCH):
            for values in zip(*batch.columns, strict=True):
                number += 1
                found = {name: value.as_py() for name, value in zip(batch.schema.names, values, strict=True)}
                raw = orjson.dumps(found, default=str)
                room -= len(raw)
                if room < 0:
                    yield BadRow(number, b"", "the file unpacks to far more than it holds; write it another way")
                    return
                if len(raw) > MAX_ROW_BYTES:
                    yield BadRow(number, raw[:MAX_ROW_BYTES], f"the row is longer than {MAX_ROW_BYTES} bytes")
                else:
                    yield _row(number, raw, found, mapping)
    except (pa.ArrowException, OSError, ValueError, TypeError, RecursionError) as error:
        yield BadRow(number + 1, b"", f"the Parquet file cannot be read: {str(error).splitlines()[0]}")


def _row(number: int, raw: bytes, found: Mapping[str, Any], mapping: TableMapping) -> Row:
    items = found.get(mapping.each) if mapping.each else None
    elements = items if isinstance(items, list) else []
    values = dict(_flat({name: value for name, value in found.items() if name != mapping.each}))
    parts = tuple(dict(_flat({mapping.each: each})) for each in elements)
    return Row(number, raw, values, parts)


def _flat(found: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif value is not None:
            yield f"{prefix}{name}", _text(value)


def _text(value: object) -> str:
    match value:
        case bool():
            return _TRUTH[value]
        case Decimal():
            return f"{value:f}"
        case float():
            return f"{Decimal(repr(value)):f}" if value == value and abs(value) < 10**18 else repr(value)  # noqa: PLR0124
    return str(value)


def _missing(mapping: TableMapping, columns: list[str]) -> str:
    """What the first line of a CSV lacks, or names twice."""
    named = [*mapping.rows, *(each for _, template in mapping.templates() for each in columns_of(template))]
    lacking = sorted({each for each in named if each not in columns})
    if lacking:
        return f"the first line has no column {', '.join(lacking)}, which the mapping names"
    twice = sorted({each for each in named if columns.count(each) > 1})
    return f"the first line names column {', '.join(twice)} twice" if twice else ""
