"""What could be done about it: at most five suggestions, each with its figures and the orders behind them.

They come in the order of the time that is lost by what they are about; a rule that never applies loses none and comes
last.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta

from hub.domain.insight.figures import Figures, RuleName, load
from hub.domain.insight.measure import Measure
from hub.domain.insight.steps import ENDS
from hub.domain.model import Frozen

MOST = 5
_ENOUGH = 20
"""Orders it takes to say that a rule never applies."""
_OFTEN = 2
"""Orders it takes to see more than chance."""
_LOADED = 2
"""How many times as much as the average an owner has to do before it is worth a word."""
_LATE_PERCENT = 10
_RULES = 5
"""Rules that are named."""

Figure = str | int | float | timedelta


class Suggestion(Frozen, kw_only=True):
    """Something to look into."""

    code: str
    text: str
    lost: timedelta
    """The time orders lose by it, all together."""
    evidence: Mapping[str, Figure]
    orders: int
    """How many are behind it."""
    named: tuple[str, ...]
    """Those of them in which most of the time is lost."""


def suggestions(figures: Figures, never_matched: Collection[RuleName]) -> tuple[Suggestion, ...]:
    """The best of what there is to suggest."""
    found = sorted(_found(figures), key=lambda each: (-each.lost, each.code, each.text))
    chosen: dict[str, Suggestion] = {}
    for each in found:
        chosen.setdefault(each.code, each)
    return (*chosen.values(), *_unused(figures, never_matched))[:MOST]


def _found(figures: Figures) -> Iterator[Suggestion]:
    yield from _bottleneck(figures)
    yield from _silence(figures)
    yield from _lateness(figures)
    yield from _rejections(figures)
    yield from _roots(figures)
    yield from _owners(figures)


def _bottleneck(figures: Figures) -> Iterator[Suggestion]:
    step = figures.bottleneck()
    if step is not None:
        measure, share = figures.steps[step], figures.share(step)
        yield _suggest(
            "bottleneck",
            f"Look first into the step {step}, which ends with the {ENDS[step]}: {share:.0%} of the time before "
            "payment goes into it",
            measure,
            {"share": share, "median": measure.median, "p90": measure.quantile(90)},
        )


def _silence(figures: Figures) -> Iterator[Suggestion]:
    for department, each in figures.departments.items():
        lost = each.answer.total + each.silent.total
        waited = Measure()
        waited.merge(each.silent if each.silent.total >= each.answer.total else each.answer)
        if max(each.answer.orders, each.silent.orders) >= _OFTEN:
            yield _suggest(
                "waiting",
                f"Ask {department} for quicker and fuller reports: orders wait for its word",
                waited,
                {
                    "answers": each.answer.times,
                    "median_to_answer": each.answer.median,
                    "waiting_now": each.silent.orders,
                    "median_silent": each.silent.median,
                },
                lost,
            )


def _lateness(figures: Figures) -> Iterator[Suggestion]:
    for department, each in figures.departments.items():
        if each.late.orders >= _OFTEN and 100 * each.late.orders >= _LATE_PERCENT * each.due:
            yield _suggest(
                "late",
                f"Plan {department} earlier, or promise later: {each.late.orders} of {each.due} orders with a date "
                "were late there",
                each.late,
                {"due": each.due, "late": each.late.orders, "median_late": each.late.median},
            )


def _rejections(figures: Figures) -> Iterator[Suggestion]:
    for rejection, measure in figures.rejections.items():
        if measure.orders >= _OFTEN:
            who = rejection.node or rejection.department
            why = f"because of {rejection.reason!r}" if rejection.reason else "without saying why"
            yield _suggest(
                "rejections",
                f"Do not ask {who} for what it will reject: it rejected {measure.times} times {why}",
                measure,
                {"rejections": measure.times, "median_lost": measure.median},
            )


def _roots(figures: Figures) -> Iterator[Suggestion]:
    for root, trouble in figures.troubles.items():
        if trouble.age.orders >= _OFTEN:
            whence = f" that come from {root.root}" if root.root else ""
            yield _suggest(
                "exceptions",
                f"End what causes the exceptions {root.kind}{whence}: there were {trouble.age.times}, {trouble.open} "
                "are open",
                trouble.age,
                {"opened": trouble.age.times, "open": trouble.open, "median_age": trouble.age.median},
            )


def _owners(figures: Figures) -> Iterator[Suggestion]:
    everybodys = [each.age.times for each in figures.owners.values()]
    for owner, each in figures.owners.items():
        times = load(each.age.times, everybodys)
        if times >= _LOADED and each.age.orders >= _OFTEN:
            whose = f"to {owner}" if owner else "to nobody"
            yield _suggest(
                "workload",
                f"Share out the open exceptions: {each.age.times} of {sum(everybodys)} belong {whose}",
                each.age,
                {"open": each.age.times, "load": times, "median_age": each.age.median},
            )


def _unused(figures: Figures, never_matched: Collection[RuleName]) -> Iterable[Suggestion]:
    if never_matched and figures.orders >= _ENOUGH:
        names = ", ".join(map(str, sorted(never_matched)[:_RULES]))
        more = f" and {len(never_matched) - _RULES} more" if len(never_matched) > _RULES else ""
        yield Suggestion(
            code="rules",
            text=f"See whether rules still say what they should that decided nothing of {figures.orders} orders: "
            f"{names}{more}",
            lost=timedelta(0),
            evidence={"rules": len(never_matched), "orders_looked_at": figures.orders},
            orders=0,
            named=(),
        )


def _suggest(
    code: str, text: str, measure: Measure, evidence: Mapping[str, Figure], lost: timedelta | None = None
) -> Suggestion:
    return Suggestion(
        code=code,
        text=text,
        lost=measure.total if lost is None else lost,
        evidence=evidence,
        orders=measure.orders,
        named=measure.named,
    )
