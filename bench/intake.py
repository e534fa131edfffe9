"""How many orders a second come in over HTTP, each answered when Kafka has it: one a request, and in batches.

    ./run bench intake [--orders N] [--connections N]

Orders of five lines, over connections that are kept open, each waiting for its answer before it sends the next. Kafka,
the intakes and the sender share the machine. Afterwards the topic holds every order once.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench import machine
from bench.broker import kafka
from bench.contenders import ROOT
from bench.measure import StalledError
from bench.orders import generate
from bench.process import Peer
from bench.report import replace_section
from bench.workload import PARTITIONS
from hub.domain.events import OrderPlaced
from hub.errors import HubError
from hub.kafka_admin import connect, create
from hub.topics import ORDERS_EVENTS, TOPICS

ORDERS = 60_000
CONNECTIONS = 64
_HOST, _PORT, _TOKEN = "127.0.0.1", 18_080, "bench"
_BATCHES = 8
"""Connections that send batches."""
_DEADLINE = 30.0
BATCH = 100
_HEAD = (
    "POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n"
    "Content-Type: application/json\r\nContent-Length: {length}\r\n{key}\r\n"
)


@dataclass(frozen=True)
class Run:
    """One measurement."""

    intakes: int
    batch: int
    """Orders in a request."""
    orders: int
    seconds: float
    delays: list[float]
    """Seconds from each request to its answer, sorted."""
    cpu: float
    """Seconds of the intakes."""

    def row(self) -> str:
        """Of the table."""
        middle, late = (self.delays[int(len(self.delays) * share)] * 1000 for share in (0.5, 0.99))
        rate, each = self.orders / self.seconds, self.cpu / self.orders * 1e6
        return f"| {self.intakes} | {self.batch} | **{rate:,.0f}** | {middle:.1f} | {late:.1f} | {each:,.0f} |"


class Sender(asyncio.Protocol):
    """One connection: sends a request, waits for its answer, sends the next."""

    def __init__(self, requests: Iterator[bytes], batch: int, delays: list[float], done: asyncio.Future[None]) -> None:
        self._requests = requests
        self._batch = batch
        self._answer = b""
        self._delays = delays
        self._done = done
        self._since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        """An answer, or a part of it."""
        self._answer += data
        head, _, body = self._answer.partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        if length is None or len(body) < int(length[1]):
            return
        taken = body.count(b'"status":202') if self._batch > 1 else head.startswith(b"HTTP/1.1 202 ")
        if taken != self._batch:
            self._done.set_exception(StalledError(f"an order was not taken: {self._answer[:500]!r}"))
            return
        self._answer = b""
        self._delays.append(time.perf_counter() - self._since)
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """Before all is sent, that is a failure."""
        if not self._done.done():
            self._done.set_exception(StalledError(f"a connection was lost: {exc}"))

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._done.set_result(None)
            return
        self._since = time.perf_counter()
        self._transport.write(request)  # type: ignore[attr-defined]  # a transport of TCP


def request(orders: Sequence[OrderPlaced]) -> bytes:
    """An order as it is sent, or a batch of them."""
    documents = [{"type": "OrderPlaced", **msgspec.to_builtins(order)} for order in orders]
    key, path = "", "/batches"
    content: dict[str, Any] = {"events": documents}
    if len(documents) == 1:
        content = documents[0]
        key, path = f"Idempotency-Key: {content.pop('event_id')}\r\n", "/events"
    body = msgspec.json.encode(content)
    return _HEAD.format(path=path, host=_HOST, port=_PORT, token=_TOKEN, key=key, length=len(body)).encode() + body


async def measure(intakes: int, batch: int, orders: int, connections: int, work: Path) -> Run:
    """Send so many orders to so many intakes on a Kafka of their own.

    Raises:
        StalledError: an order was not taken, or the topic does not hold every one once.
    """
    made = generate(orders, 100, datetime.now(UTC))
    requests = [request(made[begin : begin + batch]) for begin in range(0, orders, batch)]
    command = (sys.executable, "-m", "hub", "intake")
    async with kafka(None) as bootstrap:
        async with connect({"bootstrap_servers": bootstrap}) as admin:
            await create(admin, TOPICS.values(), partitions=PARTITIONS, replication_factor=1)
        env = {
            "HUB_KAFKA_BOOTSTRAP": bootstrap,
            "HUB_INTAKE_PORT": str(_PORT),
            "HUB_INTAKE_TOKEN": _TOKEN,
            "HUB_INTAKE_RATE": "1000000",
            "HUB_INTAKE_WAITING": "100000",
        }
        peers = [Peer("intake", command, work / f"intake-{number}.log", ROOT, env) for number in range(intakes)]
        with ExitStack() as stack:
            for peer in peers:
                await _until_ready(stack.enter_context(peer))
            before = sum(peer.cpu_seconds() for peer in peers)
            begin = time.perf_counter()
            delays = await _send(requests, batch, connections)
            seconds = time.perf_counter() - begin
            cpu = sum(peer.cpu_seconds() for peer in peers) - before
        held = await _held(bootstrap)
        if held != orders:
            raise StalledError(f"{orders} orders were acknowledged and {held} are in the topic")
    return Run(intakes, batch, orders, seconds, sorted(delays), cpu)


async def _send(requests: list[bytes], batch: int, connections: int) -> list[float]:
    delays: list[float] = []
    waiting = iter(requests)
    loop = asyncio.get_running_loop()
    done = [loop.create_future() for _ in range(connections)]
    for each in done:
        await loop.create_connection(lambda each=each: Sender(waiting, batch, delays, each), _HOST, _PORT)  # type: ignore[misc]
    await asyncio.gather(*done)
    return delays


async def _until_ready(peer: Peer) -> None:
    begin = time.monotonic()
    while "intake started" not in peer.log.read_text():
        if peer.ended or time.monotonic() - begin > _DEADLINE:
            raise StalledError(f"the intake did not start, see {peer.log}")
        await asyncio.sleep(0.05)


async def _held(bootstrap: str) -> int:
    """How many records the topic of orders holds."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        ends = await consumer.end_offsets([TopicPartition(ORDERS_EVENTS, number) for number in range(PARTITIONS)])
        return sum(ends.values())
    finally:
        await consumer.stop()


def _report(runs: list[Run], connections: int) -> str:
    facts = machine.describe()
    ways = f"{connections} connections, {_BATCHES} with batches"
    head = f"{runs[0].orders:,} orders, {ways} ({facts['CPU']}, with Kafka and the sender):"
    titles = "| intakes | orders a request | orders/s | p50 ms | p99 ms | CPU us an order |"
    return "\n".join([head, "", titles, "|--:|--:|--:|--:|--:|--:|", *(run.row() for run in runs)])


async def _run(orders: int, connections: int) -> list[Run]:
    work = ROOT / ".hub" / "bench"
    work.mkdir(parents=True, exist_ok=True)
    alone = [await measure(intakes, 1, orders, connections, work) for intakes in (1, 2)]
    return alone + [await measure(intakes, BATCH, orders, _BATCHES, work) for intakes in (1, 2)]


def main() -> None:
    """Measure, print, and for a run of full size rewrite the section of docs/performance.md."""
    logging.disable(logging.WARNING)
    parser = argparse.ArgumentParser(prog="./run bench intake", description=__doc__.partition("\n")[0])
    parser.add_argument("--orders", type=int, default=ORDERS, help=f"how many (default {ORDERS:,})")
    parser.add_argument("--connections", type=int, default=CONNECTIONS, help=f"at once (default {CONNECTIONS})")
    chosen = parser.parse_args()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runs = runner.run(_run(chosen.orders, chosen.connections))
    except HubError as error:
        sys.exit(f"bench: {error}")
    text = _report(runs, chosen.connections)
    print(text)
    if chosen.orders >= ORDERS:
        replace_section(ROOT / "docs" / "performance.md", "intake", text)


if __name__ == "__main__":
    main()
