"""Lines that belong together: what is ready waits for the rest of its group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub.domain.ledger import ready, wanted
from hub.domain.order import LineState


def held_back(lines: Iterable[LineState]) -> frozenset[str]:
    """The groups of which something is wanted that is not ready: nothing of them is to be shipped yet."""
    return frozenset(
        [group.name for line in lines if (group := line.line.group) is not None and ready(line) < wanted(line)]
    )


def is_in(line: LineState, groups: frozenset[str]) -> bool:
    """Whether the line is of one of these groups."""
    return line.line.group is not None and line.line.group.name in groups


def shipped_together(lines: Sequence[LineState], place: int) -> list[int]:
    """The places of the lines that have to come from where the line at `place` comes from, itself among them."""
    group = lines[place].line.group
    if group is None or group.together != "shipped":
        return [place]
    return [index for index, each in enumerate(lines) if each.line.group == group]
