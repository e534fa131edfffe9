"""Lists of others as CSV: one item a row, columns by the name in the first row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from connectors.base import Accepted, Problem, Read, Refusal
from hub.intake import IntakeError
from hub.intake.json_events import event_from_document

COLUMNS = (
    "statement_id", "item", "subject", "party", "date", "order_id", "line_id", "references", "quantity", "unit",
    "price", "amount", "currency",
)  # fmt: skip
"""What a column may be called. Those of `ItemStated`; `item` is its event id, `date` when goods came or money went."""
_NEEDED = frozenset(("statement_id", "item", "subject", "party", "date"))
_MAX_ROW = 65_536
_SEPARATORS = ";,\t"


@dataclass(frozen=True, slots=True)
class StatementCsv:
    """Reads an `ItemStated` from every row; a bad row does not end the file. UTF-8, separated by `,`, `;` or tabs."""

    def read(self, stream: BinaryIO, name: str) -> Iterator[Read]:
        """Every row's item or refusal, in order."""
        lines = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
        try:
            yield from _rows(lines, name)
        finally:
            lines.detach()


def is_statement(head: bytes) -> bool:
    """Whether a file that begins like this is such a list."""
    first = head.decode("utf-8-sig", "replace").splitlines()[:1]
    return bool(first) and set(_header(first[0])) >= _NEEDED


def _rows(lines: io.TextIOWrapper, name: str) -> Iterator[Read]:
    header = lines.readline(_MAX_ROW)
    columns = _header(header)
    unknown = [column for column in columns if column not in COLUMNS]
    missing = sorted(_NEEDED - set(columns))
    if unknown or missing or len(set(columns)) < len(columns):
        known = ", ".join(COLUMNS)
        reason = f"the first row has to name columns of {known}, each once, and at least {', '.join(sorted(_NEEDED))}"
        yield Refusal(f"{name}:1", (Problem(", ".join(unknown or missing), reason),), header.encode())
        return
    reader = csv.reader(_bounded(lines), delimiter=_separator(header))
    while True:
        where = f"{name}:{reader.line_num + 2}"
        try:
            row = next(islice(reader, 1), None)
        except csv.Error as error:
            yield Refusal(where, (Problem("", f"the row is no CSV: {error}"),), b"")
            continue
        if row is None:
            return
        if any(row):
            yield _item(columns, row, where)


def _bounded(lines: io.TextIOWrapper) -> Iterator[str]:
    while line := lines.readline(_MAX_ROW + 1):
        if len(line) > _MAX_ROW:
            raise csv.Error(f"it has more than {_MAX_ROW} characters; it and all behind it are not read")
        yield line


def _item(columns: Sequence[str], row: list[str], where: str) -> Accepted | Refusal:
    raw = ",".join(row).encode()
    if len(row) != len(columns):
        reason = f"the row has {len(row)} cells and the first row {len(columns)}; quote what holds a separator"
        return Refusal(where, (Problem("", reason),), raw)
    cells = {column: cell.strip() for column, cell in zip(columns, row, strict=True) if cell.strip()}
    document: dict[str, Any] = {
        "type": "ItemStated",
        "event_id": cells.pop("item", ""),
        "source": cells.get("party", ""),
        "occurred_at": _moment(cells.pop("date", "")),
        "references": tuple(cells.pop("references", "").split()),
        **cells,
    }
    try:
        return Accepted(where, event_from_document(document))
    except IntakeError as error:
        return Refusal(where, tuple(Problem(problem.path, problem.reason) for problem in error.problems), raw)


def _moment(text: str) -> str:
    """A day begins with its first moment, UTC."""
    return text if "T" in text else f"{text}T00:00:00+00:00"


def _header(line: str) -> list[str]:
    return [cell.strip().strip('"') for cell in line.strip().split(_separator(line))]


def _separator(line: str) -> str:
    return max(_SEPARATORS, key=line.count)
