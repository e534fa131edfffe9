"""`hub insight` and `hub export` on a real Kafka that holds the histories of some orders."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from hub import kafka_admin
from hub.broker import EmbeddedBroker
from hub.topics import TOPICS
from tests.support.histories import placed, records, told
from tests.support.insight_oracle import Oracle
from tests.support.orders import START, Story

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    return told(60, seed=11)


@pytest.fixture(scope="module")
async def kafka(tmp_path_factory: pytest.TempPathFactory, stories: list[Story]) -> AsyncIterator[str]:
    async with EmbeddedBroker(tmp_path_factory.mktemp("insight")) as broker:
        client = {"bootstrap_servers": broker.bootstrap}
        async with kafka_admin.connect(client) as admin:
            await kafka_admin.create(admin, TOPICS.values(), partitions=2, replication_factor=1)
        producer = AIOKafkaProducer(**client)
        await producer.start()
        try:
            for each in records(stories):
                await producer.send(each.topic, each.value, each.key)
        finally:
            await producer.stop()
        yield broker.bootstrap


def hub(kafka: str, *arguments: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "hub", *map(str, arguments)],
        env={**os.environ, "HUB_KAFKA_BOOTSTRAP": kafka, "HUB_PARTITIONS": "2", "COLUMNS": "160"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == status, done.stderr + done.stdout
    return done


def test_insight_finds_in_all_partitions_what_an_independent_query_finds(kafka: str, stories: list[Story]) -> None:
    found = json.loads(hub(kafka, "insight", "--json").stdout)
    oracle = Oracle(stories, START, UTC)
    assert found["orders"] == oracle.scalar("SELECT count(*) FROM placed")
    steps = oracle.ask("steps", "step, count(DISTINCT order_id), sum(span)::BIGINT")
    took = [(each["orders"], round(each["total"] * 1e6)) for each in found["steps"]]
    assert [(place, *each) for place, each in enumerate(took, 1)] == steps
    asked = {each["department"]: each["asked"] for each in found["departments"]}
    assert sorted(asked.items()) == oracle.ask("asked", "*")
    assert 0 < len(found["suggestions"]) <= 5
    assert all(each["evidence"] for each in found["suggestions"])
    assert {"name": "item-blocked", "file": "review.yaml", "section": "lines"} in found["never_matched"]


def test_insight_tells_a_person_of_the_orders_of_a_period(kafka: str, stories: list[Story]) -> None:
    days = [at.date().isoformat() for each in stories if (at := placed(each)) is not None]
    some = sum("2025-03-08" <= day <= "2025-03-18" for day in days)
    assert 0 < some < len(days)
    shown = hub(kafka, "insight", "--from", "2025-03-08", "--to", "2025-03-18").stdout
    assert shown.startswith(f"{some} orders placed from 2025-03-08 to 2025-03-18, ")
    titles = "Look into", "Time by step", "Departments", "Owners of exceptions", "Done again", "Exceptions by cause"
    for title in titles:
        assert title in shown


def test_the_log_is_written_as_database_and_document_with_the_same_in_both(kafka: str, tmp_path: Path) -> None:
    database, document = tmp_path / "log.sqlite", tmp_path / "deep" / "log.jsonocel"
    told_of = json.loads(hub(kafka, "export", "ocel", database, document, "--json").stdout)
    content = json.loads(document.read_text())
    assert (len(content["events"]), len(content["objects"])) == (told_of["events"], told_of["objects"])
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (told_of["events"],)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["log.jsonocel", "log.sqlite"]


def test_orders_are_written_as_tables_in_every_form(kafka: str, tmp_path: Path, stories: list[Story]) -> None:
    forms = "--csv", tmp_path, "--jsonl", tmp_path, "--parquet", tmp_path
    counts = json.loads(hub(kafka, "export", "orders", *forms, "--json").stdout)
    assert counts["orders"] == len(stories)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{table}.{form}" for table in counts for form in ("csv", "jsonl", "parquet")
    }
    named = {json.loads(each)["order_id"] for each in (tmp_path / "orders.jsonl").read_text().splitlines()}
    assert named == {each.order_id for each in stories}


def test_a_file_of_neither_format_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    done = hub("127.0.0.1:1", "export", "ocel", tmp_path / "log.xml", status=2)
    assert "says neither JSON" in done.stderr
    unreachable = hub("127.0.0.1:1", "export", "ocel", tmp_path / "log.json", status=1)
    assert unreachable.stderr.startswith("hub: Kafka at 127.0.0.1:1 does not answer")
    assert list(tmp_path.iterdir()) == []
