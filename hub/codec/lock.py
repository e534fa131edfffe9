"""`schemas/ids.lock`: which id stands for which schema, for ever.

One JSON object a line: id, name, fingerprint and the schema without its documentation, so that what was written with
an old schema stays readable when the `.avsc` of that name has moved on. Of a name the highest id is current.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.codec.avro import Schema, contract_of, fingerprint
from hub.errors import ConfigError

LOCK_NAME = "ids.lock"
PUBLISH = "`hub schemas publish`"


@dataclass(frozen=True, slots=True)
class Pinned:
    """One line of the lock."""

    id: int
    name: str
    """Of the schema file, without `.avsc`."""
    schema: Schema
    """Without documentation."""

    def line(self) -> str:
        """As the lock holds it."""
        entry = {"id": self.id, "name": self.name, "fingerprint": fingerprint(self.schema), "schema": self.schema}
        return json.dumps(entry, separators=(",", ":"))


def read_lock(schema_dir: Path) -> tuple[Pinned, ...]:
    """Every pinned schema by ascending id. Raises ConfigError if a line was changed by hand or an id is used twice."""
    path = schema_dir / LOCK_NAME
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError(f"The schema ids cannot be read from {path}: {error.strerror}.") from None
    pinned = tuple(_parse(line, f"{path}:{number}") for number, line in enumerate(lines, 1))
    ids = [entry.id for entry in pinned]
    if ids != sorted(set(ids)):
        raise ConfigError(f"{path}: ids must rise from line to line, each used once; restore the file.")
    return pinned


def write_lock(schema_dir: Path, pinned: Iterable[Pinned]) -> None:
    """Replace the lock."""
    (schema_dir / LOCK_NAME).write_text("".join(f"{entry.line()}\n" for entry in pinned), encoding="utf-8")


def current(pinned: Iterable[Pinned]) -> dict[str, Pinned]:
    """The schema in force of each name."""
    return {entry.name: entry for entry in pinned}


def read_schema(schema_dir: Path, name: str) -> Schema:
    """What the file of that name says, documentation and all. Raises ConfigError."""
    path = schema_dir / f"{name}.avsc"
    try:
        schema: Schema = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"The schema {path} cannot be read: {error.strerror}; {PUBLISH} writes it anew.") from None
    except ValueError as error:
        raise ConfigError(f"The schema {path} is not JSON: {error}; {PUBLISH} writes it anew.") from None
    return schema


def differences(old: Any, new: Any, where: str) -> Iterator[str]:
    """What tells two schemas apart, field by field, each with its path."""
    old, new = contract_of(old), contract_of(new)
    if old == new:
        return
    match old, new:
        case {"fields": list(before), "name": name}, {"fields": list(after), "name": other} if name == other:
            yield from _field_differences({f["name"]: f for f in before}, {f["name"]: f for f in after}, where)
        case ["null", before], ["null", after]:
            yield from differences(before, after, where)
        case {"items": before}, {"items": after}:
            yield from differences(before, after, f"{where}[]")
        case _:
            yield f"{where} was {_brief(old)} and is {_brief(new)}"


def _field_differences(before: dict[str, Any], after: dict[str, Any], where: str) -> Iterator[str]:
    for name, field in before.items():
        if name not in after:
            yield f"{where}.{name} is gone"
            continue
        yield from differences(field["type"], after[name]["type"], f"{where}.{name}")
        if (old := _default(field)) != (new := _default(after[name])):
            yield f"{where}.{name} had {old} and has {new}"
    yield from (f"{where}.{name} is new" for name in after if name not in before)
    if [name for name in before if name in after] != [name for name in after if name in before]:
        yield f"the fields of {where} changed their order"


def _default(field: dict[str, Any]) -> str:
    return f"the default {json.dumps(field['default'])}" if "default" in field else "no default"


def _brief(schema: Any) -> str:
    if isinstance(schema, dict) and "fields" in schema:
        return str(schema["name"])
    return json.dumps(schema)


def _parse(line: str, where: str) -> Pinned:
    try:
        entry = json.loads(line)
        pinned = Pinned(int(entry["id"]), str(entry["name"]), entry["schema"])
        intact = entry["fingerprint"] == fingerprint(pinned.schema)
    except (ValueError, KeyError, TypeError):
        intact = False
    if not intact:
        raise ConfigError(f"{where}: the line is not what was pinned; restore it, pinned schemas never change.")
    return pinned
