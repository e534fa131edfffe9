"""What trading partners were told, kept in one SQLite file, so that every document is written once.

A document's number is kept before the document is written: written again after a crash it is the same file.
"""

from __future__ import annotations

import sqlite3

import msgspec

from connectors.kept import KeptFile
from connectors.partners.saying import NOTHING_TOLD, Told
from hub.domain.model import Frozen
from hub.domain.party import Party

_TABLES = """
create table if not exists told (order_id text primary key, told blob not null);
create table if not exists accounts (customer_id text primary key, account blob not null);
create table if not exists documents (number integer primary key autoincrement, document_id text unique not null);
"""


class Account(Frozen):
    """Who a customer is."""

    name: str
    party: Party | None


class Ledger(KeptFile):
    """The file."""

    tables = _TABLES

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
