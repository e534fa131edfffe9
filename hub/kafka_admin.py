"""Make a Kafka's topics what `hub.topics` declares, and say where they are not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    KafkaError,
    NoError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.protocol.metadata import MetadataRequest

from hub.errors import BrokerError, TopicError
from hub.kafka_refusals import forbidden, out_of_reach
from hub.topics import Topic

_REQUEST_MS = 15_000
_LEADERS_SECONDS = 30.0


@dataclass(frozen=True)
class Difference:
    """One way in which a topic is not as declared."""

    topic: str
    aspect: str
    """`missing`, `partitions`, or the name of a topic configuration."""
    declared: str
    found: str


@dataclass(frozen=True)
class Described:
    """A topic as Kafka has it."""

    partitions: int
    configs: Mapping[str, str]


@asynccontextmanager
async def connect(client: Mapping[str, Any]) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client; `client` is what every aiokafka client takes (`Settings.kafka_client`).

    Raises:
        BrokerError: Kafka does not answer, or does not let us in, at the beginning or later.
    """
    admin = AIOKafkaAdminClient(**client, request_timeout_ms=_REQUEST_MS)
    try:
        await admin.start()
        yield admin
    except (KafkaError, TimeoutError, OSError) as error:
        raise BrokerError(forbidden(client, error) or (await out_of_reach(client, error)).sentence) from error
    finally:
        await admin.close()


async def create(
    admin: AIOKafkaAdminClient, topics: Iterable[Topic], *, partitions: int, replication_factor: int
) -> list[str]:
    """Create the topics that do not exist yet, and return their names once every partition has a leader.

    Raises:
        TopicError: Kafka refuses one.
    """
    there = await admin.list_topics()
    missing = [topic for topic in topics if topic.name not in there]
    if not missing:
        return []
    answer = await admin.create_topics(
        [NewTopic(each.name, partitions, replication_factor, topic_configs=each.kafka_configs()) for each in missing]
    )
    for name, code, *reason in answer.topic_errors:
        if for_code(code) is TopicAuthorizationFailedError:
            raise TopicAuthorizationFailedError(name)
        if for_code(code) not in (NoError, TopicAlreadyExistsError):
            raise TopicError(f"Kafka does not create topic {name}: {reason[0] if reason else for_code(code).__name__}.")
    names = [topic.name for topic in missing]
    await _until_led(admin, names)
    return names


async def partition_counts(admin: AIOKafkaAdminClient, names: Collection[str]) -> dict[str, int]:
    """How many partitions those of the named topics have that exist. Creates none, whatever the broker would.

    Raises:
        TopicAuthorizationFailedError: some may not be seen.
    """
    # `describe_topics` would ask the broker to create what is missing.
    request = MetadataRequest(list(names), allow_auto_topic_creation=False)
    answer = (await admin._send_request(request)).to_object()  # noqa: SLF001
    unseen = {each["topic"] for each in answer["topics"] if each["error_code"] == TopicAuthorizationFailedError.errno}
    if unseen:
        raise TopicAuthorizationFailedError(unseen)
    return {each["topic"]: len(each["partitions"]) for each in answer["topics"] if not each["error_code"]}


async def describe(admin: AIOKafkaAdminClient, names: Collection[str]) -> dict[str, Described]:
    """Those of the named topics that exist, as they are.

    Raises:
        TopicAuthorizationFailedError: some, or their settings, may not be seen.
    """
    partitions = await partition_counts(admin, names)
    if not partitions:
        return {}
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in partitions])
    resources = [each for answer in answers for each in answer.resources]
    if unseen := {name for code, _, _, name, _ in resources if code == TopicAuthorizationFailedError.errno}:
        raise TopicAuthorizationFailedError(unseen)
    configs = {name: {entry[0]: entry[1] for entry in entries} for _, _, _, name, entries in resources}
    return {name: Described(count, configs.get(name, {})) for name, count in partitions.items()}


async def differences(admin: AIOKafkaAdminClient, topics: Collection[Topic], *, partitions: int) -> list[Difference]:
    """Every way in which the topics are not as declared; none is the good answer."""
    found = await describe(admin, [topic.name for topic in topics])
    return [difference for topic in topics for difference in compare(topic, found.get(topic.name), partitions)]


def compare(topic: Topic, found: Described | None, partitions: int) -> list[Difference]:
    """How a topic differs from its declaration. Configurations that are not declared may be anything."""
    if found is None:
        return [Difference(topic.name, "missing", "", "")]
    differing = []
    if found.partitions != partitions:
        differing.append(Difference(topic.name, "partitions", str(partitions), str(found.partitions)))
    for setting, declared in topic.kafka_configs().items():
        value = found.configs.get(setting, "unset")
        if value != declared:
            differing.append(Difference(topic.name, setting, declared, value))
    return differing


def explain(wrong: Iterable[Difference]) -> list[str]:
    """What is wrong and what to do: a sentence for each kind of difference."""
    topics: dict[tuple[str, str, str], list[str]] = {}
    for each in wrong:
        topics.setdefault((each.aspect, each.declared, each.found), []).append(each.topic)
    return [_sentence(", ".join(names), *kind) for kind, names in topics.items()]


def _sentence(names: str, aspect: str, declared: str, found: str) -> str:
    match aspect:
        case "missing":
            return f"Missing topics: {names}; `hub topics create` creates them."
        case "partitions":
            return (
                f"Topics with {found} partitions where {declared} are declared: {names}; changing that would move "
                "keys, so set HUB_PARTITIONS to what all topics have, or delete them and create them again."
            )
        case _:
            return (
                f"Topics with {aspect}={found} where {declared} is declared: {names}; set it on each with "
                f"`kafka-configs.sh --alter --entity-type topics --entity-name TOPIC --add-config {aspect}={declared}`."
            )


async def check(client: Mapping[str, Any], topics: Collection[Topic], *, partitions: int) -> None:
    """Refuse to go on unless every topic is as declared.

    Raises:
        TopicError: with every difference and its remedy.
        BrokerError: Kafka does not answer.
    """
    async with connect(client) as admin:
        wrong = await differences(admin, topics, partitions=partitions)
    if wrong:
        raise TopicError(" ".join(explain(wrong)))


async def _until_led(admin: AIOKafkaAdminClient, names: list[str]) -> None:
    """Wait until every partition has a leader: Kafka answers a creation before it has spread."""
    for _ in range(int(_LEADERS_SECONDS / 0.1)):
        described = await admin.describe_topics(names)
        if all(not each["error_code"] and all(p["leader"] >= 0 for p in each["partitions"]) for each in described):
            return
        await asyncio.sleep(0.1)
    raise TopicError(f"Topics were created but have no leader after {_LEADERS_SECONDS:.0f} s: {', '.join(names)}.")
