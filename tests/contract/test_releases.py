"""What a version released, every later one keeps: made-up histories of schemas and topics."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import msgspec
import pytest
from typer.testing import CliRunner

from hub import __version__
from hub.cli.schemas import app
from hub.codec import SCHEMA_DIR
from hub.codec.lock import read_lock
from hub.codec.publish import publish
from hub.codec.releases import RELEASES_NAME, add_release, read_releases, refuse_breaks
from hub.domain.model import Frozen
from hub.errors import ConfigError
from hub.topics import TOPICS, Topic


class First:
    class Sample(Frozen):
        name: str
        amount: Decimal
        kind: Literal["a", "b"] = "a"


class Second:
    class Sample(Frozen):
        name: str
        amount: Decimal
        kind: Literal["a", "b", "c"] = "a"
        note: str = ""


class Third:
    class Sample(Frozen):
        name: str
        amount: Decimal
        kind: Literal["a", "b", "c"] = "a"
        note: str = "none"


SAMPLES = Topic("samples", "name", ("Sample", "Other"), "test", "out", "")
INSIDE = Topic("inside", "name", ("Sample",), "test", "internal", "")


def promised(*topics: Topic) -> MappingProxyType[str, Topic]:
    return MappingProxyType({topic.name: topic for topic in topics})


def published(directory: Path, record: type[msgspec.Struct], *, replace: bool = False) -> Path:
    publish(directory, replace=replace, records=[record])
    return directory


def refused(directory: Path, topics: MappingProxyType[str, Topic]) -> list[str]:
    """What is said of the contracts as they are."""
    with pytest.raises(ConfigError) as error:
        refuse_breaks(read_releases(directory), read_lock(directory), topics)
    return str(error.value).splitlines()


def test_the_contracts_keep_what_every_release_promised() -> None:
    refuse_breaks(read_releases(SCHEMA_DIR), read_lock(SCHEMA_DIR))


def test_a_history_of_additions_is_kept_and_each_release_is_held_against(tmp_path: Path) -> None:
    add_release(published(tmp_path, First.Sample), "1.0.0", read_lock(tmp_path), promised(INSIDE))
    add_release(published(tmp_path, Second.Sample), "1.1.0", read_lock(tmp_path), promised(INSIDE, SAMPLES))
    releases = read_releases(tmp_path)
    assert [(each.version, list(each.schemas), list(each.topics)) for each in releases] == [
        ("1.0.0", [1], []),
        ("1.1.0", [2], ["samples"]),
    ]
    refuse_breaks(releases, read_lock(tmp_path), promised(SAMPLES))


def test_a_default_that_only_an_earlier_release_depends_on_is_kept(tmp_path: Path) -> None:
    add_release(published(tmp_path, First.Sample), "1.0.0", read_lock(tmp_path), promised())
    add_release(published(tmp_path, Second.Sample), "1.1.0", read_lock(tmp_path), promised())
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ConfigError, match=r'Sample\.note had the default "" and has .*\(promised by 1\.1\.0\)'):
        published(tmp_path, Third.Sample)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_released_schema_is_not_replaced(tmp_path: Path) -> None:
    add_release(published(tmp_path, First.Sample), "1.0.0", read_lock(tmp_path), promised())
    with pytest.raises(ConfigError, match=r"schema 1, sample, is not what was released: publish without --replace"):
        published(tmp_path, Second.Sample, replace=True)
    published(tmp_path, Second.Sample)
    published(tmp_path, Third.Sample, replace=True)  # nobody was promised the second


def test_a_topic_keeps_its_name_its_key_and_its_records(tmp_path: Path) -> None:
    add_release(published(tmp_path, First.Sample), "1.0.0", read_lock(tmp_path), promised(SAMPLES, INSIDE))
    refuse_breaks(read_releases(tmp_path), read_lock(tmp_path), promised(SAMPLES))
    assert refused(tmp_path, promised())[1:] == [
        "  samples is gone: keep the topic; one that nobody needs costs nothing (promised by 1.0.0)"
    ]
    assert refused(tmp_path, promised(replace(SAMPLES, key="order_id", records=("Sample",))))[1:] == [
        (
            "  samples was keyed by name and is by order_id: keep the key; another order of events needs another topic "
            "(promised by 1.0.0)"
        ),
        "  samples no longer carries Other: go on sending and taking what was promised (promised by 1.0.0)",
    ]
    refuse_breaks(
        read_releases(tmp_path), read_lock(tmp_path), promised(replace(SAMPLES, records=("Sample", "Other", "New")))
    )


def test_a_version_is_released_once(tmp_path: Path) -> None:
    add_release(published(tmp_path, First.Sample), "1.0.0", read_lock(tmp_path), promised())
    with pytest.raises(ConfigError, match=r"Version 1\.0\.0 is released already: set the new one in hub/__init__"):
        add_release(tmp_path, "1.0.0", read_lock(tmp_path), promised())
    assert len(read_releases(tmp_path)) == 1


def test_a_damaged_record_of_releases_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / RELEASES_NAME).write_text('{"version": "1.0.0"}\n')
    with pytest.raises(ConfigError, match=r"is not what was recorded .*: restore it, releases never change"):
        read_releases(tmp_path)


def test_the_command_records_this_version_and_the_check_holds_against_it(tmp_path: Path) -> None:
    run = CliRunner().invoke
    assert run(app, ["publish", "--dir", str(tmp_path), "--docs", str(tmp_path / "topics.md")]).exit_code == 0
    said = run(app, ["release", "--dir", str(tmp_path)]).stdout
    outside = [topic for topic in TOPICS.values() if topic.direction != "internal"]
    assert said == f"{__version__} promises {len(read_lock(tmp_path))} schemas and {len(outside)} topics.\n"
    assert f"keep what {__version__} promised" in run(app, ["check", "--dir", str(tmp_path)]).stdout
    lock = tmp_path / RELEASES_NAME
    lock.write_text(lock.read_text().replace('"orders.events"', '"orders.gone"'))
    failed = run(app, ["check", "--dir", str(tmp_path)])
    assert isinstance(failed.exception, ConfigError)
    assert "orders.gone is gone: keep the topic" in str(failed.exception)
