"""The hub on a real Kafka, for scenarios: one broker and one worker, whose clock is the scenario's."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast, get_args

from aiokafka import AIOKafkaConsumer

from connectors.base import Event
from connectors.publishing import Publisher
from hub import kafka_admin
from hub.app import create_agents, runtime_config
from hub.broker import EmbeddedBroker
from hub.codec import Codec
from hub.config import Settings
from hub.domain.credit import CreditAccount
from hub.domain.effects import Effect
from hub.domain.events import CreditRequested
from hub.domain.journal import JournalEntry
from hub.domain.order import OrderState, next_due
from hub.metrics import Metrics
from hub.ruleset import Rules, load_ruleset
from hub.runtime.spec import Record
from hub.runtime.worker import Worker
from hub.topics import HUB_DEAD_LETTER, TOPICS
from tests.chaos.view import View
from tests.support.hubs import Entry
from tests.support.orders import START
from tests.support.places import reason_of

_PARTITIONS = 3
_PATIENCE = 60.0
T = TypeVar("T")


class KafkaHub:
    """Broker, worker and clients live on a thread of their own: the group's heartbeats never wait for a test."""

    def __init__(self, directory: Path) -> None:
        self.now = START
        self._directory = directory
        self._codec = Codec.load()
        self._orders: dict[str, OrderState] = {}
        self._accounts: dict[str, CreditAccount] = {}
        self._entries: defaultdict[str, list[Entry]] = defaultdict(list)
        self._effects: defaultdict[str, list[Effect]] = defaultdict(list)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hub")
        self._open = AsyncExitStack()

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._run(self._start())
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._run(self._open.aclose())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def tell(self, *events: Event) -> None:
        self._run(self._tell(events))

    def wait(self, duration: timedelta) -> None:
        self._run(self._wait(self.now + duration))

    def order(self, order_id: str) -> OrderState | None:
        return self._orders.get(order_id)

    def account(self, customer_id: str) -> CreditAccount | None:
        return self._accounts.get(customer_id)

    def entries(self, order_id: str) -> Sequence[Entry]:
        return self._entries[order_id]

    def effects(self, order_id: str) -> Sequence[Effect]:
        return self._effects[order_id]

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_PATIENCE)

    # --- on the thread ---------------------------------------------------------------------------

    async def _start(self) -> None:
        broker = await self._open.enter_async_context(EmbeddedBroker(self._directory / "broker"))
        settings = Settings(
            kafka_bootstrap=broker.bootstrap,
            data_dir=self._directory / "data",
            partitions=_PARTITIONS,
        )
        async with kafka_admin.connect(settings.kafka_client()) as admin:
            await kafka_admin.create(admin, TOPICS.values(), partitions=_PARTITIONS, replication_factor=1)
        self._agents = create_agents(settings, Rules(load_ruleset()))
        self._worker = Worker(runtime_config(settings), self._agents, Metrics(), lambda: self.now)
        self._task = asyncio.create_task(self._worker.run())
        self._open.push_async_callback(self._stop)
        self._view = await self._open.enter_async_context(_Whole(broker.bootstrap))
        self._publisher = await self._open.enter_async_context(
            Publisher(settings.kafka_client(), self._codec, _PARTITIONS)
        )
        await self._until_still()

    async def _stop(self) -> None:
        self._worker.stop()
        await self._task

    async def _tell(self, events: Sequence[Event]) -> None:
        sent = [await self._publisher.submit(event) for event in events]
        await asyncio.gather(*sent)
        await self._until_still()

    async def _wait(self, until: datetime) -> None:
        """Stops at every due time on the way, as time does."""
        while due := min(
            (at for state in self._orders.values() if (at := next_due(state)) and at <= until), default=None
        ):
            self._set_clock(max(self.now, due))
            await self._until_still()
        self._set_clock(until)

    def _set_clock(self, now: datetime) -> None:
        self.now = now
        for partition in self._worker._partitions.values():
            partition._wake.set()

    async def _until_still(self) -> None:
        """Until everything that was written is read and nothing of it, and no due time, is left to decide."""
        while True:
            if self._task.done():
                self._task.result()
                raise AssertionError("the worker ended")
            for record in await self._view.catch_up():
                self._take(record)
            due = any((at := next_due(state)) and at <= self.now for state in self._orders.values())
            if self._worker.ready and not due and not self._view.behind(self._agents) and await self._view.is_whole():
                return
            await asyncio.sleep(0.002)

    def _take(self, record: Record) -> None:
        if record.topic == HUB_DEAD_LETTER:
            event = self._codec.decode(record.value)
            code = dict(record.headers)["hub-dlq-code"].decode()
            self._entries[(record.key or b"").decode()].append(Entry(event, "refused", code, reason_of(record)))
            return
        if TOPICS[record.topic].direction == "in" or not TOPICS[record.topic].records or record.value is None:
            return
        value = self._codec.decode(record.value)
        match value:
            case JournalEntry():
                event = self._codec.decode(value.payload)
                entry = Entry(event, value.outcome, value.code, value.detail, value.explanations)
                self._entries[value.order_id].append(entry)
            case OrderState():
                self._orders[value.order_id] = value
            case CreditAccount():
                self._accounts[value.customer_id] = value
            case _ if isinstance(value, get_args(Effect)):
                effect = cast("CreditRequested", value)
                self._effects[effect.order_id].append(effect)


class _Whole(View):
    """A view that knows whether there is anything, committed or not, that it has not read."""

    def __init__(self, bootstrap: str) -> None:
        super().__init__(bootstrap, TOPICS, _PARTITIONS)
        self._log = AIOKafkaConsumer(bootstrap_servers=bootstrap)

    async def __aenter__(self) -> Self:
        await self._log.start()
        return await super().__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._log.stop()
        await super().__aexit__(kind, error, trace)

    async def is_whole(self) -> bool:
        ends = await self._log.end_offsets(self._places)
        return all([await self._consumer.position(place) >= end for place, end in ends.items()])
