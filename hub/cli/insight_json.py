"""What `hub insight --json` prints: every figure in one object, times in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hub.cli.as_json import print_json
from hub.cli.insight_report import by_times, by_total
from hub.domain.insight.departments import DepartmentFigures
from hub.domain.insight.desk import OwnerFigures
from hub.domain.insight.figures import Figures, RuleName, load
from hub.domain.insight.measure import Measure
from hub.domain.insight.steps import STEPS
from hub.domain.insight.suggestions import Figure, Suggestion
from hub.domain.reconciliation.dossier import Period


def show(figures: Figures, found: Sequence[Suggestion], never_matched: Sequence[RuleName], period: Period) -> None:
    """One JSON object; times are in seconds."""
    bottleneck = figures.bottleneck()
    content = {
        "from": period.since,
        "to": period.until,
        "orders": figures.orders,
        "over": figures.over,
        "throughput": _measure(figures.throughput),
        "steps": [
            {"step": step, "share": figures.share(step) if step != STEPS[-1] else None, **_measure(figures.steps[step])}
            for step in STEPS
        ],
        "bottleneck": bottleneck,
        "standing": [{"status": status, **_measure(each)} for status, each in by_total(figures.standing)],
        "departments": [
            {"department": name, **_department(figures, name, each)} for name, each in figures.departments.items()
        ],
        "owners": [{"owner": owner, **_owner(figures, each)} for owner, each in sorted(figures.owners.items())],
        "rework": [{"what": what, **_measure(each)} for what, each in by_times(figures.rework)],
        "rejections": [{**why._asdict(), **_measure(each)} for why, each in by_times(figures.rejections)],
        "credit_refusals": [{"rule": rule, **_measure(each)} for rule, each in by_times(figures.refusals)],
        "exceptions": [
            {**root._asdict(), "open": each.open, **_measure(each.age)}
            for root, each in sorted(figures.troubles.items(), key=lambda item: (-item[1].age.times, item[0]))
        ],
        "rules": [{**rule._asdict(), "orders": count} for rule, count in sorted(figures.matched.items())],
        "never_matched": [rule._asdict() for rule in never_matched],
        "suggestions": [
            {
                "code": each.code,
                "text": each.text,
                "lost": each.lost.total_seconds(),
                "evidence": {name: _number(value) for name, value in each.evidence.items()},
                "orders": each.orders,
                "named": each.named,
            }
            for each in found
        ],
    }
    print_json(content)


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        "orders": measure.orders,
        "times": measure.times,
        "total": measure.total.total_seconds(),
        "median": measure.median.total_seconds(),
        "p90": measure.quantile(90).total_seconds(),
        "named": measure.named,
    }


def _department(figures: Figures, name: Any, each: DepartmentFigures) -> dict[str, Any]:
    everybodys = [every.open for every in figures.departments.values()]
    return {
        "asked": each.asked,
        "answer": _measure(each.answer),
        "silent": _measure(each.silent),
        "due": each.due,
        "on_time": each.on_time,
        "late": _measure(each.late),
        "right_first_time": each.right_first_time,
        "open": each.open,
        "load": load(each.open, everybodys),
        "exceptions": _measure(figures.department_exceptions[name]),
    }


def _owner(figures: Figures, each: OwnerFigures) -> dict[str, Any]:
    everybodys = [every.age.times for every in figures.owners.values()]
    return {
        "open": each.age.times,
        "age": _measure(each.age),
        "load": load(each.age.times, everybodys),
        "closed": each.closed.times,
        "time_to_close": _measure(each.closed),
        "in_time": each.in_time,
        "for_good": each.for_good,
    }


def _number(value: Figure) -> str | int | float:
    return value.total_seconds() if isinstance(value, timedelta) else value
