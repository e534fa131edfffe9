"""A worker: one Faust app, its agents, and the partitions this process owns.

Faust runs the consumer group and hands batches to the agents; everything that must be exact happens in
`hub.runtime.partition`. The first thing that goes wrong for good ends the worker: nothing is acknowledged, and a
supervisor starts the process afresh.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import structlog
from faust.types import TP

from hub.errors import BrokerError, HubError, TopicError
from hub.kafka_refusals import explained
from hub.metrics import Metrics
from hub.runtime.partition import Partition
from hub.runtime.preflight import check_topics
from hub.runtime.reader import Batch
from hub.runtime.spec import AgentSpec, RuntimeConfig
from hub.runtime.store import sole_use
from hub.runtime.tracing import Tracing
from hub.runtime.transport import BatchApp, BatchConsumer, BatchSchema, NoTables

_STOP_SECONDS = 6.0
_log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class Worker:
    """Runs agents until told to stop or until something goes wrong for good."""

    def __init__(
        self,
        config: RuntimeConfig,
        agents: Sequence[AgentSpec[Any]],
        metrics: Metrics,
        clock: Callable[[], datetime] = utc_now,
        before_start: Callable[[], Awaitable[None]] | None = None,
        *,
        tracing: Tracing | None = None,
    ) -> None:
        """`before_start` is done once Kafka answers and has the topics, before the first record is read.

        `tracing`: where spans of sampled records go.
        """
        self._config = config
        self._agents = agents
        self._metrics = metrics
        self._clock = clock
        self._before_start = before_start
        self._tracing = tracing
        self._partition_count = 0
        self._partitions: dict[tuple[str, int], Partition[Any]] = {}
        self._tasks: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._recoveries = asyncio.Semaphore(config.concurrent_recoveries)
        self._stopping = asyncio.Event()
        self._failure: BaseException | None = None
        self._assigned = False
        self._app: BatchApp | None = None

    @property
    def ready(self) -> bool:
        """Whether every partition assigned to this worker is recovered and being read; not while it ends."""
        reading = all(partition.ready for partition in self._partitions.values())
        return self._assigned and reading and not self._stopping.is_set()

    def stop(self) -> None:
        """Ask the worker to end: `run` finishes the open transactions and returns."""
        self._stopping.set()

    async def ending(self) -> None:
        """Until the worker begins to end, because it was asked to or something failed."""
        await self._stopping.wait()

    def observe(self) -> None:
        """Bring all gauges up to date; called when metrics are scraped."""
        for partition in list(self._partitions.values()):
            partition.observe()
        for agent in self._agents:
            owned = sum(p.ready for (name, _), p in self._partitions.items() if name == agent.name)
            self._metrics.partitions.labels(agent.name).set(owned)

    async def run(self) -> None:
        """Work until `stop`.

        Raises:
            HubError: what ended the worker, as a sentence.
        """
        with sole_use(self._config.data_dir):
            self._partition_count = await check_topics(self._config, self._agents, self._stopping)
            if self._before_start is not None and not self._stopping.is_set():
                await self._before_start()
            if not self._stopping.is_set():
                await self._run()

    async def _run(self) -> None:
        app = self._app = self._create_app()
        try:
            await app.start()
            await self._work(app)
        except HubError as exc:
            self._fail(exc)
        except Exception as exc:  # noqa: BLE001 - whatever it was, the consumer is gone
            _log.debug("what ended the consumer", exc_info=True)
            self._fail(
                BrokerError(f"the consumer of {self._config.app_id} ended: {explained(self._config.client, exc)}")
            )
        finally:
            await self._shut_down(app)
        if self._failure is not None:
            raise self._failure

    async def _work(self, app: BatchApp) -> None:
        """Until `stop`, or until the consumer or a partition fails; raises what the consumer failed with."""
        ends = [asyncio.create_task(app.wait_until_stopped()), asyncio.create_task(self._stopping.wait())]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        await asyncio.wait(ends)
        if not self._stopping.is_set():
            raise app.crash_reason or BrokerError(f"the consumer of {self._config.app_id} ended without a reason")

    async def _shut_down(self, app: BatchApp) -> None:
        """Finish or give up the open transactions and leave the group, in `_STOP_SECONDS` at most."""
        self._stopping.set()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await asyncio.gather(*(partition.pause() for partition in self._partitions.values()))
                await app.stop()
                await self._release(set(self._partitions))
        except TimeoutError:
            for task in self._tasks.values():
                task.cancel()
            _log.warning("the worker did not end in time; what it left open is aborted by the next owner")

    # --- Faust -----------------------------------------------------------------------------------

    def _create_app(self) -> BatchApp:
        config = self._config
        app = BatchApp(
            config.app_id,
            broker="kafka://" + config.bootstrap.replace(",", ";"),
            store="memory://",
            web_enabled=False,
            topic_disable_leader=True,
            topic_allow_declare=False,
            topic_partitions=self._partition_count,
            broker_session_timeout=config.session_timeout_ms / 1000,
            broker_request_timeout=config.request_timeout_ms / 1000,
            broker_commit_interval=2.0,
            stream_wait_empty=False,
            stream_recovery_delay=0.0,
            stream_buffer_maxsize=4096,
            TableManager=NoTables,
        )
        app.config = config
        for agent in self._agents:
            self._declare(app, agent)
        app.on_partitions_revoked.connect(cast("Any", self._on_revoked))
        app.on_partitions_assigned.connect(cast("Any", self._on_assigned))
        app.finalize()
        return app

    def _declare(self, app: BatchApp, spec: AgentSpec[Any]) -> None:
        """One Faust agent per `AgentSpec`: hands each batch to the partition that owns it."""
        topic = app.topic(*spec.inputs, schema=BatchSchema())

        async def consume(stream: Any) -> None:
            async for event in stream.noack().events():
                batch: Batch = event.value
                event.message.value = None  # the batch holds the message: both ways would leave them to the collector
                batch.messages.append(event.message)
                partition = self._partitions.get((spec.name, batch.partition))
                if partition is not None:
                    try:
                        partition.deliver(batch)
                    except HubError as exc:
                        self._fail(exc)

        app.agent(topic, name=spec.name)(consume)

    @property
    def _consumer(self) -> BatchConsumer:
        """Faust's consumer; there is one from the moment the app is started."""
        return cast("BatchConsumer", cast("BatchApp", self._app).consumer)

    def _acknowledge(self, batch: Batch) -> None:
        """Tell Faust that a batch is applied; the group's committed offset follows, for whoever watches its lag."""
        for message in batch.messages:
            message.ack(self._consumer)

    # --- assignment ------------------------------------------------------------------------------

    async def _on_revoked(self, *_: Any, **__: Any) -> None:
        """A rebalance begins: end open transactions, read nothing more."""
        self._metrics.rebalances.inc()
        self._consumer.close_all()
        await asyncio.gather(*(partition.pause() for partition in self._partitions.values()))

    async def _on_assigned(self, _app: Any, assigned: set[TP], **__: Any) -> None:
        """Let go of what is no longer ours, go on with what still is, start what is new."""
        if self._stopping.is_set():
            return
        numbers = {tp.partition for tp in assigned}
        try:
            self._check_assignment(numbers, assigned)
        except HubError as exc:
            self._fail(exc)
            return
        wanted = {(agent.name, number) for agent in self._agents for number in numbers}
        await self._release(set(self._partitions) - wanted)
        for agent in self._agents:
            for number in sorted(numbers):
                key = (agent.name, number)
                if key in self._partitions:
                    self._partitions[key].resume()
                else:
                    self._start(agent, number)
        self._assigned = True
        _log.info("assigned", partitions=sorted(numbers))

    def _check_assignment(self, numbers: set[int], assigned: set[TP]) -> None:
        """A partition is worked on with all its topics or not at all."""
        if grown := [number for number in numbers if number >= self._partition_count]:
            raise TopicError(
                f"there is a partition {max(grown)} where there were {self._partition_count} when this worker started; "
                "keys would move away from their states: create the topics anew, or repartition by hand"
            )
        needed = {TP(topic, number) for agent in self._agents for topic in agent.inputs for number in numbers}
        if missing := needed - assigned:
            raise BrokerError(
                f"this worker was given partitions without {', '.join(sorted({tp.topic for tp in missing}))}: a worker "
                f"of the group {self._config.app_id} reads other topics; run the same version of the hub everywhere"
            )

    def _start(self, agent: AgentSpec[Any], number: int) -> None:
        partition = Partition(
            self._config,
            agent,
            number,
            self._partition_count,
            sources=self._consumer,
            acknowledge=self._acknowledge,
            metrics=self._metrics,
            clock=self._clock,
            recoveries=self._recoveries,
            tracing=self._tracing,
        )
        key = (agent.name, number)
        self._partitions[key] = partition
        task = self._tasks[key] = asyncio.create_task(partition.run(), name=f"{agent.name}/{number}")
        task.add_done_callback(self._on_partition_ended)

    def _on_partition_ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            if task in self._tasks.values():
                self._fail(BrokerError(f"{task.get_name()}: the Kafka client gave up in the middle of its work"))
        elif (exc := task.exception()) is not None:
            self._fail(exc)

    def _fail(self, exc: BaseException) -> None:
        """End the worker: the first cause counts."""
        if self._failure is None and not self._stopping.is_set():
            self._failure = exc
            _log.error("the worker ends", reason=str(exc) or repr(exc))
        self._stopping.set()

    async def _release(self, keys: set[tuple[str, int]]) -> None:
        """Close partitions: end their tasks, producers and stores."""
        owned = [(self._tasks.pop(key), self._partitions.pop(key)) for key in keys if key in self._tasks]
        while pending := {task for task, _ in owned if not task.done()}:
            for task in pending:
                task.cancel()
            await asyncio.wait(pending, timeout=1.0)  # and again: the client library swallows some
        await asyncio.gather(*(partition.close(graceful=task.cancelled()) for task, partition in owned))
