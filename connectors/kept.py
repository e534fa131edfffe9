"""What an outbound connector keeps in one SQLite file: how far it has read, and what it has to know when it goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Self

from connectors.reading import Place, Position
from hub.errors import ConfigError

_POSITIONS = """
create table if not exists reached (
    topic text, partition integer, next integer not null, timestamp integer not null, primary key (topic, partition)
);
"""


class KeptFile:
    """Use it as a context manager; what was done since the last `commit` is forgotten if the process ends.

    Whoever holds it is always in a transaction, so one process at a time does; others may read meanwhile (WAL).
    """

    tables = ""
    """Beside the positions; in SQL, each `if not exists`."""

    def __init__(self, path: Path, *, forget: bool = False) -> None:
        """`forget`: work on a copy in memory, for a run that only tries."""
        self._path = path
        self._forget = forget

    def __enter__(self) -> Self:
        """Raises ConfigError if the file cannot be used, as another process holds it."""
        with ExitStack() as opened:
            try:
                if self._forget:
                    self._base = opened.enter_context(closing(sqlite3.connect(":memory:", isolation_level=None)))
                    if self._path.exists():
                        with closing(sqlite3.connect(self._path)) as kept:
                            kept.backup(self._base)
                else:
                    self._path.parent.mkdir(parents=True, exist_ok=True)
                    connection = sqlite3.connect(self._path, isolation_level=None, timeout=1)
                    self._base = opened.enter_context(closing(connection))
                    self._base.execute("pragma journal_mode = wal")
                self._base.executescript(_POSITIONS + self.tables)
                self._base.execute("begin immediate")
            except (sqlite3.Error, OSError) as error:
                raise ConfigError(f"{self._path} cannot be used ({error}); only one process may write to it") from error
            opened.pop_all()  # open until __exit__
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._base.in_transaction:
            self._base.rollback()
        self._base.close()

    def positions(self) -> Mapping[Place, Position]:
        """Where to go on reading, by topic and partition."""
        rows = self._base.execute("select topic, partition, next, timestamp from reached")
        return {(topic, partition): Position(*position) for topic, partition, *position in rows}

    def commit(self, positions: Mapping[Place, Position] | None = None) -> None:
        """Keep what was done, and the positions it came from. Raises ConfigError."""
        places = [(*place, *position) for place, position in (positions or {}).items()]
        self._base.executemany("insert or replace into reached values (?, ?, ?, ?)", places)
        self._base.execute("commit")
        try:
            self._base.execute("begin immediate")
        except sqlite3.Error as error:
            raise ConfigError(f"{self._path}: another process has taken it over ({error}); this one ends.") from error
