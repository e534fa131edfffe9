"""The one transactional producer of an agent's partition: whoever starts it last is the owner."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata

from hub.runtime.spec import RuntimeConfig
from hub.runtime.starting import start
from hub.runtime.work import Output

_PATIENCE_SECONDS = 5.0
"""A transaction that takes longer is reported."""
_MAX_BATCH_BYTES = 900_000
"""Below Kafka's default max.message.bytes (1,048,588), which bounds a whole batch."""
_log = structlog.get_logger(__name__)


def transactional_id(config: RuntimeConfig, agent: str, partition: int) -> str:
    """Under which the owner of an agent's partition writes, whichever worker it is."""
    return f"{config.app_id}-{agent}-{partition}"


class PartitionProducer:
    """Sends everything a transaction holds in as few requests as Kafka takes, and commits it.

    aiokafka has no KIP-447, so fencing goes by the transactional id: one per agent and partition, for ever.
    """

    def __init__(self, config: RuntimeConfig, agent: str, partition: int) -> None:
        self.transactional_id = transactional_id(config, agent, partition)
        self._producer = AIOKafkaProducer(
            **config.client_arguments(),
            transactional_id=self.transactional_id,
            transaction_timeout_ms=config.transaction_timeout_ms,
            request_timeout_ms=config.request_timeout_ms,
            max_batch_size=_MAX_BATCH_BYTES,
            acks="all",
        )

    async def start(self) -> None:
        """Fence the previous owner and abort what it left open."""
        await start(self._producer)

    async def commit(
        self, outputs: Mapping[tuple[str, int], Sequence[Output]], timestamp_ms: int
    ) -> dict[tuple[str, int], int]:
        """Send all outputs in one transaction and commit it.

        Returns:
            The next offset after this transaction's records, by topic and partition.

        Raises:
            KafkaError: nothing of it is visible (or, when the answer to the commit was lost, all of it is: the
                applied offsets in the same transaction tell at recovery). `ProducerFenced` when another owner took
                over.
        """
        producer = self._producer
        patience = asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, self._report_silence)
        try:
            await producer.begin_transaction()
            sent = await asyncio.gather(
                *(self._send(topic, number, messages, timestamp_ms) for (topic, number), messages in outputs.items())
            )
            deliveries: list[RecordMetadata] = await asyncio.gather(*(future for futures in sent for future in futures))
            await producer.commit_transaction()
        finally:
            patience.cancel()
        ends: dict[tuple[str, int], int] = {}
        counts = (count for _, count in ((f, c) for futures in sent for f, c in futures.items()))
        for delivery, count in zip(deliveries, counts, strict=True):
            at = (delivery.topic, delivery.partition)
            ends[at] = max(ends.get(at, 0), delivery.offset + count)
        return ends

    def _report_silence(self) -> None:
        _log.warning("Kafka does not answer, trying on", transaction=self.transactional_id, seconds=_PATIENCE_SECONDS)

    async def _send(
        self, topic: str, partition: int, messages: Sequence[Output], timestamp_ms: int
    ) -> dict[asyncio.Future[RecordMetadata], int]:
        """Submit the messages of one partition in as few batches as they fit; the count of each by its future."""
        futures: dict[asyncio.Future[RecordMetadata], int] = {}
        batch = self._producer.create_batch()
        for key, value, headers in messages:
            if batch.append(timestamp=timestamp_ms, key=key, value=value, headers=headers) is None:
                futures[await self._producer.send_batch(batch, topic, partition=partition)] = batch.record_count()
                batch = self._producer.create_batch()
                batch.append(timestamp=timestamp_ms, key=key, value=value, headers=headers)
        futures[await self._producer.send_batch(batch, topic, partition=partition)] = batch.record_count()
        return futures

    async def stop(self) -> None:
        """Close the connections."""
        await self._producer.stop()
