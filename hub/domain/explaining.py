"""What the monitor thinks of an order at a moment, rule by rule: for people who ask why, or why not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from hub.domain.decision import Context
from hub.domain.flow.foreseeing import View, foreseen
from hub.domain.flow.observing import findings
from hub.domain.flow.turn import Turn
from hub.domain.flow.watching import explained
from hub.domain.order import OrderState


class Opinion(NamedTuple):
    """What one rule has to say."""

    rule: str
    subject: str
    """The department, axis or line it is about; empty for the whole order."""
    standing: str
    """open: its alert is. silent: it is so, and something open says why. quiet: it is so, and waits. ahead: it will be
    if nothing happens. never: it is not, and will not be without anything happening."""
    due: datetime | None
    """Since when, or from when on."""
    detail: str
    """For a person: what it found, or what keeps it silent."""


def opinions(state: OrderState, context: Context) -> Iterator[Opinion]:
    """What every rule of the monitor says of an order, in their order."""
    view = View(Turn(state, context))
    said: set[str] = set()
    for watched in view.monitor.watched(view.statuses):
        due = foreseen(view, watched)
        if due is None:
            continue
        said.add(watched.name)
        if due > context.now:
            yield Opinion(watched.name, str(watched.axis or ""), "ahead", due, "")
            continue
        for each in findings(view, watched):
            if (watched.name, each.subject) in {(e.kind, e.subject) for e in state.exceptions}:
                yield Opinion(watched.name, each.subject, "open", due, each.detail)
            elif why := explained(state.exceptions, watched.rule, each.subject):
                yield Opinion(watched.name, each.subject, "silent", due, f"{why} says why")
            else:
                yield Opinion(watched.name, each.subject, "quiet", due, each.detail)
    for name in view.monitor.rules:
        if name not in said:
            yield Opinion(name, "", "never", None, "")
