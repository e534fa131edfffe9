"""Events out to Kafka: to the topic their type belongs on, keyed and partitioned as the hub expects, acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata

from connectors.base import Event, key_of
from hub import kafka_admin
from hub.codec import Codec, cloud_event_headers
from hub.domain.events import StatusReported
from hub.errors import BrokerError, CodecError
from hub.kafka_refusals import forbidden
from hub.topics import MAX_EVENT_BYTES, STATUS_TOPIC, TOPICS

INPUTS = tuple(topic for topic in TOPICS.values() if topic.direction == "in")
_TOPIC_OF = {record: topic.name for topic in INPUTS for record in topic.records if record != StatusReported.__name__}
_BATCH_BYTES = 128 * 1024
"""What may gather for a partition while its last batch is on its way."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where Kafka acknowledged a record."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}@{self.offset}"


def topic_of(event: Event) -> str:
    """The input topic an event belongs on, by its type; a status report's by its department."""
    return STATUS_TOPIC[event.department] if isinstance(event, StatusReported) else _TOPIC_OF[type(event).__name__]


class Publisher:
    """An idempotent producer of events: `acks=all`, in order within a partition, none twice.

    aiokafka's default partitioner is Java's (murmur2 of the key), so an event lands where the hub looks for it.
    """

    def __init__(self, client: Mapping[str, Any], codec: Codec, partitions: int) -> None:
        """`client`: what every aiokafka client takes. `partitions`: how many each input topic must have."""
        self._client = client
        self._codec = codec
        self._partitions = partitions
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> Self:
        """Connect. Raises BrokerError or TopicError when Kafka or an input topic is not as it should be."""
        await kafka_admin.check(self._client, INPUTS, partitions=self._partitions)
        self._producer = AIOKafkaProducer(
            **self._client, enable_idempotence=True, acks="all", linger_ms=2, max_batch_size=_BATCH_BYTES
        )
        try:
            await self._producer.start()
        except KafkaError as error:
            await self._producer.stop()
            raise self._unsent(error) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._producer is not None:
            await self._producer.stop()

    def encode(self, event: Event) -> bytes:
        """The event's message. Raises CodecError when it does not fit its schema or the hub's bound."""
        value = self._codec.encode(event)
        if len(value) > MAX_EVENT_BYTES:
            size = f"{len(value)} bytes, more than the {MAX_EVENT_BYTES} the hub takes"
            raise CodecError("too-large", f"The event has {size}; split the order.")
        return value

    async def submit(self, event: Event, *, partition: int | None = None) -> Coroutine[Any, Any, Placed]:
        """Hand an event over; await the answer for Kafka's acknowledgement (BrokerError if none comes).

        `partition` overrides the key's own. Raises CodecError.
        """
        if self._producer is None:
            raise RuntimeError("a publisher is used inside `async with`")
        value = self.encode(event)
        try:
            sent = await self._producer.send(
                topic_of(event), value, key_of(event).encode(), partition=partition, headers=cloud_event_headers(event)
            )
        except KafkaError as error:
            raise self._unsent(error) from error
        return self._acknowledged(sent)

    async def _acknowledged(self, sent: asyncio.Future[RecordMetadata]) -> Placed:
        try:
            record = await sent
        except KafkaError as error:
            raise self._unsent(error) from error
        return Placed(record.topic, record.partition, record.offset)

    def _unsent(self, error: KafkaError) -> BrokerError:
        return BrokerError(
            forbidden(self._client, error)
            or f"Kafka at {self._client['bootstrap_servers']} did not acknowledge ({type(error).__name__}): "
            "send the same input again, what was taken already counts once."
        )
