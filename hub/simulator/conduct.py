"""How those around the hub behave: how often they are late, refuse, repeat themselves, do half, or say nothing."""

from __future__ import annotations

from typing import NamedTuple

from hub.domain.model import Frozen
from hub.simulator.chance import share


class Habits(Frozen, forbid_unknown_fields=True, kw_only=True):
    """How often somebody behaves in a way, from 0 for never to 1 for always; how late, in seconds."""

    late: float = 0.0
    rejecting: float = 0.0
    duplicating: float = 0.0
    partial: float = 0.0
    silent: float = 0.0
    late_by: float = 30.0


class DepartmentHabits(Habits, forbid_unknown_fields=True, kw_only=True):
    """Of a department. `partial`: in two parts, the second late."""

    cause: str = ""
    """What it says is behind its being late: one late supplier, for all orders that wait for it."""


class CustomerHabits(Habits, forbid_unknown_fields=True, kw_only=True):
    """Of the customers: `late`, `rejecting` and `silent` when asked to confirm, `partial` when they pay.

    `duplicating`: the same purchase order is placed again, as another order.
    """

    unpaid: float = 0.0
    """How many settlements nobody pays while one watches."""


class Conduct(NamedTuple):
    """How somebody behaves about one thing."""

    silent: bool = False
    rejecting: bool = False
    late: bool = False
    partial: bool = False
    duplicating: bool = False
    pause: float = 0.0
    """Seconds that everything after the first answer takes longer."""


def draw(habits: Habits, *subject: str) -> Conduct:
    """How somebody of these habits behaves about a subject, the same whenever it is asked."""
    if share(*subject, "silent") < habits.silent:
        return Conduct(silent=True)
    if share(*subject, "rejecting") < habits.rejecting:
        return Conduct(rejecting=True)
    late = share(*subject, "late") < habits.late
    return Conduct(
        late=late,
        partial=share(*subject, "partial") < habits.partial,
        duplicating=share(*subject, "duplicating") < habits.duplicating,
        pause=habits.late_by * (0.5 + share(*subject, "how late")) if late else 0.0,
    )
