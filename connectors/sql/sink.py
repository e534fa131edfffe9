"""The tables of a database as the topics say: written together with how far they were read, or not at all.

The positions of the topics lie in the database, and each transaction writes rows and positions. So a process that is
killed in between has written neither, and the next one goes on exactly there. Whoever begins takes the tables over
from whoever wrote before (`epoch`): a process that was thought dead cannot write any more.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from connectors.databases import TYPES, Database
from connectors.outbound import after
from connectors.reading import Place, Position
from connectors.sql.rows import KEPT, OF_TOPIC, TOPICS, Kept, Said, said
from connectors.tables import Table, columns
from hub.codec import Codec
from hub.errors import ConfigError
from hub.runtime.spec import Record

VERSION = 2
"""Of the tables. One that is raised makes them anew from the topics, which hold everything."""
PREFIX = "hub_"
_SINK = Table("sink", columns("id+ version+ epoch+ written_at@"))
_POSITIONS = Table("positions", columns("topic partition+ next_offset+ last_timestamp+"))
_SOURCE = columns("source_partition+ source_offset+")
"""Where the record is that a row was written from."""
_ORDER = "order_id"
_OWN = (Kept(_SINK, "id", ("id",)), Kept(_POSITIONS, "topic", ("topic", "partition")))


@dataclass(frozen=True, slots=True)
class Written:
    """What one transaction wrote."""

    records: int
    rows: Mapping[str, int]
    """By table."""
    seconds: float
    outcome: Literal["written"] = "written"

    @property
    def count(self) -> int:
        """Records."""
        return self.records


class SqlSink:
    """Orders, lines, exceptions, settlements and their postings in a database."""

    topics = TOPICS
    news = ()
    anew = "make the tables anew with --rebuild"

    def __init__(self, base: Database, codec: Codec, *, dry_run: bool = False) -> None:
        """`dry_run`: tells what it would write and writes nothing; it needs no `prepare`."""
        self._base = base
        self._codec = codec
        self._dry_run = dry_run
        self._epoch = 0

    def prepare(self, *, rebuild: bool = False) -> None:
        """Make the tables where they are not there, and take them over. `rebuild`: make them anew, and empty.

        Raises ConfigError if they are of another version.
        """
        if self._base.dialect == "sqlite":
            self._base.execute("pragma journal_mode = wal")
        with self._base.transaction():
            if rebuild:
                for kept in (*_OWN, *KEPT):
                    self._base.execute(f"drop table if exists {PREFIX}{kept.table.name}")
            if not self._base.has(f"{PREFIX}{_SINK.name}"):
                for kept in (*_OWN, *KEPT):
                    self._create(kept)
                self._base.execute(f"insert into {PREFIX}sink values (1, ?, 0, ?)", (VERSION, datetime.now(UTC)))
            taken = f"update {PREFIX}sink set epoch = epoch + 1 returning version, epoch"
            ((version, self._epoch),) = self._base.execute(taken)
            if version != VERSION:
                raise ConfigError(
                    f"The tables are of version {version}, and this hub writes version {VERSION}: {self.anew}, which "
                    "reads the topics from their beginning."
                )

    def positions(self) -> Mapping[Place, Position]:
        """As the database has them."""
        if not self._base.has(f"{PREFIX}{_POSITIONS.name}"):
            return {}
        rows = self._base.execute(f"select topic, partition, next_offset, last_timestamp from {PREFIX}positions")
        return {(topic, partition): Position(*position) for topic, partition, *position in rows}

    def keep(self, positions: Mapping[Place, Position]) -> None:
        """Without any rows."""
        with self._base.transaction():
            self._hold()
            self._place(positions)

    def waiting(self) -> int:
        """None: what was read is written."""
        return 0

    async def take(self, records: Sequence[Record]) -> AsyncIterator[Written]:
        """Write what the records say, in one transaction. Raises CodecError, ConfigError."""
        if not records:
            return
        begun = time.perf_counter()
        latest: dict[tuple[str, str], tuple[Record, Said]] = {}
        for record in records:
            each = said(self._codec, record)
            latest[record.topic, each.owner] = record, each
        rows = Counter(table for _, each in latest.values() for table, _ in each.rows)
        if not self._dry_run:
            with self._base.transaction():
                self._hold()
                for topic, tables in OF_TOPIC.items():
                    documents = [(record, each) for record, each in latest.values() if record.topic == topic]
                    for kept in tables if documents else ():
                        self._write(kept, documents)
                self._place(after(records))
        yield Written(len(records), dict(rows), time.perf_counter() - begun)

    def _hold(self) -> None:
        """Raises ConfigError if another process has taken the tables over; from here on none can, until the end."""
        held = f"update {PREFIX}sink set written_at = ? where epoch = ? returning epoch"
        if not self._base.execute(held, (datetime.now(UTC), self._epoch)):
            raise ConfigError("Another process has begun to write these tables; this one ends and has lost nothing.")

    def _place(self, positions: Mapping[Place, Position]) -> None:
        self._base.execute_many(
            _upsert(_OWN[1], _POSITIONS.columns), [(*place, *position) for place, position in positions.items()]
        )

    def _write(self, kept: Kept, documents: Sequence[tuple[Record, Said]]) -> None:
        """Every document's rows; those it had before and has no more are from an older record."""
        name = kept.table.name
        rows = [
            (*cells, record.partition, record.offset)
            for record, each in documents
            for table, cells in each.rows
            if table == name
        ]
        self._base.execute_many(_upsert(kept, {**kept.table.columns, **_SOURCE}), rows)
        older = [(each.owner, record.offset) for record, each in documents]
        self._base.execute_many(
            f"delete from {PREFIX}{name} where {kept.owner} = ? and source_offset < ?",
            older,
        )

    def _create(self, kept: Kept) -> None:
        types = TYPES[self._base.dialect]
        own = {} if kept in _OWN else _SOURCE
        declared = [f"{name} {types[kind]}" for name, kind in {**kept.table.columns, **own}.items()]
        key = f"primary key ({', '.join(kept.key)})"
        name = f"{PREFIX}{kept.table.name}"
        self._base.execute(f"create table {name} ({', '.join([*declared, key])})")
        if _ORDER in kept.table.columns and kept.owner != _ORDER:
            self._base.execute(f"create index {name}_of_order on {name} ({_ORDER})")


def _upsert(kept: Kept, names: Mapping[str, object]) -> str:
    """Insert a row, or replace what stands there under its key."""
    others = [name for name in names if name not in kept.key]
    return (
        f"insert into {PREFIX}{kept.table.name} ({', '.join(names)}) values ({', '.join('?' * len(names))}) "
        f"on conflict ({', '.join(kept.key)}) do update set {', '.join(f'{name} = excluded.{name}' for name in others)}"
    )
