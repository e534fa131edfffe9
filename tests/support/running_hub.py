"""A real hub for tests of commands: one Kafka, one worker, and `hub` as a person would type it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from connectors.base import Event
from connectors.publishing import Placed, Publisher
from connectors.reading import Reader
from hub import kafka_admin
from hub.broker import EmbeddedBroker
from hub.cli import main
from hub.codec import Codec
from hub.config import Settings
from hub.runtime.spec import Record
from hub.topics import TOPICS
from tests.support.places import place_of
from tests.support.program import Program

_PATIENCE = 60.0


class Done(NamedTuple):
    """What came of a command."""

    returncode: int
    stdout: str
    stderr: str


def objects(printed: str) -> list[dict[str, Any]]:
    """What a command printed with `--json`."""
    found = [json.loads(line) for line in printed.splitlines()]
    assert all(isinstance(each, dict) for each in found), printed
    return found


@dataclass(frozen=True)
class RunningHub:
    """Where it is, and what can be done with it."""

    settings: Settings
    codec: Codec

    @property
    def environment(self) -> dict[str, str]:
        """What a command finds it by."""
        own = {"HUB_KAFKA_BOOTSTRAP": self.settings.kafka_bootstrap, "HUB_DATA_DIR": str(self.settings.data_dir)}
        if self.settings.rules_dir is not None:
            own["HUB_RULES_DIR"] = str(self.settings.rules_dir)
        return {**os.environ, **own, "HUB_METRICS_PORT": str(self.settings.metrics_port), "COLUMNS": "160"}

    def hub(self, *arguments: str) -> Done:
        """`hub ARGUMENTS` to its end, in a thread of this process: Python need not be started for each."""
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(self._hub, arguments).result(_PATIENCE)

    def _hub(self, arguments: Sequence[str]) -> Done:
        raw = BytesIO(), BytesIO()
        output, errors = (TextIOWrapper(each, write_through=True) for each in raw)
        with (
            patch.dict(os.environ, self.environment),
            patch.object(sys, "argv", ["hub", *arguments]),
            redirect_stdout(output),
            redirect_stderr(errors),
        ):
            try:
                main()
            except SystemExit as ended:
                status = int(ended.code or 0)
        return Done(status, *(each.getvalue().decode() for each in raw))

    def told(self, *arguments: str) -> list[dict[str, Any]]:
        """What `hub ARGUMENTS --json` says, each line an object."""
        done = self.hub(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return objects(done.stdout)

    async def send(self, *events: Event) -> list[Placed]:
        """Events in, acknowledged."""
        async with Publisher(self.settings.kafka_client(), self.codec, self.settings.partitions) as publisher:
            return [await (await publisher.submit(event)) for event in events]

    async def held(self, topic: str) -> Sequence[Record]:
        """What a topic holds now."""
        return sorted([record async for record in self.reader().held([topic])], key=place_of)

    async def until(self, topic: str, holds: Callable[[Sequence[Record]], bool]) -> Sequence[Record]:
        """What the topic holds as soon as it holds that."""
        async with asyncio.timeout(_PATIENCE):
            while not holds(found := await self.held(topic)):
                await asyncio.sleep(0.1)
        return found

    def reader(self) -> Reader:
        """A reader of its topics."""
        return Reader(self.settings.kafka_client(), self.settings.partitions)


@asynccontextmanager
async def running_hub(directory: Path) -> AsyncIterator[RunningHub]:
    """A hub that runs until the block is left."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    async with EmbeddedBroker(directory / "broker") as broker:
        settings = Settings(kafka_bootstrap=broker.bootstrap, data_dir=directory / "worker", metrics_port=port)
        async with kafka_admin.connect(settings.kafka_client()) as admin:
            await kafka_admin.create(
                admin, TOPICS.values(), partitions=settings.partitions, replication_factor=settings.replication_factor
            )
        hub = RunningHub(settings, Codec.load())
        async with Program(("-m", "hub", "worker"), hub.environment, directory / "worker.log") as worker:
            assert await worker.says("worker started"), worker.last_words
            yield hub
