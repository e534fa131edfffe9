"""What may not change between two versions of a schema: both sides must go on reading each other.

By Avro's rules of schema resolution (specification 1.12, "Schema Resolution") in both directions, and stricter where
those are blind: they read a moment in milliseconds as one in microseconds, and a choice that has lost a value as any
other text. A schema may gain fields with defaults, and choices may gain values; all else is a break.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from hub.codec.avro import Schema, contract_of


class Break(NamedTuple):
    """One thing that readers or writers of the other version do not survive."""

    where: str
    """The field, e.g. `OrderPlaced.lines[].price`."""
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where} {self.what}: {self.remedy}"


def breaks(released: Schema, now: Schema, where: str) -> Iterator[Break]:
    """Everything in `now` that whoever knows `released` does not survive; nothing if the two read each other."""
    old, new = contract_of(released), contract_of(now)
    return _Comparison(_named(old), _named(new)).breaks(old, new, where)


class _Comparison:
    """Compares two schemas part by part; a record that occurs several times is compared once."""

    def __init__(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        self._old = old
        self._new = new
        self._compared: set[str] = set()

    def breaks(self, old: Any, new: Any, where: str) -> Iterator[Break]:
        old, new = _resolved(old, self._old), _resolved(new, self._new)
        match old, new:
            case (
                {"type": "record", "name": str(name), "fields": list(before)},
                {"type": "record", "name": other, "fields": list(after)},
            ) if name == other:
                if name not in self._compared:
                    self._compared.add(name)
                    yield from self._fields(_by_name(before), _by_name(after), where)
            case ["null", before], ["null", after]:
                yield from self.breaks(before, after, where)
            case ["null", _], _:
                yield Break(where, "was optional and no longer is", "leave it optional")
            case _, ["null", _]:
                yield Break(where, "is optional now", "leave it as it was; absence needs a value or field of its own")
            case {"type": "array", "items": before}, {"type": "array", "items": after}:
                yield from self.breaks(before, after, f"{where}[]")
            case {"logicalType": "choice", "choices": list(before)}, {"logicalType": "choice", "choices": list(after)}:
                if gone := [value for value in before if value not in after]:
                    yield Break(where, f"no longer allows {', '.join(gone)}", "keep it, what is stored holds it")
            case _ if old != new:
                remedy = "keep its type; what is new needs a field of its own"
                yield Break(where, f"was {_brief(old)} and is {_brief(new)}", remedy)

    def _fields(self, before: dict[str, Any], after: dict[str, Any], where: str) -> Iterator[Break]:
        for name, field in before.items():
            path = f"{where}.{name}"
            if name not in after:
                yield Break(path, "is gone", "keep it; what nobody needs is left at its default")
                continue
            yield from self.breaks(field["type"], after[name]["type"], path)
            if (old := _default(field)) != (new := _default(after[name])):
                remedy = "keep the default: it is what messages from before the field mean"
                yield Break(path, f"had {old} and has {new}", remedy)
        for name, field in after.items():
            if name not in before and "default" not in field:
                remedy = "give it a default, e.g. None for an optional one: messages of before do not have it"
                yield Break(f"{where}.{name}", "is new and has no default", remedy)


def _named(schema: Any) -> dict[str, Any]:
    """Every record of a schema, by name."""
    found: dict[str, Any] = {}

    def visit(part: Any) -> None:
        match part:
            case list():
                for each in part:
                    visit(each)
            case {"type": "array", "items": items}:
                visit(items)
            case {"type": "record", "name": str(name), "fields": list(fields)}:
                found[name] = part
                for field in fields:
                    visit(field["type"])

    visit(schema)
    return found


def _resolved(schema: Any, named: dict[str, Any]) -> Any:
    return named.get(schema, schema) if isinstance(schema, str) else schema


def _by_name(fields: list[Any]) -> dict[str, Any]:
    return {field["name"]: field for field in fields}


def _default(field: dict[str, Any]) -> str:
    return f"the default {json.dumps(field['default'])}" if "default" in field else "no default"


def _brief(schema: Any) -> str:
    if isinstance(schema, dict):
        return str(schema.get("logicalType") or schema.get("name") or schema["type"])
    return json.dumps(schema) if isinstance(schema, list) else str(schema)
