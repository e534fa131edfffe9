"""Tables as CSV, JSON Lines and Parquet: written row by row, in bounded memory, whole or not at all."""

from __future__ import annotations

import csv
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import ClassVar, Literal, Self, TextIO

import orjson

from hub.errors import ConfigError

Cell = str | int | Decimal | date | datetime | None
Type = Literal["VARCHAR", "BIGINT", "DECIMAL(38,9)", "DATE", "TIMESTAMP"]
"""As DuckDB names them; a `Decimal` of the hub's has at most 18 digits before the point and 9 after;
times are UTC."""

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "256MB",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a cell begins that spreadsheets take for a formula, the full-width signs among them (OWASP, CSV injection)."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table by name, with its columns in order."""

    name: str
    columns: Mapping[str, Type]


_KINDS: Mapping[str, Type] = {"#": "DECIMAL(38,9)", "+": "BIGINT", "/": "DATE", "@": "TIMESTAMP"}


def columns(text: str) -> Mapping[str, Type]:
    """Columns as `name` for text, `name#` for a number, `name+` for a whole one, `name/` a day, `name@` a moment."""
    return {each.rstrip("".join(_KINDS)): _KINDS.get(each[-1], "VARCHAR") for each in text.split()}


Put = Callable[[Sequence[Cell]], object]
"""Adds a row to a file."""


class _Writer(ABC):
    """Tables as files of a directory, one each, that appear when all are written."""

    suffix: ClassVar[str]

    def __init__(self, directory: Path, tables: Iterable[Table]) -> None:
        self._directory = directory
        self._tables = {table.name: table for table in tables}
        self._files: dict[str, TextIO] = {}
        self._puts: dict[str, Put] = {}

    def __enter__(self) -> Self:
        """Raises ConfigError if a file cannot be written."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            for name, table in self._tables.items():
                file = self._files[name] = self._scratch(name).open("w", encoding="utf-8", newline="")
                self._puts[name] = self._begin(table, file)
        except OSError as error:
            self._drop()
            raise ConfigError(f"{error.filename} cannot be written: {error.strerror}.") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._drop()
            return
        for name, file in self._files.items():
            file.close()
            self._scratch(name).replace(self._directory / f"{name}{self.suffix}")

    def row(self, table: str, cells: Sequence[Cell]) -> None:
        """Adds a row: a cell for each column."""
        self._puts[table](cells)

    @abstractmethod
    def _begin(self, table: Table, file: TextIO) -> Put:
        """How rows get into a table's file, which is empty."""

    def _scratch(self, name: str) -> Path:
        return self._directory / f".{name}.{self.suffix}{os.getpid()}"

    def _drop(self) -> None:
        for name, file in self._files.items():
            file.close()
            with suppress(FileNotFoundError):
                self._scratch(name).unlink()


class CsvWriter(_Writer):
    """CSV: UTF-8, comma, first row with the names.

    Text that a spreadsheet would take for a formula is led by an apostrophe, unless it is written for a program.
    """

    suffix = ".csv"

    def __init__(self, directory: Path, tables: Iterable[Table], *, for_program: bool = False) -> None:
        super().__init__(directory, tables)
        self._cell: Callable[[Cell], str] = plain if for_program else _for_person

    def _begin(self, table: Table, file: TextIO) -> Put:
        write, cell = csv.writer(file).writerow, self._cell
        write(list(table.columns))
        return lambda cells: write([cell(each) for each in cells])


class JsonlWriter(_Writer):
    """JSON Lines: an object a row, decimals as text to the last digit, times in ISO 8601."""

    suffix = ".jsonl"

    def _begin(self, table: Table, file: TextIO) -> Put:
        names = list(table.columns)

        def put(cells: Sequence[Cell]) -> None:
            values = [each if each is None or isinstance(each, int) else plain(each) for each in cells]
            file.write(orjson.dumps(dict(zip(names, values, strict=True)), option=orjson.OPT_APPEND_NEWLINE).decode())

        return put


class TableFiles:
    """Tables in each form that a directory is given for; files appear when all are written."""

    def __init__(
        self,
        tables: Iterable[Table],
        *,
        csv_: Path | None = None,
        jsonl: Path | None = None,
        parquet: Path | None = None,
    ) -> None:
        self._tables = tuple(tables)
        self._csv, self._jsonl, self._parquet = csv_, jsonl, parquet
        self._stack = ExitStack()
        self._writers: list[_Writer] = []
        self.counts = dict.fromkeys((table.name for table in self._tables), 0)
        """Rows, by table."""

    def __enter__(self) -> Self:
        """Raises ConfigError if a file cannot be written."""
        with ExitStack() as stack:
            if self._parquet is not None:
                scratch = Path(stack.enter_context(TemporaryDirectory(prefix="hub-export-")))
                stack.push(self._to_parquet(scratch, self._parquet))
                self._writers.append(stack.enter_context(CsvWriter(scratch, self._tables, for_program=True)))
            if self._csv is not None:
                self._writers.append(stack.enter_context(CsvWriter(self._csv, self._tables)))
            if self._jsonl is not None:
                self._writers.append(stack.enter_context(JsonlWriter(self._jsonl, self._tables)))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def row(self, table: Table, cells: Sequence[Cell]) -> None:
        """Adds a row: a cell for each column."""
        self.counts[table.name] += 1
        for writer in self._writers:
            writer.row(table.name, cells)

    def told(self) -> str:
        """How much was written, for a person."""
        return ", ".join(f"{name}: {count} rows" for name, count in self.counts.items())

    def _to_parquet(self, scratch: Path, target: Path) -> Callable[..., None]:
        def convert(kind: type[BaseException] | None, *_: object) -> None:
            for table in self._tables if kind is None else ():
                to_parquet(scratch / f"{table.name}.csv", table, target / f"{table.name}.parquet")

        return convert


def to_parquet(csv_file: Path, table: Table, target: Path) -> None:
    """A table that was written as CSV for a program, as Parquet. Raises ConfigError if it cannot be written."""
    import duckdb  # noqa: PLC0415  only who asks for Parquet waits for it

    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in table.columns.items())
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    query = (
        f"COPY (SELECT * FROM read_csv(?, header=true, columns={{{columns}}}, nullstr='', allow_quoted_nulls=false)) "  # noqa: S608  names of ours
        f"TO '{_quoted(scratch)}' (FORMAT parquet, COMPRESSION zstd)"
    )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(config=_SETTINGS) as database:
            database.execute(query, [str(csv_file)])
        scratch.replace(target)
    except (OSError, duckdb.IOException) as error:
        raise ConfigError(f"{target} cannot be written: {error}") from error


def plain(cell: Cell) -> str:
    """A cell as its type is written: decimals without exponent, times in ISO 8601."""
    match cell:
        case None:
            return ""
        case Decimal():
            return f"{cell:f}"
        case date():
            return cell.isoformat()
    return str(cell)


def _for_person(cell: Cell) -> str:
    text = plain(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(_FORMULA) else text


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
