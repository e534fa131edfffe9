"""A real Apache Kafka of one's own: one node, KRaft, on the loopback interface, ended with whoever started it.

    async with EmbeddedBroker(Path(".hub/broker")) as broker:
        ...  # broker.bootstrap is "127.0.0.1:<port>"

The data directory holds everything of the broker: its settings, `broker.log`, the records, and while it runs
`broker.json` (pid, bootstrap address). Starting again on the same directory continues with the same records.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from hub.errors import BrokerError
from hub.kafka_jars import SOURCES, jars, java

HOST = "127.0.0.1"

_PORTS = range(20_000, 32_000)
"""Free ones are taken from here, below Linux's ephemeral ports: a client that keeps trying a stopped broker's port
in that range would end up connected to itself, and hold the port."""
_START_SECONDS = 120.0
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.05

_JVM = (
    "-Xmx768m",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
)


@dataclass(frozen=True)
class Running:
    """A broker that runs on a data directory, as its `broker.json` says."""

    pid: int
    bootstrap: str


class EmbeddedBroker:
    """One Kafka process on `data_dir`. Port 0 takes a free one, which it keeps over restarts.

    With `outlives` it goes on when the starting process ends; otherwise the kernel kills it then.
    `properties` are further broker settings. Every failure is a `BrokerError`.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int = 0,
        outlives: bool = False,
        properties: Mapping[str, str] | None = None,
    ) -> None:
        self._dir = data_dir.absolute()
        self._port = port
        self._controller_port = 0
        self._outlives = outlives
        self._properties = dict(properties or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """Where clients connect; known once started."""
        return f"{HOST}:{self._port}"

    @property
    def log(self) -> Path:
        """What the broker itself says: warnings and worse."""
        return self._dir / "broker.log"

    @property
    def pid(self) -> int:
        """The broker's process id, while it runs."""
        return self._running().pid

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start, format the data directory first if it is new, and return once a metadata request is answered."""
        if running := find(self._dir):
            raise BrokerError(
                f"A broker already runs on {self._dir} (pid {running.pid}, {running.bootstrap}): stop it."
            )
        java_path, class_path = await asyncio.to_thread(lambda: (java(), f"{jars()}/*"))
        self._choose_ports()
        settings = self._write_settings()
        if not (self._dir / "records" / "meta.properties").exists():
            await asyncio.to_thread(self._format, java_path, class_path, settings)
        self._process = self._launch([java_path, *_JVM, *_logging(), "-cp", class_path, "kafka.Kafka", str(settings)])
        try:
            self._state_file.write_text(json.dumps(asdict(Running(self._process.pid, self.bootstrap))))
            await self._until_ready()
        except BaseException:
            await self.kill()
            raise

    async def stop(self) -> None:
        """Ask it to end, wait, and kill it when it does not. Stopping what does not run is no error."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        if not await self._ended(_STOP_SECONDS):
            self._process.kill()
            await self._ended(_STOP_SECONDS)
        self._forget()

    async def kill(self) -> None:
        """End it as a power cut of its process would."""
        process = self._running()
        process.kill()
        await self._ended(_STOP_SECONDS)
        self._forget()

    async def restart(self) -> None:
        """Start again where it was: same port, same records. Ends it first if it still runs."""
        await self.stop()
        await self.start()

    def pause(self) -> None:
        """Stop it from running at all: it holds its connections and answers nobody until `resume`."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused broker go on."""
        self._running().send_signal(signal.SIGCONT)

    async def wait(self) -> int:
        """Wait until it ends by itself; its exit status."""
        process = self._running()
        while (status := process.poll()) is None:
            await asyncio.sleep(_POLL_SECONDS)
        self._forget()
        return status

    @property
    def _state_file(self) -> Path:
        return self._dir / "broker.json"

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise BrokerError(f"The broker on {self._dir} is not running: start it first.")
        return self._process

    def _choose_ports(self) -> None:
        """Keep the client port it had, or take free ones, and say so if the wanted one is taken."""
        if self._port and not _is_free(self._port):
            raise BrokerError(f"Port {self._port} on {HOST} is taken: end what uses it or choose another port.")
        free = (port for port in free_ports() if port != self._port)
        self._port = self._port or next(free)
        self._controller_port = next(free)

    def _write_settings(self) -> Path:
        listeners = f"PLAINTEXT://{HOST}:{self._port},CONTROLLER://{HOST}:{self._controller_port}"
        properties = {
            "listeners": listeners,
            "advertised.listeners": listeners,
            "controller.quorum.bootstrap.servers": f"{HOST}:{self._controller_port}",
            "log.dirs": str(self._dir / "records"),
            **self._properties,
        }
        path = self._dir / "server.properties"
        try:
            self._dir.mkdir(parents=True, exist_ok=True)
            own = "".join(f"{name}={value}\n" for name, value in properties.items())
            path.write_text(f"{(SOURCES / 'server.properties').read_text()}\n{own}")
        except OSError as error:
            raise BrokerError(
                f"The broker's data directory {self._dir} cannot be written: {error.strerror}."
            ) from error
        return path

    def _format(self, java_path: str, class_path: str, settings: Path) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        tool = ["kafka.tools.StorageTool", "format", "--standalone", f"--cluster-id={cluster}", f"--config={settings}"]
        quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", *_logging()]
        done = subprocess.run(
            [java_path, *quick, "-cp", class_path, *tool],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BrokerError(f"Kafka could not format {self._dir} ({_complaint(done.stdout)}).")

    def _launch(self, command: list[str]) -> subprocess.Popen[bytes]:
        """Start the process in a session of its own, so that a terminal's Ctrl-C reaches us and not it."""
        setpriv = None if self._outlives else shutil.which("setpriv")
        if setpriv:
            command = [setpriv, "--pdeathsig", "KILL", *command]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self._dir,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    async def _until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not await answers(self.bootstrap):
            if self._running().poll() is not None:
                raise BrokerError(
                    f"Kafka ended while starting ({_complaint(self.log.read_text(errors='replace'))}); see {self.log}."
                )
            if time.monotonic() > deadline:
                raise BrokerError(f"Kafka did not answer within {_START_SECONDS:.0f} s; see {self.log}.")
            await asyncio.sleep(_POLL_SECONDS)

    async def _ended(self, seconds: float) -> bool:
        """Whether the process ends within so many seconds."""
        deadline = time.monotonic() + seconds
        while self._running().poll() is None:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(_POLL_SECONDS)
        return True

    def _forget(self) -> None:
        self._process = None
        self._state_file.unlink(missing_ok=True)


def _complaint(output: str) -> str:
    """The last thing Kafka complains of, without the stack below it; else the last it says."""
    lines = output.splitlines() or ["it says nothing"]
    return next((line for line in reversed(lines) if re.search(r"^\S.*(ERROR|FATAL|Exception)", line)), lines[-1])


def free_ports() -> Iterator[int]:
    """Ports nobody listens on, in an order left to chance."""
    return (port for port in random.sample(_PORTS, len(_PORTS)) if _is_free(port))


def _is_free(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


def _logging() -> tuple[str, ...]:
    return (f"-Dlog4j2.configurationFile={SOURCES / 'log4j2.properties'}",)


def find(data_dir: Path) -> Running | None:
    """The broker that runs on `data_dir`, whoever started it; None if none does.

    A recorded pid counts only if that process runs Kafka with this directory's settings.
    """
    directory = data_dir.absolute()
    try:
        running = Running(**json.loads((directory / "broker.json").read_text()))
        arguments = Path(f"/proc/{running.pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError, TypeError):
        return None
    return running if os.fsencode(directory / "server.properties") in arguments else None


def stop(data_dir: Path) -> Running:
    """Stop the broker that runs on `data_dir`, whoever started it; what ran."""
    running = find(data_dir)
    if running is None:
        raise BrokerError(f"No broker runs on {data_dir.absolute()}.")
    os.kill(running.pid, signal.SIGCONT)
    for sign in (signal.SIGTERM, signal.SIGKILL):
        os.kill(running.pid, sign)
        deadline = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < deadline:
            if find(data_dir) is None:
                (data_dir / "broker.json").unlink(missing_ok=True)
                return running
            time.sleep(_POLL_SECONDS)
    raise BrokerError(f"The broker on {data_dir.absolute()} (pid {running.pid}) does not end.")


async def answers(bootstrap: str) -> bool:
    """Whether a Kafka at this plaintext address answers a metadata request and has a broker to name."""
    host, _, port = bootstrap.rpartition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=2000)
    try:
        await admin.start()
        return bool((await admin.describe_cluster())["brokers"])
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await admin.close()
