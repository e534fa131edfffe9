"""The log for process mining by its standard: the official schema, pm4py's check of the database, and pm4py itself."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import tracemalloc
from collections.abc import Sequence
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import jsonschema_rs
import pytest
from msgspec.structs import replace

from connectors.ocel.database import Database
from connectors.ocel.document import write_document
from connectors.ocel.telling import TOPICS
from connectors.reading import Reader
from hub.cli.export import read_log
from hub.domain.model import LineChange
from hub.runtime.spec import Record
from tests.support.histories import CODEC, Topics, journal, records, told
from tests.support.orders import ADDRESS, START, Story, line

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "tests/ocel/ocel20-schema-json.json").read_text())
MINING = ROOT / ".hub/mining/bin/python"
LATER = START + timedelta(hours=1)


async def exported(held: Sequence[Record], directory: Path, *days: date | None) -> Path:
    """The log of these records, as `log.sqlite` and `log.json`."""
    path = directory / "log.sqlite"
    path.unlink(missing_ok=True)
    with Database(path) as database:
        async for each in read_log(cast("Reader", Topics(held)), CODEC, *days):
            database.add(each)
        database.finish()
    with path.with_suffix(".json").open("wb") as file:
        write_document(path, file)
    return path


def document(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.with_suffix(".json").read_text())
    return content


def query(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
async def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return await exported(records(told(150)), tmp_path_factory.mktemp("log"))


def test_the_document_is_valid_by_the_official_schema_and_in_order_of_time(log: Path) -> None:
    found = document(log)
    jsonschema_rs.Draft7Validator(SCHEMA, validate_formats=True).validate(found)
    times = [event["time"] for event in found["events"]]
    assert times == sorted(times)
    assert len(times) > 3_000


def test_every_relation_is_to_an_object_that_is_there_and_every_value_of_a_declared_attribute(log: Path) -> None:
    found = document(log)
    ids = {each["id"] for each in found["objects"]}
    assert len(ids) == len(found["objects"])
    for what, types in (("events", "eventTypes"), ("objects", "objectTypes")):
        declared = {each["name"]: {column["name"] for column in each["attributes"]} for each in found[types]}
        for each in found[what]:
            assert {said["name"] for said in each["attributes"]} <= declared[each["type"]]
            assert {related["objectId"] for related in each["relationships"]} <= ids
    assert query(log, "PRAGMA foreign_key_check") == []


def test_pm4py_finds_the_database_right_and_reads_the_same_from_both_files(log: Path) -> None:
    program = ROOT / "tests/ocel/by_pm4py.py"
    done = subprocess.run(
        [MINING, program, log, log.with_suffix(".json")], capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(done.stderr.decode().splitlines()[-1])
    assert (found["violated"], found["satisfied"]) == ([], 24)
    said = found["database"]
    assert said == found["document"]
    assert said["types"] == [
        "customer", "delivery", "exception", "item", "line", "order", "payment", "settlement", "work order",
    ]  # fmt: skip
    assert {"order placed", "credit granted", "logistics asked", "production produced", "exception opened"} < set(
        said["activities"]
    )
    counts = "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM object), (SELECT count(*) FROM event_object)"
    assert [(said["events"], said["objects"], len(said["relations"]))] == query(log, counts)
    assert len(said["changes"]) > 500
    assert {"credit granted", "credit refused"} <= set(found["follow_placing"])


def an_order() -> Story:
    """Ten pieces from stock that became eight, delivered in two parts, late at first and settled."""
    story = Story(order_id="A/1")
    story.place(line(quantity=10), purchase_order="PO 7")
    story.now = LATER
    story.report("logistics", "accepted")
    elsewhere = replace(ADDRESS, country="AT")
    changed = LineChange("change", "1", line(quantity=8))
    story.change(1, changed, deliver_to=elsewhere, requested_delivery=date(2025, 12, 1))
    story.report("logistics", "problem", expected_at=LATER + timedelta(days=9), cause="strike", reason="no driver")
    story.report("logistics", "shipped", {"1": 5}, reference="D-1")
    story.report("logistics", "delivered", {"1": 5}, reference="D-1")
    story.report("logistics", "shipped", {"1": 3})
    story.report("logistics", "delivered", {"1": 3})
    return story


async def test_an_order_is_told_with_everything_it_is_about(tmp_path: Path) -> None:
    path = await exported(records([an_order()]), tmp_path)
    found = document(path)
    names = [event["type"] for event in found["events"]]
    assert names.count("logistics shipped") == names.count("logistics delivered") == 2
    assert names[0] == "order placed"
    assert {"settled", "exception opened", "exception closed", "logistics asked", "customer told"} < set(names)

    by_type = {event["type"]: event for event in found["events"]}
    placed = {(each["objectId"], each["qualifier"]) for each in by_type["order placed"]["relationships"]}
    assert placed == {
        ("order/A/1", "about"),
        ("customer/C-1", "by"),
        ("line/A%2F1/1", "line"),
        ("item/ST-1", "item"),
    }
    problem = {each["name"]: each["value"] for each in by_type["logistics problem"]["attributes"]}
    assert (problem["reason"], problem["cause"]) == ("no driver", "strike")
    settled = {(each["objectId"].split("/")[0], each["qualifier"]) for each in by_type["settled"]["relationships"]}
    assert settled == {("order", "about"), ("settlement", "records"), ("line", "bills")}

    objects = {each["id"]: each for each in found["objects"]}
    of_line = [(each["name"], each["value"], each["time"]) for each in objects["line/A%2F1/1"]["attributes"]]
    assert ("quantity", "10.0", "1970-01-01T00:00:00.000000Z") in of_line
    assert [each for each in of_line if each[0] == "quantity"][1:] == [
        ("quantity", "8.0", "2025-03-03T09:00:00.000000Z")
    ]
    assert [each for each in of_line if each[0] == "unit"] == [("unit", "C62", "1970-01-01T00:00:00.000000Z")]
    of_order = [(each["name"], each["value"]) for each in objects["order/A/1"]["attributes"]]
    assert [value for name, value in of_order if name == "country"] == ["DE", "AT"]
    assert ("requested_delivery", "2025-12-01T00:00:00.000000Z") in of_order
    states = [each["value"] for each in objects["delivery/A%2F1/D-1"]["attributes"]]
    assert states == ["shipped", "delivered"]
    assert {(each["objectId"], each["qualifier"]) for each in objects["delivery/A%2F1/D-1"]["relationships"]} == {
        ("order/A/1", "for"),
        ("line/A%2F1/1", "of"),
    }
    (settlement,) = [each for each in found["objects"] if each["type"] == "settlement"]
    payable = next(each["value"] for each in settlement["attributes"] if each["name"] == "payable")
    assert Decimal(payable) == Decimal("95.20")
    (exception,) = [each for each in found["objects"] if each["type"] == "exception"]
    assert [each["value"] for each in exception["attributes"] if each["name"] == "status"] == ["opened", "closed"]


async def test_the_log_is_the_same_in_whatever_order_topics_are_read(tmp_path: Path) -> None:
    held = records(told(40, seed=3))
    backwards = [each for topic in reversed(TOPICS) for each in held if each.topic == topic]
    first = (await exported(held, tmp_path)).with_suffix(".json").read_bytes()
    assert (await exported(backwards, tmp_path)).with_suffix(".json").read_bytes() == first


async def test_what_came_early_has_happened_and_what_was_ignored_or_came_twice_has_not(tmp_path: Path) -> None:
    stories = told(60, seed=5)
    path = await exported(records(stories), tmp_path)
    outcomes: dict[str, int] = {}
    for story in stories:
        for entry, _ in journal(story):
            outcomes[entry.outcome] = outcomes.get(entry.outcome, 0) + 1
    assert outcomes["ignored"] > 0
    assert outcomes["parked"] > 0
    (count,) = query(path, "SELECT count(*) FROM event WHERE ocel_id LIKE '%#%'")[0]
    assert count == outcomes["applied"] + outcomes["parked"]


async def test_days_choose_the_events_that_happened_on_them(tmp_path: Path) -> None:
    held = records(told(40, seed=7))
    whole = {event["id"]: event["time"][:10] for event in document(await exported(held, tmp_path))["events"]}
    first, last = date(2025, 3, 8), date(2025, 3, 12)
    some = document(await exported(held, tmp_path, first, last))["events"]
    assert {event["id"] for event in some} == {
        event_id for event_id, day in whole.items() if first.isoformat() <= day <= last.isoformat()
    }
    assert 0 < len(some) < len(whole)


async def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    peaks = []
    for count in (40, 320):
        held = records(told(count, seed=9))
        tracemalloc.start()
        try:
            await exported(held, tmp_path)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
