"""The tables of `hub deliver sql` are what the topics say, on both databases, whoever is killed in between."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, cast

import psycopg
import pytest
from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from connectors.databases import Absent, Database, open_database
from connectors.outbound import after
from connectors.reading import Position, Reader
from connectors.sql.rows import KEPT, OF_TOPIC, TOPICS, Kept, said
from connectors.sql.sink import PREFIX, VERSION, SqlSink, Written
from connectors.tables import Cell, plain
from hub import kafka_admin
from hub.codec import Codec
from hub.domain.effects import ExceptionRaised, SettlementPosted, SettlementRecorded
from hub.domain.headline import headline
from hub.domain.model import Frozen
from hub.errors import CodecError, ConfigError
from hub.runtime.spec import Record
from hub.topics import DEFAULT_PARTITIONS, ORDERS_EXCEPTIONS, ORDERS_STATE, SETTLEMENTS, SETTLEMENTS_JOURNAL
from hub.topics import TOPICS as DECLARED
from tests.support.fetched import record
from tests.support.orders import CUSTOMER, ORDER, Story, line
from tests.support.postgres import postgres
from tests.support.program import Program

CODEC = Codec.load()
KILLS = int(os.environ.get("HUB_SINK_KILLS", "3"))
"""Of each sink."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database."""
    if request.param == "sqlite":
        return f"sqlite://{tmp_path}/hub.db"
    server: str = request.getfixturevalue("server")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
    return server


def opened(url: str, absent: Absent = "make") -> Any:
    return open_database(url, "database", absent=absent)


def rows(base: Database, table: Kept) -> list[tuple[Any, ...]]:
    names = ", ".join(table.table.columns)
    found = base.execute(f"select {names} from {PREFIX}{table.table.name} order by {', '.join(table.key)}")  # noqa: S608
    return [tuple(map(text, row)) for row in found]


def text(cell: Cell) -> str | int | None:
    """As both databases can be compared: as SQLite has it."""
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat()
    return cell if cell is None or isinstance(cell, int) else plain(cell)


async def take(sink: SqlSink, records: Sequence[Record]) -> Written:
    written = [each async for each in sink.take(records)]
    return written[0] if written else Written(0, {}, 0.0)


def ready(base: Database) -> SqlSink:
    sink = SqlSink(base, CODEC)
    sink.prepare()
    return sink


def state(offset: int, story: Story) -> Record:
    return record(offset, ORDER.encode(), CODEC.encode(story.order), topic=ORDERS_STATE)


def whole_story() -> Story:
    story = Story()
    story.place(line(quantity="10.5", price=Decimal("0.10")), line("2", "ST-2", 4))
    story.command("hold", "quality")
    story.command("release-hold", "quality")
    for step in ("accepted", "shipped", "delivered"):
        story.report("logistics", step)
    return story


async def test_rows_say_exactly_what_the_records_say(url: str) -> None:
    story = whole_story()
    settled = story.sent(SettlementRecorded)[0]
    with opened(url) as base:
        sink = ready(base)
        settlement = record(0, ORDER.encode(), CODEC.encode(settled), topic=SETTLEMENTS)
        written = await take(sink, [state(4, story), settlement])
        assert written.rows["orders"], written.rows["order_lines"] == (1, 2)
        select = "select status, customer_id, payable, placed_at, delivered_on, source_offset from hub_orders"
        ((status, customer, payable, placed_at, delivered_on, offset),) = base.execute(select)
        assert (status, customer, offset) == (headline(story.order), CUSTOMER, 4)
        assert (Decimal(payable), text(delivered_on)) == (settled.payable, str(story.order.delivered_on))
        assert datetime.fromisoformat(str(placed_at)) == story.order.placed_at
        if base.dialect == "postgresql":
            assert isinstance(payable, Decimal)
            assert isinstance(delivered_on, date)
        lines = base.execute("select line_id, ordered, price, delivered, billed, suppliers from hub_order_lines")
        assert [(row[0], *map(Decimal, row[1:5]), row[5]) for row in sorted(lines)] == [
            ("1", Decimal("10.5"), Decimal("0.10"), Decimal("10.5"), Decimal("10.5"), "logistics"),
            ("2", 4, settled.lines[1].price, 4, 4, "logistics"),
        ]
        ((total,),) = base.execute("select sum(cast(net_amount as numeric)) from hub_settlement_lines")
        assert Decimal(str(total)) == settled.line_total


async def test_the_latest_record_stands_and_what_is_gone_from_it_is_gone(url: str) -> None:
    story = whole_story()
    with opened(url) as base:
        sink = ready(base)
        await take(sink, [state(0, story)])
        less = replace(story.order, lines=story.order.lines[:1])
        await take(sink, [record(1, ORDER.encode(), CODEC.encode(less), topic=ORDERS_STATE)])
        assert base.execute("select line_id from hub_order_lines") == [("1",)]
        await take(sink, [record(2, ORDER.encode(), None, topic=ORDERS_STATE)])
        assert base.execute("select order_id from hub_orders") == base.execute("select line_id from hub_order_lines")
        assert sink.positions() == after([record(2, topic=ORDERS_STATE)])


async def test_an_exception_is_one_row_until_it_is_closed(url: str) -> None:
    raised = ExceptionRaised(
        event_id="e", source="/s", occurred_at=datetime(2026, 1, 2, tzinfo=UTC), order_id=ORDER, exception_id="X",
        kind="stalled", action="opened", severity="warning", owner="desk", detail="nothing\0happens",
    )  # fmt: skip
    closed = replace(raised, action="closed", occurred_at=datetime(2026, 1, 3, tzinfo=UTC))
    with opened(url) as base:
        sink = ready(base)
        select = "select action, detail, closed_at is null from hub_exceptions"
        for offset, (each, action, still_open) in enumerate([(raised, "opened", True), (closed, "closed", False)]):
            await take(sink, [record(offset, b"k", CODEC.encode(each), topic=ORDERS_EXCEPTIONS)])
            ((found, detail, is_open),) = base.execute(select)
            assert (found, bool(is_open)) == (action, still_open)
            assert detail == ("nothing\0happens" if base.dialect == "sqlite" else "nothing␀happens")


async def test_rows_and_positions_are_there_together_or_not_at_all(url: str) -> None:
    story = whole_story()
    with opened(url) as base:
        sink = ready(base)
        await take(sink, [state(0, story)])
        with pytest.raises(CodecError, match=r"orders.state\[0\]@2 cannot be read"):
            await take(sink, [state(1, story), record(2, b"k", b"nonsense", topic=ORDERS_STATE)])
        base.execute("drop table hub_order_lines")
    story.pay(1)
    with pytest.raises(ConfigError, match="hub_order_lines"), opened(url) as base:
        await take(ready(base), [state(1, story)])
    with opened(url) as base:
        assert ready(base).positions() == after([record(0, topic=ORDERS_STATE)])
        assert base.execute("select source_offset from hub_orders") == [(0,)]


class Ended(BaseException):
    """The process is gone."""


class Failing:
    """A database whose process ends before so many statements are done."""

    def __init__(self, base: Database, statements: int) -> None:
        self._base = base
        self.left = statements

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._base, name)
        return found if name not in {"execute", "execute_many"} else lambda *args: self._count(found, args)

    def _count(self, execute: Callable[..., Any], arguments: Sequence[Any]) -> Any:
        self.left -= 1
        if self.left < 0:
            raise Ended
        return execute(*arguments)


async def test_wherever_it_ends_the_next_one_makes_the_tables_whole(tmp_path: Path) -> None:
    story = whole_story()
    settled = record(0, ORDER.encode(), CODEC.encode(story.sent(SettlementRecorded)[0]), topic=SETTLEMENTS)
    less = replace(story.order, lines=story.order.lines[:1])
    batches = [[state(0, story), settled], [record(1, ORDER.encode(), CODEC.encode(less), topic=ORDERS_STATE)]]

    async def write(base: Database) -> None:
        sink = ready(base)
        for batch in batches:
            await take(
                sink, [each for each in batch if each.offset >= sink.positions().get((each.topic, 0), Position(0)).next]
            )

    async def whole(name: str, statements: int) -> tuple[object, bool]:
        """The tables after an end and another run, and whether it ended."""
        url = f"sqlite://{tmp_path}/{name}.db"
        ended = False
        try:
            with opened(url) as base:
                await write(cast("Database", Failing(base, statements)))
        except Ended:
            ended = True
        with opened(url) as base:
            await write(base)
            return ([rows(base, kept) for kept in KEPT], SqlSink(base, CODEC).positions()), ended

    expected, _ = await whole("expected", 10_000)
    ends = 0
    for statements in range(10_000):
        found, ended = await whole(str(statements), statements)
        assert found == expected, statements
        if not ended:
            break
        ends += 1
    assert ends > 30


async def test_who_begins_takes_the_tables_over_and_who_wrote_before_writes_no_more(url: str) -> None:
    story = whole_story()
    with opened(url) as one, opened(url) as other:
        first, second = ready(one), ready(other)
        with pytest.raises(ConfigError, match="Another process has begun to write these tables"):
            await take(first, [state(0, story)])
        assert second.positions() == {}
        await take(second, [state(0, story)])


async def test_tables_of_another_version_are_left_alone_until_they_are_made_anew(url: str) -> None:
    with opened(url) as base:
        await take(ready(base), [state(0, whole_story())])
        base.execute("update hub_sink set version = 99")
        with pytest.raises(
            ConfigError, match=rf"of version 99, and this hub writes version {VERSION}: make .* with --rebuild"
        ):
            ready(base)
        sink = SqlSink(base, CODEC)
        sink.prepare(rebuild=True)
        assert (sink.positions(), base.execute("select * from hub_orders")) == ({}, [])


async def test_a_dry_run_tells_and_writes_nothing(url: str) -> None:
    with opened(url, "imagine") as base:
        sink = SqlSink(base, CODEC, dry_run=True)
        assert sink.positions() == {}
        assert (await take(sink, [state(0, whole_story())])).rows == {"orders": 1, "order_lines": 2}
        assert not base.has("hub_orders")
    assert url.startswith("postgresql") or not Path(url.removeprefix("sqlite://")).exists()


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("postgresql://hub:secret@localhost/x", "Leave the password out"),
        ("postgresql://localhost/x?password=secret", "Leave the password out"),
        ("mysql://localhost/x", "is sqlite:///path"),
        ("postgresql://[x/hub", "URL of the database is none: Invalid IPv6 URL; give sqlite:///path"),
        ("postgresql://hub@127.0.0.1:9/x", "cannot be used: connection failed"),
        ("sqlite:///nowhere/at/all.db", "cannot be used: unable to open"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_sentence_without_the_password(url: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as raised, opened(url):
        pass
    assert "secret" not in str(raised.value)


# --- kill -9 -----------------------------------------------------------------------------------------


def history(order_id: str, random: Random) -> Iterator[tuple[str, Frozen]]:
    """What the hub writes about an order, topic by topic, in order."""
    story = Story(order_id=order_id)
    said = 0
    steps: list[Callable[[], object]] = [
        lambda: story.place(*(line(str(n), f"ST-{n}", random.randint(1, 9)) for n in range(random.randint(1, 4)))),
        lambda: story.command("hold", "quality"),
        lambda: story.command("release-hold", "quality"),
        lambda: story.report("logistics", "accepted"),
        lambda: story.report("logistics", "shipped"),
        lambda: story.report("logistics", "delivered"),
        lambda: story.pay(random.randint(1, 50)),
    ]
    topics = {
        ExceptionRaised: ORDERS_EXCEPTIONS,
        SettlementRecorded: SETTLEMENTS,
        SettlementPosted: SETTLEMENTS_JOURNAL,
    }
    for step in steps:
        step()
        yield ORDERS_STATE, story.order
        for effect in story.effects[said:]:
            if topic := topics.get(type(effect)):
                yield topic, effect
        said = len(story.effects)


async def feed(kafka: str, name: Callable[[str], str], random: Random, until: asyncio.Event) -> int:
    """Orders in transactions, every fifth of which is aborted and must not be seen; gives how many were committed."""
    numbers, open_orders = count(), dict[str, Iterator[tuple[str, Frozen]]]()
    committed = 0
    async with AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=name("feed")) as producer:
        while not until.is_set():
            while len(open_orders) < 200:
                order = name(f"SQL-{next(numbers)}")
                open_orders[order] = history(order, random)
            await producer.begin_transaction()
            aborted = random.random() < 0.2
            for order in random.sample(sorted(open_orders), 5):
                written = [each for _, each in zip(range(random.randint(1, 3)), open_orders[order], strict=False)]
                if not written:
                    del open_orders[order]
                for topic, value in written:
                    if aborted:
                        await producer.send(topic, b"never to be seen", order.encode())
                    else:
                        await producer.send(topic, CODEC.encode(value), order.encode())
                        committed += 1
            await (producer.abort_transaction() if aborted else producer.commit_transaction())
            await asyncio.sleep(0.02)
    return committed


async def storm(program: Program, random: Random) -> None:
    """The sink is killed at any time, most often when it has just begun to write."""
    for _ in range(KILLS):
        await program.start()
        assert await program.says("records", times=random.choice([1, 1, 2, 5])), program.output
        await asyncio.sleep(random.random() * 0.1)
        program.signal(signal.SIGKILL)
        await program.process.wait()


async def expected(reader: Reader) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table as the topics have them, folded record by record."""
    latest: dict[tuple[str, str], dict[str, list[tuple[Any, ...]]]] = {}
    async for each in reader.held(TOPICS):
        found = said(CODEC, each)
        of_tables: dict[str, list[tuple[Any, ...]]] = {kept.table.name: [] for kept in OF_TOPIC[each.topic]}
        for table, cells in found.rows:
            of_tables[table].append(tuple(map(text, cells)))
        latest[each.topic, found.owner] = of_tables
    whole: dict[str, list[tuple[Any, ...]]] = {kept.table.name: [] for kept in KEPT}
    for of_tables in latest.values():
        for table, found_rows in of_tables.items():
            whole[table] += found_rows
    return whole


@pytest.fixture
async def topics(kafka: str) -> str:
    async with kafka_admin.connect({"bootstrap_servers": kafka}) as admin:
        await kafka_admin.create(admin, DECLARED.values(), partitions=DEFAULT_PARTITIONS, replication_factor=1)
    return kafka


async def test_killed_at_any_time_the_tables_hold_every_record_once(
    topics: str, server: str, unique: Callable[[str], str], tmp_path: Path
) -> None:
    seed = int(os.environ.get("HUB_SINK_SEED", "7"))
    random, over = Random(seed), asyncio.Event()
    environment = {"HUB_KAFKA_BOOTSTRAP": topics}
    urls = {"sqlite": f"sqlite://{tmp_path}/hub.db", "postgresql": server}
    programs = {
        name: Program(["-m", "hub", "deliver", "sql", url], environment, tmp_path / name) for name, url in urls.items()
    }
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
    feeding = asyncio.create_task(feed(topics, unique, random, over))
    await asyncio.gather(*(storm(program, Random(f"{seed} {name}")) for name, program in programs.items()))
    async with programs["postgresql"] as running:
        assert await running.says("records"), running.output
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )
        assert await running.ends() == 1, "the database is gone, and a supervisor is to know"
        assert running.last_words.startswith("hub: The database cannot be used: "), running.output
    over.set()
    committed = await feeding
    assert committed > 100
    reader = Reader({"bootstrap_servers": topics}, DEFAULT_PARTITIONS)
    whole = await expected(reader)
    for name, url in urls.items():
        async with Program(["-m", "hub", "deliver", "sql", url, "--once"], environment, tmp_path / name) as last:
            assert await last.ends() == 0, last.output
        with opened(url) as base:
            for kept in KEPT:
                assert sorted(rows(base, kept), key=str) == sorted(whole[kept.table.name], key=str), (name, kept)
            held = [each async for each in reader.held(TOPICS)]
            assert SqlSink(base, CODEC).positions() == after(held)
