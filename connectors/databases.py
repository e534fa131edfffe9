"""Databases by their URL: SQLite and PostgreSQL, as far as they are not the same."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

import psycopg

from connectors.tables import Cell, Type, plain
from hub.errors import ConfigError

Dialect = Literal["sqlite", "postgresql"]
Absent = Literal["make", "refuse", "imagine"]
"""What to do about a SQLite file that is not there; imagine: use an empty one in memory."""
TYPES: Mapping[Dialect, Mapping[Type, str]] = MappingProxyType(
    {
        "sqlite": {
            "VARCHAR": "text",
            "BIGINT": "integer",
            "DECIMAL(38,9)": "text",
            "DATE": "text",
            "TIMESTAMP": "text",
        },
        "postgresql": {
            "VARCHAR": "text",
            "BIGINT": "bigint",
            "DECIMAL(38,9)": "numeric",
            "DATE": "date",
            "TIMESTAMP": "timestamptz",
        },
    }
)
"""What a column is declared as. SQLite would make floating point numbers of decimals, so there they are text."""


class Database(Protocol):
    """A connection. Statements have `?` where a value goes, and no other question mark."""

    @property
    def dialect(self) -> Dialect:
        """Which of the two it is."""
        ...

    def transaction(self) -> AbstractContextManager[object]:
        """All that is done inside is there at its end, or none of it if it raises."""
        ...

    def execute(self, statement: str, values: Sequence[Cell] = ()) -> list[tuple[Any, ...]]:
        """The rows it gives, none if it gives none."""
        ...

    def execute_many(self, statement: str, rows: Iterable[Sequence[Cell]]) -> None:
        """The same statement for every row."""
        ...

    def has(self, table: str) -> bool:
        """Whether there is such a table."""
        ...


_URLS = "sqlite:///path/to/file or postgresql://user@host/database"


@contextmanager
def open_database(url: str, what: str, *, absent: Absent) -> Iterator[Database]:
    """The database of `sqlite:///path` or `postgresql://...`; `what` it is for goes into messages.

    Raises ConfigError: also for what goes wrong inside.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ConfigError(f"The URL of the {what} is none: {error}; give {_URLS}.") from None
    if parts.password or "password=" in parts.query:
        raise ConfigError(f"Leave the password out of the URL of the {what}: PGPASSWORD or a file (PGPASSFILE) has it.")
    try:
        if parts.scheme == "sqlite":
            with _sqlite(Path(url.removeprefix("sqlite://")), absent) as base:
                yield base
        elif parts.scheme in {"postgresql", "postgres"}:
            with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
                yield _Postgres(connection)
        else:
            raise ConfigError(f"The {what} is {_URLS}.")
    except sqlite3.Error as error:
        raise ConfigError(f"The {what} cannot be used: {error}.") from error
    except psycopg.Error as error:
        raise ConfigError(f"The {what} cannot be used: {str(error).strip().splitlines()[0]}.") from error


@contextmanager
def _sqlite(path: Path, absent: Absent) -> Iterator[Database]:
    if not path.exists():
        if absent == "refuse":
            raise ConfigError(f"There is no database {path}: name the file the other program writes, sqlite:///PATH.")
        path = Path(":memory:") if absent == "imagine" else path
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        yield _Sqlite(connection)
    finally:
        connection.close()


class _Sqlite:
    """SQLite. Its readers do not wait for its writer (WAL)."""

    dialect: Dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def execute(self, statement: str, values: Sequence[Cell] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, [_for_sqlite(each) for each in values]).fetchall()

    def execute_many(self, statement: str, rows: Iterable[Sequence[Cell]]) -> None:
        self._connection.executemany(statement, ([_for_sqlite(each) for each in row] for row in rows))

    def has(self, table: str) -> bool:
        return bool(self.execute("select 1 from sqlite_master where type = 'table' and name = ?", (table,)))


class _Postgres:
    """PostgreSQL."""

    dialect: Dialect = "postgresql"

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def transaction(self) -> AbstractContextManager[object]:
        return self._connection.transaction()

    def execute(self, statement: str, values: Sequence[Cell] = ()) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(_placed(statement), [_for_postgres(each) for each in values])
        return cursor.fetchall() if cursor.description else []

    def execute_many(self, statement: str, rows: Iterable[Sequence[Cell]]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(_placed(statement), ([_for_postgres(each) for each in row] for row in rows))

    def has(self, table: str) -> bool:
        return self.execute("select to_regclass(?)", (table,)) != [(None,)]


def _placed(statement: str) -> bytes:
    return statement.replace("%", "%%").replace("?", "%s").encode()


def _for_sqlite(cell: Cell) -> str | int | None:
    return plain(cell) if isinstance(cell, Decimal | date | datetime) else cell


def _for_postgres(cell: Cell) -> Cell:
    """PostgreSQL's text holds no zero byte: it is written as the symbol for one."""
    return cell.replace("\0", "\N{SYMBOL FOR NULL}") if isinstance(cell, str) else cell
