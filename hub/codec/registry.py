"""The pinned schemas as a schema registry sees them: subjects, their versions, and which version a schema is.

A record type is the subject of its full name (`orderhub.OrderPlaced`), of every topic it travels on with that name
(`orders.events-orderhub.OrderPlaced`), and of the topic's values where it is all that the topic carries
(`production.status-value`). So each of the naming strategies that serialisers know finds it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import fastavro
from fastavro.schema import SchemaParseException, UnknownType

from hub.codec.avro import NAMESPACE, Schema
from hub.codec.codec import SCHEMA_DIR
from hub.codec.compatibility import Break, breaks
from hub.codec.lock import Pinned, read_lock
from hub.codec.records import schema_name
from hub.topics import TOPICS, Topic

_IGNORED = ("doc", "namespace", "avro.java.string")
"""What generators of classes add or leave out; the namespace is the same everywhere."""


class Version(NamedTuple):
    """One version of a subject."""

    subject: str
    number: int
    """From 1."""
    entry: Pinned

    @property
    def schema(self) -> str:
        """In JSON."""
        return json.dumps(self.entry.schema, separators=(",", ":"))


class Registry:
    """Looks up; nothing is registered here."""

    def __init__(self, pinned: Iterable[Pinned], topics: Mapping[str, Topic] = TOPICS) -> None:
        self._entries = {entry.id: entry for entry in pinned}
        names: dict[str, list[Pinned]] = {}
        for entry in self._entries.values():
            names.setdefault(entry.name, []).append(entry)
        self._subjects: dict[str, list[Pinned]] = {}
        for entries in names.values():
            record = entries[-1].schema["name"] if isinstance(entries[-1].schema, dict) else entries[-1].name
            self._subjects[f"{NAMESPACE}.{record}"] = entries
        for topic in topics.values():
            for record in topic.records:
                self._subjects[f"{topic.name}-{NAMESPACE}.{record}"] = names[schema_name(record)]
            if len(topic.records) == 1:
                self._subjects[f"{topic.name}-value"] = names[schema_name(topic.records[0])]

    @classmethod
    def load(cls, schema_dir: Path = SCHEMA_DIR) -> Self:
        """The registry of the pinned schemas. Raises ConfigError."""
        return cls(read_lock(schema_dir))

    @property
    def subjects(self) -> list[str]:
        """Every subject, sorted."""
        return sorted(self._subjects)

    def versions(self, subject: str) -> list[Version]:
        """A subject's versions, oldest first; none if it is none."""
        return [Version(subject, number, entry) for number, entry in enumerate(self._subjects.get(subject, ()), 1)]

    def by_id(self, number: int) -> Pinned | None:
        """The schema of an id."""
        return self._entries.get(number)

    def uses(self, number: int) -> list[Version]:
        """Where the schema of an id stands."""
        return [
            version for subject in self.subjects for version in self.versions(subject) if version.entry.id == number
        ]

    def find(self, subject: str, schema: Schema) -> Version | None:
        """The newest version of a subject that is this schema, as `parse` gives it."""
        found = [version for version in self.versions(subject) if same(version.entry.schema, schema)]
        return found[-1] if found else None


def parse(text: str) -> Schema | None:
    """An Avro schema from JSON; None if it is none."""
    try:
        schema: Schema = json.loads(text)
        fastavro.parse_schema(schema)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, SchemaParseException, UnknownType):
        return None
    return schema


def same(one: Schema, other: Schema) -> bool:
    """Whether two schemas are one, but for documentation and what generators of classes make of it."""
    return bool(_comparable(one) == _comparable(other))


def breaks_with(version: Version, schema: Schema) -> list[Break]:
    """What stands against a schema, as `parse` gives it, as a later version."""
    return list(breaks(_comparable(version.entry.schema), _comparable(schema), version.subject))


def _comparable(schema: Any) -> Any:
    """The schema as `contract_of` leaves it, and without what generators of classes make of it."""
    match schema:
        case dict():
            parts = {name: _comparable(part) for name, part in sorted(schema.items()) if name not in _IGNORED}
            return parts["type"] if parts.keys() == {"type"} else parts
        case list():
            return [_comparable(part) for part in schema]
        case str():
            return schema.removeprefix(f"{NAMESPACE}.")
    return schema
