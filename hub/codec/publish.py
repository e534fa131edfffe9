"""Makes `schemas/` from the structs: Avro and JSON Schema with the structs' documentation, and the pinned ids.

A struct may only gain fields with defaults, and choices. Then old messages stay readable, and the new schema is pinned
under an id of its own beside the old one. Any other change needs a new record type.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec

from hub.codec.avro import as_written, avro_of, contract_of, fingerprint
from hub.codec.json_schema import json_schema_of
from hub.codec.lock import LOCK_NAME, Pinned, current, differences, read_lock, write_lock
from hub.codec.records import RECORDS, schema_name
from hub.codec.releases import read_releases, refuse_breaks
from hub.codec.shape import record_of
from hub.errors import ConfigError


def publish(schema_dir: Path, *, replace: bool = False, records: Iterable[type[msgspec.Struct]] = RECORDS) -> list[str]:
    """Bring `schema_dir` up to date and say what changed.

    `replace` gives a changed schema the id of the one before: right only while no message was ever written with it.
    Raises ConfigError, naming the field, for a change that would make old messages unreadable or break what a release
    promised; then nothing changes.
    """
    pinned = list(read_lock(schema_dir)) if (schema_dir / LOCK_NAME).exists() else []
    files: dict[str, str] = {}
    news: list[str] = []
    for struct in records:
        name = schema_name(struct.__name__)
        record = record_of(struct)
        schema = avro_of(record, documentation)
        files[f"{name}.avsc"] = _pretty(schema)
        files[f"{name}.schema.json"] = _pretty(json_schema_of(record, documentation))
        before = current(pinned).get(name)
        contract = contract_of(schema)
        if before is None:
            pinned.append(Pinned(_next_id(pinned), name, contract))
            news.append(f"{name} is new: id {pinned[-1].id}")
        elif fingerprint(before.schema) != fingerprint(contract):
            changes = "; ".join(differences(before.schema, contract, struct.__name__))
            if replace:
                pinned[pinned.index(before)] = Pinned(before.id, name, contract)
                news.append(f"{name} {before.id} is replaced: {changes}")
            else:
                _refuse_unreadable(before, struct)
                pinned.append(Pinned(_next_id(pinned), name, contract))
                news.append(f"{name} has a new version, id {pinned[-1].id}: {changes}")
    refuse_breaks(read_releases(schema_dir), pinned)
    write_lock(schema_dir, pinned)
    for file, text in files.items():
        (schema_dir / file).write_text(text, encoding="utf-8")
    return news


@cache
def documentation(struct: type[msgspec.Struct]) -> dict[str, str]:
    """What the source says of a struct (under the empty name) and of its fields, own and inherited."""
    texts: dict[str, str] = {}
    for owner in reversed(struct.__mro__[: struct.__mro__.index(msgspec.Struct)]):
        texts.update(_field_docs(owner))
    if struct.__doc__:
        texts[""] = inspect.cleandoc(struct.__doc__)
    return texts


def _field_docs(owner: type) -> dict[str, str]:
    """The strings that stand right below the fields of a class."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
    if not isinstance(definition, ast.ClassDef):
        raise TypeError(owner)
    texts: dict[str, str] = {}
    for field, below in zip(definition.body, definition.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                texts[name] = inspect.cleandoc(text)
    return texts


def _refuse_unreadable(before: Pinned, struct: type[msgspec.Struct]) -> None:
    try:
        as_written(before.schema, record_of(struct), struct.__name__)
    except ConfigError as error:
        raise ConfigError(
            f"{error} Messages written with schema {before.id} could no longer be read: add fields with defaults "
            "only, or make a new record type."
        ) from None


def _next_id(pinned: list[Pinned]) -> int:
    return max((entry.id for entry in pinned), default=0) + 1


def _pretty(schema: object) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
