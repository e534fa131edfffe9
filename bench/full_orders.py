"""Measure the hub itself: one `hub worker` takes whole orders, chapter by chapter, held while each is loaded.

Progress is seen from outside, on orders.journal, which gets one entry for every event of an order. At the end the
journal and the settlements are read back: every event of every order applied exactly once and in order, every order
settled once and to the cent.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from bench.check import Verdict, read_committed
from bench.contenders import EXACTLY, HUB, ROOT
from bench.load import load
from bench.measure import Look, in_sequence, timing, watch
from bench.orders import CHAPTERS, Chapter, claim, events, generate, messages, terms
from bench.process import Peer
from bench.rest import rest
from bench.result import Result
from bench.workload import PARTITIONS
from hub.codec import Codec
from hub.domain.effects import SettlementRecorded
from hub.domain.events import OrderPlaced
from hub.domain.journal import JournalEntry
from hub.kafka_admin import connect, create
from hub.topics import CREDIT_STATE, CUSTOMERS_EVENTS, HUB_DEAD_LETTER, ORDERS_JOURNAL, SETTLEMENTS, TOPICS

CUSTOMERS = 500
TITLE = "This hub, full order handler, 1 worker"
_QUIET = 2.0
_HELD_MS = 60_000
"""The worker is held while a chapter is loaded, and must not be taken for dead."""


class OrdersBench:
    """A hub on a broker that has none of its topics yet."""

    def __init__(self, bootstrap: str, work: Path, count: int) -> None:
        self._bootstrap = bootstrap
        self._work = work
        self._codec = Codec.load()
        self._now = datetime.now(UTC)
        self._orders = generate(count, CUSTOMERS, self._now)

    async def run(self) -> Result:
        """Play every chapter and examine what the hub committed.

        Raises:
            StalledError: the worker did not get done.
        """
        async with connect({"bootstrap_servers": self._bootstrap}) as admin:
            await create(admin, TOPICS.values(), partitions=PARTITIONS, replication_factor=1)
        with tempfile.TemporaryDirectory(dir=self._work, prefix="orders-") as state:
            await load(self._bootstrap, CUSTOMERS_EVENTS, messages(self._codec, terms(CUSTOMERS, self._now)))
            looks = []
            with self._worker(state) as worker:
                await self._watch(worker, CREDIT_STATE, CUSTOMERS)
                for chapter in CHAPTERS:
                    worker.hold()
                    await self._load(chapter)
                    await rest()
                    looks.append(await self._watch(worker, ORDERS_JOURNAL, chapter.entries * len(self._orders)))
                peak = worker.peak_bytes()
        examiner = Examiner(self._codec)
        committed = await read_committed(self._bootstrap, ORDERS_JOURNAL, PARTITIONS, examiner.journaled)
        await read_committed(self._bootstrap, SETTLEMENTS, PARTITIONS, examiner.settled)
        await read_committed(self._bootstrap, HUB_DEAD_LETTER, PARTITIONS, examiner.refused)
        parts = {
            chapter.title: timing(seen, committed, warm=True) for chapter, seen in zip(CHAPTERS, looks, strict=True)
        }
        return Result(
            name=HUB,
            title=TITLE,
            guarantee=EXACTLY,
            events=len(self._orders) * sum(chapter.entries for chapter in CHAPTERS),
            timing=in_sequence(list(parts.values())),
            peak_bytes=peak,
            verdict=examiner.verdict(self._orders),
            parts=parts,
        )

    async def _load(self, chapter: Chapter) -> None:
        for topic in dict.fromkeys(topic for topic, _ in chapter.steps):
            await load(self._bootstrap, topic, messages(self._codec, events(chapter, topic, self._orders)))

    def _worker(self, state: str) -> Peer:
        env = {
            "HUB_KAFKA_BOOTSTRAP": self._bootstrap,
            "HUB_DATA_DIR": state,
            "HUB_METRICS_PORT": "0",
            "HUB_LOG_LEVEL": "warning",
            "HUB_SESSION_TIMEOUT_MS": str(_HELD_MS),
            "HUB_TRANSACTION_TIMEOUT_MS": str(_HELD_MS),
        }
        return Peer("orders", (sys.executable, "-m", "hub", "worker"), self._work / "orders.log", ROOT, env)

    async def _watch(self, worker: Peer, topic: str, expected: int) -> list[Look]:
        """The looks at the worker until `topic` has so many more records."""
        return await watch(self._bootstrap, topic, PARTITIONS, expected, worker, quiet=_QUIET)


@dataclass
class Examiner:
    """Takes everything the hub said and finds what is wrong with it."""

    codec: Codec
    _applied: Counter[tuple[str, str]] = field(default_factory=Counter)
    _entries: dict[str, int] = field(default_factory=dict)
    _settled: dict[str, list[Decimal]] = field(default_factory=dict)
    _disordered: int = 0
    _refused: int = 0

    def journaled(self, value: bytes) -> None:
        """Take the next journal entry."""
        entry = self.codec.decode_as(JournalEntry, value)
        if entry.entry != self._entries.get(entry.order_id, 0) + 1:
            self._disordered += 1
        self._entries[entry.order_id] = entry.entry
        if entry.outcome == "applied":
            name = "credit decided" if entry.event_type == "CreditDecided" else entry.event_id
            self._applied[entry.order_id, name] += 1
        else:
            self._refused += 1

    def settled(self, value: bytes) -> None:
        """Take the next settlement."""
        settlement = self.codec.decode_as(SettlementRecorded, value)
        self._settled.setdefault(settlement.order_id, []).append(settlement.tax_inclusive)

    def refused(self, _value: bytes) -> None:
        """Take a dead letter: there should be none."""
        self._refused += 1

    def verdict(self, orders: Sequence[OrderPlaced]) -> Verdict:
        """Compare with what was given: every event once, every order settled at what it comes to."""
        expected = {
            (order.order_id, event.event_id)
            for order in orders
            for chapter in CHAPTERS
            for _, make in chapter.steps
            for event in (make(order),)
        } | {(order.order_id, "credit decided") for order in orders}
        wrong = sum(self._settled.get(order.order_id) != [claim(order)] for order in orders)
        return Verdict(
            lost=len(expected - self._applied.keys()),
            doubled=sum(self._applied.values()) - len(self._applied.keys() & expected),
            disordered=self._disordered,
            wrong=wrong + self._refused,
        )
