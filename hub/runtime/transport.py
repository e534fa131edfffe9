"""Faust's Kafka transport, changed in three ways: batches, positions of our own, `read_committed`.

A Faust message here is the record batch of one topic partition, so that what Faust spends per message is spent per
batch. Where reading starts is decided by the recovered partition, not by the group's committed offsets: every
source is closed when partitions are assigned and opened by its partition with a seek (`hub.runtime.reader`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar, cast

import faust
from faust.tables import TableManager
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, AppT, Message
from faust.types.tuples import ConsumerMessage

from hub.runtime.reader import Batch, BatchConsumerThread, DaemonThread
from hub.runtime.spec import RuntimeConfig

_POLL_SECONDS = 0.25
_POLL_SECONDS_WHEN_SOME_ARE_FULL = 0.01


class BatchSchema(faust.Schema[Any, Any]):
    """Hands a batch to the agent as it is."""

    def compile(self, app: AppT, **_: Any) -> Any:
        """Faust's hook for decoding: nothing is decoded here."""
        create_event = app.create_event

        async def decode(message: Message, *, propagate: bool = False) -> Any:  # noqa: ARG001 - Faust's signature
            return create_event(None, message.value, message.headers, message)

        return decode


class _NothingRead(dict[TP, int | None]):
    """In place of Faust's last offset read per partition: it would drop what is read again after a rebalance.

    `hub.runtime.inbox` tells old batches by their epoch.
    """

    def __getitem__(self, tp: TP) -> None:
        return None

    def __setitem__(self, tp: TP, offset: int | None) -> None:
        pass


class BatchConsumer(driver.Consumer):
    """Faust's view of the consumer; a partition is read only while open."""

    _thread: BatchConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = _NothingRead()
        self._opened: set[TP] = set()
        self._wake = asyncio.Event()

    def _new_consumer_thread(self) -> BatchConsumerThread:
        loop = type(self.loop)()  # Faust would take asyncio's own, whatever the worker runs on
        return BatchConsumerThread(self, loop=self.loop, thread_loop=loop, beacon=self.beacon, Worker=DaemonThread)

    # --- positions are the partitions' business --------------------------------------------------

    async def open(self, tp: TP, offset: int) -> tuple[int, int]:
        """Read `tp` from `offset` on; gives the epoch its batches will carry and the first offset there is."""
        epoch, begin = await self._thread.open(tp, offset)
        self._opened.add(tp)
        self._buffered_partitions.discard(tp)
        self.resume_partitions({tp})
        self._wake.set()
        return epoch, begin

    def close_all(self) -> None:
        """Stop reading everything until it is opened again."""
        self._opened.clear()
        self._buffered_partitions.clear()
        self.pause_partitions(self.assignment())

    async def perform_seek(self) -> None:
        """Faust seeks to the committed offsets after a rebalance; opening has sought already."""

    def on_buffer_drop(self, tp: TP) -> None:
        """A full partition has room again."""
        super().on_buffer_drop(tp)
        self._wake.set()

    def unread(self, tp: TP) -> int | None:
        """See `BatchConsumerThread.unread`."""
        return self._thread.unread(tp)

    # --- batches ---------------------------------------------------------------------------------

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:  # noqa: ASYNC109 - Faust's signature
        """Yield one message per topic partition that has records."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)  # type: ignore[arg-type]
        # Faust resumes all that is assigned after a rebalance; what is not opened stays closed.
        active = self._get_active_partitions() & self._opened
        if not active:
            self._wake.clear()
            await self.wait_first(self._wake.wait(), self.suspend_flow.wait(), timeout=timeout)
            await self._thread.stay()
            return
        wait = _POLL_SECONDS_WHEN_SOME_ARE_FULL if self._buffered_partitions & self._opened else _POLL_SECONDS
        batches = await self._thread.fetch(active, wait)
        for batch in batches:
            if self.should_stop or not self.flow_active:
                return
            yield TP(batch.topic, batch.partition), self._message(batch)

    def _message(self, batch: Batch) -> Message:
        last = batch.records[-1]
        return ConsumerMessage(
            batch.topic,
            batch.partition,
            last.offset,
            last.timestamp / 1000.0,
            last.timestamp_type,
            [],
            None,
            cast("Any", batch),  # bytes to Faust, a batch to us
            None,
            0,
            0,
            TP(batch.topic, batch.partition),
            generation_id=self.app.consumer_generation_id,
        )

    def _new_offset(self, tp: TP) -> int | None:
        """Batches are acknowledged in order, so the committed offset is the highest acknowledged plus one.

        Faust looks for gaps in the offsets, which transaction markers leave everywhere.
        """
        acked = self._acked[tp]
        if not acked:
            return None
        highest = max(acked)
        acked.clear()
        self._acked_index[tp].clear()
        return highest + 1

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's livelock warnings read its own offsets; the lag metric tells here."""


class BatchProducer(driver.Producer):
    """Faust's own producer. The hub sends nothing through it; it only has to connect."""

    def _settings_default(self) -> Mapping[str, Any]:
        return cast("BatchApp", self.app).config.client_arguments()

    def _settings_auth(self) -> Mapping[str, Any]:
        return {}

    def _settings_extra(self) -> Mapping[str, Any]:
        return {}


class BatchTransport(driver.Transport):
    """Faust's transport with the classes above."""

    Consumer: ClassVar[Any] = BatchConsumer
    Producer: ClassVar[Any] = BatchProducer


class NoTables(TableManager):
    """Faust waits a second for tables that may yet be declared; here there are none."""

    async def on_start(self) -> None:
        """Faust's own, without the wait."""
        await self._update_channels()
        await self.recovery.start()


class BatchApp(faust.App):
    """A Faust app on this transport."""

    config: RuntimeConfig

    def _create_directories(self) -> None:
        """Faust's are for its tables, which the hub does not use."""

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_producer, self)
