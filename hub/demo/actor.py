"""A program outside the hub: reads topics, answers on others a little later. One process per department.

It keeps nothing: started again it reads from the beginning and answers under the same event ids, which the hub
recognises.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from aiokafka import AIOKafkaConsumer
from msgspec import Struct

from connectors.base import Event
from connectors.publishing import Publisher
from hub.codec import Codec
from hub.config import Settings


class Behaviour(Protocol):
    """Who answers."""

    def take(self, message: Struct) -> tuple[str, float | None]:
        """What the message is about, and seconds until there is something to say about it; None for never."""

    def report(self, subject: str, now: datetime) -> tuple[Event, float | None]:
        """What there is to say about a subject now, and seconds until there is more."""


class Actor:
    """Plays a behaviour on Kafka: tells it what was committed to `topics`, sends what it says when it says it."""

    def __init__(self, behaviour: Behaviour, name: str, topics: Sequence[str], settings: Settings) -> None:
        self._behaviour = behaviour
        self._name = name
        self._topics = topics
        self._settings = settings
        self._codec = Codec.load()
        self._pending: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Play until cancelled. Raises BrokerError or TopicError when Kafka or a topic is not there."""
        consumer = AIOKafkaConsumer(
            *self._topics,
            **self._settings.kafka_client(),
            group_id=f"demo-{self._name}",
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        async with (
            Publisher(self._settings.kafka_client(), self._codec, self._settings.partitions) as publisher,
            asyncio.TaskGroup() as tasks,
        ):
            await consumer.start()
            try:
                async for record in consumer:
                    subject, seconds = self._behaviour.take(self._codec.decode(record.value))
                    if pending := self._pending.pop(subject, None):
                        pending.cancel()
                    if seconds is not None:
                        self._pending[subject] = tasks.create_task(self._speak(publisher, tasks, subject, seconds))
            finally:
                await consumer.stop()

    async def _speak(self, publisher: Publisher, tasks: asyncio.TaskGroup, subject: str, seconds: float | None) -> None:
        """Say one thing after another; what was begun to be sent is sent, even when the subject changes meanwhile."""
        while seconds is not None:
            await asyncio.sleep(seconds)
            event, seconds = self._behaviour.report(subject, datetime.now(UTC))
            tasks.create_task(_send(publisher, event))


async def _send(publisher: Publisher, event: Event) -> None:
    await (await publisher.submit(event))
