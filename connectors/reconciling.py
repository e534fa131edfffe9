"""One partition of the topics reconciled, order by order: what is found goes to files, what it adds up to is returned.

All topics of orders have the same key and as many partitions, so a partition holds whole orders, and partitions can be
taken at the same time by as many processes as there are.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from connectors.reading import Reader
from connectors.shelf import MAX_BYTES, Held, Shelf, shelves
from hub.codec import Codec
from hub.config import load
from hub.domain.effects import SettlementPosted, SettlementRecorded
from hub.domain.events import Fact
from hub.domain.journal import JournalEntry
from hub.domain.order import OrderState
from hub.domain.reconciliation.dossier import Dossier
from hub.domain.reconciliation.order import Grounds, Outcome, in_full, reconcile
from hub.domain.reconciliation.summary import Summary
from hub.domain.statements import ItemStated
from hub.topics import ORDERS_JOURNAL, ORDERS_STATE, SETTLEMENTS, SETTLEMENTS_JOURNAL

TOPICS = (ORDERS_STATE, SETTLEMENTS, SETTLEMENTS_JOURNAL)
"""What every order is reconciled by."""
_WRITER = msgspec.msgpack.Encoder()


@dataclass(frozen=True, slots=True)
class Job:
    """One partition to reconcile."""

    partition: int
    directory: Path
    """Where lists of goods lie by partition, and where what is found goes."""
    grounds: Grounds
    remitters: frozenset[str] = frozenset()
    """Customers whose claims are wanted."""
    max_bytes: int = MAX_BYTES

    @property
    def goods(self) -> Path:
        """Items of lists of goods, of orders of this partition."""
        return self.directory / f"goods-{self.partition}"

    @property
    def found(self) -> Path:
        """Discrepancies."""
        return self.directory / f"found-{self.partition}"

    @property
    def claims(self) -> Path:
        """Claims of the remitters."""
        return self.directory / f"claims-{self.partition}"


def write(file: BinaryIO, value: Any) -> None:
    """One value to a file that `read` reads."""
    raw = _WRITER.encode(value)
    file.write(len(raw).to_bytes(4, "big") + raw)


def read(path: Path, kind: type[Any]) -> Iterator[Any]:
    """Every value of a file; none if there is no such file."""
    if not path.exists():
        return
    decoder = msgspec.msgpack.Decoder(kind)
    with path.open("rb") as file:
        while head := file.read(4):
            yield decoder.decode(file.read(int.from_bytes(head, "big")))


def run(job: Job) -> Summary:
    """Reconcile one partition in this process; the settings are those of its environment.

    Raises BrokerError, CodecError.
    """
    settings = load()
    reader = Reader(settings.kafka_client(), settings.partitions)
    return asyncio.run(_Partition(job, reader, Codec.load()).reconcile())


class _Partition:
    def __init__(self, job: Job, reader: Reader, codec: Codec) -> None:
        self._job = job
        self._reader = reader
        self._codec = codec
        self._summary = Summary()

    async def reconcile(self) -> Summary:
        """All orders, a share at a time."""
        with self._job.found.open("wb") as found, self._job.claims.open("wb") as claims:
            async for shelf in shelves(self._reader, TOPICS, self._job.partition, self._job.max_bytes):
                await self._reconcile(shelf, self._stated(shelf), found, claims)
        return self._summary

    async def _reconcile(
        self, shelf: Shelf, stated: dict[bytes, list[ItemStated]], found: BinaryIO, claims: BinaryIO
    ) -> None:
        asked: dict[bytes, list[bytes]] = {}

        for key, held in shelf:
            dossier = self._dossier(key, held)
            items = stated.get(key, ())
            of_remitter = bool(self._job.remitters) and _customer(dossier) in self._job.remitters
            concerned = bool(items) or dossier.concerns(self._job.grounds.period)
            outcome = reconcile(dossier, self._job.grounds) if concerned or of_remitter else None
            if outcome is None:
                continue
            if of_remitter:
                for claim in outcome.books.claims:
                    write(claims, claim)
            if not concerned:
                continue
            if items or outcome.asks_for_events or self._job.grounds.lists_everything(dossier):
                asked[key] = []
            else:
                self._take(outcome, found)
        if asked:
            await self._ask_journal(asked)
            for key, held in shelf:
                if (wanted := asked.get(key)) is not None:
                    self._take(self._in_full(key, held, wanted, stated.get(key, [])), found)

    def _take(self, outcome: Outcome, found: BinaryIO) -> None:
        self._summary.add(outcome)
        for each in outcome.discrepancies:
            write(found, each)

    def _in_full(self, key: bytes, held: Held, wanted: list[bytes], items: list[ItemStated]) -> Outcome:
        dossier = self._dossier(key, held)
        outcome = reconcile(dossier, self._job.grounds)
        if outcome is None:
            raise RuntimeError(f"order {dossier.order_id} is gone")
        events: list[Fact] = [self._codec.decode(raw) for raw in wanted]
        outcome, shapes = in_full(outcome, dossier, events, items, self._job.grounds)
        self._summary.add_shapes(shapes)
        return outcome

    async def _ask_journal(self, asked: dict[bytes, list[bytes]]) -> None:
        """Every event that was applied to one of these orders."""
        journal = self._reader.after((ORDERS_JOURNAL,), {}, follow=False, partition=self._job.partition)
        async for batch in journal:
            for record in batch:
                wanted = asked.get(record.key or b"")
                if wanted is not None:
                    entry = self._codec.decode_as(JournalEntry, record.value)
                    if entry.outcome == "applied":
                        wanted.append(entry.payload)

    def _dossier(self, key: bytes, held: Held) -> Dossier:
        decode = self._codec.decode_as
        return Dossier(
            order_id=key.decode(errors="replace"),
            state=next((decode(OrderState, raw) for raw in held.of(ORDERS_STATE)), None),
            settlements=tuple(decode(SettlementRecorded, raw) for raw in held.of(SETTLEMENTS)),
            postings=tuple(decode(SettlementPosted, raw) for raw in held.of(SETTLEMENTS_JOURNAL)),
        )

    def _stated(self, shelf: Shelf) -> dict[bytes, list[ItemStated]]:
        keys = {key for key, _ in shelf}
        stated: defaultdict[bytes, list[ItemStated]] = defaultdict(list)
        for item in read(self._job.goods, ItemStated):
            key = item.order_id.encode()
            if key in keys:
                stated[key].append(item)
        return stated


def _customer(dossier: Dossier) -> str:
    if dossier.state is not None and dossier.state.terms is not None:
        return dossier.state.terms.customer_id
    return dossier.settlements[0].customer_id if dossier.settlements else ""
