"""The messages that wait, in one SQLite file with the positions they came from.

A message is kept in the transaction that moves the position past its record, so none is lost and none is kept twice.
What was sent is deleted; what cannot be sent stays as a dead letter until somebody has it sent again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.kept import KeptFile


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be said to a receiver."""

    message_id: str
    """The same whenever it is sent: the receiver knows a repetition by it."""
    key: str
    """Letters of one key are sent in order."""
    kind: str
    """What it is about, for a person."""
    content: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """A letter that waits, or waited for too long."""

    number: int
    letter: Letter
    tries: int = 0
    reason: str = ""
    """Why the last try failed."""


_COLUMNS = "number, message_id, key, kind, content, tries, reason"


class Queue(KeptFile):
    """The file."""

    tables = """
    create table if not exists messages (
        number integer primary key autoincrement, message_id text not null, key text not null, kind text not null,
        content blob not null, tries integer not null default 0, due real not null default 0,
        reason text not null default '', dead integer not null default 0
    );
    create index if not exists waiting on messages (dead, key, number);
    """

    def put(self, letters: Iterable[Letter]) -> None:
        """Add letters, in order; `commit` keeps them."""
        rows = [(each.message_id, each.key, each.kind, each.content) for each in letters]
        self._base.executemany("insert into messages (message_id, key, kind, content) values (?, ?, ?, ?)", rows)

    def waiting(self) -> int:
        """How many there are that are not dead."""
        ((count,),) = self._base.execute("select count(*) from messages where dead = 0")
        return int(count)

    def due(self, now: float, limit: int) -> Sequence[Message]:
        """The first of each key whose time has come, the oldest first."""
        select = (
            f"select {_COLUMNS} from messages where due <= ? and number in "  # noqa: S608
            "(select min(number) from messages where dead = 0 group by key) order by number limit ?"
        )
        return [_message(row) for row in self._base.execute(select, (now, limit))]

    def dead(self) -> Sequence[Message]:
        """The dead letters, the oldest first."""
        select = f"select {_COLUMNS} from messages where dead = 1 order by number"  # noqa: S608
        return [_message(row) for row in self._base.execute(select)]

    def revive(self) -> None:
        """Have the dead letters tried as if they were new."""
        self._base.execute("update messages set dead = 0, tries = 0, due = 0 where dead = 1")
        self.commit()

    def done(self, number: int) -> None:
        """It needs no further try."""
        self._base.execute("delete from messages where number = ?", (number,))

    def later(self, number: int, due: float, reason: str) -> None:
        """It was tried, and is to be tried again."""
        update = "update messages set tries = tries + 1, due = ?, reason = ? where number = ?"
        self._base.execute(update, (due, reason, number))

    def give_up(self, number: int, reason: str) -> None:
        """It was tried for the last time."""
        update = "update messages set tries = tries + 1, dead = 1, reason = ? where number = ?"
        self._base.execute(update, (reason, number))


def _message(row: tuple[int, str, str, str, bytes, int, str]) -> Message:
    number, message_id, key, kind, content, tries, reason = row
    return Message(number, Letter(message_id, key, kind, content), tries, reason)
