"""What people do to a hub that runs: they look at its orders, decide about dead letters, ask what is wrong."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from connectors import dead_letter_desk
from connectors.base import Event
from connectors.dead_letter_desk import Desk, objection
from connectors.dead_letters import Wanted
from hub import kafka_admin
from hub.domain.dead_letters import LetterDecided
from hub.domain.events import CustomerUpdated, OperatorCommanded
from hub.domain.order import OrderState
from hub.runtime.partitioner import partition_of
from hub.topics import (
    HUB_DEAD_LETTER,
    HUB_DEAD_LETTER_AUDIT,
    HUB_REKEYED_NODES,
    ORDERS_COMMANDS,
    ORDERS_STATE,
    PRODUCTION_ORDERS,
    PRODUCTION_STATUS,
    STATEMENTS,
)
from tests.support.orders import Story, line
from tests.support.places import place_of
from tests.support.program import Program
from tests.support.running_hub import RunningHub, running_hub

pytestmark = pytest.mark.kafka

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MANY = 1_000
"""Letters that a replay is killed among."""


BASE = {"killed": 100_000, "dropped": 200_000, "dying": 300_000}
"""Offsets that no test's own records have, by the code of the letters that name them."""


@pytest.fixture(scope="module")
async def hub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningHub]:
    async with running_hub(tmp_path_factory.mktemp("hub")) as running:
        yield running


def command(event_id: str, order_id: str, what: str, target: str) -> OperatorCommanded:
    return OperatorCommanded(
        event_id=event_id,
        source="desk",
        occurred_at=NOON,
        order_id=order_id,
        command=what,  # type: ignore[arg-type]
        owner="mei",
        reason="asked to",
        target=target,
        role="order-desk",
    )


def order(order_id: str) -> Event:
    return replace(Story().placed(line()), order_id=order_id, event_id=f"{order_id}-placed", purchase_order=order_id)


async def state(hub: RunningHub, order_id: str) -> OrderState:
    key = order_id.encode()
    held = await hub.until(ORDERS_STATE, lambda found: any(each.key == key for each in found))
    return hub.codec.decode_as(OrderState, [each for each in held if each.key == key][-1].value)


async def until_held(hub: RunningHub, order_id: str, holds: int) -> OrderState:
    """The order as soon as it has so many holds."""
    async with asyncio.timeout(30):
        while len((found := await state(hub, order_id)).holds) != holds:
            await asyncio.sleep(0.1)
    return found


async def letters(hub: RunningHub, count: int, *, topic: str, code: str) -> None:
    """Dead letters of records that lay in partition 0 of a topic, with no message of the hub's for a value."""
    producer = AIOKafkaProducer(bootstrap_servers=hub.settings.kafka_bootstrap)
    await producer.start()
    try:
        for number in range(count):
            why = {"code": code, "reason": "x", "topic": topic, "partition": "0", "offset": f"{number + BASE[code]}"}
            headers = [(f"hub-dlq-{name}", text.encode()) for name, text in why.items()]
            await producer.send(HUB_DEAD_LETTER, b"of old", f"{code}-{number}".encode(), headers=headers)
    finally:
        await producer.stop()


async def test_a_refused_record_is_replayed_once_and_takes_effect_when_its_cause_has_ended(hub: RunningHub) -> None:
    release = command("release", "ORD-DLQ", "release-hold", "customer-request")
    await hub.send(order("ORD-DLQ"), release)
    (letter,) = await hub.until(HUB_DEAD_LETTER, lambda found: len(found) == 1)
    (listed,) = hub.told("dlq", "list", "--key", "ORD-DLQ")
    assert (listed["code"], listed["decided"]) == ("no-hold", None)
    name = listed["letter"]

    await hub.send(command("hold", "ORD-DLQ", "hold", "customer-request"))
    assert [hold.name for hold in (await until_held(hub, "ORD-DLQ", 1)).holds] == ["customer-request"]
    tried = hub.hub("dlq", "replay", "--code", "no-hold", "--reason", "held now", "--dry-run")
    assert (tried.returncode, tried.stdout) == (0, f"{name} (no-hold)\n")
    (done,) = hub.told("dlq", "replay", "--code", "no-hold", "--reason", "held now", "--by", "ines")
    assert (done["letter"], done["by"], done["reason"]) == (name, "ines", "held now")

    commands = await hub.held(ORDERS_COMMANDS)
    first, again = (each for each in commands if each.value == hub.codec.encode(release))
    assert (again.key, again.value, again.partition) == (first.key, first.value, first.partition)
    assert again.offset == done["replayed_offset"]
    told = dict(again.headers)
    assert [told[f"hub-replayed-{each}"] for each in ("letter", "by", "reason")] == [
        name.encode(),
        b"ines",
        b"held now",
    ]
    assert not [header for header in told if header.startswith("hub-dlq-")]

    once_more = hub.hub("dlq", "replay", name, "--reason", "to be sure")
    assert once_more.returncode == 0
    assert f"{name} is left: it was replayed by ines" in once_more.stderr
    assert await hub.held(ORDERS_COMMANDS) == commands
    assert hub.told("dlq", "list") == []
    (kept,) = hub.told("dlq", "list", "--all")
    assert kept["decided"]["reason"] == "held now"
    assert await hub.held(HUB_DEAD_LETTER) == [letter], "what was refused stays as it is, and nothing else was"
    await until_held(hub, "ORD-DLQ", 0)


async def test_a_replay_that_is_killed_in_the_middle_and_run_again_sends_every_record_once(
    hub: RunningHub, tmp_path: Path
) -> None:
    await letters(hub, MANY, topic=PRODUCTION_STATUS, code="killed")
    replay = ("-m", "hub", "dlq", "replay", "--code", "killed", "--reason", "again", "--json")
    async with Program(replay, hub.environment, tmp_path / "replay.log") as killed:
        assert await killed.says('"replayed"')
        killed.signal(signal.SIGKILL)
        assert await killed.ends() == -signal.SIGKILL
    first = json.loads(killed.output.splitlines()[0])

    rest = hub.told("dlq", "replay", "--code", "killed", "--reason", "again")
    assert 0 < len(rest) < MANY, "some were done before, and some not"
    assert first["letter"] not in {each["letter"] for each in rest}
    sent = Counter(record.key for record in await hub.held(PRODUCTION_STATUS) if record.value == b"of old")
    assert set(sent.values()) == {1}
    assert len(sent) == MANY
    audit = [hub.codec.decode_as(LetterDecided, each.value) for each in await hub.held(HUB_DEAD_LETTER_AUDIT)]
    written = [each for each in audit if each.code == "killed"]
    assert len({each.letter for each in written}) == len(written) == MANY
    places = {place_of(record) for record in await hub.held(PRODUCTION_STATUS)}
    assert {(PRODUCTION_STATUS, 0, each.replayed_offset) for each in written} <= places


class Killed(BaseException):
    """The process is gone: nothing tidies up any more."""


def dying(steps: int) -> type[AIOKafkaProducer]:
    """A producer whose process is killed when it is asked for so many more things, whatever they are."""

    class Dying(AIOKafkaProducer):  # type: ignore[misc] # aiokafka ships no types
        left = steps

        async def send(self, *arguments: Any, **named: Any) -> Any:
            self._step()
            return await super().send(*arguments, **named)

        async def begin_transaction(self) -> None:
            self._step()
            await super().begin_transaction()

        async def commit_transaction(self) -> None:
            await self.flush()
            self._step()
            await super().commit_transaction()

        async def abort_transaction(self) -> None:
            self._step()
            await super().abort_transaction()

        def _step(self) -> None:
            self.left -= 1
            if self.left < 0:
                raise Killed

    return Dying


async def test_wherever_a_replay_is_killed_every_record_is_sent_once_and_written_down_once(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    await letters(hub, 3, topic=PRODUCTION_STATUS, code="dying")
    monkeypatch.setattr(dead_letter_desk, "_AT_ONCE", 2)
    deaths = 0
    while True:
        monkeypatch.setattr(dead_letter_desk, "AIOKafkaProducer", dying(deaths))
        try:
            async with Desk(hub.settings, hub.codec) as desk:
                left = [each for each in await desk.letters(Wanted(code="dying")) if not objection(each, "replayed")]
                async for _ in desk.decide(left, "replayed", by="ines", reason="again", now=NOON):
                    pass
            break
        except Killed:
            deaths += 1
    assert deaths > 6, "at each step of the first transaction, and in the second"
    sent = Counter(record.key for record in await hub.held(PRODUCTION_STATUS) if b"dying" in (record.key or b""))
    assert sent == {b"dying-0": 1, b"dying-1": 1, b"dying-2": 1}
    audit = [hub.codec.decode_as(LetterDecided, each.value) for each in await hub.held(HUB_DEAD_LETTER_AUDIT)]
    assert len([each for each in audit if each.code == "dying"]) == 3


async def test_what_is_dropped_is_open_no_more_and_stays_as_it_was(hub: RunningHub) -> None:
    await letters(hub, 3, topic=PRODUCTION_STATUS, code="dropped")
    before = await hub.held(HUB_DEAD_LETTER)
    (one, *_) = hub.told("dlq", "list", "--code", "dropped")
    dropped = hub.hub("dlq", "drop", one["letter"], "--reason", "test data", "--by", "bo")
    assert dropped.stdout == f"dropped   {one['letter']} (dropped)\n"
    refused = hub.hub("dlq", "replay", one["letter"], "--reason", "oh")
    assert "it was dropped by bo" in refused.stderr
    assert len(hub.told("dlq", "list", "--code", "dropped")) == 2
    assert [each for each in await hub.held(HUB_DEAD_LETTER) if each in before] == before
    shown = hub.hub("dlq", "show", one["letter"]).stdout
    assert "dropped by bo at" in shown
    assert "not Confluent framed" in shown
    assert hub.told("dlq", "show", one["letter"])[0]["raw"] == "b2Ygb2xk"


async def test_orders_are_listed_by_what_they_are_and_watched_as_they_change(hub: RunningHub, tmp_path: Path) -> None:
    await hub.send(order("ORD-A"), order("ORD-B"))
    await until_held(hub, "ORD-A", 0)
    commanded = hub.hub(
        "order", "command", "ORD-A", "hold", "--target", "review", "--reason", "x", "--role", "order-desk"
    )
    assert commanded.stdout.startswith("hold of order ORD-A is at orders.commands-")
    await until_held(hub, "ORD-A", 1)
    held = hub.told("order", "list", "--held", "--customer", "C-1")
    assert [each["order_id"] for each in held] == ["ORD-A"]
    assert held[0]["holds"] == ["review"]
    assert "ORD-B" in {each["order_id"] for each in hub.told("order", "list", "--not-held")}
    assert "ORD-A" not in {each["order_id"] for each in hub.told("order", "list", "--status", "closed")}
    assert "ORD-A  on-hold" in hub.hub("order", "list", "--status", "on-hold").stdout
    guest = hub.hub("order", "command", "ORD-A", "cancel", "--role", "guest", "--reason", "x")
    assert (guest.returncode, guest.stderr[:5]) == (1, "hub: ")

    watch = ("-m", "hub", "order", "watch", "--held", "--json")
    async with Program(watch, {**hub.environment, "PYTHONUNBUFFERED": "1"}, tmp_path / "watch.log") as watching:
        assert await watching.says('"ORD-A"')
        hub.hub("order", "command", "ORD-B", "hold", "--target", "review", "--reason", "x", "--role", "order-desk")
        assert await watching.says('"ORD-B"')
        watching.signal(signal.SIGINT)
        assert await watching.ends() == 130


async def test_the_rules_explain_which_won_for_an_order_and_why_the_others_did_not(hub: RunningHub) -> None:
    known = CustomerUpdated(
        event_id="c-rich", source="crm", occurred_at=NOON, customer_id="C-RICH", name="Rich", currency="EUR",
        credit_limit=Decimal(1_000_000),
    )  # fmt: skip
    await hub.send(known)
    await hub.send(replace(order("ORD-R"), customer_id="C-RICH", lines=(line(item_id="MK-1"),)))
    await hub.until(PRODUCTION_ORDERS, lambda found: any(each.key == b"ORD-R" for each in found))
    (routing,) = hub.told("rules", "explain", "ORD-R")
    (asked,) = routing["asked"]
    verdicts = {each["rule"]: each["verdict"] for each in asked["rules"]}
    assert verdicts["made-here"] == "wins: production, procurement"
    assert "supply" in verdicts["on-stock"]
    text = hub.hub("rules", "explain", "ORD-R").stdout
    assert "made-here" in text
    assert "wins: production, procurement" in text
    unknown = hub.hub("rules", "explain", "ORD-NOBODY")
    assert (unknown.returncode, unknown.stderr.count("\n")) == (1, 1)


async def test_a_simulation_that_is_interrupted_tells_the_score_and_leaves_nothing_running(
    hub: RunningHub, tmp_path: Path
) -> None:
    scenario = tmp_path / "mine.yaml"
    scenario.write_text("{about: some are silent, orders: 12, rate: 20, pace: 0.2, production: {silent: 0.5}}")
    command: tuple[str, ...] = ("-m", "hub", "simulate", str(scenario))
    async with Program(command, hub.environment, tmp_path / "refused.log") as refused:
        assert await refused.ends() == 1
    assert "orders that no simulation placed" in refused.last_words
    command = (*command, "--beside-others", "--json")
    async with Program(command, hub.environment, tmp_path / "simulation.log") as simulation:
        assert await simulation.says("12 sent, 12 orders")
        simulation.signal(signal.SIGINT)
        assert await simulation.ends() == 0
    score = json.loads(simulation.output.splitlines()[-1])
    assert score["placed"] == 12
    assert score["on_time"] + score["waiting"] + score["late"] + score["cancelled"] == 12
    assert score["waiting"]
    async with Program(command, hub.environment, tmp_path / "again.log") as again:
        assert await again.ends() == 1
    assert "orders SIM-1-* already: name this run otherwise with --run" in again.last_words


async def test_the_doctor_finds_a_hub_well_and_then_what_is_wrong_with_it(hub: RunningHub) -> None:
    well = hub.told("doctor")
    assert {each["check"] for each in well} == {
        "broker", "versions", "topics", "partitions", "partitioners", "clock", "disk", "ACLs", "registry"
    }  # fmt: skip
    assert [each for each in well if each["state"] == "failed"] == []
    (registry,) = (each for each in well if each["check"] == "registry")
    assert registry["state"] == "ok", registry
    assert {each["state"] for each in well if each["check"] in {"broker", "topics", "ACLs", "clock"}} == {"ok"}

    misplaced = AIOKafkaProducer(bootstrap_servers=hub.settings.kafka_bootstrap)
    async with misplaced, kafka_admin.connect(hub.settings.kafka_client()) as admin:
        key = b"ORD-A"
        elsewhere = (partition_of(key, hub.settings.partitions) + 1) % hub.settings.partitions
        await misplaced.send_and_wait(STATEMENTS, b"", key, partition=elsewhere)
        await admin.delete_topics([HUB_REKEYED_NODES])
    found = hub.hub("doctor")
    assert found.returncode == 1
    assert "warning partitioners: statements: 1 of the newest 1 records are not on the partition" in found.stdout
    assert (
        f"failed  topics: Missing topics: {HUB_REKEYED_NODES}\n        → `hub topics create` creates them"
        in found.stdout
    )
