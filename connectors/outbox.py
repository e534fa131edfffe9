"""A table of events in the database of another program: written in its own transactions, sent from here.

Whoever changes its data writes the event into `hub_outbox` in the same transaction: so neither is there without the
other. Rows are sent in the order of their ids and marked when Kafka has acknowledged them. A row that is not marked,
as the process died in between, is sent again, which is harmless, as its event has an id of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from connectors.databases import TYPES, Database, Dialect, open_database
from hub.errors import ConfigError

TABLE = "hub_outbox"
BATCH = 500
"""Rows that are read and not yet marked, at most."""
_LOCK = 0x6F726465726875
"""PostgreSQL's advisory lock of who sends: the letters of `orderhu`."""

_NUMBER: Mapping[Dialect, str] = {
    "sqlite": "integer primary key autoincrement",
    "postgresql": "bigint generated always as identity primary key",
}
_NOW: Mapping[Dialect, str] = {"sqlite": "datetime('now')", "postgresql": "now()"}


class OutboxRow(NamedTuple):
    """An event that waits; `payload` is JSON as `hub send` reads a line of it."""

    id: int
    payload: bytes


class Outcome(NamedTuple):
    """What became of a row: the place Kafka acknowledged, or why it was refused."""

    id: int
    place: str
    refused: str


class Outbox:
    """The table, held by one process at a time."""

    def __init__(self, base: Database) -> None:
        self._base = base

    def create(self) -> None:
        """Make the table where it is not there."""
        number, moment = _NUMBER[self._base.dialect], TYPES[self._base.dialect]["TIMESTAMP"]
        self._base.execute(
            f"create table if not exists {TABLE} (id {number}, payload text not null, sent_at {moment}, place text, "
            "refused text)"
        )
        self._base.execute(f"create index if not exists {TABLE}_waiting on {TABLE} (id) where sent_at is null")

    def waiting(self) -> Sequence[OutboxRow]:
        """The next rows, in the order of their ids, `BATCH` at most."""
        return [OutboxRow(number, _bytes(payload)) for number, payload in self._base.execute(_WAITING, (BATCH,))]

    def mark(self, outcomes: Sequence[Outcome]) -> None:
        """Say at the rows what became of them."""
        marks = [(each.place or None, each.refused or None, each.id) for each in outcomes]
        with self._base.transaction():
            self._base.execute_many(_MARK.format(_NOW[self._base.dialect]), marks)


@contextmanager
def open_outbox(url: str) -> Iterator[Outbox]:
    """The outbox of `sqlite:///path` or `postgresql://...`. Raises ConfigError: no such database, or another sends.

    SQLite's writers wait for one another; PostgreSQL's advisory lock ends with the connection.
    """
    with open_database(url, "outbox", absent="refuse") as base:
        if base.dialect == "postgresql" and base.execute("select pg_try_advisory_lock(?)", (_LOCK,)) != [(True,)]:
            raise ConfigError("Another process sends from this outbox already; one at a time keeps the order.")
        yield Outbox(base)


_WAITING = f"select id, payload from {TABLE} where sent_at is null order by id limit ?"  # noqa: S608


_MARK = f"update {TABLE} set sent_at = {{}}, place = ?, refused = ? where id = ?"  # noqa: S608
"""`sent_at` is when it was dealt with, also of a row that was refused."""


def _bytes(payload: object) -> bytes:
    return payload if isinstance(payload, bytes) else str(payload).encode()
