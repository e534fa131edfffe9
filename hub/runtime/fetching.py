"""What aiokafka has fetched, taken whole Kafka batches at a time.

aiokafka unpacks record by record, through two generators into an object of eleven fields: half a microsecond a
record, twice what the rest of its consumer costs. Here one loop unpacks a batch. Connections, positions, CRCs and which
transactions were aborted stay aiokafka's business; its private parts are touched in this module only, and a test holds
every record against its own way of reading the same bytes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import READ_COMMITTED, Fetcher, FetchError, PartitionRecords
from aiokafka.errors import ConsumerStoppedError, CorruptRecordException
from aiokafka.structs import TopicPartition

from hub.runtime.spec import Record


async def fetched(
    consumer: AIOKafkaConsumer, active: Collection[TopicPartition], *, patience: float, limit: int
) -> dict[TopicPartition, list[Record]]:
    """What has arrived for `active`, batch by batch until it is `limit` records, waiting up to `patience` seconds.

    Raises:
        ConsumerStoppedError: the consumer was stopped.
        KafkaError: what fetching one of them failed with, once.
    """
    fetcher = consumer._fetcher
    if consumer._closed or fetcher._closed:
        raise ConsumerStoppedError
    with consumer._subscription.fetch_context():
        return await _arrived(fetcher, active, time.monotonic() + patience, limit)


async def _arrived(
    fetcher: Fetcher, active: Collection[TopicPartition], deadline: float, limit: int
) -> dict[TopicPartition, list[Record]]:
    subscriptions = fetcher._subscriptions
    while True:
        if subscriptions.reassignment_in_progress:
            await subscriptions.wait_for_assignment()
        taken = _take(fetcher, active, limit)
        left = deadline - time.monotonic()
        if taken or left <= 0:
            return taken
        arrival = fetcher._create_fetch_waiter()
        await asyncio.wait([arrival], timeout=left)
        if not arrival.done() or fetcher._closed:
            arrival.cancel()
            return {}
        arrival.result()  # raises what no partition can be fetched for: no authorization


def _take(fetcher: Fetcher, active: Collection[TopicPartition], limit: int) -> dict[TopicPartition, list[Record]]:
    taken: dict[TopicPartition, list[Record]] = {}
    for at, result in list(fetcher._records.items()):
        if at not in active:
            if not fetcher._subscriptions.is_assigned(at):
                del fetcher._records[at]
            continue
        if isinstance(result, FetchError):
            if taken:
                break  # they come first; the error is raised by the next call
            _let_fetch(fetcher, at)
            result.check_raise()
        elif not result.check_assignment(at):
            _let_fetch(fetcher, at)
            continue
        partition_records = result._partition_records
        records = unpacked(at, partition_records, limit)
        result._update_position()
        if not partition_records._records.has_next():
            partition_records._records_iterator = None  # else it and the bytes would be left to the collector
            _let_fetch(fetcher, at)
        if records:
            taken[at] = records
            limit -= len(records)
            if limit <= 0:
                break
    return taken


def _let_fetch(fetcher: Fetcher, at: TopicPartition) -> None:
    """Nothing is left of what was fetched: more may be."""
    del fetcher._records[at]
    fetcher._notify(fetcher._wait_consume_future)


def unpacked(at: TopicPartition, fetched: PartitionRecords, limit: int) -> list[Record]:
    """The records of the next batches, until they are `limit`; what is left stays in `fetched`.

    Raises:
        CorruptRecordException: a batch is not as it was written.
    """
    topic, partition = at
    records: list[Record] = []
    batches = fetched._records
    while len(records) < limit and batches.has_next():
        batch = batches.next_batch()
        if fetched._check_crcs and not batch.validate_crc():
            raise CorruptRecordException(f"{topic}[{partition}]: a batch at {batch.base_offset} has a wrong CRC")
        if _is_visible(fetched, batch):
            begin = fetched.next_fetch_offset
            records += [
                Record(topic, partition, r.offset, r.timestamp, r.timestamp_type, r.key, r.value, r.headers or ())
                for r in batch
                if r.offset >= begin
            ]
        fetched.next_fetch_offset = batch.next_offset  # of a batch that was compacted, too
    return records


def _is_visible(fetched: PartitionRecords, batch: Any) -> bool:
    """Whether a batch holds records, and no aborted ones."""
    if fetched._isolation_level == READ_COMMITTED and batch.producer_id is not None:
        fetched._consume_aborted_up_to(batch.base_offset)
        aborted = fetched._aborted_producers
        if batch.is_control_batch and fetched._contains_abort_marker(batch):
            aborted.discard(batch.producer_id)
        if batch.is_transactional and batch.producer_id in aborted:
            return False
    return not batch.is_control_batch
