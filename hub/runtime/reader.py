"""The thread that talks to Kafka: positions, epochs, and the fetching of batches.

Each opening of a partition is an epoch, and batches are numbered within it, so that a batch fetched before a
rebalance, or one lost on the way, cannot pass unnoticed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import aiokafka
from aiokafka.errors import IllegalStateError, NoOffsetForPartitionError, OffsetOutOfRangeError
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, Message
from mode.threads import ServiceThread, WorkerThread

from hub.errors import RecoveryError
from hub.runtime.fetching import fetched
from hub.runtime.spec import APPLIED_TOPIC, Record, RuntimeConfig

if TYPE_CHECKING:
    from hub.runtime.transport import BatchApp


@dataclass(slots=True)
class Batch:
    """Consecutive records of one topic partition, in one opening of it."""

    topic: str
    partition: int
    epoch: int
    number: int
    """Counts from 0 in each epoch, without gaps."""
    records: list[Record]
    size: int
    """Bytes of the records' values."""
    messages: list[Message] = field(default_factory=list)
    """The Faust message to acknowledge when all records are applied."""


class DaemonThread(WorkerThread):
    """A process ends without waiting for a thread that waits for a broker that is gone."""

    def __init__(self, service: ServiceThread, **kwargs: Any) -> None:
        super().__init__(service, **kwargs)
        self.daemon = True


class BatchConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that talks to Kafka. All positions and epochs are touched in this thread only."""

    config: RuntimeConfig

    def __post_init__(self) -> None:
        super().__post_init__()
        self.config = cast("BatchApp", self.app).config
        self._epochs: dict[TP, int] = {}
        self._numbers: dict[TP, int] = {}
        self._looker: aiokafka.AIOKafkaConsumer | None = None

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:  # noqa: ARG002 - Faust's signature
        config = self.config
        return aiokafka.AIOKafkaConsumer(
            **config.client_arguments(),
            group_id=config.app_id,
            # Faust's assignor puts partition p of every topic on one worker; its default, round robin, does not.
            partition_assignment_strategy=[self.app.assignor],
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="none",  # positions are sought; one that Kafka no longer has means lost input
            max_poll_records=config.max_batch_records,
            max_partition_fetch_bytes=4 << 20,
            fetch_max_wait_ms=500,
            request_timeout_ms=config.request_timeout_ms,
            session_timeout_ms=config.session_timeout_ms,
            heartbeat_interval_ms=config.session_timeout_ms // 4,
            max_poll_interval_ms=300_000,
        )

    async def on_start(self) -> None:
        """Connect twice: Kafka answers a connection's requests in order, so a look-up would wait for a long poll."""
        await super().on_start()
        self._looker = aiokafka.AIOKafkaConsumer(**self.config.client_arguments(), group_id=None)
        await self._looker.start()

    async def on_thread_stop(self) -> None:
        """Disconnect. A fetcher that ends while it waits to try again lets its own cancellation out."""
        with contextlib.suppress(asyncio.CancelledError):
            await super().on_thread_stop()
        if self._looker is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._looker.stop()

    async def open(self, tp: TP, offset: int) -> tuple[int, int]:
        """Start a new epoch of `tp` at `offset`; gives the epoch and the first offset Kafka still has.

        Raises:
            RecoveryError: Kafka does not have that many records.
            IllegalStateError: the partition is not this worker's.
        """
        opened: tuple[int, int] = await self.call_thread(self._open, tp, offset)
        return opened

    async def _open(self, tp: TP, offset: int) -> tuple[int, int]:
        looker = cast("aiokafka.AIOKafkaConsumer", self._looker)
        at = TopicPartition(tp.topic, tp.partition)
        begins, ends = await asyncio.gather(looker.beginning_offsets([at]), looker.end_offsets([at]))
        begin, end = begins[at], ends[at]
        if offset > end:
            raise RecoveryError(
                f"{tp.topic}[{tp.partition}] ends at offset {end}, but all before {offset} has been applied: the topic "
                "was truncated or made anew; restore it, or have the new one read from its beginning by a tombstone "
                f"for its key in {APPLIED_TOPIC}"
            )
        self._ensure_consumer().seek(at, max(offset, begin))
        self._epochs[tp] = epoch = self._epochs.get(tp, 0) + 1
        self._numbers[tp] = 0
        return epoch, begin

    async def fetch(self, active: set[TP], timeout: float) -> list[Batch]:  # noqa: ASYNC109 - how long Kafka may wait
        """What has arrived for `active`, at most `max_batch_records` in all, waiting up to `timeout` seconds."""
        batches: list[Batch] = await self.call_thread(self._fetch, active, timeout)
        return batches

    async def _fetch(self, active: set[TP], timeout: float) -> list[Batch]:  # noqa: ASYNC109
        if not self.consumer.flow_active:
            return []
        limit = self.config.max_batch_records
        try:
            arrived = await fetched(self._ensure_consumer(), active, patience=timeout, limit=limit)
        except NoOffsetForPartitionError:
            return []  # about the time before the partition was opened
        except OffsetOutOfRangeError as exc:
            self._check_range(*exc.args)
            return []
        # No await between here and the return of `fetched`: no seek can come between the records and
        # the epoch they are marked with.
        batches = []
        for at, records in arrived.items():
            tp = TP(at.topic, at.partition)
            number = self._numbers.get(tp, 0)
            self._numbers[tp] = number + 1
            size = sum([len(record.value or b"") for record in records])
            batches.append(Batch(at.topic, at.partition, self._epochs.get(tp, 0), number, records, size))
        return batches

    def _check_range(self, missing: Mapping[TopicPartition, int]) -> None:
        """Kafka does not have these offsets: was one of them to be read, or was it from before the opening?"""
        for at, offset in missing.items():
            state = self._state(TP(at.topic, at.partition))
            if state is not None and state.position == offset:
                raise RecoveryError(
                    f"{at.topic}[{at.partition}]@{offset} was deleted before it was read; this process ends, and the "
                    "next one goes on with the first record there is and says how many are missing"
                )

    async def stay(self) -> None:
        """Tell the group that this worker, though it reads nothing now, is well."""
        await self.call_thread(self._stay)

    async def _stay(self) -> None:
        with self._ensure_consumer()._subscription.fetch_context():  # noqa: SLF001 - there is no other way
            pass

    def unread(self, tp: TP) -> int | None:
        """Offsets between the position and the last stable one; None when not known. Safe from any thread."""
        state = self._state(tp)
        return None if state is None or state.lso is None else max(0, int(state.lso) - int(state.position))

    def _state(self, tp: TP) -> Any:
        """What aiokafka knows of a partition of ours that has a position, else None."""
        subscription = self._ensure_consumer()._subscription.subscription  # noqa: SLF001 - it tells nobody else
        assignment = subscription and subscription.assignment
        try:
            state = assignment.state_value(TopicPartition(tp.topic, tp.partition)) if assignment else None
        except IllegalStateError:
            return None
        return state if state is not None and state.has_valid_position else None
