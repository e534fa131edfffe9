"""Until when what a department was given can still be taken back from it for the buyer's sake."""

from __future__ import annotations

from collections.abc import Mapping

from hub.domain.flow.turn import Turn
from hub.domain.model import Department
from hub.domain.order import WorkStatus
from hub.domain.policy import ChangePoint

_REACHED: Mapping[ChangePoint, frozenset[WorkStatus]] = {
    "accepted": frozenset(("accepted", "scheduled", "started", "done")),
    "scheduled": frozenset(("scheduled", "started", "done")),
    "started": frozenset(("started", "done")),
    "made": frozenset(),
}
"""The statuses of a work order in which the point has been passed."""


def fixed_departments(turn: Turn) -> frozenset[Department]:
    """The departments whose work the buyer cannot change any more."""
    points = turn.policy.changeable_until
    return frozenset(each for each, point in points.items() if turn.work(each).status in _REACHED[point])
