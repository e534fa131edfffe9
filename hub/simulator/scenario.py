"""What is played, as data: a file of `scenarios/`, or anybody's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from connectors.declared import load_declared
from hub.domain.model import Department, Frozen
from hub.errors import ConfigError
from hub.simulator.conduct import CustomerHabits, DepartmentHabits

DIRECTORY = Path(__file__).parent / "scenarios"
"""Those that come with the hub."""


class Scenario(Frozen, forbid_unknown_fields=True, kw_only=True):
    """A named way for everybody around the hub to behave. Times are seconds of the clock on the wall."""

    about: str
    """What it is for, in a sentence."""
    orders: int = 60
    rate: float = 2.0
    """Orders a second."""
    pace: float = 2.0
    """Stretches the time between two reports of a department: 1 is about half a second."""
    promised: float = 60.0
    """An order is on time if all of it is delivered so long after it was placed; an urgent one has half of that."""
    credit: float = 1.0
    """Times the credit limits, which are wide enough for some 300 ordinary orders that nobody has paid."""
    stalled_after: int = 20
    """Of the hub that is started for it: an order that has not moved for so long opens an exception."""
    staged: bool = False
    """Whether the demonstration's staged orders are among the others."""
    customers: CustomerHabits = CustomerHabits()
    production: DepartmentHabits = DepartmentHabits()
    procurement: DepartmentHabits = DepartmentHabits()
    logistics: DepartmentHabits = DepartmentHabits()

    def habits(self, department: Department) -> DepartmentHabits:
        """Of a department."""
        habits: DepartmentHabits = getattr(self, department)
        return habits


def scenarios() -> list[str]:
    """The names of those that come with the hub."""
    return sorted(path.stem for path in DIRECTORY.glob("*.yaml"))


def load_scenario(name: str) -> Scenario:
    """One of the hub's own by its name, or a file by its path. Raises ConfigError, naming line and field."""
    own = DIRECTORY / f"{name}.yaml"
    if name not in scenarios() and not name.endswith((".yaml", ".yml")):
        raise ConfigError(f"There is no scenario {name!r}; there are {', '.join(scenarios())}, or name a YAML file.")
    return load_declared(own if name in scenarios() else Path(name), Scenario, "scenario", _check)


def _check(scenario: Scenario) -> Iterator[tuple[str, str]]:
    for field, low, high in (
        ("orders", 1, 100_000),
        ("rate", 0.01, 10_000),
        ("pace", 0.01, 10_000),
        ("promised", 1, 1_000_000),
        ("credit", 0, 1_000),
        ("stalled_after", 1, 1_000_000),
    ):
        if not low <= getattr(scenario, field) <= high:
            yield f".{field}", f"it is from {low} to {high}"
    for who in ("customers", "production", "procurement", "logistics"):
        habits = getattr(scenario, who)
        for name in ("late", "rejecting", "duplicating", "partial", "silent", "unpaid"):
            if not 0 <= getattr(habits, name, 0) <= 1:
                yield f".{who}.{name}", "it is from 0 for never to 1 for always"
        if not 0 <= habits.late_by <= 1_000_000:
            yield f".{who}.late_by", "it is from 0 to 1000000"
