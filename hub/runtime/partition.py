"""One partition of one agent: recover, then turn batches and due times into transactions, one at a time.

The order of things is what makes it exact:

1. start the producer: fences the previous owner and aborts what it left open;
2. recover the store from the changelog, which nobody else can write to any more;
3. open the sources right behind the applied offsets;
4. per transaction: outputs, changed states and applied offsets in one Kafka transaction; commit; write the store;
   acknowledge to Faust. Records at or below the applied offset are skipped.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice
from typing import Generic, Protocol, TypeVar

import structlog
from aiokafka.errors import (
    IllegalStateError,
    InvalidProducerEpoch,
    KafkaError,
    MessageSizeTooLargeError,
    ProducerFenced,
)
from faust.types import TP

from hub.errors import BrokerError, HandlerError, TopicError
from hub.kafka_refusals import explained
from hub.metrics import Metrics
from hub.runtime.inbox import Inbox, Portion
from hub.runtime.meter import Meter
from hub.runtime.partitioner import partition_of
from hub.runtime.producer import PartitionProducer
from hub.runtime.reader import Batch
from hub.runtime.recovery import recover
from hub.runtime.spec import APPLIED_TOPIC, AgentSpec, Headers, Record, RuntimeConfig
from hub.runtime.store import Store
from hub.runtime.suspicion import Suspicion
from hub.runtime.telling import tell
from hub.runtime.tracing import Tracing, take
from hub.runtime.work import StateCache, Work, trace_context

S = TypeVar("S")

_TIMERS_PER_TRANSACTION = 1_000
_YIELD_EVERY = 500
_HOMES_CHECKED = 64
_SPANS_PER_TRANSACTION = 200
"""Of a sampled flood the first ones tell enough."""
_NO_TRACE: Headers = []
_log = structlog.get_logger(__name__)


class Sources(Protocol):
    """What a partition needs of the consumer."""

    async def open(self, tp: TP, offset: int) -> tuple[int, int]:
        """Read from `offset` on; gives the epoch and the first offset Kafka still has."""

    def on_buffer_full(self, tp: TP) -> None:
        """Enough for now."""

    def on_buffer_drop(self, tp: TP) -> None:
        """There is room again."""

    def unread(self, tp: TP) -> int | None:
        """Offsets Kafka has beyond what was read."""


class Partition(Generic[S]):
    """Owner of one partition of an agent's topics, state and producer."""

    def __init__(
        self,
        config: RuntimeConfig,
        spec: AgentSpec[S],
        number: int,
        partitions: int,
        *,
        sources: Sources,
        acknowledge: Callable[[Batch], None],
        metrics: Metrics,
        clock: Callable[[], datetime],
        recoveries: asyncio.Semaphore,
        tracing: Tracing | None = None,
    ) -> None:
        self.number = number
        self.ready = False
        """Recovered and reading."""
        self._config = config
        self._spec = spec
        self._partitions = partitions
        self._sources = sources
        self._acknowledge = acknowledge
        self._meter = Meter(metrics, spec, number)
        self._clock = clock
        self._recoveries = recoveries
        self._tracing = tracing
        self._store: Store | None = None
        self._cache = StateCache(config.cached_states)
        self._producer = PartitionProducer(config, spec.name, number)
        self._suspicion: Suspicion | None = None
        self._inbox = Inbox(
            spec.inputs,
            config.max_batch_records,
            full=lambda topic: sources.on_buffer_full(TP(topic, number)),
            room=lambda topic: sources.on_buffer_drop(TP(topic, number)),
        )
        self._wake = asyncio.Event()
        self._open = False
        self._paused = False
        self._generation = 0
        self._turning = asyncio.Lock()

    # --- for the worker --------------------------------------------------------------------------

    async def run(self) -> None:
        """Own the partition until cancelled.

        Raises:
            HubError: something that must end the process; nothing of the open transaction is acknowledged.
        """
        try:
            await self._recover()
            while True:
                await self._wait()
                async with self._turning:
                    if not self._paused:
                        await self._turn()
        except (ProducerFenced, InvalidProducerEpoch) as exc:
            self._meter.fenced()
            raise BrokerError(
                f"{self._name}: another worker took the partition over while this one was away, or Kafka gave its "
                "transaction up; this process ends, its supervisor starts it afresh"
            ) from exc
        except KafkaError as exc:
            raise BrokerError(
                f"{self._name}: Kafka does not do its part: {explained(self._config.client, exc)}; this process ends, "
                "its supervisor starts it afresh"
            ) from exc
        finally:
            self.ready = False

    def deliver(self, batch: Batch) -> None:
        """Queue a batch that the consumer has fetched."""
        self._inbox.put(batch)
        self._wake.set()

    async def pause(self) -> None:
        """A rebalance begins: end the open transaction, forget what was read."""
        self._paused = True
        self._open = False
        self._generation += 1
        async with self._turning:
            self._inbox.reset()

    def resume(self) -> None:
        """The partition is still ours: read again, right behind what is applied."""
        self._paused = False
        self._generation += 1
        self._wake.set()

    async def close(self, *, graceful: bool = True) -> None:
        """Let go of producer and store; call after `run` has ended."""
        try:
            await self._producer.stop()
        finally:
            if self._store is not None:
                if graceful:
                    self._store.clear_attempt()
                self._meter.forget(self._store)
                self._store.close()
                self._store = None

    def observe(self) -> None:
        """Bring the gauges of this partition up to date, at scrape time."""
        if self._store is not None and self.ready:
            self._meter.observe(self._store, self._lag)

    def _lag(self, topic: str) -> int | None:
        unread = self._sources.unread(TP(topic, self.number))
        return None if unread is None else unread + self._inbox.waiting(topic)

    # --- start -----------------------------------------------------------------------------------

    @property
    def _name(self) -> str:
        return f"{self._spec.name}/{self.number}"

    async def _recover(self) -> None:
        # Not one of the limited recoveries: another agent's may be waiting for this one's open transaction to end.
        await self._producer.start()
        async with self._recoveries:
            store = self._store = Store(self._config.data_dir / self._spec.name / str(self.number))
            done = await recover(self._config, self._spec, self.number, store)
        self._check_homes(store)
        self._suspicion = Suspicion(store, self._config.poison_attempts)
        self._meter.recovered(done)
        _log.info(
            "recovered",
            agent=self._spec.name,
            partition=self.number,
            records=done.records,
            seconds=round(done.seconds, 3),
            rebuilt=done.rebuilt,
        )

    def _check_homes(self, store: Store) -> None:
        """A few states tell whether there were as many partitions when they were written as there are now."""
        for key, _ in islice(store, _HOMES_CHECKED):
            if (home := partition_of(self._spec.record_key(key), self._partitions)) != self.number:
                raise TopicError(
                    f"{self._name}: the state of {key!r} lies here, but with {self._partitions} partitions its key "
                    f"belongs on {home}: the number of partitions was changed; put it back, or repartition by hand"
                )

    async def _open_sources(self) -> None:
        """Begin a new epoch of every source right behind its applied offset."""
        generation = self._generation
        self._inbox.reset()
        for topic in self._spec.inputs:
            wanted = self._state.applied.get(topic, -1) + 1
            try:
                epoch, begin = await self._sources.open(TP(topic, self.number), wanted)
            except IllegalStateError:
                if generation == self._generation:
                    raise
                return  # another rebalance began; `resume` or `close` follows
            if generation != self._generation:
                return
            if begin > wanted > 0:
                self._meter.expired(topic, begin - wanted)
                _log.error(
                    "input was deleted by retention before it was read",
                    topic=topic,
                    partition=self.number,
                    next_offset=wanted,
                    first_offset=begin,
                )
            self._inbox.open(topic, epoch)
        self._open = True
        self.ready = True

    @property
    def _state(self) -> Store:
        if self._store is None:
            raise HandlerError(f"{self._name}: used after it was closed")
        return self._store

    @property
    def _suspects(self) -> Suspicion:
        if self._suspicion is None:
            raise HandlerError(f"{self._name}: used before it was recovered")
        return self._suspicion

    # --- the loop --------------------------------------------------------------------------------

    async def _wait(self) -> None:
        """Until there is something to do: records, a due time, or a change of assignment."""
        while self._paused or not self._open:
            if self._paused:
                self._wake.clear()
                await self._wake.wait()
            else:
                await self._open_sources()
        if self._inbox:
            await asyncio.sleep(0)
            return
        self._wake.clear()
        due = self._state.next_due_ms
        timeout = None if due is None else (due - _milliseconds(self._clock())) / 1000
        if timeout is None or timeout > 0:
            try:
                # Never longer than a minute: the wall clock may be set, and the loop's clock would not notice.
                await asyncio.wait_for(self._wake.wait(), min(timeout, 60.0) if timeout is not None else None)
            except TimeoutError:
                return

    async def _turn(self) -> None:
        """One transaction, if there is anything for it."""
        store, suspicion = self._state, self._suspects
        started = time.monotonic()
        now = self._clock()
        now_ms = _milliseconds(now)
        begun_ns = time.time_ns()
        portions, skipped = self._inbox.take(self._config.max_batch_records, store.applied, suspicion.suspect)
        if skipped:
            self._meter.skipped(skipped)
        # Timers are kept apart from suspected records, so that what ends the process can be told.
        due = [] if suspicion.suspect and portions else store.due(now_ms, _TIMERS_PER_TRANSACTION)
        work = Work(self._spec, self.number, self._partitions, now=now, store=store, cache=self._cache)
        note = suspicion.note(portions)
        for portion in portions:
            await self._handle(work, portion.records)
        fired = self._fire(work, due)
        last = {portion.topic: portion.records[-1] for portion in portions if portion.records}
        applied = {topic: record.offset for topic, record in last.items()}
        input_ms = {topic: record.timestamp for topic, record in last.items()}
        entries = work.seal()
        work.send_applied(applied, input_ms)
        committing = time.monotonic()
        if work.outputs:
            ends = await self._commit(work, note, now_ms)
            checkpoints = self._checkpoints(ends)
            store.write(
                entries,
                applied=applied,
                input_ms=input_ms,
                checkpoints=checkpoints,
                known=work.replaced(),
                at_ms=now_ms,
            )
            work.publish()
            ended = time.monotonic()
            tell(self._spec, work.letters, portions)
            self._meter.committed(work, portions, fired, seconds=ended - started, commit_seconds=ended - committing)
            self._meter.stepped(work.steps, _milliseconds(self._clock()))
            if work.taken and self._tracing is not None:
                count = sum(len(portion.records) for portion in portions)
                self._tracing.committed(self._spec.name, self.number, work.taken, count, begun_ns)
        self._complete(portions)

    def _complete(self, portions: list[Portion]) -> None:
        for portion in portions:
            if portion.finished is not None:
                self._acknowledge(portion.finished)
        self._suspects.passed(portions)

    async def _handle(self, work: Work[S], records: list[Record]) -> None:
        """Give the records to the handler, letting others have a turn now and then."""
        if reason := self._suspects.against(records):
            work.refuse(records[0], "poison", reason)
            return
        for start in range(0, len(records), _YIELD_EVERY):
            self._hand_over(work, records[start : start + _YIELD_EVERY])
            await asyncio.sleep(0)

    def _hand_over(self, work: Work[S], records: list[Record]) -> None:
        on_record = self._spec.handler.on_record
        at = records[0]
        try:
            for record in records:
                at = record
                work.trace = trace_context(record.headers) if record.headers else _NO_TRACE
                if work.trace and self._tracing is not None:
                    work.trace = self._take(work, record)
                on_record(work, record)
        except Exception as exc:
            self._suspects.accuse(at)
            raise HandlerError(
                f"{self._name}: the handler raised {type(exc).__name__}: {exc} on {at.topic}"
                f"[{at.partition}]@{at.offset}; nothing of this transaction took effect"
            ) from exc

    def _take(self, work: Work[S], record: Record) -> Headers:
        """Note the span of a record, if it shall have one, and give the trace context of what it leads to."""
        if len(work.taken) >= _SPANS_PER_TRANSACTION:
            return work.trace
        taken, following = take(self._spec.name, record, work.trace, time.time_ns())
        if taken is not None:
            work.taken.append(taken)
        return following

    def _fire(self, work: Work[S], due: list[tuple[int, bytes]]) -> int:
        fired = 0
        work.trace = _NO_TRACE
        for due_ms, key in due:
            if work.due_ms(key) != due_ms:
                continue  # a record of this transaction has moved it
            work.disarm(key)
            if reason := self._suspects.against_timer(key, due_ms):
                origin = (self._spec.changelog, self.number, -1)
                work.dead_letter(key, None, [], origin=origin, code="poison-timer", reason=reason)
                continue
            try:
                self._spec.handler.on_timer(work, key, due_ms)
            except Exception as exc:
                self._suspects.accuse_timer(key, due_ms)
                raise HandlerError(
                    f"{self._name}: the handler raised {type(exc).__name__}: {exc} on the timer of {key!r} due at "
                    f"{due_ms} ms; nothing of this transaction took effect"
                ) from exc
            fired += 1
        return fired

    async def _commit(self, work: Work[S], note: bytes | None, timestamp_ms: int) -> Mapping[tuple[str, int], int]:
        if undeclared := {topic for topic, _ in work.outputs} - self._spec.topics:
            raise HandlerError(
                f"{self._name}: the handler emitted to {', '.join(sorted(undeclared))}, which its agent does not name"
            )
        store = self._state
        store.clear_attempt()  # the records have been handled: what comes now is not their fault
        try:
            return await self._producer.commit(work.outputs, timestamp_ms)
        except (ProducerFenced, InvalidProducerEpoch):
            raise
        except MessageSizeTooLargeError as exc:
            if note is not None:
                store.mark_attempt(note)  # this is
            size, topic = work.largest()
            raise HandlerError(
                f"{self._name}: an output is larger than Kafka takes; the largest has {size} bytes and goes to "
                f"{topic}, whose max.message.bytes is to be raised; nothing of this transaction took effect"
            ) from exc
        except Exception as exc:
            raise BrokerError(
                f"{self._name}: Kafka did not take the transaction: {explained(self._config.client, exc)}; this "
                "process ends, its supervisor starts it afresh and it goes on from the applied offsets"
            ) from exc

    def _checkpoints(self, ends: Mapping[tuple[str, int], int]) -> dict[str, int]:
        topics = (self._spec.changelog, APPLIED_TOPIC)
        return {topic: ends[topic, self.number] for topic in topics if (topic, self.number) in ends}


def _milliseconds(when: datetime) -> int:
    """Epoch milliseconds."""
    return int(when.timestamp() * 1000)
