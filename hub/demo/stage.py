"""Sets a hub up and takes it down: a Kafka and a worker.

Both run in processes of their own and are gone when the block is left, however that happens. What Kafka holds and what
the processes said stays in the directory until the next time.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import yaml

from connectors.reading import Reader
from hub import kafka_admin
from hub.broker import HOST, EmbeddedBroker, find
from hub.config import Settings, variable
from hub.demo.processes import Child
from hub.domain.monitor import STALLED
from hub.errors import HubError
from hub.rules import RULES_DIR
from hub.topics import TOPICS

KAFKA_PORT = 9092
METRICS_PORT = 9464
"""The hub's usual ports, so that its commands need not be told; free ones are taken where these are not."""
_READY_SECONDS = 60.0


class Stage:
    """A hub, set up when the block is entered and taken down when it is left."""

    def __init__(self, directory: Path, say: Callable[[str], None], *, stalled_after: int) -> None:
        """`say` is told of every step. `stalled_after`: seconds an order may stand still."""
        self._directory = directory.absolute()
        self._say = say
        self._stalled_after = stalled_after
        self._broker = EmbeddedBroker(self._directory / "broker", port=KAFKA_PORT if _is_free(KAFKA_PORT) else 0)
        self._children: list[Child] = []
        self._metrics_port = METRICS_PORT if _is_free(METRICS_PORT) else _free_port()

    async def __aenter__(self) -> Self:
        try:
            await self._set_up()
        except BaseException:
            await self._take_down()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._take_down()

    @property
    def settings(self) -> Settings:
        """The hub's settings on this stage; known once Kafka runs."""
        return Settings(
            kafka_bootstrap=self._broker.bootstrap,
            kafka_security_protocol="PLAINTEXT",
            data_dir=self._directory / "worker",
            rules_dir=self._directory / "rules",
            metrics_port=self._metrics_port,
        )

    @property
    def metrics_url(self) -> str:
        """The worker's page for Prometheus."""
        return f"http://{HOST}:{self._metrics_port}/metrics"

    @property
    def broker_dir(self) -> Path:
        """Where Kafka keeps its records."""
        return self._directory / "broker"

    def reader(self) -> Reader:
        """A reader of this hub's topics."""
        return Reader(self.settings.kafka_client(), self.settings.partitions)

    def _start(self, name: str, arguments: Sequence[str]) -> None:
        """Start a process, `python ARGUMENTS`, with the hub's settings in its environment."""
        settings = self.settings
        fields = ("kafka_bootstrap", "kafka_security_protocol", "data_dir", "rules_dir", "metrics_port", "partitions")
        environment = {variable(field): str(getattr(settings, field)) for field in fields}
        self._children.append(Child(name, arguments, environment, self._directory / f"{name}.log"))

    def check(self) -> None:
        """Raise HubError if a process has ended with an error."""
        for child in self._children:
            child.check()

    async def _set_up(self) -> None:
        self._clear()
        self._say("Starting Kafka ...")
        await self._broker.start()
        settings = self.settings
        async with kafka_admin.connect(settings.kafka_client()) as admin:
            await kafka_admin.create(admin, TOPICS.values(), partitions=settings.partitions, replication_factor=1)
        self._say(
            f"Kafka runs at {settings.kafka_bootstrap} with {len(TOPICS)} topics of {settings.partitions} partitions."
        )
        self._start("worker", ["-m", "hub", "worker"])
        await self._until_ready()
        self._say("A hub worker is ready.")

    def _clear(self) -> None:
        """Make room: an earlier hub's Kafka, state and logs go."""
        if running := find(self.broker_dir):
            raise HubError(
                f"A Kafka already runs on {self.broker_dir} (pid {running.pid}): end what runs there, or "
                f"`hub broker stop --data-dir {self.broker_dir}`, or choose another --dir."
            )
        try:
            for old in ("broker", "worker", "rules"):
                shutil.rmtree(self._directory / old, ignore_errors=True)
            rules = self._directory / "rules"
            rules.mkdir(parents=True)
            for old_log in self._directory.glob("*.log"):
                old_log.unlink()
            for name in ("allocation.yaml", "policy.yaml"):
                shutil.copy(RULES_DIR / name, rules)
            watched = yaml.safe_load((RULES_DIR / "monitor.yaml").read_text())
            (stalled,) = (rule for rule in watched["monitor"] if rule["name"] == STALLED)
            stalled["longer_than"] = f"PT{self._stalled_after}S"
            (rules / "monitor.yaml").write_text(yaml.safe_dump(watched, sort_keys=False))
        except OSError as error:
            raise HubError(f"The directory {self._directory} cannot be used: {error}; choose another.") from error

    async def _until_ready(self) -> None:
        """Wait until the worker has all its partitions."""
        deadline = asyncio.get_running_loop().time() + _READY_SECONDS
        while not await _answers_ok(self._metrics_port, "/readyz"):
            self.check()
            if asyncio.get_running_loop().time() > deadline:
                raise HubError(
                    f"The worker is not ready after {_READY_SECONDS:.0f} s; see {self._directory}/worker.log."
                )
            await asyncio.sleep(0.1)

    async def _take_down(self) -> None:
        await asyncio.gather(*(child.stop() for child in self._children))
        await self._broker.stop()


def _is_free(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as server:
        port: int = server.getsockname()[1]
        return port


async def _answers_ok(port: int, path: str) -> bool:
    """Whether an HTTP server on this machine answers a request with status 200."""
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    try:
        writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        return b" 200 " in await reader.readline()
    except OSError:
        return False
    finally:
        writer.close()
