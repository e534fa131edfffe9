"""Tables as CSV and Parquet: written row by row, in bounded memory, whole or not at all."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TextIO

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


class CsvWriter:
    """Tables as CSV in a directory: UTF-8, comma, first row with the names. They appear when all are written.

    Text that a spreadsheet would take for a formula is led by an apostrophe, unless it is written for a program.
    """

    def __init__(self, directory: Path, tables: Iterable[Table], *, for_program: bool = False) -> None:
        self._directory = directory
        self._tables = {table.name: table for table in tables}
        self._cell: Callable[[Cell], str] = plain if for_program else _for_person
        self._files: dict[str, TextIO] = {}
        self._writers: dict[str, Callable[[Sequence[str]], object]] = {}

    def __enter__(self) -> Self:
        """Raises ConfigError if a file cannot be written."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            for name, table in self._tables.items():
                file = self._files[name] = self._scratch(name).open("w", encoding="utf-8", newline="")
                self._writers[name] = csv.writer(file).writerow
                self._writers[name](list(table.columns))
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
            self._scratch(name).replace(self._directory / f"{name}.csv")

    def row(self, table: str, cells: Iterable[Cell]) -> None:
        """Adds a row: a cell for each column."""
        self._writers[table]([self._cell(cell) for cell in cells])

    def _scratch(self, name: str) -> Path:
        return self._directory / f".{name}.{os.getpid()}"

    def _drop(self) -> None:
        for name, file in self._files.items():
            file.close()
            with suppress(FileNotFoundError):
                self._scratch(name).unlink()


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
