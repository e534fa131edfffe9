"""`hub topics` makes Kafka what is declared, and says in words where it is not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hub import kafka_admin
from hub.broker import EmbeddedBroker
from hub.errors import BrokerError, TopicError
from hub.topics import TOPICS, Topic
from tests.support.running_hub import objects

Unique = Callable[[str], str]


def _topic(name: str, **configs: str) -> Topic:
    return Topic(name=name, key="k", records=(), owner="test", direction="internal", doc="", configs=configs)


async def _create(kafka: str, *topics: Topic, partitions: int = 3) -> list[str]:
    async with kafka_admin.connect({"bootstrap_servers": kafka}) as admin:
        return await kafka_admin.create(admin, topics, partitions=partitions, replication_factor=1)


async def _check(kafka: str, *topics: Topic, partitions: int = 3) -> None:
    await kafka_admin.check({"bootstrap_servers": kafka}, topics, partitions=partitions)


async def test_only_what_is_missing_is_created(kafka: str, unique: Unique) -> None:
    first, second = _topic(unique("first")), _topic(unique("second"), **{"retention.ms": "60000"})
    assert await _create(kafka, first) == [first.name]
    assert await _create(kafka, first, second) == [second.name]
    assert await _create(kafka, first, second) == []
    await _check(kafka, first, second)


async def test_a_missing_topic_is_named_with_the_remedy(kafka: str, unique: Unique) -> None:
    missing = _topic(unique("missing"))
    with pytest.raises(TopicError, match=f"Missing topics: {missing.name}; `hub topics create` creates them."):
        await _check(kafka, missing)


async def test_another_partition_count_is_refused(kafka: str, unique: Unique) -> None:
    topic = _topic(unique("counted"))
    await _create(kafka, topic, partitions=2)
    with pytest.raises(TopicError, match=f"Topics with 2 partitions where 3 are declared: {topic.name};"):
        await _check(kafka, topic)


async def test_another_cleanup_policy_is_refused(kafka: str, unique: Unique) -> None:
    name = unique("cleaned")
    await _create(kafka, _topic(name))
    compacted = Topic(name=name, key="k", records=(), owner="t", direction="out", doc="", cleanup="compact")
    with pytest.raises(TopicError, match=r"cleanup\.policy=delete where compact is declared: .*--add-config"):
        await _check(kafka, compacted)


async def test_another_declared_configuration_is_refused(kafka: str, unique: Unique) -> None:
    name = unique("configured")
    await _create(kafka, _topic(name, **{"retention.ms": "60000"}))
    with pytest.raises(TopicError, match=r"retention\.ms=60000 where 70000 is declared"):
        await _check(kafka, _topic(name, **{"retention.ms": "70000"}))


async def test_a_configuration_kafka_does_not_know_is_reported_with_its_words(kafka: str, unique: Unique) -> None:
    topic = _topic(unique("odd"), **{"no.such.setting": "1"})
    with pytest.raises(TopicError, match=rf"Kafka does not create topic {topic.name}: .*no\.such\.setting"):
        await _create(kafka, topic)


async def test_a_kafka_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(BrokerError, match=r"Kafka at 127\.0\.0\.1:1 does not answer .*HUB_KAFKA_BOOTSTRAP"):
        await _check("127.0.0.1:1", _topic("t"))


def test_the_commands_create_and_check_every_declared_topic(own_broker: EmbeddedBroker) -> None:
    def topics(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [Path(sys.executable).with_name("hub"), "topics", command, "--json"],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"HUB_KAFKA_BOOTSTRAP": own_broker.bootstrap} | environment,
        )

    unmade = topics("check")
    assert unmade.returncode == 1
    (found,) = objects(unmade.stdout)
    assert {each["topic"] for each in found["differences"]} == set(TOPICS)

    assert objects(topics("create").stdout) == [{"created": list(TOPICS), "differences": []}]
    assert objects(topics("create").stdout) == [{"created": [], "differences": []}]
    assert topics("check").returncode == 0

    disagreeing = topics("check", HUB_PARTITIONS="3")
    assert disagreeing.returncode == 1
    assert disagreeing.stderr.startswith("hub: Topics with 8 partitions where 3 are declared: orders.events,")
    assert [each["name"] for each in objects(topics("list").stdout)] == list(TOPICS)
