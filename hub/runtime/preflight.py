"""Before the first record: the broker answers, and every topic is there with the same number of partitions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    GroupCoordinatorNotAvailableError,
    KafkaError,
    TransactionalIdAuthorizationFailed,
)

from hub.errors import BrokerError, ConfigError, TopicError
from hub.kafka_admin import partition_counts
from hub.kafka_refusals import forbidden, out_of_reach
from hub.runtime.producer import transactional_id
from hub.runtime.spec import AgentSpec, RuntimeConfig

_RETRY_SECONDS = 2.0
_OF_GROUPS, _OF_TRANSACTIONS = 0, 1
"""Kafka's numbers of what coordinators are for."""
_log = structlog.get_logger(__name__)


async def check_topics(config: RuntimeConfig, agents: Sequence[AgentSpec[Any]], stopping: asyncio.Event) -> int:
    """The number of partitions all topics of all agents have.

    Waits for a broker that does not answer, and says so, up to `config.broker_wait_ms`.

    Raises:
        BrokerError: no broker in that time.
        TopicError: a topic is missing or has another number of partitions.
        ConfigError: two agents get in each other's way.
    """
    _check_agents(agents)
    wanted = sorted(set().union(*(agent.topics for agent in agents)))
    deadline = time.monotonic() + config.broker_wait_ms / 1000
    while not stopping.is_set():
        try:
            return _agree(await _describe(config, wanted, _transactions(config, agents)))
        except (KafkaError, OSError) as exc:
            if missing := forbidden(config.client, exc):
                raise BrokerError(missing) from exc
            sentence, final = await out_of_reach(config.client_arguments(), exc)
            left = deadline - time.monotonic()
            if final or left <= 0:
                raise BrokerError(sentence) from exc
            _log.warning("no broker answers, trying again", reason=sentence, seconds_left=round(left))
            try:
                await asyncio.wait_for(stopping.wait(), min(_RETRY_SECONDS, left))
            except TimeoutError:
                continue
    return 0


def _check_agents(agents: Sequence[AgentSpec[Any]]) -> None:
    """What an agent reads, and where it keeps its state, is its own."""
    owners: dict[str, str] = {}
    for agent in agents:
        for topic in (*agent.inputs, agent.changelog):
            if topic in owners:
                raise ConfigError(
                    f"agents {owners[topic]} and {agent.name} both use {topic}: it can be the input, or hold the "
                    "state, of one agent only; let that one emit what the other needs"
                )
            owners[topic] = agent.name


def _transactions(config: RuntimeConfig, agents: Sequence[AgentSpec[Any]]) -> list[str]:
    """A transactional id of each agent."""
    return [transactional_id(config, agent.name, 0) for agent in agents]


async def _describe(config: RuntimeConfig, topics: Sequence[str], transactions: Sequence[str]) -> dict[str, int]:
    """Partition counts by topic, 0 for a topic that is not there.

    Asks for the group and the transactions as well: once it runs, the client library waits for a right to come.
    """
    admin = AIOKafkaAdminClient(**config.client_arguments(), request_timeout_ms=10_000)
    try:
        await admin.start()
        for name, kind in ((config.app_id, _OF_GROUPS), *((name, _OF_TRANSACTIONS) for name in transactions)):
            try:
                await admin.find_coordinator(name, kind)
            except GroupCoordinatorNotAvailableError:
                continue  # a Kafka's first: it is being made
            except (GroupAuthorizationFailedError, TransactionalIdAuthorizationFailed) as exc:
                raise type(exc)(name) from exc
        found = await partition_counts(admin, topics)
    finally:
        await admin.close()
    return {topic: found.get(topic, 0) for topic in topics}


def _agree(counts: dict[str, int]) -> int:
    missing = sorted(topic for topic, count in counts.items() if not count)
    if missing:
        raise TopicError(f"missing topics: {', '.join(missing)}; run `hub topics create`")
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{topic} has {count}" for topic, count in sorted(counts.items()))
        raise TopicError(
            f"the topics must all have the same number of partitions, but {listed}; create them anew with "
            "`hub topics create` on an empty cluster, or repartition by hand"
        )
    return next(iter(counts.values()))
