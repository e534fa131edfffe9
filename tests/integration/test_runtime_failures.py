"""What goes wrong ends a worker with a sentence, or is reported; nothing is lost, doubled or left hanging."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka.structs import TopicPartition
from structlog.testing import capture_logs

from hub.errors import BrokerError, ConfigError, HandlerError, RecoveryError, TopicError
from hub.runtime import recovery
from hub.runtime.partitioner import partition_of
from hub.runtime.recovery import _log_ends
from hub.runtime.spec import APPLIED_TOPIC, AgentSpec, Record
from hub.runtime.store import Store
from hub.runtime.work import Work
from tests.support.runtime import Field, expected, until, words
from tests.wordcount import Count, WordCount


@pytest.fixture
def field(kafka: str, unique: Callable[[str], str], tmp_path: Path) -> Field:
    return Field(kafka, unique("wc"), tmp_path)


# --- before the first record ---------------------------------------------------------------------


async def _start_fails(field: Field, *agents: AgentSpec[Any], **overrides: Any) -> Exception:
    async with field.running(*agents, wait=False, **overrides) as running:
        return await running.failure()


async def test_missing_topics_are_named(field: Field) -> None:
    agent = field.spec()
    await field.create(agent)
    missing = replace(agent, sources=("nowhere.one", *agent.sources), outputs=("nowhere.two",))
    error = await _start_fails(field, missing)
    assert isinstance(error, TopicError)
    assert "missing topics: nowhere.one, nowhere.two; run `hub topics create`" in str(error)


async def test_unequal_partition_counts_are_named(field: Field) -> None:
    agent = field.spec()
    await replace(field, partitions=field.partitions + 1).create(
        replace(agent, outputs=(), sources=(), dead_letter="x")
    )
    await field.create(agent)
    error = await _start_fails(field, agent)
    assert isinstance(error, TopicError)
    assert f"{agent.changelog} has {field.partitions + 1}" in str(error)
    assert f"{agent.outputs[0]} has {field.partitions}" in str(error)


async def test_no_broker_is_a_sentence(field: Field) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"127.0.0.1:{closed.getsockname()[1]}"
        error = await _start_fails(replace(field, kafka=nowhere), field.spec(), broker_wait_ms=100)
    assert isinstance(error, BrokerError)
    assert f"Kafka at {nowhere} does not answer (nobody listens)" in str(error)


async def test_two_agents_that_read_the_same_topic_are_refused(field: Field) -> None:
    one = field.spec()
    two = field.spec("-two", source=one.sources[0])
    error = await _start_fails(field, one, two)
    assert isinstance(error, ConfigError)
    assert str(error).startswith(f"agents {one.name} and {two.name} both use {one.sources[0]}")


async def test_a_local_state_that_another_worker_holds_is_a_sentence(field: Field) -> None:
    agent = field.spec()
    await field.create(agent)
    async with field.running(agent):
        error = await _start_fails(replace(field, prefix=f"{field.prefix}-other"), agent)
    assert isinstance(error, ConfigError)
    assert "HUB_DATA_DIR" in str(error)


# --- another owner -------------------------------------------------------------------------------


async def test_a_fenced_worker_ends_with_a_sentence_and_nothing_is_doubled(field: Field) -> None:
    agent = field.spec()
    await field.create(agent)
    fed = words(400)
    await field.feed(agent.sources[0], fed[:200])
    partition = partition_of(fed[0][0], field.partitions)
    async with field.running(agent) as running:
        await field.counts(agent.outputs[0], 200)
        async with field.producer(transactional_id=f"{field.prefix}-{agent.name}-{partition}"):
            await field.feed(agent.sources[0], fed[200:])
            error = await running.failure()
        assert running.value("hub_fenced_producers_total", agent=agent.name) == 1
    assert isinstance(error, BrokerError)
    assert f"{agent.name}/{partition}: another worker took the partition over" in str(error)
    async with field.running(agent):
        await field.counts(agent.outputs[0], 400)
    assert await field.counts(agent.outputs[0]) == expected(fed)


async def test_what_another_agent_left_open_hides_no_applied_offset(
    field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = field.spec()
    await field.create(agent)
    fed = words(240)
    async with field.producer(transactional_id=f"{field.prefix}-dead-owner") as dead_owner:
        async with field.running(agent):
            await dead_owner.begin_transaction()
            for partition in range(field.partitions):
                await dead_owner.send_and_wait(APPLIED_TOPIC, b"0", b"other/in", partition=partition)
            await field.feed(agent.sources[0], fed[:200])
            await field.counts(agent.outputs[0], 200)
        shutil.rmtree(field.home / "data")
        looked_up: list[dict[TopicPartition, int]] = []

        async def log_ends(*arguments: Any) -> dict[TopicPartition, int]:
            looked_up.append(await _log_ends(*arguments))
            return looked_up[-1]

        monkeypatch.setattr(recovery, "_log_ends", log_ends)
        async with field.running(agent, wait=False, concurrent_recoveries=field.partitions) as again:
            await until(lambda: len(looked_up) == field.partitions, again.task)
            await dead_owner.abort_transaction()
            await again.ready()
            await field.feed(agent.sources[0], fed[200:])
            await field.counts(agent.outputs[0], 240)
            assert again.value("hub_events_in_total", agent=agent.name) == 40
    assert await field.counts(agent.outputs[0]) == expected(fed)


# --- bugs and poison -----------------------------------------------------------------------------


async def test_a_handler_that_raises_ends_the_worker_and_in_the_end_only_its_record_is_refused(field: Field) -> None:
    agent = field.spec()
    await field.create(agent)
    fed = words(200)
    poison = (fed[0][0], b"-666")
    await field.feed(agent.sources[0], [*fed[:100], poison, *fed[100:]])
    at = partition_of(poison[0], field.partitions)
    offset = sum(partition_of(key, field.partitions) == at for key, _ in fed[:100])
    for _ in range(2):
        async with field.running(agent, poison_attempts=2, wait=False) as running:
            error = await running.failure()
        assert isinstance(error, HandlerError)
        assert f"the handler raised RuntimeError: a bug in the handler on {agent.sources[0]}[{at}]@{offset}" in str(
            error
        )
    async with field.running(agent, poison_attempts=2):
        assert await field.counts(agent.outputs[0], 200) == expected(fed)
        (refused,) = await field.read(agent.dead_letter)
    assert (refused.key, refused.value) == poison
    why = dict(refused.headers)
    assert why["hub-dlq-code"] == b"poison"
    assert why["hub-dlq-offset"] == str(offset).encode()


class Loud(WordCount):
    """Says each count several times, in as many bytes as the value of the record asks for."""

    def __init__(self, out: str, times: int) -> None:
        super().__init__(out)
        self.out = out
        self.times = times

    def on_record(self, work: Work[Count], record: Record) -> None:
        super().on_record(work, record)
        for time in range(self.times):
            work.emit(self.out, record.key or b"", b"%d:" % time + b"x" * int(record.value or b"0"))


async def test_outputs_of_one_transaction_may_exceed_a_kafka_batch_many_times(field: Field) -> None:
    agent = replace(field.spec(), handler=Loud(f"{field.prefix}.out", 7))
    await field.create(agent)
    await field.feed(agent.sources[0], [(b"w1", b"300000"), (b"w1", b"500000")])
    async with field.running(agent):
        said = await field.read(agent.outputs[0], 16)
    assert [(r.value or b"")[:2] for r in said] == [b'["', *(b"%d:" % time for time in range(7))] * 2
    assert [len(r.value or b"") for r in said] == [15, *[300_002] * 7, 15, *[500_002] * 7]
    async with field.running(agent) as again:
        assert again.value("hub_recovery_records") == 0
        assert again.value("hub_applied_offset", topic=agent.sources[0]) == 1


async def test_an_output_larger_than_kafka_takes_is_named_and_its_record_refused_in_the_end(field: Field) -> None:
    agent = replace(field.spec(), handler=Loud(f"{field.prefix}.out", 1))
    await field.create(agent)
    await field.feed(agent.sources[0], [(b"w1", b"10"), (b"w1", b"2000000"), (b"w1", b"20")])
    at = partition_of(b"w1", field.partitions)
    for _ in range(2):
        async with field.running(agent, poison_attempts=1, wait=False) as running:
            error = await running.failure()
        assert isinstance(error, HandlerError)
        assert str(error).startswith(
            f"{agent.name}/{at}: an output is larger than Kafka takes; the largest has 2000002"
        )
        assert agent.outputs[0] in str(error)
    async with field.running(agent, poison_attempts=1):
        said = await field.read(agent.outputs[0], 4)
        (refused,) = await field.read(agent.dead_letter, 1)
    assert [(r.value or b"")[:2] for r in said] == [b'["', b"0:", b'["', b"0:"]
    assert refused.value == b"2000000"


async def test_an_output_the_agent_does_not_declare_is_a_sentence(field: Field) -> None:
    agent = replace(field.spec(), handler=Loud(f"{field.prefix}.elsewhere", 1))
    await field.create(agent)
    await field.feed(agent.sources[0], [(b"w1", b"10")])
    async with field.running(agent, wait=False) as running:
        error = await running.failure()
    assert isinstance(error, HandlerError)
    assert f"the handler emitted to {field.prefix}.elsewhere, which its agent does not name" in str(error)


# --- topics that lost something ------------------------------------------------------------------


async def test_a_changelog_made_anew_is_read_from_its_beginning(field: Field) -> None:
    agent = field.spec()
    await field.create(agent)
    await field.feed(agent.sources[0], words(200))
    async with field.running(agent):
        await field.counts(agent.outputs[0], 200)
    await field.recreate(agent.changelog, agent)
    with capture_logs() as logs:
        async with field.running(agent):
            await field.feed(agent.sources[0], words(40))
            await field.counts(agent.outputs[0], 240)
    assert [log["event"] for log in logs if log["log_level"] == "warning"] == [
        "the changelog does not reach to the local state: reading it from the beginning"
    ] * field.partitions
    after = (await field.counts(agent.outputs[0]))["w1"]
    assert after == [*expected(words(200))["w1"], *expected(words(40))["w1"]]


async def test_input_deleted_before_it_was_read_is_counted_and_logged(field: Field) -> None:
    agent = field.spec()
    await field.create(agent)
    source = agent.sources[0]
    await field.feed(source, words(100))
    async with field.running(agent):
        await field.counts(agent.outputs[0], 100)
    await field.feed(source, words(70))
    await field.empty(source)
    await field.feed(source, words(40))
    with capture_logs() as logs:
        async with field.running(agent) as running:
            await field.counts(agent.outputs[0], 140)
            assert running.value("hub_events_expired_total", agent=agent.name, topic=source) == 70
    lost = [log for log in logs if log["event"] == "input was deleted by retention before it was read"]
    assert sum(log["first_offset"] - log["next_offset"] for log in lost) == 70
    assert {log["topic"] for log in lost} == {source}
    assert await field.counts(agent.outputs[0]) == expected(words(100) + words(40))


async def test_input_deleted_under_the_reader_is_not_passed_over_in_silence(field: Field) -> None:
    agent = field.spec()
    await field.create(agent)
    source = agent.sources[0]
    await field.feed(source, words(200))
    at = partition_of(b"w1", field.partitions)
    async with field.running(agent) as running:
        await field.counts(agent.outputs[0], 200)
        await field.empty(source)
        thread = running.worker._consumer._thread
        await thread.call_thread(thread._ensure_consumer().seek, TopicPartition(source, at), 3)
        error = await running.failure()
    assert isinstance(error, RecoveryError)
    assert str(error).startswith(f"{source}[{at}]@3 was deleted before it was read")


async def test_an_input_topic_made_anew_is_not_taken_for_the_old_one(field: Field) -> None:
    agent = field.spec()
    await field.create(agent)
    source = agent.sources[0]
    await field.feed(source, words(200))
    async with field.running(agent):
        await field.counts(agent.outputs[0], 200)
    await field.recreate(source, agent)
    async with field.running(agent, wait=False) as running:
        error = await running.failure()
    assert isinstance(error, RecoveryError)
    assert f"{source}[" in str(error)
    assert "ends at offset 0, but all before" in str(error)
    for number in range(field.partitions):
        await field.feed(APPLIED_TOPIC, [(f"{agent.name}/{source}".encode(), None)], partition=number)
    await field.feed(source, words(40))
    async with field.running(agent):
        await field.counts(agent.outputs[0], 240)
    assert await field.counts(agent.outputs[0]) == expected(words(200) + words(40))


async def test_states_without_applied_offsets_are_not_gone_on_with(
    field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = field.spec()
    await field.create(agent)
    await field.feed(agent.sources[0], words(200))
    async with field.running(agent):
        await field.counts(agent.outputs[0], 200)
    shutil.rmtree(field.home / "data")
    with monkeypatch.context() as patch:
        patch.setattr("hub.runtime.recovery.APPLIED_TOPIC", agent.rekey)  # as empty as one made anew
        async with field.running(agent, wait=False) as running:
            error = await running.failure()
    assert isinstance(error, RecoveryError)
    assert f"{agent.changelog} holds states" in str(error)


async def test_a_local_state_that_may_have_missed_deletions_is_read_anew(field: Field) -> None:
    agent = field.spec()
    await field.create(agent)
    await field.feed(agent.sources[0], words(200))
    async with field.running(agent, data="here"):
        await field.counts(agent.outputs[0], 200)
    await field.feed(agent.sources[0], words(200))
    async with field.running(agent, data="elsewhere"):
        await field.counts(agent.outputs[0], 400)
    for number in range(field.partitions):
        _age(field.home / "here" / agent.name / str(number), hours=13)
    async with field.running(agent, data="here") as again:
        assert again.value("hub_recovery_records") >= len(await field.read(agent.changelog))
        await field.feed(agent.sources[0], words(40))
        await field.counts(agent.outputs[0], 440)
    assert await field.counts(agent.outputs[0]) == expected(words(200) + words(200) + words(40))


def _age(path: Path, *, hours: int) -> None:
    store = Store(path)
    store.written_ms -= hours * 3_600_000
    store.write({}, applied={}, checkpoints={})
    store.close()
