"""A table of events in the database of another program: written in its own transactions, sent from here.

Whoever changes its data writes the event into `hub_outbox` in the same transaction: so neither is there without the
other. Rows are sent in the order of their ids and marked when Kafka has acknowledged them. A row that is not marked,
as the process died in between, is sent again, which is harmless, as its event has an id of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import psycopg

from hub.errors import ConfigError

TABLE = "hub_outbox"
BATCH = 500
"""Rows that are read and not yet marked, at most."""
_LOCK = 0x6F726465726875
"""PostgreSQL's advisory lock of who sends: the letters of `orderhu`."""

SQLITE_TABLE = f"""
create table if not exists {TABLE} (
    id integer primary key autoincrement,
    payload text not null,
    sent_at text,
    place text,
    refused text
);
create index if not exists {TABLE}_waiting on {TABLE} (id) where sent_at is null;
"""
POSTGRES_TABLE = f"""
create table if not exists {TABLE} (
    id bigint generated always as identity primary key,
    payload text not null,
    sent_at timestamptz,
    place text,
    refused text
);
create index if not exists {TABLE}_waiting on {TABLE} (id) where sent_at is null;
"""


class OutboxRow(NamedTuple):
    """An event that waits; `payload` is JSON as `hub send` reads a line of it."""

    id: int
    payload: bytes


class Outcome(NamedTuple):
    """What became of a row: the place Kafka acknowledged, or why it was refused."""

    id: int
    place: str
    refused: str


class Outbox(Protocol):
    """The table, held by one process at a time."""

    def create(self) -> None:
        """Make the table where it is not there."""
        ...

    def waiting(self) -> Sequence[OutboxRow]:
        """The next rows, in the order of their ids, `BATCH` at most."""
        ...

    def mark(self, outcomes: Sequence[Outcome]) -> None:
        """Say at the rows what became of them."""
        ...


@contextmanager
def open_outbox(url: str) -> Iterator[Outbox]:
    """The outbox of `sqlite:///path` or `postgresql://...`. Raises ConfigError: no such database, or another sends."""
    scheme = urlsplit(url).scheme
    try:
        if scheme == "sqlite":
            with _sqlite(Path(url.removeprefix("sqlite://"))) as outbox:
                yield outbox
        elif scheme in {"postgresql", "postgres"}:
            with _postgres(url) as outbox:
                yield outbox
        else:
            raise ConfigError("The outbox is sqlite:///path/to/file or postgresql://user@host/database.")
    except sqlite3.Error as error:
        raise ConfigError(f"The outbox cannot be used: {error}.") from error
    except psycopg.Error as error:
        raise ConfigError(f"The outbox cannot be used: {str(error).strip().splitlines()[0]}.") from error


@contextmanager
def _sqlite(path: Path) -> Iterator[Outbox]:
    if not path.exists():
        raise ConfigError(f"There is no database {path}.")
    base = sqlite3.connect(path, isolation_level=None, timeout=10)
    try:
        yield _Sqlite(base)
    finally:
        base.close()


class _Sqlite:
    """SQLite, whose writers wait for one another by themselves."""

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base

    def create(self) -> None:
        self._base.executescript(SQLITE_TABLE)

    def waiting(self) -> Sequence[OutboxRow]:
        rows = self._base.execute(_WAITING.format("?"), (BATCH,)).fetchall()
        return [OutboxRow(row[0], _bytes(row[1])) for row in rows]

    def mark(self, outcomes: Sequence[Outcome]) -> None:
        self._base.execute("begin immediate")
        self._base.executemany(_MARK.format("datetime('now')", *"???"), _marks(outcomes))
        self._base.execute("commit")


@contextmanager
def _postgres(url: str) -> Iterator[Outbox]:
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as base:
        held = base.execute("select pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
        if held is None or not held[0]:
            raise ConfigError("Another process sends from this outbox already; one at a time keeps the order.")
        yield _Postgres(base)


class _Postgres:
    """PostgreSQL; the advisory lock ends with the connection."""

    def __init__(self, base: psycopg.Connection[Any]) -> None:
        self._base = base

    def create(self) -> None:
        self._base.execute(POSTGRES_TABLE)

    def waiting(self) -> Sequence[OutboxRow]:
        rows = self._base.execute(_WAITING.format("%s"), (BATCH,)).fetchall()
        return [OutboxRow(row[0], _bytes(row[1])) for row in rows]

    def mark(self, outcomes: Sequence[Outcome]) -> None:
        with self._base.transaction(), self._base.cursor() as cursor:
            cursor.executemany(_MARK.format("now()", *("%s",) * 3), _marks(outcomes))


_WAITING = f"select id, payload from {TABLE} where sent_at is null order by id limit {{}}"  # noqa: S608


_MARK = f"update {TABLE} set sent_at = {{0}}, place = {{1}}, refused = {{2}} where id = {{3}}"  # noqa: S608
"""`sent_at` is when it was dealt with, also of a row that was refused."""


def _marks(outcomes: Sequence[Outcome]) -> list[tuple[str | None, str | None, int]]:
    return [(each.place or None, each.refused or None, each.id) for each in outcomes]


def _bytes(payload: object) -> bytes:
    return payload if isinstance(payload, bytes) else str(payload).encode()
