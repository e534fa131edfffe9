"""A scenario played on a hub: orders come, departments and customers answer, and the score is kept."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import aclosing
from datetime import UTC, datetime

from connectors.base import key_of
from connectors.publishing import Publisher
from connectors.reading import Reader
from hub.codec import Codec
from hub.config import Settings
from hub.domain.model import DEPARTMENTS
from hub.runtime.partitioner import partition_of
from hub.runtime.spec import Record
from hub.simulator.actor import Actor, Behaviour
from hub.simulator.customers import Customers
from hub.simulator.departments import Desk
from hub.simulator.orders import Cue, Playing, play, terms
from hub.simulator.scenario import Scenario
from hub.topics import CUSTOMER_NOTIFICATIONS, ORDERS_STATE, SETTLEMENTS, WORK_TOPIC

Watch = Callable[[Iterable[Record]], None]
"""Is told of everything that is committed to the topics it watches; of nothing now and then."""


class Performance:
    """One performance of a scenario. It answers about its own orders only, those whose ids have its prefix."""

    def __init__(self, settings: Settings, scenario: Scenario, playing: Playing, *, alone: bool) -> None:
        """`alone`: it answers about everybody's orders."""
        self.played = asyncio.Event()
        """Set when Kafka has all that is placed by itself; answers may still come."""
        self.sent = 0
        self._settings = settings
        self._codec = Codec.load()
        self._scenario = scenario
        self._playing = playing
        self._prefix = "" if alone else playing.prefix

    async def taken(self) -> tuple[bool, bool]:
        """Whether the hub has orders of this performance's names already, and orders of anybody's else."""
        reader = Reader(self._settings.kafka_client(), self._settings.partitions)
        await reader.check([ORDERS_STATE])
        keys = {(record.key or b"").decode(errors="replace") async for record in reader.held([ORDERS_STATE])}
        own = {key for key in keys if key.startswith(self._playing.prefix)}
        others = {key for key in keys if not key.startswith(SIMULATED)}
        return bool(own), bool(others)

    async def run(self, watched: Iterable[str] = (), watch: Watch = lambda _: None) -> None:
        """Make the customers known, play, and go on answering until cancelled.

        Raises:
            BrokerError, TopicError: Kafka or a topic is not as it should be.
        """
        try:
            async with (
                Publisher(self._settings.kafka_client(), self._codec, self._settings.partitions) as publisher,
                asyncio.TaskGroup() as tasks,
            ):
                await self._introduce(publisher)
                await self._follow(publisher, tasks, set(watched), watch)
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _introduce(self, publisher: Publisher) -> None:
        for event in terms(datetime.now(UTC), self._playing, self._scenario.credit):
            await (await publisher.submit(event))

    async def _follow(self, publisher: Publisher, tasks: asyncio.TaskGroup, watched: set[str], watch: Watch) -> None:
        cast: defaultdict[str, list[Actor]] = defaultdict(list)
        for topic, behaviour in self._behaviours():
            cast[topic].append(Actor(behaviour, publisher, tasks))
        reader = Reader(self._settings.kafka_client(), self._settings.partitions)
        shop: asyncio.Task[None] | None = None
        async with aclosing(reader.followed(sorted(watched | set(cast)), only_new=True)) as batches:
            async for batch in batches:
                for record in batch:
                    for actor in cast.get(record.topic, ()):
                        actor.take(self._codec.decode(record.value))
                watch(record for record in batch if record.topic in watched)
                if shop is None:  # nothing that comes of what is placed can be missed any more
                    shop = tasks.create_task(self._place(publisher))

    def _behaviours(self) -> Iterable[tuple[str, Behaviour]]:
        scenario, seed, prefix = self._scenario, self._playing.seed, self._prefix
        for department in DEPARTMENTS:
            habits = scenario.habits(department)
            yield WORK_TOPIC[department], Desk(department, habits, seed=seed, pace=scenario.pace, prefix=prefix)
        customers = Customers(scenario.customers, seed=seed, pace=scenario.pace, prefix=prefix)
        yield CUSTOMER_NOTIFICATIONS, customers
        yield SETTLEMENTS, customers

    async def _place(self, publisher: Publisher) -> None:
        """Send every cue of the script at its time."""
        clock = asyncio.get_running_loop().time
        begin = clock()
        answers = []
        for cue in play(datetime.now(UTC), self._playing, self._scenario.customers, staged=self._scenario.staged):
            await asyncio.sleep(max(0.0, begin + cue.at - clock()))
            answers.append(await publisher.submit(cue.event, partition=self._partition(cue)))
            self.sent += 1
        await asyncio.gather(*answers)
        self.played.set()

    def _partition(self, cue: Cue) -> int | None:
        if not cue.wrong_partition:
            return None
        partitions = self._settings.partitions
        return (partition_of(key_of(cue.event).encode(), partitions) + 1) % partitions


SIMULATED = "SIM-"
"""Ids of the orders and customers of every performance beside others begin with it."""
