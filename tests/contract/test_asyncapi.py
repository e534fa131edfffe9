"""The AsyncAPI document by the official parser: it complains of nothing, and understands what the hub means."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from hub.codec import SCHEMA_DIR
from hub.codec.asyncapi import ASYNCAPI_NAME
from hub.codec.records import RECORDS, schema_name
from hub.domain.model import Frozen
from hub.topics import TOPICS
from tests.support.messages import example

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / ".hub/tests/asyncapi"
STRUCTS = {struct.__name__: struct for struct in RECORDS}


def parsed(document: Path, scratch: Path) -> dict[str, Any]:
    """What the official parser says of a document."""
    (scratch / "node_modules").symlink_to(INSTALLED / "node_modules")
    program = shutil.copy(ROOT / "tests/asyncapi/parse.mjs", scratch)
    done = subprocess.run(["node", program, document], capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_official_parser_finds_every_topic_and_every_field_of_its_records(tmp_path: Path) -> None:
    found = parsed(SCHEMA_DIR / ASYNCAPI_NAME, tmp_path)
    assert found["complaints"] == []
    assert found["channels"] == {
        topic.name: {
            "action": {"in": "receive", "out": "send"}[topic.direction],
            "messages": {record: list(STRUCTS[record].__struct_fields__) for record in topic.records} or {"Bytes": []},
        }
        for topic in TOPICS.values()
        if topic.direction != "internal"
    }


def test_the_official_parser_complains_of_a_document_that_is_wrong(tmp_path: Path) -> None:
    document = tmp_path / ASYNCAPI_NAME
    for schema in SCHEMA_DIR.glob("*.avsc"):
        shutil.copy(schema, tmp_path)
    right = (SCHEMA_DIR / ASYNCAPI_NAME).read_text()
    document.write_text(right.replace("action: receive", "action: take").replace("protocol: kafka", ""))
    complaints = parsed(document, tmp_path)["complaints"]
    assert any("action" in each for each in complaints)
    assert any('must have required property "protocol"' in each for each in complaints)


@pytest.mark.parametrize("struct", RECORDS, ids=lambda struct: struct.__name__)
def test_a_record_as_json_fits_its_json_schema_and_nothing_else_does(struct: type[Frozen]) -> None:
    schema = json.loads((SCHEMA_DIR / f"{schema_name(struct.__name__)}.schema.json").read_text())
    jsonschema_rs.meta.validate(schema)
    fits = jsonschema_rs.validator_for(schema, validate_formats=True)
    value = json.loads(msgspec.json.encode(example(struct)))
    fits.validate(value)
    fits.validate({name: each for name, each in value.items() if name in schema["required"]})
    for name in schema["required"]:
        assert not fits.is_valid({other: each for other, each in value.items() if other != name}), name
        assert not fits.is_valid({**value, name: {"another": "type"}}), name
