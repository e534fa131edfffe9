"""How long `hub reconcile` takes for a million settled order lines, and how much memory.

    ./run bench reconcile [--orders N]

The topics are filled with orders of five lines that the hub's own agents took from placement to payment, copied under
ids of their own: states, settlements, their journal and the whole orders.journal. Of some a unit came back, and of some
what the topics hold was falsified afterwards; exactly those must be found, with their amounts.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
from msgspec.structs import replace

from bench import machine
from bench.broker import kafka
from bench.contenders import ROOT
from bench.full_orders import CUSTOMERS
from bench.load import Message, load
from bench.measure import StalledError
from bench.orders import generate, messages
from bench.play import Play
from bench.process import Tree
from bench.section import command
from bench.workload import PARTITIONS
from hub.codec import Codec
from hub.domain.effects import SettlementRecorded
from hub.domain.events import OrderPlaced, StatusReported
from hub.domain.ids import work_order_id
from hub.domain.model import LineQuantity
from hub.kafka_admin import connect, create
from hub.runtime.partitioner import partition_of
from hub.topics import LOGISTICS_STATUS, ORDERS_JOURNAL, ORDERS_STATE, SETTLEMENTS, SETTLEMENTS_JOURNAL, TOPICS

ORDERS = 200_000
LINES = 5
_MODELS = 400
_COPIED = (SETTLEMENTS, SETTLEMENTS_JOURNAL, ORDERS_JOURNAL)
_RETURNED, _DOUBLED, _LOST, _FALSE = 0, 1, 2, 3
"""Which of a hundred orders sent something back; of which the settlement is there twice, is not, is a cent off."""
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Run:
    """What was measured."""

    seconds: float
    cpu: float
    peak_bytes: int
    """Largest resident memory of all its processes together."""


class Topics:
    """What the topics hold of `count` orders."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.codec = Codec.load()
        self._models, self._held = _models()
        self._ids = [
            sorted({self.codec.decode_as(SettlementRecorded, value).settlement_id for value in held[SETTLEMENTS]})
            for held in self._held
        ]

    def of(self, topic: str) -> Iterator[Message]:
        """The records of one topic, order by order."""
        for number in range(self.count):
            model = number % len(self._models)
            for value in self._falsified(topic, number, self._held[model][topic]):
                key = _order_id(number)
                yield Message(partition_of(key, PARTITIONS), key, self._copied(value, number, model))

    def _copied(self, value: bytes, number: int, model: int) -> bytes:
        """The record under the copy's ids, which are as long as the model's."""
        value = value.replace(self._models[model].order_id.encode(), _order_id(number))
        for settlement_id in self._ids[model]:
            value = value.replace(settlement_id.encode(), b"%08x" % number + settlement_id[8:].encode())
        return value

    def _falsified(self, topic: str, number: int, values: list[bytes]) -> list[bytes]:
        if topic != SETTLEMENTS:
            return values
        match number % 100:
            case n if n == _DOUBLED:
                return [*values, values[0]]
            case n if n == _LOST:
                return values[1:]
            case n if n == _FALSE:
                settled = self.codec.decode_as(SettlementRecorded, values[0])
                return [self.codec.encode(replace(settled, tax_inclusive=settled.tax_inclusive + _CENT))]
        return values

    def expected(self) -> dict[str, int]:
        """How many differences must be found, by cause, beside what a credit note is rounded by."""
        some = self.count // 100
        return {
            "returned": some,
            "overpaid": some,
            "recorded-twice": some,
            "not-settled": some * LINES,
            "not-recorded": some,
            "sums-wrong": some,
            "posted-less": some,
        }


def _order_id(number: int) -> bytes:
    return b"SO-%08d" % number


def _models() -> tuple[list[OrderPlaced], list[dict[str, list[bytes]]]]:
    """Orders that were played to their end, and what each has on every topic."""
    now = datetime.now(UTC)
    placed = generate(_MODELS, CUSTOMERS, now)
    with tempfile.TemporaryDirectory() as directory:
        play = Play(Path(directory), keep=_COPIED)
        play.introduce(CUSTOMERS, now)
        for _ in play.chapters(placed):
            play.work()
        play.send(LOGISTICS_STATUS, messages(play.codec, [_sent_back(each) for each in placed[_RETURNED::100]]))
        play.work()
        held: dict[bytes, dict[str, list[bytes]]] = {
            each.order_id.encode(): {topic: [] for topic in (*_COPIED, ORDERS_STATE)} for each in placed
        }
        for topic, outputs in play.kept.items():
            for key, value in outputs:
                held[key][topic].append(value)
        for key, value in play.states("orders"):
            held[key][ORDERS_STATE].append(value)
        play.close()
    return placed, [held[each.order_id.encode()] for each in placed]


def _sent_back(order: OrderPlaced) -> StatusReported:
    return StatusReported(
        event_id=f"{order.order_id}-returned",
        source="bench-logistics",
        occurred_at=order.occurred_at,
        order_id=order.order_id,
        work_order_id=work_order_id(order.order_id, "logistics"),
        department="logistics",
        kind="returned",
        lines=(LineQuantity("1", Decimal(1)),),
    )


async def measure(count: int, bootstrap: str, work: Path) -> Run:
    """Fill the topics and reconcile them.

    Raises:
        StalledError: what is found is not what was put there.
    """
    async with connect({"bootstrap_servers": bootstrap}) as admin:
        await create(admin, TOPICS.values(), partitions=PARTITIONS, replication_factor=1)
    topics = Topics(count)
    for topic in (ORDERS_STATE, *_COPIED):
        await load(bootstrap, topic, topics.of(topic))
    output = work / "reconcile.json"
    begin = time.monotonic()
    with output.open("wb") as file, (work / "reconcile.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub", "reconcile", "--json",
            stdin=subprocess.DEVNULL, stdout=file, stderr=log, cwd=ROOT, env=_environment(bootstrap),
        )  # fmt: skip
        tree = Tree(process.pid)
        watching = asyncio.create_task(tree.watch())
        status = await process.wait()
        watching.cancel()
    seconds = time.monotonic() - begin
    _check(topics, output, status)
    return Run(seconds, tree.cpu_seconds, tree.peak_bytes)


def _environment(bootstrap: str) -> dict[str, str]:
    return {**os.environ, "HUB_KAFKA_BOOTSTRAP": bootstrap, "HUB_LOG_LEVEL": "warning"}


def _check(topics: Topics, output: Path, status: int) -> None:
    totals: dict[str, Any] = {}
    with output.open("rb") as file:
        for line in file:
            totals = orjson.loads(line)
    found = {each["cause"]: each["count"] for each in totals.get("causes", ()) if each["kind"] != "rounding"}
    if status != 1 or found != topics.expected():
        raise StalledError(f"found {found}, not {topics.expected()}, with exit status {status}: see {output}")
    currency = totals["currencies"]["EUR"]
    if (currency["orders"], currency["lines"]) != (topics.count, topics.count * LINES):
        raise StalledError(f"{currency} are not {topics.count} orders")


async def _run(count: int) -> str:
    work = ROOT / ".hub" / "bench"
    work.mkdir(parents=True, exist_ok=True)
    async with kafka(None) as bootstrap:
        run = await measure(count, bootstrap, work)
    speed = count * LINES / run.seconds
    return "\n".join(
        [
            f"{count:,} orders, {count * LINES:,} lines ({machine.describe()['CPU']}, Kafka on the same machine):",
            "",
            "| seconds | lines/s | CPU s | peak MiB, all processes |",
            "|--:|--:|--:|--:|",
            f"| {run.seconds:.1f} | {speed:,.0f} | {run.cpu:.1f} | {run.peak_bytes / 2**20:,.0f} |",
        ]
    )


if __name__ == "__main__":
    command("reconcile", __doc__, ORDERS, _run, ", of five lines")
