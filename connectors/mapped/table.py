"""Rows to events: templates filled, texts turned into what the fields are, neighbours made one order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import orjson

from connectors.base import Accepted, Problem, Refusal
from connectors.mapped.mapping import DATES, MOMENTS, TRUTHS, WHOLE, TableMapping, filled
from connectors.mapped.rows import BadRow, Row, read_rows
from hub.intake import IntakeError, IntakeProblem, event_from_document

MAX_LINES = 10_000
"""Rows of one event, at most: an order of more is larger than the hub takes."""
_NUMBERS = frozenset(
    {
        "quantity",
        "price",
        "base_quantity",
        "discount_percent",
        "vat_rate",
        "amount",
        "percent",
        "base_amount",
        "credit_limit",
    }
)
_TRUE, _FALSE = frozenset({"true", "1", "yes", "y"}), frozenset({"false", "0", "no", "n"})


@dataclass(frozen=True, slots=True)
class MappedTable:
    """Reads a table by its mapping."""

    mapping: TableMapping

    def read(self, stream: BinaryIO, name: str) -> Iterator[Accepted | Refusal]:
        """The event of every row, or of every group of neighbouring rows.

        A row that cannot be read may be a line of the order before it or after it: both are refused with it.
        """
        group: list[Row] = []
        unread = 0
        for row in read_rows(stream, self.mapping):
            if isinstance(row, BadRow):
                if group:
                    yield self._event(group, name, row.line if self.mapping.rows else 0)
                group, unread = [], row.line
                yield Refusal(f"{name}:{row.line}", (Problem("", row.reason),), row.raw)
            elif group and self.mapping.rows and self._key(row) == self._key(group[0]):
                if len(group) <= MAX_LINES:
                    group.append(row)
            else:
                if group:
                    yield self._event(group, name, unread if self.mapping.rows else 0)
                    unread = 0
                group = [row]
        if group:
            yield self._event(group, name, unread if self.mapping.rows else 0)

    def _key(self, row: Row) -> tuple[str, ...]:
        return tuple(row.values.get(each, "") for each in self.mapping.rows)

    def _event(self, group: list[Row], name: str, unread: int) -> Accepted | Refusal:
        """`unread`: the line beside the group that could not be read, 0 if there is none."""
        where = f"{name}:{group[0].line}"
        raw = b"\n".join(row.raw for row in group)
        if unread:
            reason = f"line {unread} beside it cannot be read and may belong to it; repair it and send both"
            return Refusal(where, (Problem("", reason),), raw)
        if len(group) > MAX_LINES:
            return Refusal(where, (Problem("", f"more than {MAX_LINES} rows belong together; split the order"),), raw)
        document = self._document(group)
        try:
            return Accepted(where, event_from_document(document))
        except IntakeError as error:
            line_ids = [str(line.get("line_id", "")) for line in document.get("lines", ())]
            return Refusal(where, tuple(self._problem(each, group, line_ids) for each in error.problems), raw)

    def _document(self, group: list[Row]) -> dict[str, Any]:
        mapping, first = self.mapping, group[0]
        document = self._filled(mapping.fields, first.values)
        if mapping.lines:
            rows = [{**first.values, **item} for item in first.items] if mapping.each else [row.values for row in group]
            document["lines"] = tuple(self._line(row) for row in rows)
        if adjustments := self._adjustments(mapping.adjustments, first.values):
            document["adjustments"] = adjustments
        document["type"] = mapping.event
        if "event_id" not in document:
            content = orjson.dumps(document, default=str, option=orjson.OPT_SORT_KEYS)
            document["event_id"] = f"row-{sha256(content).hexdigest()[:32]}"
        return document

    def _line(self, row: Mapping[str, str]) -> dict[str, Any]:
        line = self._filled(self.mapping.lines, row)
        if adjustments := self._adjustments(self.mapping.line_adjustments, row):
            line["adjustments"] = adjustments
        return line

    def _adjustments(self, given: Sequence[Mapping[str, str]], row: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
        """The allowances and charges that a row has an amount or a percentage for."""
        made = (self._filled(each, row) for each in given)
        return tuple(each for each in made if any(_counts(each.get(name)) for name in ("amount", "percent")))

    def _filled(self, fields: Mapping[str, str], row: Mapping[str, str]) -> dict[str, Any]:
        """The fields that a row says something for."""
        made: dict[str, Any] = {}
        for field, template in fields.items():
            text = filled(template, row)
            meanings = self.mapping.values.get(field)
            if meanings is not None:
                text = meanings.get(text, text)
            if text:
                name, dot, part = field.partition(".")
                (made.setdefault(name, {}) if dot else made)[part or name] = self._value(part or name, text)
        return made

    def _value(self, field: str, text: str) -> object:
        """A text as its field takes it; what is none stays text, and is refused as such."""
        if field in _NUMBERS:
            return text.replace(".", "").replace(",", ".") if self.mapping.decimal_comma else text
        if field in WHOLE:
            return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else text
        if field in TRUTHS:
            lower = text.lower()
            return True if lower in _TRUE else False if lower in _FALSE else text
        if field in MOMENTS or field in DATES:
            return self._moment(field, text)
        return text

    def _moment(self, field: str, text: str) -> str:
        try:
            if field in DATES:
                return datetime.strptime(text, self.mapping.dates).date().isoformat()  # noqa: DTZ007  a day
            moment = datetime.strptime(text, self.mapping.moments)  # noqa: DTZ007  it gets its zone below
            if moment.tzinfo is None and self.mapping.zone:
                moment = moment.replace(tzinfo=ZoneInfo(self.mapping.zone))
            return moment.astimezone(UTC).isoformat() if moment.tzinfo else text
        except (ValueError, OverflowError):
            return text

    def _problem(self, problem: IntakeProblem, group: list[Row], line_ids: list[str]) -> Problem:
        """With the line of the row that a problem of an order's line is in."""
        path = problem.path
        if path.startswith("lines[") and not self.mapping.each:
            place = _place(path, line_ids) if problem.by_id else int(path[len("lines[") : path.index("]")])
            return Problem(f"{path} (line {group[place].line})", problem.reason)
        return Problem(f"{path} (line {group[0].line})" if path else "", problem.reason)


def _counts(number: object) -> bool:
    """Whether a text is there and not nothing."""
    return bool(number) and bool(str(number).strip("0."))


def _place(path: str, line_ids: list[str]) -> int:
    """Which of the rows the line is; the first if its id was not taken as it stands in the table."""
    return next((at for at, line_id in enumerate(line_ids) if path.startswith(f"lines[{line_id}]")), 0)
