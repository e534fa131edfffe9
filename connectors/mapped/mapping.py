"""A mapping: which fields of an event come from which columns of a table (YAML, `docs/input.md`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel

from connectors.declared import load_declared
from hub.domain.model import Frozen
from hub.intake import models

MOMENTS = frozenset({"occurred_at", "expected_at"})
DATES = frozenset({"requested_delivery"})
WHOLE = frozenset({"sequence", "revision", "payment_days"})
TRUTHS = frozenset({"accepted", "blocked"})
_COLUMN = re.compile(r"\{([^{}]*)\}")
_ENCODINGS = frozenset({"utf-8", "utf-16", "latin-1", "cp1250", "cp1252", "iso8859-2", "iso8859-15"})
_PARTS: Mapping[str, type[BaseModel]] = {"deliver_to": models.Address, "party": models.Party}
_LINES: Mapping[str, type[BaseModel]] = {"OrderPlaced": models.OrderLine, "StatusReported": models.LineQuantity}
_MADE = frozenset({"type", "lines", "changes", "adjustments"})


class TableMapping(Frozen, forbid_unknown_fields=True, kw_only=True):
    """One kind of table. A template such as `"{customer}/{number}"` is text with columns in braces."""

    event: str
    """The event that a row, or a group of rows, becomes: `OrderPlaced`."""
    format: Literal["csv", "jsonl", "parquet"]
    fields: Mapping[str, str]
    """Field to template; a dot leads into a part: `deliver_to.city`."""
    lines: Mapping[str, str] = {}
    """The same for each line of an order or of a report."""
    adjustments: tuple[Mapping[str, str], ...] = ()
    """What the order allows and charges: for each the same, `kind` among it. One that comes to nothing is not there."""
    line_adjustments: tuple[Mapping[str, str], ...] = ()
    """The same of each line."""
    files: str = "*"
    """Names of the files this is for, as a shell pattern."""
    rows: tuple[str, ...] = ()
    """Columns: neighbouring rows with the same values in them are the lines of one event."""
    each: str = ""
    """The column whose list holds the lines (jsonl, parquet); its parts are columns `name.part`."""
    values: Mapping[str, Mapping[str, str]] = {}
    """Field to what its values mean: `currency: {"$": USD}`."""
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    decimal_comma: bool = False
    """Whether numbers are written 1.234,50."""
    dates: str = "%Y-%m-%d"
    moments: str = "%Y-%m-%dT%H:%M:%S%z"
    zone: str = ""
    """Of moments that name none: `Europe/Berlin`."""

    def templates(self) -> Iterator[tuple[str, str]]:
        """Every template with its place in the file."""
        for group in ("fields", "lines"):
            yield from ((f".{group}.{field}", template) for field, template in getattr(self, group).items())
        for group in ("adjustments", "line_adjustments"):
            for place, each in enumerate(getattr(self, group)):
                yield from ((f".{group}[{place}].{field}", template) for field, template in each.items())


def columns_of(template: str) -> list[str]:
    """The columns a template names."""
    return _COLUMN.findall(template)


def filled(template: str, row: Mapping[str, str]) -> str:
    """The template with a row's values."""
    return _COLUMN.sub(lambda found: row.get(found[1], ""), template).strip()


def load_mapping(path: Path) -> TableMapping:
    """The mapping of a file. Raises ConfigError, naming file, line and field."""
    return load_declared(path, TableMapping, "mapping", _mistakes)


def _mistakes(mapping: TableMapping) -> Iterator[tuple[str, str]]:
    model = models.EVENTS.get(mapping.event)
    if model is None:
        yield ".event", f"{mapping.event!r} is none of {', '.join(models.EVENTS)}"
        return
    yield from _form(mapping)
    for field in mapping.fields:
        if not _known(field, model):
            yield f".fields.{field}", f"it is no field of {mapping.event} (see docs/topics.md)"
    yield from _lines(mapping, model)
    yield from _adjustments(mapping)
    for place, template in mapping.templates():
        rest = _COLUMN.sub("", template)
        if "{" in rest or "}" in rest or "" in columns_of(template):
            yield place, "a column stands in braces: {column}"
    for field in mapping.values:
        if field not in {*mapping.fields, *mapping.lines}:
            yield f".values.{field}", "it is no field of this mapping"
    if "source" not in mapping.fields:
        yield ".fields", "`source` is missing: say who these events are from"


def _form(mapping: TableMapping) -> Iterator[tuple[str, str]]:
    for name in ("delimiter", "quote"):
        if len(getattr(mapping, name)) != 1:
            yield f".{name}", "it is one character"
    if mapping.encoding not in _ENCODINGS:
        yield ".encoding", f"it is one of {', '.join(sorted(_ENCODINGS))}"
    try:
        if mapping.zone:
            ZoneInfo(mapping.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield ".zone", f"{mapping.zone!r} is no time zone like Europe/Berlin"
    now = datetime(2026, 3, 31, 12, 30, tzinfo=UTC)
    for name in ("dates", "moments"):
        form = getattr(mapping, name)
        try:
            datetime.strptime(now.strftime(form), form)  # noqa: DTZ007  only whether it can be read
        except ValueError:
            yield f".{name}", "it is no format like %d.%m.%Y"


def _lines(mapping: TableMapping, model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    line = _LINES.get(mapping.event)
    if mapping.lines and (line is None or "lines" not in model.model_fields):
        yield ".lines", f"{mapping.event} has no lines that a table can give"
    elif line is not None:
        for field in mapping.lines:
            if field not in line.model_fields or field in _MADE:
                yield f".lines.{field}", f"it is no field of a line: {', '.join(line.model_fields)}"
    if mapping.each and mapping.format == "csv":
        yield ".each", "a CSV row has no lists; name `rows` that belong together"
    if mapping.each and mapping.rows:
        yield ".each", "lines come from a list or from rows, not from both"


def _adjustments(mapping: TableMapping) -> Iterator[tuple[str, str]]:
    groups = (("adjustments", models.OrderAdjustment), ("line_adjustments", models.Adjustment))
    for group, model in groups:
        for place, each in enumerate(getattr(mapping, group)):
            where = f".{group}[{place}]"
            if mapping.event != "OrderPlaced":
                yield where, f"{mapping.event} has none that a table can give"
            for field in each:
                if field not in model.model_fields:
                    yield f"{where}.{field}", f"it is no field of it: {', '.join(model.model_fields)}"
            if each.get("kind") not in {"allowance", "charge"}:
                yield where, "say its kind: allowance or charge"
            if not {"amount", "percent"} & set(each):
                yield where, "give it an amount or a percent"


def _known(field: str, model: type[BaseModel]) -> bool:
    name, dot, part = field.partition(".")
    if name in _MADE or name not in model.model_fields:
        return False
    return (part in _PARTS[name].model_fields) if dot and name in _PARTS else not dot and name not in _PARTS
