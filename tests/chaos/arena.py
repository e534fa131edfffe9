"""One run: a Kafka of its own, workers, a load, something that is done to them, and the examination."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from aiokafka.errors import KafkaError

from hub import kafka_admin
from hub.broker import EmbeddedBroker
from tests.chaos.fleet import Fleet
from tests.chaos.scenario import Load, Scenario
from tests.chaos.stores import examine_stores
from tests.chaos.verdict import Verdict
from tests.chaos.view import View

PARTITIONS = 8
SESSION_SECONDS = 6.0
TRANSACTION_SECONDS = 20.0
_DRAIN_SECONDS = 180.0
_QUIET_SECONDS = 0.5
"""For so long nothing new must have been committed: a transaction shows in one topic before it does in another."""
_HOPELESS = 15
"""A worker that has ended by itself so often will not get anywhere."""


@dataclass
class Arena:
    """Everything of one run."""

    scenario: Scenario
    broker: EmbeddedBroker
    view: View
    load: Load
    fleet: Fleet
    directory: Path
    environment: dict[str, str]
    arguments: tuple[str, ...]
    verdict: Verdict = field(default_factory=Verdict)
    _watching: asyncio.Lock = field(default_factory=asyncio.Lock)
    _heard_at: float = field(default_factory=time.monotonic)
    """When something new was last seen to be committed."""
    _watcher: asyncio.Task[None] | None = None

    def start_watching(self) -> None:
        """From now on look at what is committed, and answer it, even while Kafka is ill."""
        self._watcher = asyncio.create_task(self._watch())

    async def stop_watching(self) -> None:
        """Look no more."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.wait([self._watcher])

    async def drained(self, seconds: float = _DRAIN_SECONDS) -> bool:
        """Whether all that was sent is applied in so many seconds, and nothing more will come."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and all(len(m.ended) < _HOPELESS for m in self.fleet.members):
            if self._watcher is not None and self._watcher.done():
                self._watcher.result()
            async with self._watching:
                quiet = time.monotonic() - self._heard_at > _QUIET_SECONDS
                if quiet and not self.view.behind(self.scenario.agents) and self.load.settled(self.view.records):
                    return True
            await asyncio.sleep(0.1)
        return False

    def left(self) -> str:
        """What is not done yet, and the last words of every worker."""
        behind = self.view.behind(self.scenario.agents)
        words = [f"{member.name}: {member.program.last_words}; ended: {member.ended}" for member in self.fleet.members]
        return "\n".join([f"not applied: {behind}", self.load.left(), *words])

    async def watch(self) -> None:
        """Look at what was committed since, and answer it."""
        async with self._watching:
            if new := await self.view.catch_up():
                self._heard_at = time.monotonic()
            await self.load.react(new)

    async def examine(self) -> Verdict:
        """End the workers, rebuild the state from nothing, and hold all there is against what there should be."""
        verdict = self.verdict
        for late in await self.fleet.end():
            verdict.mismatch(late)
        await self._examine_stores([member.data_dir for member in self.fleet.members])
        await self._examine_stores([await self._rebuild()])
        verdict.add(self.scenario.examine(self.view.records, PARTITIONS))
        return verdict

    async def _watch(self) -> None:
        while True:
            with suppress(KafkaError):  # the broker may be the one that is ill-treated
                await self.watch()
            await asyncio.sleep(0.05)

    async def _examine_stores(self, directories: Sequence[Path]) -> None:
        await self.watch()
        examine_stores(self.verdict, self.scenario.agents, self.view.records, PARTITIONS, directories)

    async def _rebuild(self) -> Path:
        """What a worker with an empty store makes of the changelogs."""
        fresh = Fleet(1, self.arguments, self.environment, self.directory / "fresh")
        async with fresh:
            await fresh.start()
            (member,) = fresh.members
            if not await member.logs("recovered", times=PARTITIONS * len(self.scenario.agents)):
                self.verdict.mismatch(f"a fresh worker has not rebuilt the state: see {member.program.log}")
            await asyncio.sleep(1)  # what it should not process again, it would now
        return member.data_dir


@asynccontextmanager
async def arena(
    scenario: Scenario,
    directory: Path,
    seed: int,
    *,
    workers: int = 3,
    mutant: str = "none",
    session_seconds: float = SESSION_SECONDS,
) -> AsyncIterator[Arena]:
    """Everything of one run, connected; no worker is started yet."""
    async with EmbeddedBroker(directory / "broker") as broker:
        async with kafka_admin.connect({"bootstrap_servers": broker.bootstrap}) as admin:
            await kafka_admin.create(admin, scenario.topics, partitions=PARTITIONS, replication_factor=1)
        environment = {
            "HUB_KAFKA_BOOTSTRAP": broker.bootstrap,
            "HUB_APP_ID": "chaos",
            "HUB_PARTITIONS": str(PARTITIONS),
            "HUB_SESSION_TIMEOUT_MS": str(int(session_seconds * 1000)),
            "HUB_TRANSACTION_TIMEOUT_MS": str(int(TRANSACTION_SECONDS * 1000)),
            "HUB_METRICS_PORT": "0",
            **scenario.environment,
        }
        arguments = ("-m", "tests.chaos.worker", scenario.name, mutant)
        names = [topic.name for topic in scenario.topics]
        async with (
            View(broker.bootstrap, names, PARTITIONS) as view,
            scenario.load(broker.bootstrap, PARTITIONS, Random(seed)) as load,
            Fleet(workers, arguments, environment, directory / "workers") as fleet,
        ):
            it = Arena(scenario, broker, view, load, fleet, directory, environment, arguments)
            it.start_watching()
            try:
                yield it
            finally:
                await it.stop_watching()
