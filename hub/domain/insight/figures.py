"""What many orders come to: every figure of the report, added up order by order, and part by part."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from hub.domain.headline import Headline, headline
from hub.domain.insight import causes, desk
from hub.domain.insight.causes import Rejection
from hub.domain.insight.departments import DepartmentFigures, EndOf
from hub.domain.insight.desk import OwnerFigures, Trouble
from hub.domain.insight.history import History
from hub.domain.insight.measure import Measure
from hub.domain.insight.steps import STEPS, Step, steps
from hub.domain.model import DEPARTMENTS, Department

_OVER = frozenset(("closed", "cancelled"))
_SETTLED = frozenset(("fulfilled", "closed"))
_FLOW = STEPS[:-1]
"""All but the payment, which is the customer's."""
_BY_KEY = (
    "steps",
    "standing",
    "department_exceptions",
    "rework",
    "rejections",
    "refusals",
    "troubles",
    "owners",
)
K = TypeVar("K")
V = TypeVar("V")


class RuleName(NamedTuple):
    """A rule of the company."""

    file: str
    section: str
    """Which list of the file it is in; empty where there is one."""
    name: str

    def __str__(self) -> str:
        """For a person."""
        return f"{self.name} ({self.section or 'allocation'})"


class Root(NamedTuple):
    """What exceptions come from."""

    kind: str
    root: str
    """Empty: causes of single orders."""


def _measures() -> defaultdict[K, Measure]:
    return defaultdict(Measure)


@dataclass(slots=True)
class Figures:
    """Figures of the orders that were added."""

    orders: int = 0
    over: int = 0
    """Closed or cancelled."""
    throughput: Measure = field(default_factory=Measure)
    """From placement to settlement, of orders that are settled."""
    steps: defaultdict[Step, Measure] = field(default_factory=_measures)
    standing: defaultdict[Headline, Measure] = field(default_factory=_measures)
    """Of orders that are not over: by status, since they moved last."""
    departments: dict[Department, DepartmentFigures] = field(
        default_factory=lambda: {each: DepartmentFigures() for each in DEPARTMENTS}
    )
    department_exceptions: defaultdict[Department, Measure] = field(default_factory=_measures)
    """How old the open exceptions are that come from a department."""
    rework: defaultdict[str, Measure] = field(default_factory=_measures)
    rejections: defaultdict[Rejection, Measure] = field(default_factory=_measures)
    """With the time that was lost by them."""
    refusals: defaultdict[str, Measure] = field(default_factory=_measures)
    """Of credit, by the rule that failed."""
    troubles: defaultdict[Root, Trouble] = field(default_factory=lambda: defaultdict(Trouble))
    owners: defaultdict[str, OwnerFigures] = field(default_factory=lambda: defaultdict(OwnerFigures))
    """By owner of exceptions; empty: nobody."""
    matched: Counter[RuleName] = field(default_factory=Counter)
    """Orders a rule has decided something of."""

    def add(self, history: History, matched: Collection[RuleName], now: datetime, end_of: EndOf) -> None:
        """Counts one order, of which `matched` were the rules that decided something; a day ends with `end_of`."""
        order_id, state = history.order_id, history.state
        self.orders += 1
        self.over += state.commercial in _OVER
        taken = list(steps(history))
        for step, span in taken:
            self.steps[step].add(order_id, [span])
        if state.commercial in _SETTLED:
            self.throughput.add(order_id, [sum((span for step, span in taken if step in _FLOW), timedelta(0))])
        if state.commercial not in _OVER:
            self.standing[headline(state)].add(order_id, [now - (state.moved_at or history.placed_at)])
        for department, figures in self.departments.items():
            figures.add(department, history, now, end_of)
        _add_each(self.rework, order_id, ((what, timedelta(0)) for what in causes.rework(history)))
        _add_each(self.rejections, order_id, causes.rejections(history))
        _add_each(self.refusals, order_id, ((rule, timedelta(0)) for rule in causes.refusals(history)))
        self._add_cases(order_id, list(desk.cases(history)), now)
        self.matched.update(matched)

    def merge(self, other: Figures) -> None:
        """Adds figures of other orders."""
        self.orders += other.orders
        self.over += other.over
        self.throughput.merge(other.throughput)
        for name in _BY_KEY:
            mine = getattr(self, name)
            for key, figures in getattr(other, name).items():
                mine[key].merge(figures)
        for department, figures in other.departments.items():
            self.departments[department].merge(figures)
        self.matched += other.matched

    def bottleneck(self) -> Step | None:
        """The step before payment that most of the orders' time went into; None if no time did."""
        step = max(_FLOW, key=lambda each: self.steps[each].total)
        return step if self.steps[step].total else None

    def share(self, step: Step) -> float:
        """What part of the time of all steps before payment went into one of them, 0 to 1."""
        whole = sum((self.steps[each].total for each in _FLOW), timedelta(0))
        return self.steps[step].total / whole if whole else 0.0

    def _add_cases(self, order_id: str, found: list[desk.Case], now: datetime) -> None:
        for root, alike in _grouped((Root(case.kind, case.root), case) for case in found):
            trouble = self.troubles[root]
            trouble.age.add(order_id, [case.age(now) for case in alike])
            trouble.open += sum(case.closed_at is None for case in alike)
        for owner, theirs in _grouped((case.owner, case) for case in found):
            figures = self.owners[owner]
            closed = [case for case in theirs if case.closed_at is not None]
            figures.age.add(order_id, [case.age(now) for case in theirs if case.closed_at is None])
            figures.closed.add(order_id, [case.age(now) for case in closed])
            figures.in_time += sum(not case.escalated for case in closed)
            figures.for_good += sum(not case.again for case in closed)
        open_ = ((case.department, case.age(now)) for case in found if case.closed_at is None)
        _add_each(self.department_exceptions, order_id, ((where, age) for where, age in open_ if where is not None))


def load(open_: int, everybodys: Iterable[int]) -> float:
    """How much one has to do beside the average of all, 1 if as much as everybody; 0 if there is nothing."""
    loads = list(everybodys)
    return open_ * len(loads) / sum(loads) if sum(loads) else 0.0


def _add_each(measures: defaultdict[K, Measure], order_id: str, found: Iterable[tuple[K, timedelta]]) -> None:
    for key, spans in _grouped(found):
        measures[key].add(order_id, spans)


def _grouped(pairs: Iterable[tuple[K, V]]) -> Iterator[tuple[K, list[V]]]:
    together: dict[K, list[V]] = {}
    for key, value in pairs:
        together.setdefault(key, []).append(value)
    yield from together.items()
