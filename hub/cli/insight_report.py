"""What `hub insight` prints for a person: suggestions first, then the figures they come from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hub.cli.tail import safe
from hub.domain.insight.figures import Figures, RuleName, load
from hub.domain.insight.measure import Measure
from hub.domain.insight.steps import ENDS, STEPS
from hub.domain.insight.suggestions import Figure, Suggestion
from hub.domain.reconciliation.dossier import Period

_ROWS = 12
"""Of a table by cause."""
_ORDERS = 5
"""Named with a suggestion."""


def show(figures: Figures, found: Sequence[Suggestion], never_matched: Sequence[RuleName], period: Period) -> None:
    """Tables."""
    console = Console(highlight=False)
    days = f"from {period.since or 'the beginning'} to {period.until or period.today}"
    console.print(Text(f"{figures.orders:,} orders placed {days}, {figures.orders - figures.over:,} not over", "bold"))
    if not figures.orders:
        return
    _print_suggestions(console, found)
    for table in (
        _steps(figures),
        _standing(figures),
        _departments(figures),
        _owners(figures),
        _rework(figures),
        _causes(figures),
        _exceptions(figures),
    ):
        if table.row_count:
            console.print(table)
    if never_matched:
        names = ", ".join(map(str, never_matched))
        console.print(Text.assemble(("\nRules that decided nothing of these orders: ", "bold"), safe(names)))


def span(value: timedelta) -> str:
    """A span in its two largest units: `2d 4h`, `3.2s`."""
    seconds = value.total_seconds()
    if seconds < 60:
        return f"{seconds:.1f}s" if seconds else "0"
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if not hours:
        return f"{minutes}m {int(seconds) % 60}s"
    return f"{days:,}d {hours % 24}h" if days else f"{hours}h {minutes % 60}m"


def _print_suggestions(console: Console, found: Sequence[Suggestion]) -> None:
    console.print(Text("\nLook into" if found else "\nNothing stands out.", "bold"))
    for number, each in enumerate(found, 1):
        evidence = ", ".join(f"{name.replace('_', ' ')} {_shown(value)}" for name, value in each.evidence.items())
        lost = f"{span(each.lost)} lost in all; " if each.lost else ""
        console.print(Text.assemble((f"{number}. ", "bold cyan"), safe(each.text)))
        console.print(Text(f"   {lost}{evidence}", "dim"))
        if each.orders:
            more = f" and {each.orders - _ORDERS:,} more" if each.orders > _ORDERS else ""
            console.print(Text(f"   {safe(', '.join(each.named[:_ORDERS]))}{more}", "dim"))


def _steps(figures: Figures) -> Table:
    table = _table("Time by step", "step", "ends with the", "orders", "median", "90% within", "share")
    bottleneck = figures.bottleneck()
    for step in STEPS:
        each = figures.steps[step]
        if each.orders:
            share = f"{figures.share(step):.0%}" if step != STEPS[-1] else ""
            row = step, ENDS[step], f"{each.orders:,}", span(each.median), span(each.quantile(90)), share
            table.add_row(*row, style="bold yellow" if step == bottleneck else "")
    whole = figures.throughput
    if whole.orders:
        table.add_row(
            "together",
            "settled orders",
            f"{whole.orders:,}",
            span(whole.median),
            span(whole.quantile(90)),
            "",
            style="bold",
        )
    return table


def _standing(figures: Figures) -> Table:
    table = _table("Orders that are not over", "status", "orders", "median since it moved", "longest", "for example")
    for status, each in by_total(figures.standing):
        row = status, f"{each.orders:,}", span(each.median), span(each.quantile(100)), safe(each.named[0])
        table.add_row(*row)
    return table


def _departments(figures: Figures) -> Table:
    table = _table(
        "Departments", "", "orders", "answers in", "90% in", "waiting", "silent for", "load", "on time",
        "right at once", "exceptions", "aged",
    )  # fmt: skip
    everybodys = [each.open for each in figures.departments.values()]
    for name, each in figures.departments.items():
        exceptions = figures.department_exceptions[name]
        if each.asked:
            table.add_row(
                name,
                f"{each.asked:,}",
                span(each.answer.median),
                span(each.answer.quantile(90)),
                f"{each.open:,}",
                span(each.silent.median),
                f"x{load(each.open, everybodys):.1f}",
                _percent(each.on_time, each.due),
                _percent(each.right_first_time, each.asked),
                f"{exceptions.times:,}",
                span(exceptions.median),
            )
    return table


def _owners(figures: Figures) -> Table:
    table = _table(
        "Owners of exceptions",
        "",
        "open",
        "median age",
        "oldest",
        "load",
        "closed",
        "median time",
        "in time",
        "for good",
    )
    everybodys = [each.age.times for each in figures.owners.values()]
    for owner, each in sorted(figures.owners.items(), key=lambda item: (-item[1].age.times, item[0])):
        table.add_row(
            safe(owner) or "nobody",
            f"{each.age.times:,}",
            span(each.age.median),
            span(each.age.quantile(100)),
            f"x{load(each.age.times, everybodys):.1f}",
            f"{each.closed.times:,}",
            span(each.closed.median),
            _percent(each.in_time, each.closed.times),
            _percent(each.for_good, each.closed.times),
        )
    return table


def _rework(figures: Figures) -> Table:
    table = _table("Done again", "what", "times", "orders", "of all", "for example")
    for what, each in by_times(figures.rework):
        share = _percent(each.orders, figures.orders)
        table.add_row(what, f"{each.times:,}", f"{each.orders:,}", share, safe(each.named[0]))
    return table


def _causes(figures: Figures) -> Table:
    table = _table("Rejections and refusals", "by", "because of", "times", "orders", "time lost", "for example")
    for why, each in by_times(figures.rejections)[:_ROWS]:
        who = f"{why.department}, {why.node}" if why.node else why.department
        row = safe(who), safe(why.reason) or "no reason given", f"{each.times:,}", f"{each.orders:,}", span(each.total)
        table.add_row(*row, safe(each.named[0]))
    for rule, each in by_times(figures.refusals)[:_ROWS]:
        table.add_row("the credit account", safe(rule), f"{each.times:,}", f"{each.orders:,}", "", safe(each.named[0]))
    return table


def _exceptions(figures: Figures) -> Table:
    table = _table("Exceptions by cause", "kind", "from", "opened", "open", "orders", "median open", "for example")
    ordered = sorted(figures.troubles.items(), key=lambda item: (-item[1].age.times, item[0]))
    for root, each in ordered[:_ROWS]:
        table.add_row(
            root.kind,
            safe(root.root) or "the order itself",
            f"{each.age.times:,}",
            f"{each.open:,}",
            f"{each.age.orders:,}",
            span(each.age.median),
            safe(each.age.named[0]),
        )
    if len(ordered) > _ROWS:
        table.caption = f"and {len(ordered) - _ROWS:,} more causes: --json has all"
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE, pad_edge=False)
    for place, column in enumerate(columns):
        numeric = place and column not in {"ends with the", "because of", "from", "for example", "by", "what"}
        table.add_column(column, justify="right" if numeric else "left")
    return table


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.0%} of {whole:,}" if whole else "-"


def by_times(measures: Any) -> list[tuple[Any, Measure]]:
    """What was most often, first."""
    return sorted(measures.items(), key=lambda item: (-item[1].times, item[0]))


def by_total(measures: Any) -> list[tuple[Any, Measure]]:
    """What took most time, first."""
    return sorted(measures.items(), key=lambda item: (-item[1].total, item[0]))


def _shown(value: Figure) -> str:
    if isinstance(value, timedelta):
        return span(value)
    return f"{value:.2f}" if isinstance(value, float) else str(value)
