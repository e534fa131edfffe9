"""Refused records as `hub.dead-letter` holds them, each with what was decided about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from connectors.reading import Reader
from hub.codec import Codec
from hub.domain.dead_letters import LetterDecided
from hub.errors import HubError
from hub.runtime.spec import Headers, Record
from hub.topics import HUB_DEAD_LETTER, HUB_DEAD_LETTER_AUDIT

_WHY = "hub-dlq-"
AGAIN = "hub-replayed-"
"""Headers of a record that was sent again begin with it."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A refused record."""

    record: Record
    """As it lies in the dead letters: key and value as they came."""
    topic: str
    partition: int
    offset: int
    """Where it was refused; below zero for a due time, which lay nowhere."""
    code: str
    reason: str
    agent: str
    decided: LetterDecided | None = None

    @property
    def name(self) -> str:
        """What it is known by: where it was refused."""
        if self.offset < 0:
            return f"{HUB_DEAD_LETTER}-{self.record.partition}@{self.record.offset}"
        return f"{self.topic}-{self.partition}@{self.offset}"

    @property
    def key(self) -> str:
        """The record's key, for a person."""
        return (self.record.key or b"").decode(errors="replace")

    @property
    def refused_at(self) -> datetime:
        """When the hub set it aside."""
        return datetime.fromtimestamp(self.record.timestamp / 1000, UTC)

    @property
    def headers(self) -> Headers:
        """The record's own, without what the dead letter, or an earlier replay, says."""
        return [each for each in self.record.headers if not each[0].startswith((_WHY, AGAIN))]

    @property
    def replayed_from(self) -> str:
        """The dead letter this record was replayed from when it was refused again, else empty."""
        return _text(dict(self.record.headers), f"{AGAIN}letter")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which dead letters; what is None or empty excludes none."""

    names: Sequence[str] = ()
    topic: str | None = None
    code: str | None = None
    key: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def takes(self, letter: DeadLetter) -> bool:
        """Whether it is one of them."""
        return (
            (not self.names or letter.name in self.names)
            and self.topic in {None, letter.topic}
            and self.code in {None, letter.code}
            and self.key in {None, letter.key}
            and (self.since is None or letter.refused_at >= self.since)
            and (self.until is None or letter.refused_at < self.until)
        )


def parse_letter(record: Record, decided: Mapping[str, LetterDecided]) -> DeadLetter:
    """A record of `hub.dead-letter`, with what was decided about it. What no agent wrote has no place it came from."""
    headers = dict(record.headers)
    partition, offset = (_text(headers, f"{_WHY}{name}") for name in ("partition", "offset"))
    letter = DeadLetter(
        record,
        topic=_text(headers, f"{_WHY}topic"),
        partition=int(partition) if partition.isdecimal() else record.partition,
        offset=int(offset) if offset.isdecimal() else -1,
        code=_text(headers, f"{_WHY}code"),
        reason=_text(headers, f"{_WHY}reason"),
        agent=_text(headers, f"{_WHY}agent"),
    )
    return _with(letter, decided.get(letter.name))


async def read_letters(reader: Reader, codec: Codec) -> list[DeadLetter]:
    """Every refused record once, in the order of where it was refused."""
    decided = {
        each.letter: each
        async for record in reader.held([HUB_DEAD_LETTER_AUDIT])
        for each in [codec.decode_as(LetterDecided, record.value)]
    }
    letters = [parse_letter(record, decided) async for record in reader.held([HUB_DEAD_LETTER])]
    return sorted({each.name: each for each in letters}.values(), key=_place)


def choose(letters: Iterable[DeadLetter], wanted: Wanted) -> list[DeadLetter]:
    """Those that are wanted. Raises HubError for a name that none has."""
    chosen = [letter for letter in letters if wanted.takes(letter)]
    if missing := set(wanted.names) - {letter.name for letter in chosen}:
        raise HubError(f"No such dead letter: {', '.join(sorted(missing))}; `hub dlq list --all` has their names.")
    return chosen


def _with(letter: DeadLetter, decided: LetterDecided | None) -> DeadLetter:
    return letter if decided is None else replace(letter, decided=decided)


def _place(letter: DeadLetter) -> tuple[str, int, int, int]:
    return letter.topic, letter.partition, letter.offset, letter.record.offset


def _text(headers: Mapping[str, bytes], name: str) -> str:
    return headers.get(name, b"").decode(errors="replace")
