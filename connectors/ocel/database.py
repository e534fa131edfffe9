"""The log as OCEL 2.0's SQLite database, written event by event; what an object's attributes were is sorted out last.

The memory it takes is that of SQLite's cache, however long the log is. `finish` makes the tables of the object types.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

from connectors.ocel.log import EVENT_ATTRIBUTES, OBJECT_TYPES, Described, Event, Ref, Related, Type, Value

STATIC = "1970-01-01T00:00:00.000000Z"
"""When the first value of an attribute begins to hold, as the standard has it."""
_COLUMNS: Mapping[Type, str] = {"string": "TEXT", "time": "TIMESTAMP", "integer": "INTEGER", "float": "REAL"}
_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT NOT NULL);
CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT NOT NULL);
CREATE TABLE event (
  ocel_id TEXT PRIMARY KEY,
  ocel_type TEXT NOT NULL REFERENCES event_map_type (ocel_type)
);
CREATE TABLE object (
  ocel_id TEXT PRIMARY KEY,
  ocel_type TEXT NOT NULL REFERENCES object_map_type (ocel_type)
);
CREATE TABLE event_object (
  ocel_event_id TEXT NOT NULL REFERENCES event (ocel_id),
  ocel_object_id TEXT NOT NULL REFERENCES object (ocel_id),
  ocel_qualifier TEXT NOT NULL,
  PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier)
);
CREATE TABLE object_object (
  ocel_source_id TEXT NOT NULL REFERENCES object (ocel_id),
  ocel_target_id TEXT NOT NULL REFERENCES object (ocel_id),
  ocel_qualifier TEXT NOT NULL,
  PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier)
);
CREATE TEMP TABLE said (object_id TEXT, type TEXT, name TEXT, time TEXT, value);
"""
_ASSIGNED = """
CREATE TEMP TABLE assigned AS
SELECT object_id, type, name, time, value, number FROM (
  SELECT *, row_number() OVER following AS number, lag(value) OVER following AS before
  FROM said WINDOW following AS (PARTITION BY object_id, name ORDER BY time, rowid)
) WHERE number = 1 OR value IS NOT before
"""
"""What an attribute was at first, and each time it became another."""


class Database:
    """A log that is being written to a new file. Raises sqlite3.Error if the file cannot be written."""

    def __init__(self, path: Path) -> None:
        self.events = 0
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._types: dict[str, str] = {}
        """The statement that adds an event, by its type."""

    def __enter__(self) -> Self:
        self._connection.executescript(_TABLES)
        types = [(kind, table_of(kind)) for kind in OBJECT_TYPES]
        self._connection.executemany("INSERT INTO object_map_type VALUES (?, ?)", types)
        self._connection.execute("BEGIN")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    @property
    def objects(self) -> int:
        """How many there are."""
        (count,) = self._connection.execute("SELECT count(*) FROM object").fetchone()
        return int(count)

    def add(self, told: Event | Described) -> None:
        """An event, or what an object is from a moment on. An event that is there already is left as it is."""
        if isinstance(told, Described):
            self._describe(told)
        else:
            self._happen(told)

    def finish(self) -> None:
        """Everything is told: the database is whole."""
        run = self._connection.execute
        run(_ASSIGNED)
        run("CREATE INDEX temp.by_type ON assigned (type, number)")
        for kind, attributes in OBJECT_TYPES.items():
            table = f'"object_{table_of(kind)}"'
            run(
                f"CREATE TABLE {table} (ocel_id TEXT NOT NULL REFERENCES object (ocel_id), ocel_time TIMESTAMP, "
                f"ocel_changed_field TEXT{_declared(attributes)})"
            )
            firsts = "".join(f", max(value) FILTER (WHERE name = '{name}')" for name in attributes)
            run(
                f"INSERT INTO {table} SELECT ocel_id, ?, NULL{firsts} FROM object LEFT JOIN assigned "  # noqa: S608 - names of ours
                "ON object_id = ocel_id AND number = 1 WHERE ocel_type = ? GROUP BY ocel_id",
                (STATIC, kind),
            )
            for name in attributes:
                run(
                    f"INSERT INTO {table} (ocel_id, ocel_time, ocel_changed_field, {name}) "  # noqa: S608
                    "SELECT object_id, time, name, value FROM assigned WHERE type = ? AND number > 1 AND name = ? "
                    "ORDER BY object_id, time",
                    (kind, name),
                )
        run("COMMIT")

    def _happen(self, event: Event) -> None:
        insert = self._types.get(event.type) or self._declare(event)
        added = self._connection.execute("INSERT OR IGNORE INTO event VALUES (?, ?)", (event.event_id, event.type))
        if not added.rowcount:
            return
        self.events += 1
        cells = map(plain, event.attributes.values())
        self._connection.execute(insert, (event.event_id, plain(event.time), *cells))
        self._relate("event_object", event.event_id, event.related)

    def _describe(self, told: Described) -> None:
        object_id, time = told.ref.object_id, plain(told.time)
        self._know([told.ref])
        rows = [
            (object_id, told.ref.type, name, time, plain(value))
            for name, value in told.attributes.items()
            if value is not None and value != ""
        ]
        self._connection.executemany("INSERT INTO said VALUES (?, ?, ?, ?, ?)", rows)
        self._relate("object_object", object_id, told.related)

    def _relate(self, table: str, source: str, related: Related) -> None:
        self._know(ref for ref, _ in related)
        rows = [(source, ref.object_id, qualifier) for ref, qualifier in related]
        self._connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES (?, ?, ?)", rows)  # noqa: S608

    def _know(self, refs: Iterable[Ref]) -> None:
        rows = [(ref.object_id, ref.type) for ref in refs]
        self._connection.executemany("INSERT OR IGNORE INTO object VALUES (?, ?)", rows)

    def _declare(self, event: Event) -> str:
        """A table for a type of event that has not come before."""
        name = table_of(event.type)
        types = {attribute: EVENT_ATTRIBUTES[attribute] for attribute in event.attributes}
        self._connection.execute(
            f'CREATE TABLE "event_{name}" (ocel_id TEXT PRIMARY KEY REFERENCES event (ocel_id), '
            f"ocel_time TIMESTAMP{_declared(types)})"
        )
        self._connection.execute("INSERT INTO event_map_type VALUES (?, ?)", (event.type, name))
        insert = f'INSERT INTO "event_{name}" VALUES (?, ?{", ?" * len(types)})'  # noqa: S608
        self._types[event.type] = insert
        return insert


def table_of(kind: str) -> str:
    """How the table of a type is called, after `event_` or `object_`."""
    return kind.replace(" ", "_").replace("-", "_")


def plain(value: Value) -> str | int | float | None:
    """A value as the database has it: times in UTC, a day as its midnight, what says nothing as NULL."""
    match value:
        case None | "":
            return None
        case Decimal():
            return float(value)
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
        case date():
            return f"{value:%Y-%m-%d}T00:00:00.000000Z"
    return value


def _declared(attributes: Mapping[str, Type]) -> str:
    return "".join(f', "{name}" {_COLUMNS[kind]}' for name, kind in attributes.items())
