"""What a user of a Kafka may really do: everything is tried, and told apart by how Kafka answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.transaction import InitProducerIdRequest
from confluent_kafka import KafkaError, KafkaException, Producer, TopicCollection, TopicPartition, admin

from hub import kafka_admin
from hub.access import Grant

_REFUSALS = frozenset(
    (
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    )
)
_SECONDS = 20.0


def rights(
    client: dict[str, Any],
    hub_client: Mapping[str, Any],
    topics: Collection[str],
    groups: Sequence[str],
    transactions: Sequence[str],
) -> set[Grant]:
    """Which of all that could be done with these a user may do, whom both settings are of. It writes nonsense."""
    administrator = admin.AdminClient(client)
    found = asyncio.run(_reading(hub_client, topics, groups, transactions))
    found |= {Grant("Write", "topic", topic) for topic in _writable(client, topics)}
    described = administrator.describe_topics(TopicCollection(list(topics)))
    found |= {Grant("Describe", "topic", topic) for topic in _let(described)}
    resources = {topic: admin.ConfigResource(admin.ConfigResource.Type.TOPIC, topic) for topic in topics}
    answers = administrator.describe_configs(list(resources.values()))
    configs = {topic: answers[resource] for topic, resource in resources.items()}
    found |= {Grant("DescribeConfigs", "topic", topic) for topic in _let(configs)}
    created = administrator.create_topics([admin.NewTopic(topic, 1, 1) for topic in topics], validate_only=True)
    found |= {Grant("Create", "topic", topic) for topic in _let(created)}
    return found


def powers(client: dict[str, Any], topics: Collection[str]) -> set[str]:
    """Which of the actions that nobody needs a client with such settings could do. It does them."""
    administrator = admin.AdminClient(client)
    alterations = [
        admin.ConfigResource(
            admin.ConfigResource.Type.TOPIC,
            topic,
            incremental_configs=[
                admin.ConfigEntry("retention.ms", "1", incremental_operation=admin.AlterConfigOpType.SET)
            ],
        )
        for topic in topics
    ]
    grant = admin.AclBinding(
        admin.ResourceType.TOPIC,
        "*",
        admin.ResourcePatternType.LITERAL,
        f"User:{client['sasl.username']}",
        "*",
        admin.AclOperation.ALL,
        admin.AclPermissionType.ALLOW,
    )
    tried: dict[str, Mapping[Any, Any]] = {
        "grant itself rights": administrator.create_acls([grant]),
        "create a topic of its own": administrator.create_topics([admin.NewTopic("another", 1, 1)]),
        "alter a topic": administrator.incremental_alter_configs(alterations, validate_only=True),
        "delete records": administrator.delete_records([TopicPartition(topic, 0, 0) for topic in topics]),
        "delete a topic": administrator.delete_topics(list(topics)),
    }
    return {action for action, answers in tried.items() if any(_let(answers))}


def _let(answers: Mapping[Any, Any]) -> Iterator[str]:
    """Whatever Kafka did not refuse for want of a right; it may have refused it for another reason."""
    return (name for name, answer in answers.items() if _allowed(partial(answer.result, _SECONDS)))


def _allowed(action: Callable[[], object]) -> bool:
    try:
        action()
    except KafkaException as error:
        return error.args[0].code() not in _REFUSALS
    return True


async def _reading(
    client: Mapping[str, Any], topics: Collection[str], groups: Sequence[str], transactions: Sequence[str]
) -> set[Grant]:
    """What a consumer and a transactional producer ask, one request each: a client library would wait for a right."""
    fetch = FetchRequest(0, 0, 1 << 20, 0, [(topic, [(0, 0, 1 << 10)]) for topic in topics])
    offset = [(topic, [(0, 0, "")]) for topic in topics]
    found = set()
    async with kafka_admin.connect(client) as administrator:
        for topic, [(_, code, *_)] in (await administrator._send_request(fetch)).topics:
            if code not in _REFUSALS:
                found.add(Grant("Read", "topic", topic))
        for group in groups:
            answer = (await administrator._send_request(OffsetCommitRequest(group, -1, "", -1, offset))).to_object()
            codes = {each["partitions"][0]["error_code"] for each in answer["topics"]}
            if KafkaError.GROUP_AUTHORIZATION_FAILED not in codes:
                found.add(Grant("Read", "group", group))
        for name in transactions:  # taking the id over fences whoever has it
            answer = (await administrator._send_request(InitProducerIdRequest(name, 10_000))).to_object()
            if answer["error_code"] not in _REFUSALS:
                found.add(Grant("Write", "transactional-id", name))
    return found


def _writable(client: dict[str, Any], topics: Collection[str]) -> set[str]:
    """Topics that take a record."""
    producer = Producer({**client, "message.timeout.ms": str(int(_SECONDS * 1000))})
    taken: set[str] = set()

    def answered(error: KafkaError | None, message: Any) -> None:
        if error is None:
            taken.add(message.topic())
        else:
            assert error.code() in _REFUSALS, error

    for topic in topics:
        producer.produce(topic, b"nonsense", b"nobody", partition=0, on_delivery=answered)
    assert producer.flush(_SECONDS) == 0
    return taken
