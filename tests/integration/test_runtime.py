"""The transactional runtime on a real Kafka: every record takes effect once, in order, whatever comes and goes."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiokafka.structs import ConsumerRecord
from structlog.testing import capture_logs

from hub.runtime.partitioner import partition_of
from hub.runtime.worker import utc_now
from tests.support.runtime import Field, expected, until, words

HOUR_MS = 3_600_000


@pytest.fixture
def field(kafka: str, unique: Callable[[str], str], tmp_path: Path) -> Field:
    return Field(kafka, unique("wc"), tmp_path)


async def test_a_restarted_worker_goes_on_where_it_was(field: Field) -> None:
    agent = field.spec()
    await field.create(agent)
    fed = words(400)
    await field.feed(agent.sources[0], fed[:250])
    async with field.running(agent):
        await field.counts(agent.outputs[0], 250)
    await field.feed(agent.sources[0], fed[250:])
    async with field.running(agent) as again:
        assert await field.counts(agent.outputs[0], 400) == expected(fed)
        assert again.value("hub_recovery_records", agent=agent.name) == 0
    assert await field.counts(agent.outputs[0]) == expected(fed)


async def test_a_worker_without_its_local_state_gives_the_same_answers(field: Field) -> None:
    agent = field.spec()
    await field.create(agent)
    fed = words(400)
    await field.feed(agent.sources[0], fed[:250])
    async with field.running(agent):
        await field.counts(agent.outputs[0], 250)
    shutil.rmtree(field.home / "data")
    await field.feed(agent.sources[0], fed[250:])
    async with field.running(agent) as again:
        assert await field.counts(agent.outputs[0], 400) == expected(fed)
        assert again.value("hub_recovery_records", agent=agent.name) >= 40


async def test_workers_come_and_go_under_load_and_every_word_is_counted_once(field: Field) -> None:
    agent = field.spec()
    await field.create(agent)
    fed: list[tuple[bytes, bytes]] = []
    enough = asyncio.Event()

    async def feed() -> None:
        while not enough.is_set():
            more = words(500, first=len(fed))
            await field.feed(agent.sources[0], more)
            fed.extend(more)

    async with field.running(agent, data="one") as one:
        feeding = asyncio.create_task(feed())
        async with field.running(agent, data="two") as two:
            await until(lambda: one.value("hub_partitions") == two.value("hub_partitions") == 4, one.task)
            await until(lambda: two.value("hub_events_in_total") > 0, two.task)
        assert two.value("hub_states") == two.value("hub_lag_records") == 0
        await until(lambda: one.value("hub_partitions") == 8, one.task)
        enough.set()
        await feeding
        assert await field.counts(agent.outputs[0], len(fed)) == expected(fed)
        await until(lambda: one.value("hub_lag_records") == 0, one.task)
        assert one.value("hub_states") == 40
    assert await field.counts(agent.outputs[0]) == expected(fed)


async def test_a_record_on_the_wrong_partition_is_forwarded_once_and_counted_there(field: Field) -> None:
    agent = field.spec()
    await field.create(agent)
    fed = words(80)
    stray = (partition_of(fed[0][0], field.partitions) + 1) % field.partitions
    astray = [word for word in fed if partition_of(word[0], field.partitions) != stray]
    await field.feed(agent.sources[0], fed, partition=stray, headers=[("h", b"v")])
    async with field.running(agent) as running:
        counted = await field.counts(agent.outputs[0], len(fed))
        assert running.value("hub_events_rekeyed_total", agent=agent.name) == len(astray)
    assert counted == expected(fed)
    forwarded = await field.read(agent.rekey)
    assert sorted((record.key, record.value) for record in forwarded) == sorted(astray)
    for record in forwarded:
        assert record.partition == partition_of(record.key or b"", field.partitions)
        headers = dict(record.headers)
        assert headers["h"] == b"v"
        assert headers["hub-rekeyed-topic"] == agent.sources[0].encode()
        assert headers["hub-rekeyed-partition"] == str(stray).encode()


async def test_a_refused_record_arrives_byte_identical_with_its_reason(field: Field) -> None:
    agent = field.spec()
    await field.create(agent)
    headers = [("trace", b"1"), ("trace", b"2"), ("raw", b"\xff\x00")]
    bad: list[tuple[bytes | None, bytes | None]] = [
        (b"w1", b"\x00\xffnot json"),
        (b"w1", b""),
        (b"w1", None),
        (None, b"5"),
        (b"w1", b"x" * 900_000),
    ]
    for key, value in bad:
        await field.feed(agent.sources[0], [(key, value)], headers=headers)
    await field.feed(agent.sources[0], [(b"w1", b"7")])
    with capture_logs() as logs:
        async with field.running(agent) as running:
            assert await field.counts(agent.outputs[0], 1) == {"w1": [(1, 7)]}
            refused = await field.read(agent.dead_letter, len(bad))
            assert running.value("hub_events_refused_total", code="not-a-number", topic=agent.sources[0]) == 4
            assert running.value("hub_events_refused_total", code="no-key") == 1
    assert Counter((record.key, record.value) for record in refused) == Counter(bad)
    sent = {(r.partition, r.offset): r for r in await field.read(agent.sources[0])}
    for record in refused:
        assert list(record.headers[:3]) == headers
        why = {name: value.decode() for name, value in record.headers[3:]}
        assert set(why) == {f"hub-dlq-{part}" for part in ("code", "reason", "topic", "partition", "offset", "agent")}
        assert why["hub-dlq-agent"] == agent.name
        assert why["hub-dlq-topic"] == agent.sources[0]
        origin = sent[int(why["hub-dlq-partition"]), int(why["hub-dlq-offset"])]
        assert (origin.key, origin.value) == (record.key, record.value)
    told = [log for log in logs if log["event"] == "dead letter"]
    assert Counter((log["code"], log["key"]) for log in told) == {("not-a-number", "w1"): 4, ("no-key", ""): 1}
    assert {(log["topic"], log["partition"], log["offset"]) for log in told} == {
        (agent.sources[0], partition, offset) for partition, offset in sent if sent[partition, offset].value != b"7"
    }


async def test_agents_share_a_worker_and_one_counts_what_the_other_says(field: Field) -> None:
    first = field.spec()
    second = field.spec("-next", source=first.outputs[0])
    await field.create(first, second)
    fed = words(600)
    await field.feed(first.sources[0], fed)
    async with field.running(first, second) as running:
        counted = await field.counts(second.outputs[0], 600)
        assert running.value("hub_partitions", agent=first.name) == 8
        assert running.value("hub_partitions", agent=second.name) == 8
    said = [(word.encode(), b"%d" % total) for word, found in expected(fed).items() for _, total in found]
    assert counted == expected(said)
    assert await field.counts(first.outputs[0]) == expected(fed)


async def test_an_agent_reads_several_topics_into_one_state(field: Field) -> None:
    agent = replace(field.spec(), sources=(f"{field.prefix}.one", f"{field.prefix}.two"))
    await field.create(agent)
    await field.feed(f"{field.prefix}.one", words(300))
    async with field.running(agent):
        await field.counts(agent.outputs[0], 300)
        await field.feed(f"{field.prefix}.two", words(300))
        await field.counts(agent.outputs[0], 600)
        await field.feed(f"{field.prefix}.one", words(10))
        counted = await field.counts(agent.outputs[0], 610)
    assert counted == expected(words(300) + words(300) + words(10))


async def test_a_timer_fires_once(field: Field) -> None:
    agent = field.spec(remind_after_ms=200)
    await field.create(agent)
    await field.feed(agent.sources[0], words(30, distinct=10))
    async with field.running(agent) as running:
        said = [json.loads(r.value or b"") for r in await field.read(agent.outputs[0], 40)]
        await until(lambda: running.value("hub_timers_fired_total", agent=agent.name) >= 10)
    silent = [message for message in said if message[1] == "silent"]
    assert Counter(message[0] for message in silent) == Counter({f"w{i}": 1 for i in range(10)})
    async with field.running(agent) as running:
        assert running.value("hub_timers_fired_total") == 0
    assert len(await field.read(agent.outputs[0])) == 40


@pytest.mark.parametrize("local_state", ["kept", "lost"])
async def test_a_timer_due_while_no_worker_ran_fires_once_at_the_next_start(field: Field, local_state: str) -> None:
    agent = field.spec(remind_after_ms=HOUR_MS)
    await field.create(agent)
    await field.feed(agent.sources[0], words(30, distinct=10))
    async with field.running(agent):
        await field.counts(agent.outputs[0], 30)
    if local_state == "lost":
        shutil.rmtree(field.home / "data")
    async with field.running(agent, clock=lambda: utc_now() + timedelta(milliseconds=HOUR_MS)) as later:
        await field.read(agent.outputs[0], 40)
        await until(lambda: later.value("hub_timers_fired_total") == 10)
    said: list[ConsumerRecord[bytes, bytes]] = await field.read(agent.outputs[0])
    assert Counter(json.loads(r.value or b"")[1] for r in said)["silent"] == 10
