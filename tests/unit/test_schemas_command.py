"""`hub schemas` shows what is pinned and publishes what changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from typer.testing import CliRunner

from hub.cli.schemas import app
from hub.codec import SCHEMA_DIR
from hub.codec.records import RECORDS
from hub.codec.topic_docs import topic_docs
from hub.errors import ConfigError


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_every_schema_is_listed_with_its_id() -> None:
    entries = [json.loads(line) for line in _run("list", "--json").splitlines()]
    assert [entry["id"] for entry in entries][:3] == [1, 2, 3]
    assert {entry["schema"]["name"] for entry in entries} == {struct.__name__ for struct in RECORDS}
    assert "order-placed" in _run("list")


def test_a_schema_is_shown_by_name_and_by_id() -> None:
    shown = _run("show", "order-placed")
    assert json.loads(shown)["name"] == "OrderPlaced"
    assert _run("show", "1") == shown


def test_an_unknown_schema_is_wrong_usage() -> None:
    result = CliRunner().invoke(app, ["show", "order-plcaed"])
    assert result.exit_code == 2
    assert "there is no schema" in result.output


def test_what_agrees_is_confirmed_and_what_does_not_is_named(tmp_path: Path) -> None:
    assert f"All {len(RECORDS)} record types" in _run("check")
    shutil.copytree(SCHEMA_DIR, tmp_path, dirs_exist_ok=True)
    (tmp_path / "timer-fired.avsc").unlink()
    result = CliRunner().invoke(app, ["check", "--dir", str(tmp_path)])
    assert isinstance(result.exception, ConfigError)
    assert "timer-fired.avsc cannot be read" in str(result.exception)


def test_publishing_writes_schemas_ids_and_the_page(tmp_path: Path) -> None:
    schemas, page = tmp_path / "schemas", tmp_path / "topics.md"
    schemas.mkdir()
    said = _run("publish", "--dir", str(schemas), "--docs", str(page))
    assert said.startswith("order-placed is new: id 1\n")
    assert page.read_text() == topic_docs()
    assert _run("publish", "--dir", str(schemas), "--docs", str(page)) == "No contract changed.\n"
