"""Fill topics fast: whole batches to named partitions, a hundred thousand messages a second and more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer

from hub.kafka_admin import connect, create
from hub.topics import Cleanup, Topic


class Message(NamedTuple):
    """A record to be written, and where."""

    partition: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]] = []  # noqa: RUF012 - aiokafka takes a list only; nobody changes it


BATCH_BYTES = 512 * 1024
IN_FLIGHT = 16
"""Batches waiting for the broker's acknowledgement; bounds the memory of a long load."""


async def create_topics(bootstrap: str, names: Iterable[str], partitions: int, cleanup: Cleanup = "delete") -> None:
    """Create those of the topics that do not exist, with one replica."""
    topics = [Topic(name, "key", (), "bench", "internal", "Of the benchmark.", cleanup) for name in names]
    async with connect({"bootstrap_servers": bootstrap}) as admin:
        await create(admin, topics, partitions=partitions, replication_factor=1)


async def load(bootstrap: str, topic: str, messages: Iterable[Message]) -> int:
    """Write the messages, in order per partition and all acknowledged on return; return how many."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, max_batch_size=BATCH_BYTES, max_request_size=8 << 20
    )
    await producer.start()
    try:
        loader = _Loader(producer, topic)
        for message in messages:
            await loader.add(message)
        await loader.flush()
        return loader.count
    finally:
        await producer.stop()


class _Loader:
    """Batches being filled, one per partition, and batches on their way."""

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self.count = 0
        self._producer = producer
        self._topic = topic
        self._open: dict[int, Any] = {}
        self._sent: set[asyncio.Future[Any]] = set()

    async def add(self, message: Message) -> None:
        partition, key, value, headers = message
        batch = self._open.get(partition)
        if batch is None or batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
            if batch is not None:
                await self._send(partition, batch)
            batch = self._open[partition] = self._producer.create_batch()
            batch.append(timestamp=None, key=key, value=value, headers=headers)
        self.count += 1

    async def flush(self) -> None:
        for partition, batch in self._open.items():
            await self._send(partition, batch)
        self._open.clear()
        await asyncio.gather(*self._sent)

    async def _send(self, partition: int, batch: Any) -> None:
        self._sent.add(await self._producer.send_batch(batch, self._topic, partition=partition))
        if len(self._sent) >= IN_FLIGHT:
            done, self._sent = await asyncio.wait(self._sent, return_when=asyncio.FIRST_COMPLETED)
            for future in done:
                future.result()
