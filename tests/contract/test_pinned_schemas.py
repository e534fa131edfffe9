"""Contracts do not change by accident: structs, schema files and pinned ids agree, or the difference is named."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import fastavro
import msgspec
import pytest

from hub.codec import SCHEMA_DIR, Codec
from hub.codec.asyncapi import ASYNCAPI_NAME, asyncapi
from hub.codec.lock import LOCK_NAME, current, read_lock, read_schema
from hub.codec.publish import publish
from hub.codec.records import RECORDS, schema_name
from hub.codec.releases import RELEASES_NAME
from hub.codec.shape import record_of, records_in
from hub.codec.topic_docs import topic_docs
from hub.domain.model import Frozen
from hub.errors import ConfigError
from hub.web.openapi import OPENAPI_NAME, openapi


class Then:
    class Sample(Frozen):
        """A message as it first was."""

        name: str
        """Whose."""
        amount: Decimal
        kind: Literal["a", "b"] = "a"


class Grown:
    class Sample(Frozen):
        name: str
        amount: Decimal
        kind: Literal["a", "b", "c"] = "a"
        note: str = "none"


class Shrunk:
    class Sample(Frozen):
        name: str
        kind: Literal["a", "b"] = "a"


class Demanding:
    class Sample(Frozen):
        name: str
        amount: Decimal
        note: str
        kind: Literal["a", "b"] = "a"


class Retyped:
    class Sample(Frozen):
        name: str
        amount: int
        kind: Literal["a", "b"] = "a"


class Narrowed:
    class Sample(Frozen):
        name: str
        amount: Decimal
        kind: Literal["a"] = "a"


def _codec(schema_dir: Path, struct: type[msgspec.Struct]) -> Codec:
    return Codec(read_lock(schema_dir), {"sample": struct})


def test_structs_schema_files_and_pinned_ids_agree() -> None:
    Codec.load()
    assert {entry.name for entry in read_lock(SCHEMA_DIR)} == {path.stem for path in SCHEMA_DIR.glob("*.avsc")}


@pytest.mark.parametrize("struct", RECORDS, ids=lambda struct: struct.__name__)
def test_a_schema_file_has_the_fields_of_its_struct_in_order_with_their_defaults(struct: type[Frozen]) -> None:
    schema: Any = read_schema(SCHEMA_DIR, schema_name(struct.__name__))
    assert schema["name"] == struct.__name__
    assert [field["name"] for field in schema["fields"]] == list(struct.__struct_fields__)
    optional = {field.name for field in msgspec.structs.fields(struct) if not field.required}
    assert {field["name"] for field in schema["fields"] if "default" in field} == optional


def test_the_files_are_what_publishing_writes(tmp_path: Path) -> None:
    """Documentation included: a changed docstring is published, too."""
    shutil.copy(SCHEMA_DIR / LOCK_NAME, tmp_path)
    assert publish(tmp_path) == []
    for path in SCHEMA_DIR.iterdir():
        if path.name in (ASYNCAPI_NAME, OPENAPI_NAME, RELEASES_NAME):
            continue
        assert (tmp_path / path.name).read_text() == path.read_text(), f"{path.name}: run `hub schemas publish`"


def test_the_page_of_topics_is_current() -> None:
    assert (SCHEMA_DIR.parent / "docs/topics.md").read_text() == topic_docs(), "run `hub schemas publish`"


def test_the_asyncapi_and_openapi_documents_are_current() -> None:
    assert (SCHEMA_DIR / ASYNCAPI_NAME).read_text() == asyncapi(), "run `hub schemas publish`"
    assert json.loads((SCHEMA_DIR / OPENAPI_NAME).read_text()) == openapi(), "run `hub schemas publish`"


@pytest.mark.parametrize("entry", read_lock(SCHEMA_DIR), ids=lambda entry: f"{entry.id}-{entry.name}")
def test_no_part_of_a_message_is_without_bytes_or_inside_itself(entry: Any) -> None:
    """Either would let a short message claim work or memory without bound. Walks the Avro, not the structs."""

    def walk(schema: Any, within: tuple[str, ...]) -> None:
        match schema:
            case {"type": "record", "name": name, "fields": fields}:
                assert name not in within
                assert fields
                assert any(field["type"] != "null" for field in fields)
                for field in fields:
                    walk(field["type"], (*within, name))
            case {"type": "array", "items": items}:
                assert items != "null"
                walk(items, within)
            case {"type": "fixed"} | {"type": "enum"} | {"type": "map"}:
                pytest.fail(f"{schema} is a type the hub does not use")
            case list():
                assert schema[0] == "null"
                assert len(schema) == 2
                walk(schema[1], within)
            case str():
                assert schema not in within

    walk(entry.schema, ())
    fastavro.parse_schema(entry.schema)


def test_a_struct_changed_without_publishing_is_refused_by_field(tmp_path: Path) -> None:
    publish(tmp_path, records=[Then.Sample])
    with pytest.raises(ConfigError) as refusal:
        _codec(tmp_path, Grown.Sample)
    assert "Sample.note is new" in str(refusal.value)
    assert 'Sample.kind was {"choices": ["a", "b"]' in str(refusal.value)
    assert "hub schemas publish" in str(refusal.value)


def test_a_schema_file_changed_by_hand_is_refused_by_field(tmp_path: Path) -> None:
    shutil.copytree(SCHEMA_DIR, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "order-placed.avsc"
    path.write_text(path.read_text().replace('"base_quantity"', '"price_base"'))
    with pytest.raises(ConfigError, match=r"order-placed\.lines\[\]\.base_quantity is gone.*\.price_base is new"):
        Codec.load(tmp_path)


def test_a_pinned_schema_changed_by_hand_is_refused_with_its_line(tmp_path: Path) -> None:
    publish(tmp_path, records=[Then.Sample])
    lock = tmp_path / LOCK_NAME
    lock.write_text(lock.read_text().replace('"amount"', '"amounts"'))
    with pytest.raises(ConfigError, match=r"ids\.lock:1: the line is not what was pinned"):
        read_lock(tmp_path)


def test_an_id_cannot_be_given_twice(tmp_path: Path) -> None:
    publish(tmp_path, records=[Then.Sample])
    lock = tmp_path / LOCK_NAME
    lock.write_text(2 * lock.read_text())
    with pytest.raises(ConfigError, match="each used once"):
        read_lock(tmp_path)


def test_a_new_field_with_a_default_gets_a_new_id_and_old_messages_take_the_default(tmp_path: Path) -> None:
    publish(tmp_path, records=[Then.Sample])
    old = _codec(tmp_path, Then.Sample).encode(Then.Sample("x", Decimal(1), "b"))

    news = publish(tmp_path, records=[Grown.Sample])

    assert news[0].startswith("sample has a new version, id 2: ")
    codec = _codec(tmp_path, Grown.Sample)
    assert codec.decode(old) == Grown.Sample("x", Decimal(1), "b", "none")
    assert codec.schema_id(Grown.Sample) == 2
    value = Grown.Sample("x", Decimal(1), "c", "n")
    assert codec.decode(codec.encode(value)) == value
    assert [entry.id for entry in read_lock(tmp_path)] == [1, 2]


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        (Shrunk.Sample, "Sample.amount: the schema has this field, the struct has not"),
        (Demanding.Sample, "Sample.note: the schema lacks this field; the struct has no default for it"),
        (Retyped.Sample, "Sample.amount: the schema says plain-decimal where the struct has long"),
        (Narrowed.Sample, "Sample.kind: the schema allows b, which the struct does not know"),
    ],
    ids=["removed", "added without default", "of another type", "fewer choices"],
)
def test_a_change_that_old_messages_do_not_survive_is_refused_and_changes_nothing(
    tmp_path: Path, changed: type[msgspec.Struct], what: str
) -> None:
    publish(tmp_path, records=[Then.Sample])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ConfigError) as refusal:
        publish(tmp_path, records=[changed])
    assert what in str(refusal.value)
    assert "add fields with defaults only, or make a new record type" in str(refusal.value)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_replacing_keeps_the_id(tmp_path: Path) -> None:
    publish(tmp_path, records=[Then.Sample])
    (news,) = publish(tmp_path, records=[Shrunk.Sample], replace=True)
    assert news == "sample 1 is replaced: Sample.amount is gone"
    assert current(read_lock(tmp_path))["sample"].id == 1


def test_documentation_comes_from_the_source(tmp_path: Path) -> None:
    publish(tmp_path, records=[Then.Sample])
    schema = json.loads((tmp_path / "sample.avsc").read_text())
    assert schema["doc"] == "A message as it first was."
    assert schema["fields"][0]["doc"] == "Whose."
    assert "doc" not in schema["fields"][1]


def test_a_schema_of_no_struct_is_refused(tmp_path: Path) -> None:
    publish(tmp_path, records=[Then.Sample])
    with pytest.raises(ConfigError, match="pinned for sample, which is no record type"):
        Codec(read_lock(tmp_path), {})


def test_a_struct_of_no_schema_is_refused(tmp_path: Path) -> None:
    (tmp_path / LOCK_NAME).touch()
    with pytest.raises(ConfigError, match="Sample has no schema yet: run `hub schemas publish`"):
        _codec(tmp_path, Then.Sample)


def test_a_missing_schema_directory_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read from .*ids\.lock: No such file"):
        Codec.load(tmp_path / "nowhere")


class Recursive(Frozen):
    children: tuple[Recursive, ...]


class Empty(Frozen):
    pass


class HoldsEmpty(Frozen):
    parts: tuple[Empty, ...]


class Loose(Frozen):
    ratio: float


@pytest.mark.parametrize(
    ("struct", "why"),
    [
        (Recursive, "Recursive holds itself"),
        (HoldsEmpty, "Empty has no fields"),
        (Loose, "Loose.ratio is a Float, which no message can hold"),
    ],
)
def test_what_would_make_an_unsafe_schema_is_no_message(struct: type[msgspec.Struct], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        record_of(struct)


def test_parts_come_before_what_they_are_parts_of() -> None:
    from hub.domain.order import OrderState

    seen: set[str] = set()
    for part in records_in(record_of(OrderState)):
        for inner in records_in(part):
            assert inner.name in seen | {part.name}
        seen.add(part.name)
