"""Records as a consumer reads them: where they lie, and where the hub says that they came from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hub.runtime.spec import Record

Place = tuple[str, int, int]
"""Topic, partition, offset."""


class DeadLetter(NamedTuple):
    """A record that was refused."""

    origin: Place
    code: str
    key: bytes | None
    value: bytes | None


def place_of(record: Record) -> Place:
    """Where a record lies."""
    return record.topic, record.partition, record.offset


def dead_letters(records: Iterable[Record]) -> list[DeadLetter]:
    """What the records of `hub.dead-letter` say."""
    return [
        DeadLetter(_origin(record, "hub-dlq"), dict(record.headers)["hub-dlq-code"].decode(), record.key, record.value)
        for record in records
    ]


def reason_of(dead_letter: Record) -> str:
    """Why a record was refused, for a person."""
    return dict(dead_letter.headers)["hub-dlq-reason"].decode()


def forwarded_from(record: Record) -> Place:
    """Where a record on a rekeyed topic lay before, on a partition that was not its key's."""
    return _origin(record, "hub-rekeyed")


def _origin(record: Record, prefix: str) -> Place:
    headers = dict(record.headers)
    return (
        headers[f"{prefix}-topic"].decode(),
        int(headers[f"{prefix}-partition"]),
        int(headers[f"{prefix}-offset"]),
    )
