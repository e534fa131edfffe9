"""`hub collect outbox` sends what another program wrote into its database, in order, and loses nothing."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from connectors.outbox import Outbox, Outcome, open_outbox
from hub import kafka_admin
from hub.errors import ConfigError
from hub.topics import DEFAULT_PARTITIONS, ORDERS_EVENTS, TOPICS
from tests.support.postgres import postgres

EXAMPLE = (Path(__file__).parents[2] / "examples" / "orders.jsonl").read_text().splitlines()[1]
Base = tuple[str, Callable[[str], list[Any]]]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Base]:
    """The URL of an empty database, and how its program works with it."""
    if request.param == "sqlite":
        path = tmp_path / "shop.db"
        connection = sqlite3.connect(path, isolation_level=None)
        yield f"sqlite://{path}", lambda statement: connection.execute(statement).fetchall()
        connection.close()
        return
    url = request.getfixturevalue("server")
    with psycopg.connect(url, autocommit=True) as program:
        program.execute("drop table if exists hub_outbox")

        def execute(statement: str) -> list[Any]:
            cursor = program.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

        yield url, execute


def collect(kafka: str, url: str, *more: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "hub", "collect", "outbox", url, "--once", "--json", *more],
        env={**os.environ, "HUB_KAFKA_BOOTSTRAP": kafka},
        capture_output=True,
        check=False,
        timeout=120,
    )


def payload(order_id: str) -> str:
    return json.dumps({**json.loads(EXAMPLE), "order_id": order_id, "event_id": order_id}).replace("'", "''")


async def test_rows_are_sent_in_order_marked_with_their_place_and_not_sent_again(
    kafka: str, base: Base, unique: Callable[[str], str]
) -> None:
    async with kafka_admin.connect({"bootstrap_servers": kafka}) as admin:
        await kafka_admin.create(admin, TOPICS.values(), partitions=DEFAULT_PARTITIONS, replication_factor=1)
    url, execute = base
    assert collect(kafka, url, "--create").returncode == 0
    names = [unique(f"BOX-{number}") for number in range(3)]
    for name in names:
        execute(f"insert into hub_outbox (payload) values ('{payload(name)}')")  # noqa: S608
    execute('insert into hub_outbox (payload) values (\'{"type": "OrderPlacd"}\')')
    assert len(collect(kafka, url, "--dry-run").stdout.splitlines()) == 4
    assert execute("select count(*) from hub_outbox where sent_at is not null") == [(0,)]
    done = collect(kafka, url)
    assert (done.returncode, done.stderr) == (1, b"")
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each.get("key") for each in said] == [*names, None]
    assert [each["status"] for each in said] == ["accepted"] * 3 + ["refused"]
    rows = execute("select place, refused from hub_outbox where sent_at is not null order by id")
    assert [place for place, _ in rows[:3]] == [f"{ORDERS_EVENTS}-{e['partition']}@{e['offset']}" for e in said[:3]]
    assert "did you mean OrderPlaced?" in rows[3][1]
    assert collect(kafka, url).stdout == b"", "what was dealt with is not sent again"


def held(box: Outbox) -> list[int]:
    return [row.id for row in box.waiting()]


def test_what_is_not_marked_is_sent_again(base: Base) -> None:
    url, execute = base
    with open_outbox(url) as box:
        box.create()
        for number in range(3):
            execute(f"insert into hub_outbox (payload) values ('{number}')")  # noqa: S608
        first = held(box)
        box.mark([Outcome(first[0], "orders.events-1@2", "")])
    with open_outbox(url) as box:  # another process, after the first has died
        assert held(box) == first[1:]
        box.mark([Outcome(first[1], "", "no event"), Outcome(first[2], "orders.events-1@3", "")])
        assert held(box) == []


def test_only_one_process_sends_from_a_postgresql_outbox(server: str) -> None:
    with open_outbox(server), pytest.raises(ConfigError, match="Another process sends"), open_outbox(server):
        pass


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///nowhere/shop.db", "There is no database /nowhere/shop.db"),
        ("mysql://shop", "The outbox is sqlite:///path"),
        ("postgresql://hub@127.0.0.1:9/shop", "The outbox cannot be used: connection failed"),
        ("postgresql://hub:secret@127.0.0.1:9/shop", "Leave the password out of the URL of the outbox"),
    ],
)
def test_an_outbox_that_cannot_be_used_is_one_sentence_without_the_password(url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as raised, open_outbox(url) as box:
        box.create()
    assert "secret" not in str(raised.value)


def test_a_table_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "shop.db").close()
    (tmp_path / "shop.db").touch()
    with (
        pytest.raises(ConfigError, match="no such table: hub_outbox"),
        open_outbox(f"sqlite://{tmp_path}/shop.db") as box,
    ):
        box.waiting()
