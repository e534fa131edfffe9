"""What trading partners were told, kept in one SQLite file, so that every document is written once.

A document's number is kept before the document is written: written again after a crash it is the same file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from connectors.partners.saying import NOTHING_TOLD, Told
from hub.domain.model import Frozen
from hub.domain.party import Party
from hub.errors import ConfigError

_TABLES = """
create table if not exists positions (topic text, partition integer, offset integer, primary key (topic, partition));
create table if not exists told (order_id text primary key, told blob not null);
create table if not exists accounts (customer_id text primary key, account blob not null);
create table if not exists documents (number integer primary key autoincrement, document_id text unique not null);
"""


class Account(Frozen):
    """Who a customer is."""

    name: str
    party: Party | None


class Ledger:
    """Use it as a context manager; what was done since the last `commit` is forgotten if the process ends."""

    def __init__(self, path: Path, *, forget: bool = False) -> None:
        """`forget`: work on a copy in memory, for a run that only tries."""
        self._path = path
        self._forget = forget

    def __enter__(self) -> Self:
        try:
            if self._forget:
                self._base = sqlite3.connect(":memory:", isolation_level=None)
                if self._path.exists():
                    with sqlite3.connect(self._path) as kept:
                        kept.backup(self._base)
                    kept.close()
            else:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._base = sqlite3.connect(self._path, isolation_level=None, timeout=1)
                self._base.execute("pragma locking_mode = exclusive")
            self._base.executescript(_TABLES)
            self._base.execute("begin immediate")
        except (sqlite3.Error, OSError) as error:
            raise ConfigError(f"{self._path} cannot be used ({error}); only one process may write to it") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._base.rollback()
        self._base.close()

    def positions(self) -> Mapping[tuple[str, int], int]:
        """Where to go on reading: topic and partition to offset."""
        rows = self._base.execute("select topic, partition, offset from positions")
        return {(topic, partition): offset for topic, partition, offset in rows}

    def told(self, order_id: str) -> Told:
        """What was said of an order."""
        row = self._base.execute("select told from told where order_id = ?", (order_id,)).fetchone()
        return msgspec.json.decode(row[0], type=Told) if row else NOTHING_TOLD

    def remember(self, order_id: str, told: Told) -> None:
        """Said now."""
        self._base.execute("insert or replace into told values (?, ?)", (order_id, msgspec.json.encode(told)))

    def account(self, customer_id: str) -> Account | None:
        """Who a customer is, as far as known."""
        row = self._base.execute("select account from accounts where customer_id = ?", (customer_id,)).fetchone()
        return msgspec.json.decode(row[0], type=Account) if row else None

    def know(self, customer_id: str, account: Account) -> None:
        """Who a customer is, from now on."""
        self._base.execute("insert or replace into accounts values (?, ?)", (customer_id, msgspec.json.encode(account)))

    def number_of(self, document_id: str) -> tuple[int, bool]:
        """The number of a document, kept at once, and whether it is a new one."""
        row = self._base.execute("select number from documents where document_id = ?", (document_id,)).fetchone()
        if row:
            return int(row[0]), False
        number = self._base.execute("insert into documents (document_id) values (?)", (document_id,)).lastrowid
        if number is None:
            raise sqlite3.DatabaseError("a row without a number")
        return number, True

    def commit(self, positions: Iterable[tuple[str, int, int]] = ()) -> None:
        """Keep what was said, and the positions it came from: topic, partition, next offset."""
        self._base.executemany("insert or replace into positions values (?, ?, ?)", positions)
        self._base.execute("commit")
        self._base.execute("begin immediate")
