"""What goes wrong around a worker is a sentence and an end, or a retry that says so; and SIGTERM always ends it."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from connectors.publishing import Publisher
from hub import kafka_admin
from hub.broker import EmbeddedBroker
from hub.codec import Codec
from hub.domain.events import OrderPlaced
from hub.domain.model import Address, OrderLine
from hub.runtime.partitioner import partition_of
from hub.topics import (
    CREDIT_DECISIONS,
    DEFAULT_PARTITIONS,
    HUB_APPLIED,
    HUB_DEAD_LETTER,
    ORDERS_JOURNAL,
    ORDERS_STATE,
    SETTLEMENTS,
    TOPICS,
    WORK_TOPIC,
    Topic,
)
from tests.chaos.arena import Arena, arena
from tests.chaos.fleet import STOP_SECONDS, Fleet
from tests.chaos.orders_scenario import OrdersScenario
from tests.chaos.verdict import Verdict
from tests.chaos.view import View
from tests.support.buggy_worker import KILLS, RAISES
from tests.support.places import dead_letters, reason_of
from tests.support.program import Program

pytestmark = pytest.mark.kafka

_READY = '"event": "recovered"'
_RECOVERIES = 2 * DEFAULT_PARTITIONS
_OUTAGE_SECONDS = 30.0
_ADDRESS = Address("Nordwind Anlagenbau", "Werftstrasse 4", "Kiel", "24143", "DE")
_LINE = OrderLine("1", "ST-1", "Grease", Decimal(5), "C62", Decimal(10), Decimal(1), Decimal(0), "S", Decimal(19))


@pytest.fixture(scope="module")
async def hub_kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedBroker]:
    """A Kafka with all topics of the hub, for tests that leave it as it is."""
    async with EmbeddedBroker(tmp_path_factory.mktemp("kafka")) as broker:
        await _create(broker.bootstrap, TOPICS.values())
        yield broker


async def _create(bootstrap: str, topics: Iterable[Topic], partitions: int = DEFAULT_PARTITIONS) -> None:
    async with kafka_admin.connect({"bootstrap_servers": bootstrap}) as admin:
        await kafka_admin.create(admin, topics, partitions=partitions, replication_factor=1)


def _worker(bootstrap: str, home: Path, **settings: str) -> Program:
    environment = {
        "HUB_KAFKA_BOOTSTRAP": bootstrap,
        "HUB_DATA_DIR": str(home / "data"),
        "HUB_METRICS_PORT": "0",
        "HUB_SESSION_TIMEOUT_MS": "6000",
        **settings,
    }
    home.mkdir(exist_ok=True)
    return Program(("-m", "hub", "worker"), environment, home / "worker.log")


async def _fails(worker: Program) -> str:
    """Run a worker that cannot start; the sentence it ends with."""
    async with worker:
        assert await worker.ends() == 1, worker.output
    assert "Traceback" not in worker.output
    return worker.last_words


# --- at the start --------------------------------------------------------------------------------


async def test_a_missing_topic_and_one_with_other_partitions_are_named(
    own_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    bootstrap = own_broker.bootstrap
    await _create(bootstrap, [topic for topic in TOPICS.values() if topic.name != SETTLEMENTS])
    assert await _fails(_worker(bootstrap, tmp_path)) == "hub: missing topics: settlements; run `hub topics create`"

    await _create(bootstrap, [TOPICS[SETTLEMENTS]], partitions=3)
    sentence = await _fails(_worker(bootstrap, tmp_path))
    assert sentence.startswith("hub: the topics must all have the same number of partitions, but ")
    assert "settlements has 3" in sentence


async def test_without_a_broker_a_worker_says_that_it_tries_again_and_in_the_end_that_it_gives_up(
    tmp_path: Path,
) -> None:
    worker = _worker("127.0.0.1:1", tmp_path, HUB_BROKER_WAIT_MS="3000")
    sentence = await _fails(worker)
    assert worker.output.count("no broker answers, trying again") >= 1
    assert sentence.startswith("hub: Kafka at 127.0.0.1:1 does not answer (nobody listens): start it ")
    assert sentence.endswith("start it (`hub broker start`) or set HUB_KAFKA_BOOTSTRAP.")


async def test_a_worker_that_was_there_before_its_broker_goes_on_when_it_comes(
    own_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    await _create(own_broker.bootstrap, TOPICS.values())
    await own_broker.stop()
    async with _worker(own_broker.bootstrap, tmp_path) as worker:
        assert await worker.says("no broker answers, trying again")
        await own_broker.start()
        assert await worker.says(_READY, times=_RECOVERIES)
        worker.signal(signal.SIGTERM)
        assert await worker.ends(STOP_SECONDS) == 0


async def test_a_data_directory_that_cannot_be_written_is_named(hub_kafka: EmbeddedBroker, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    data_dir = tmp_path / "file" / "data"
    sentence = await _fails(_worker(hub_kafka.bootstrap, tmp_path, HUB_DATA_DIR=str(data_dir)))
    assert sentence == (
        f"hub: the state directory {data_dir} cannot be used: Not a directory; give the worker a writable "
        "HUB_DATA_DIR of its own"
    )


async def test_a_data_directory_that_another_worker_uses_is_named(hub_kafka: EmbeddedBroker, tmp_path: Path) -> None:
    async with _worker(hub_kafka.bootstrap, tmp_path) as first:
        assert await first.says(_READY, times=_RECOVERIES)
        second = _worker(hub_kafka.bootstrap, tmp_path)
        second.log = tmp_path / "second.log"
        assert "cannot be used: another worker uses it; give the worker a writable" in await _fails(second)
        assert first.running


async def test_a_metrics_port_that_is_taken_is_named(hub_kafka: EmbeddedBroker, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = await _fails(_worker(hub_kafka.bootstrap, tmp_path, HUB_METRICS_PORT=str(port)))
    assert sentence.startswith(f"hub: nothing can listen on 127.0.0.1:{port}: ")
    assert "set HUB_METRICS_PORT" in sentence


# --- SIGTERM -------------------------------------------------------------------------------------

Situation = Callable[[EmbeddedBroker, Program], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def _idle(_: EmbeddedBroker, worker: Program) -> AsyncIterator[None]:
    async with worker:
        assert await worker.says(_READY, times=_RECOVERIES)
        yield


@asynccontextmanager
async def _under_load(broker: EmbeddedBroker, worker: Program) -> AsyncIterator[None]:
    await _place(broker.bootstrap, [f"{worker.log.parent.name}-{number}" for number in range(3_000)])
    async with _idle(broker, worker):
        yield


@asynccontextmanager
async def _while_it_recovers(broker: EmbeddedBroker, worker: Program) -> AsyncIterator[None]:
    """It waits for the end of a transaction that somebody has left open."""
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap, transactional_id="left-open") as producer:
        await producer.begin_transaction()
        for partition in range(DEFAULT_PARTITIONS):
            await producer.send_and_wait(HUB_APPLIED, b"0", b"nobody/nothing", partition=partition)
        async with worker:
            assert await worker.says('"event": "assigned"')
            await asyncio.sleep(0.5)
            assert _READY not in worker.output
            yield
        await producer.abort_transaction()


@pytest.mark.parametrize("situation", [_idle, _under_load, _while_it_recovers])
async def test_sigterm_ends_a_worker_in_ten_seconds(
    situation: Situation, hub_kafka: EmbeddedBroker, tmp_path: Path
) -> None:
    worker = _worker(hub_kafka.bootstrap, tmp_path)
    async with situation(hub_kafka, worker):
        worker.signal(signal.SIGTERM)
        assert await worker.ends(STOP_SECONDS) == 0, worker.output


@pytest.mark.parametrize("broker", ["hanging", "gone"])
async def test_sigterm_ends_a_worker_in_ten_seconds_even_without_its_broker(
    broker: str, own_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    await _create(own_broker.bootstrap, TOPICS.values())
    worker = _worker(own_broker.bootstrap, tmp_path)
    async with _under_load(own_broker, worker):
        if broker == "hanging":
            own_broker.pause()
        else:
            await own_broker.kill()
        worker.signal(signal.SIGTERM)
        assert await worker.ends(STOP_SECONDS) is not None, worker.output


# --- in the middle -------------------------------------------------------------------------------


async def test_a_broker_that_is_gone_or_hangs_for_half_a_minute_costs_nothing_but_time(tmp_path: Path) -> None:
    async def gone(broker: EmbeddedBroker) -> None:
        await broker.kill()
        await asyncio.sleep(_OUTAGE_SECONDS)
        await broker.start()

    async def hanging(broker: EmbeddedBroker) -> None:
        broker.pause()
        await asyncio.sleep(_OUTAGE_SECONDS)
        broker.resume()

    await asyncio.gather(
        _outlasts(gone, "Unable connect to node", tmp_path / "gone"),
        _outlasts(hanging, "Kafka does not answer, trying on", tmp_path / "hanging"),
    )


async def _outlasts(outage: Callable[[EmbeddedBroker], Awaitable[None]], words: str, home: Path) -> None:
    async with arena(OrdersScenario(home), home, seed=1, workers=1) as it:
        (member,) = it.fleet.members
        await it.load.backlog()
        await member.start()
        async with asyncio.timeout(60):  # from then on orders wait for answers, and their timers fall into the outage
            while not any(it.view.records[topic] for topic in WORK_TOPIC.values()):
                await asyncio.sleep(0.01)
        said_before = member.program.log.read_text()
        await outage(it.broker)
        said = member.program.log.read_text().removeprefix(said_before)
        await it.load.play(1)
        assert await it.drained(), it.left()
        verdict = await it.examine()
    assert verdict == Verdict(events=verdict.events), verdict.complaints
    assert words in said
    assert said.count("\n") < 200, said
    assert all(": hub: " in ended for ended in member.ended), member.ended


async def test_without_its_local_state_and_killed_while_it_recovers_a_worker_gives_the_same_answers(
    tmp_path: Path,
) -> None:
    async with arena(OrdersScenario(tmp_path), tmp_path, seed=2, workers=1, session_seconds=2) as it:
        (member,) = it.fleet.members
        await it.load.backlog()
        await member.start()
        assert await it.drained(), it.left()
        for _ in range(2):
            member.kill(rob=True)
            await _until_reborn(it)
        member.kill()
        await it.load.play(1)
        assert await it.drained(), it.left()
        verdict = await it.examine()
    assert member.kills == 3
    assert verdict.events > 1_000
    assert verdict == Verdict(events=verdict.events), verdict.complaints


async def _until_reborn(it: Arena) -> None:
    """Until a worker that was killed is back and about to recover."""
    (member,) = it.fleet.members
    async with asyncio.timeout(60):
        while member.program.running:
            await asyncio.sleep(0.01)
        while not (member.program.running and member.count("assigned")):
            await asyncio.sleep(0.01)


async def test_a_state_of_a_newer_hub_ends_the_worker_with_its_schema_named(
    own_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    bootstrap, order_id = own_broker.bootstrap, "ORDER-OF-TOMORROW"
    key, partition = order_id.encode(), partition_of(order_id.encode(), DEFAULT_PARTITIONS)
    await _create(bootstrap, TOPICS.values())
    await _place(bootstrap, [order_id])
    async with View(bootstrap, TOPICS, DEFAULT_PARTITIONS) as view, _worker(bootstrap, tmp_path / "old") as worker:
        async with asyncio.timeout(60):
            while order_id not in _journaled(view):
                await view.catch_up()
        worker.signal(signal.SIGTERM)
        assert await worker.ends(STOP_SECONDS) == 0
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        value = b"\0" + (4711).to_bytes(4, "big") + b"whatever"
        await producer.send_and_wait(ORDERS_STATE, value, key, partition=partition)
    await _place(bootstrap, [order_id])
    assert "names schema 4711, which schemas/ids.lock does not know" in await _fails(
        _worker(bootstrap, tmp_path / "new")
    )


async def test_a_worker_that_starts_again_takes_every_state_for_its_own(
    own_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    await _create(own_broker.bootstrap, TOPICS.values())
    orders = [f"ORDER-{number}" for number in range(200)]
    await _place(own_broker.bootstrap, orders)
    worker = _worker(own_broker.bootstrap, tmp_path)
    async with View(own_broker.bootstrap, TOPICS, DEFAULT_PARTITIONS) as view:
        async with worker:
            async with asyncio.timeout(60):
                while len(view.records[CREDIT_DECISIONS]) < len(orders):
                    await view.catch_up()
            worker.signal(signal.SIGTERM)
            assert await worker.ends(STOP_SECONDS) == 0
        async with worker:
            assert await worker.says(_READY, times=_RECOVERIES), worker.output
            worker.signal(signal.SIGTERM)
            assert await worker.ends(STOP_SECONDS) == 0


@pytest.mark.parametrize("order_id", [RAISES, KILLS])
async def test_a_record_that_ends_the_worker_again_and_again_is_a_dead_letter_in_the_end_and_the_rest_goes_on(
    order_id: str, own_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    bootstrap = own_broker.bootstrap
    await _create(bootstrap, TOPICS.values())
    good = [f"ORDER-{number}" for number in range(500)]
    await _place(bootstrap, [*good[:250], order_id, *good[250:]])
    environment = {"HUB_KAFKA_BOOTSTRAP": bootstrap, "HUB_METRICS_PORT": "0", "HUB_SESSION_TIMEOUT_MS": "2000"}
    async with (
        View(bootstrap, TOPICS, DEFAULT_PARTITIONS) as view,
        Fleet(1, ("-m", "tests.support.buggy_worker"), environment, tmp_path) as fleet,
    ):
        await fleet.start()
        async with asyncio.timeout(120):
            while not view.records[HUB_DEAD_LETTER] or len(_journaled(view)) < len(good):
                await asyncio.sleep(0.2)
                await view.catch_up()
        assert not await fleet.end()
    assert _journaled(view) == set(good)
    (letter,) = dead_letters(view.records[HUB_DEAD_LETTER])
    assert (letter.code, letter.key) == ("poison", order_id.encode())
    assert letter.value == Codec.load().encode(_placed(order_id))
    assert "ended the process" in reason_of(view.records[HUB_DEAD_LETTER][0])
    ended = fleet.members[0].ended
    assert len(ended) >= 3
    if order_id == RAISES:
        assert all("status 1: hub: " in each and "ZeroDivisionError" in each for each in ended)


def _journaled(view: View) -> set[str]:
    return {(record.key or b"").decode() for record in view.records[ORDERS_JOURNAL]}


async def _place(bootstrap: str, order_ids: Sequence[str]) -> None:
    """Place an order of each id."""
    async with Publisher({"bootstrap_servers": bootstrap}, Codec.load(), DEFAULT_PARTITIONS) as publisher:
        for placed in [await publisher.submit(_placed(order_id)) for order_id in order_ids]:
            await placed


def _placed(order_id: str) -> OrderPlaced:
    return OrderPlaced(
        event_id=f"{order_id}-placed",
        source="shop",
        occurred_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        order_id=order_id,
        customer_id="CUSTOMER-1",
        purchase_order=f"PO-{order_id}",
        currency="EUR",
        lines=(_LINE,),
        deliver_to=_ADDRESS,
    )
