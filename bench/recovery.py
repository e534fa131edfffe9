"""How long a worker takes until it is ready when its disk is empty, and how much memory: states of many orders.

    ./run bench recovery [--orders N]

orders.state is filled with states of real orders, as they are in each chapter of their life, under new order ids. A
worker with an empty directory then rebuilds its stores from it; every state in them is compared with what was
written. Started again, with its stores, it only looks for what is new.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from bench import machine
from bench.broker import kafka
from bench.contenders import ROOT
from bench.full_orders import CUSTOMERS
from bench.load import Message, load
from bench.measure import StalledError
from bench.orders import generate
from bench.play import Play
from bench.process import Peer
from bench.section import command
from bench.workload import PARTITIONS
from hub.kafka_admin import connect, create
from hub.runtime.partitioner import partition_of
from hub.runtime.store import Store
from hub.runtime.work import state_headers
from hub.topics import HUB_APPLIED, ORDERS_EVENTS, ORDERS_STATE, TOPICS

ORDERS = 1_000_000
_DEADLINE = 600.0


@dataclass(frozen=True)
class Start:
    """How a worker came up."""

    seconds: float
    """From the start of its process until it takes records of every partition."""
    cpu: float
    peak_bytes: int


class Changelog:
    """The states of `count` orders, each one of a few real ones under an order id of its own."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._models = list(_real_states(200))
        self._headers = state_headers(int((datetime.now(UTC) + timedelta(days=3)).timestamp() * 1000), "in-work")

    def __iter__(self) -> Iterator[Message]:
        for number in range(self.count):
            key = b"RB-%08d" % number
            yield Message(partition_of(key, PARTITIONS), key, self.value(number), self._headers)

    def value(self, number: int) -> bytes:
        """The state of one order; ids are of equal length, so that the message stays a right one."""
        order_id, raw = self._models[number % len(self._models)]
        return raw.replace(order_id, b"RB-%08d" % number)


def _nothing_applied() -> Iterator[Message]:
    """A worker refuses states of which nothing tells what input made them; these were made without any."""
    for partition in range(PARTITIONS):
        yield Message(partition, f"orders/{ORDERS_EVENTS}".encode(), b"-1", [])


def _real_states(orders: int) -> Iterator[tuple[bytes, bytes]]:
    """Order id and state of so many orders after each chapter of their life."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as directory:
        play = Play(Path(directory))
        play.introduce(CUSTOMERS, now)
        for _ in play.chapters(generate(orders, CUSTOMERS, now)):
            play.work()
            yield from play.states("orders")
        play.close()


async def measure(count: int, bootstrap: str, work: Path) -> tuple[Start, Start, float]:
    """The worker's start with an empty directory, its start with what it then has, and the mean size of a state.

    Raises:
        StalledError: it does not get ready, or what it recovered is not what was written.
    """
    async with connect({"bootstrap_servers": bootstrap}) as admin:
        await create(admin, TOPICS.values(), partitions=PARTITIONS, replication_factor=1)
    changelog = Changelog(count)
    await load(bootstrap, ORDERS_STATE, changelog)
    await load(bootstrap, HUB_APPLIED, _nothing_applied())
    with tempfile.TemporaryDirectory(dir=work, prefix="recovery-") as state:
        empty = await _start(bootstrap, work, Path(state))
        wrong = _differences(changelog, Path(state))
        if wrong:
            raise StalledError(f"{wrong} of {count} states were not recovered as they were written")
        again = await _start(bootstrap, work, Path(state))
    sample = range(0, count, max(1, count // 1000))
    return empty, again, sum(len(changelog.value(number)) for number in sample) / len(sample)


async def _start(bootstrap: str, work: Path, state: Path) -> Start:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = {
        "HUB_KAFKA_BOOTSTRAP": bootstrap,
        "HUB_DATA_DIR": str(state),
        "HUB_METRICS_PORT": str(port),
        "HUB_LOG_LEVEL": "warning",
    }
    begin = time.monotonic()
    with Peer("recovery", (sys.executable, "-m", "hub", "worker"), work / "recovery.log", ROOT, env) as peer:
        while not await asyncio.to_thread(_is_ready, port):
            if peer.ended or time.monotonic() - begin > _DEADLINE:
                raise StalledError(f"the worker did not get ready, see {peer.log}")
            await asyncio.sleep(0.1)
        return Start(time.monotonic() - begin, peer.cpu_seconds(), peer.peak_bytes())


def _is_ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _differences(changelog: Changelog, state: Path) -> int:
    """How many states are missing, foreign or not as they were written."""
    right = 0
    held = 0
    for partition in range(PARTITIONS):
        store = Store(state / "orders" / str(partition))
        for key, entry in store:
            held += 1
            right += key[:3] == b"RB-" and entry.raw == changelog.value(int(key[3:]))
        store.close()
    return max(changelog.count, held) - right


async def _run(count: int) -> str:
    work = ROOT / ".hub" / "bench"
    work.mkdir(parents=True, exist_ok=True)
    async with kafka(None) as bootstrap:
        empty, again, size = await measure(count, bootstrap, work)
    rows = [
        f"| {title} | {start.seconds:.1f} | {start.cpu:.1f} | {start.peak_bytes / 2**20:,.0f} |"
        for title, start in (("empty directory", empty), ("started again", again))
    ]
    facts = machine.describe()
    return "\n".join(
        [
            f"{count:,} orders, {size:,.0f} bytes each in orders.state, 1 worker ({facts['CPU']}):",
            "",
            "| | ready after s | CPU s | peak MiB |",
            "|---|--:|--:|--:|",
            *rows,
        ]
    )


if __name__ == "__main__":
    command("recovery", __doc__, ORDERS, _run)
