"""Lists of others, from files and from their topic: goods laid out by partition, money by who paid it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import BinaryIO

from connectors import detect
from connectors.base import Accepted, Problem, Read, Refusal
from connectors.reconciling import Job, write
from hub.domain.ids import fingerprint
from hub.domain.reconciliation.dossier import Period, day_of
from hub.domain.statements import ItemStated
from hub.runtime.partitioner import partition_of

Payer = tuple[str, str]
"""Customer and currency."""


class Lists:
    """What lists state of the days of a reconciliation, every item once.

    Goods go to a file of each partition, as many as there are; payments, of which there are fewer, are kept.
    """

    def __init__(self, jobs: Iterable[Job], period: Period) -> None:
        self._jobs = list(jobs)
        self._period = period
        self._seen: set[bytes] = set()
        self._files: dict[int, BinaryIO] = {}
        self._stack = ExitStack()
        self.goods: dict[tuple[str, str], tuple[date, date]] = {}
        """Lists of goods by subject and party, and the days they are about."""
        self.payments: defaultdict[Payer, list[ItemStated]] = defaultdict(list)
        self.refused: list[Refusal] = []

    def close(self) -> None:
        """Everything is where `Job.goods` says."""
        self._stack.close()

    def read(self, path: Path) -> None:
        """Takes every item of a file, JSON Lines or CSV; what is no item is refused."""
        try:
            with path.open("rb") as stream:
                for document in detect.read(stream, str(path)):
                    self._take_document(document)
        except OSError as error:
            self.refused.append(Refusal(str(path), (Problem("", f"it cannot be read: {error.strerror}"),), b""))

    def take(self, item: ItemStated) -> None:
        """Takes an item, unless it is known or of another time."""
        if self._period.ended_before(item.occurred_at) or self._period.begins_after(item.occurred_at):
            return
        mark = fingerprint(item.source, item.event_id)
        if mark in self._seen:
            return
        self._seen.add(mark)
        if item.subject == "remittance":
            self.payments[item.party, item.currency].append(item)
        else:
            day, which = day_of(item.occurred_at), (item.subject, item.party)
            first, last = self.goods.get(which, (day, day))
            self.goods[which] = min(first, day), max(last, day)
            write(self._file(partition_of(item.order_id.encode(), len(self._jobs))), item)

    def _take_document(self, document: Read) -> None:
        match document:
            case Accepted(event=ItemStated() as item):
                self.take(item)
            case Accepted(where=where, event=event):
                reason = f"{type(event).__name__} is not an item of a list; send it with `hub send`"
                self.refused.append(Refusal(where, (Problem("type", reason),), b""))
            case Refusal():
                self.refused.append(document)

    def _file(self, partition: int) -> BinaryIO:
        if partition not in self._files:
            self._files[partition] = self._stack.enter_context(self._jobs[partition].goods.open("wb"))
        return self._files[partition]
