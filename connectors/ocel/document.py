"""The log as OCEL 2.0's JSON document, written from its database: in order of time, and in bounded memory.

The standard's schema asks for strings as the values of attributes, whatever their declared type is.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from connectors.ocel.database import STATIC

_TYPES = {"TEXT": "string", "TIMESTAMP": "time", "INTEGER": "integer", "REAL": "float"}
_OWN = frozenset(("ocel_id", "ocel_time", "ocel_changed_field"))
Column = tuple[str, str]
"""Name and type as the document has it."""


def write_document(database: Path, file: BinaryIO) -> None:
    """Write the document of a database that is finished."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        events, objects = _types(connection, "event"), _types(connection, "object")
        file.write(b'{"eventTypes":')
        file.write(orjson.dumps(_declared(events)))
        file.write(b',\n"objectTypes":')
        file.write(orjson.dumps(_declared(objects)))
        file.write(b',\n"events":[')
        _write_each(file, _events(connection, events))
        file.write(b'],\n"objects":[')
        _write_each(file, _objects(connection, objects))
        file.write(b"]}\n")


def _types(connection: sqlite3.Connection, what: str) -> dict[str, tuple[str, list[Column]]]:
    """By type, its table and the attributes that are columns of it."""
    names = connection.execute(f"SELECT ocel_type, ocel_type_map FROM {what}_map_type ORDER BY 1")  # noqa: S608 - of ours
    found = {}
    for kind, name in names.fetchall():
        table = f'"{what}_{name}"'
        columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
        found[kind] = table, [(column[1], _TYPES[column[2]]) for column in columns if column[1] not in _OWN]
    return found


def _declared(types: dict[str, tuple[str, list[Column]]]) -> list[dict[str, Any]]:
    return [
        {"name": kind, "attributes": [{"name": name, "type": declared} for name, declared in columns]}
        for kind, (_, columns) in types.items()
    ]


def _write_each(file: BinaryIO, values: Iterable[dict[str, Any]]) -> None:
    separator = b"\n"
    for value in values:
        file.write(separator)
        file.write(orjson.dumps(value))
        separator = b",\n"


def _events(connection: sqlite3.Connection, types: dict[str, tuple[str, list[Column]]]) -> Iterator[dict[str, Any]]:
    """In order of time; at the same time what came to an order, as its journal has it, and then what the hub sent."""
    by_type = (_events_of(connection, kind, *found) for kind, found in types.items())
    for time, _, event_id, kind, attributes in heapq.merge(*by_type, key=lambda event: event[:3]):
        related = _related(connection, "event_object", "ocel_event_id", event_id)
        yield {"id": event_id, "type": kind, "time": time, "attributes": attributes, "relationships": related}


def _events_of(
    connection: sqlite3.Connection, kind: str, table: str, columns: list[Column]
) -> Iterator[tuple[str, int, str, str, list[dict[str, str]]]]:
    rows = connection.execute(
        f"SELECT ocel_time, instr(ocel_id, '#') = 0, ocel_id{_chosen(columns)} FROM {table} ORDER BY 1, 2, 3"  # noqa: S608
    )
    for time, sent, event_id, *cells in rows:
        said = [
            {"name": name, "value": str(cell)}
            for (name, _), cell in zip(columns, cells, strict=True)
            if cell is not None
        ]
        yield time, sent, event_id, kind, said


def _objects(connection: sqlite3.Connection, types: dict[str, tuple[str, list[Column]]]) -> Iterator[dict[str, Any]]:
    for kind, (table, columns) in types.items():
        rows = connection.execute(
            f"SELECT ocel_id, ocel_time{_chosen(columns)} FROM {table} "  # noqa: S608
            "ORDER BY ocel_id, ocel_changed_field IS NOT NULL, ocel_time"
        )
        for object_id, of_object in groupby(rows, key=lambda row: row[0]):
            attributes = [
                {"name": name, "time": time or STATIC, "value": str(cell)}
                for _, time, *cells in of_object
                for (name, _), cell in zip(columns, cells, strict=True)
                if cell is not None
            ]
            related = _related(connection, "object_object", "ocel_source_id", object_id)
            yield {"id": object_id, "type": kind, "attributes": attributes, "relationships": related}


def _chosen(columns: list[Column]) -> str:
    return "".join(f', "{name}"' for name, _ in columns)


def _related(connection: sqlite3.Connection, table: str, by: str, whose: str) -> list[dict[str, str]]:
    to = "ocel_object_id" if table == "event_object" else "ocel_target_id"
    rows = connection.execute(f"SELECT {to}, ocel_qualifier FROM {table} WHERE {by} = ? ORDER BY 1, 2", (whose,))  # noqa: S608
    return [{"objectId": object_id, "qualifier": qualifier} for object_id, qualifier in rows]
