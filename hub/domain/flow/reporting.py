"""Which quantities of which lines a department's report is about."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from msgspec.structs import replace

from hub.domain.checks import is_quantity
from hub.domain.events import StatusReported
from hub.domain.exceptions import PROBLEM
from hub.domain.flow.problems import close_exception
from hub.domain.flow.turn import Turn
from hub.domain.items import convert_of
from hub.domain.model import Department, Frozen
from hub.domain.order import ZERO, LineState
from hub.domain.phrases import Deferred, Phrase, listed
from hub.domain.verdict import Refuse

_SHOWN = 5
"""Lines named one by one."""


class Reported(Frozen):
    """A quantity of one line, in the line's unit."""

    place: int
    """Index into the order's lines."""
    line: LineState
    quantity: Decimal


def reported(turn: Turn, event: StatusReported, lacking: Callable[[LineState], Decimal]) -> list[Reported] | Refuse:
    """The report's quantities in the order of the lines; without any, whatever each line still lacks."""
    lines = turn.state.lines
    if not event.lines:
        return [
            Reported(index, line, quantity) for index, line in enumerate(lines) if (quantity := lacking(line)) > ZERO
        ]
    places = {line.line.line_id: index for index, line in enumerate(lines)}
    quantities: dict[int, Decimal] = {}
    for part in event.lines:
        index = places.get(part.line_id)
        if index is None:
            return Refuse("unknown-line", f"The order has no line {part.line_id}")
        unit = lines[index].line.unit
        if not part.quantity.is_finite():
            return Refuse("quantity-not-positive", f"Line {part.line_id} reports {part.quantity}")
        converted = convert_of(lines[index].item, part.quantity, part.unit, unit)
        if converted is None:
            return Refuse("unit-mismatch", f"Line {part.line_id} is in {unit}, which {part.unit} does not convert to")
        if not is_quantity(converted):
            return Refuse(
                "quantity-not-positive",
                f"Line {part.line_id} reports {converted} {unit}; give a number above 0 with at most 6 decimals",
            )
        quantities[index] = quantities.get(index, ZERO) + converted
    return [Reported(index, lines[index], quantities[index]) for index in sorted(quantities)]


def set_lines(turn: Turn, changed: list[tuple[int, LineState]]) -> None:
    """Replaces the lines at the given places."""
    lines = list(turn.state.lines)
    for index, line in changed:
        lines[index] = line
    turn.update(lines=tuple(lines))


def note_progress(turn: Turn, event: StatusReported) -> None:
    """The department moved: its older problems are over."""
    department: Department = event.department
    work = turn.work(department)
    if work.moved_at is None or work.moved_at < event.occurred_at:
        turn.set_work(department, replace(work, moved_at=event.occurred_at))
    close_exception(turn, PROBLEM[department], f"{department} moved on", before=event.occurred_at)


def in_words(parts: list[Reported]) -> str:
    """The quantities for the journal: `2 KGM of line 1, 3 C62 of line 2`."""
    shown = ", ".join(
        [f"{part.quantity!s} {part.line.line.unit} of line {part.line.line.line_id}" for part in parts[:_SHOWN]]
    )
    return shown if len(parts) <= _SHOWN else f"{shown} and {len(parts) - _SHOWN} more lines"


def told(parts: list[Reported]) -> str:
    """The same for the customer, in any language."""
    return Deferred(in_words(parts), lambda: _phrases(parts))


def _phrases(parts: list[Reported]) -> str:
    shown = listed((_goods(part) for part in parts[:_SHOWN]), ", ")
    if len(parts) <= _SHOWN:
        return shown
    return Phrase("{shown} and {count} more lines", shown=shown, count=str(len(parts) - _SHOWN))


def _goods(part: Reported) -> str:
    line = part.line.line
    return Phrase("{goods} of line {line}", goods=f"{part.quantity} {line.unit}", line=line.line_id)
