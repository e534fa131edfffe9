"""What a load sends: waits out any illness of Kafka, and does not go on as if a lost record had been sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata

_PATIENCE_MS = 300_000
"""aiokafka gives a record up after so long without a leader to send it to; a broker may be gone for half a minute, and
a slow machine takes as long again to start it."""


class Feed:
    """A producer whose every record arrives, or it says so."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._lost: BaseException | None = None

    async def send(self, topic: str, value: bytes, *, key: bytes | None, partition: int) -> None:
        """Send a record, without waiting until it has arrived."""
        self._raise_if_lost()
        sent: asyncio.Future[RecordMetadata] = await self._producer.send(topic, value, key=key, partition=partition)
        sent.add_done_callback(self._note)

    async def flush(self) -> None:
        """Wait until all has arrived."""
        await self._producer.flush()
        self._raise_if_lost()

    def _note(self, sent: asyncio.Future[RecordMetadata]) -> None:
        if not sent.cancelled():
            self._lost = self._lost or sent.exception()

    def _raise_if_lost(self) -> None:
        if self._lost is not None:
            raise AssertionError(
                "a record of the load has not arrived: what follows would prove nothing"
            ) from self._lost


@asynccontextmanager
async def open_feed(bootstrap: str) -> AsyncIterator[Feed]:
    """A feed that is connected."""
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=10, request_timeout_ms=_PATIENCE_MS
    ) as producer:
        yield Feed(producer)
