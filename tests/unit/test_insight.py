"""`hub insight`: its figures are those of an independent query, whatever is held at a time; and what it suggests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.insight import Job, figures
from connectors.reading import Reader
from hub.domain.insight.departments import EndOf
from hub.domain.insight.figures import Figures, load
from hub.domain.insight.measure import NAMED, Measure
from hub.domain.insight.steps import STEPS
from hub.domain.insight.suggestions import MOST, suggestions
from hub.domain.policy import Policy
from hub.domain.reconciliation.dossier import Period
from hub.domain.schedule import NOTHING_TAKES_TIME
from hub.policy import load_policy
from hub.rules import load_reviewer, load_router
from hub.rules.quotes import Quotes
from tests.support.histories import CODEC, Topics, placed, records, told
from tests.support.insight_oracle import MEASURE, Oracle, micros
from tests.support.orders import START, Story, line

NOW = START + timedelta(days=70)
QUOTES = Quotes(load_router(), load_reviewer())
EVER = Period(today=NOW.date())


BERLIN = load_policy().schedule.end_of


async def figured(
    stories: Iterable[Story], period: Period = EVER, max_bytes: int = 2**30, end_of: EndOf = BERLIN
) -> Figures:
    job = Job(0, period, NOW, QUOTES, end_of, max_bytes)
    return await figures(job, cast("Reader", Topics(records(stories))), CODEC)


def of(measure: Measure) -> tuple[int, ...]:
    """As the oracle has one."""
    spans = (measure.total, measure.median, measure.quantile(90))
    return (measure.orders, measure.times, *(span // timedelta(microseconds=1) for span in spans))


def all_of(measures: Mapping[Any, Measure]) -> list[tuple[Any, ...]]:
    """Keys and measures in order, of those that there is something of."""
    rows = [(*(key if isinstance(key, tuple) else (key,)), *of(each)) for key, each in measures.items() if each.orders]
    return sorted(rows)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_every_figure_is_that_of_an_independent_query(seed: int) -> None:
    stories = told(250, seed=seed)
    found, oracle = await figured(stories), Oracle(stories, NOW, ZoneInfo("Europe/Berlin"))
    assert found.orders == oracle.scalar("SELECT count(*) FROM placed") > 200
    assert found.over == oracle.scalar(
        "SELECT count(*) FROM placed JOIN states USING (order_id) WHERE commercial IN ('closed', 'cancelled')"
    )
    steps = {STEPS.index(step) + 1: each for step, each in found.steps.items()}
    assert all_of(steps) == oracle.ask("steps", f"step, {MEASURE}")
    assert len(steps) == len(STEPS)
    assert [of(found.throughput)] == oracle.ask("whole", MEASURE)
    assert all_of(found.standing) == oracle.ask("standing", f"headline, {MEASURE}")
    _compare_departments(found, oracle)
    _compare_causes(found, oracle)
    _compare_exceptions(found, oracle)


def _compare_departments(found: Figures, oracle: Oracle) -> None:
    departments = found.departments
    assert all_of({name: each.answer for name, each in departments.items()}) == oracle.ask(
        "answers", f"department, {MEASURE}"
    )
    assert all_of({name: each.silent for name, each in departments.items()}) == oracle.ask(
        "silent", f"department, {MEASURE}"
    )
    judged = oracle.ask("judged", "department, count(*), count(*) FILTER (WHERE late < 0)")
    assert sorted((name, each.due, each.on_time) for name, each in departments.items() if each.due) == judged
    assert len(judged) == 3
    wrong = dict(oracle.ask("wrong", "department, count(DISTINCT order_id)"))
    asked = oracle.ask("asked", "*")
    assert sorted((name, each.asked) for name, each in departments.items()) == asked
    assert [(name, count - wrong[name]) for name, count in asked] == sorted(
        (name, each.right_first_time) for name, each in departments.items()
    )


def _compare_causes(found: Figures, oracle: Oracle) -> None:
    counts = "count(DISTINCT order_id), count(*)"
    rework = oracle.ask("rework", f"what, {counts}")
    assert [row[:3] for row in all_of(found.rework)] == rework
    assert len(rework) > 5
    assert all_of(found.rejections) == oracle.ask("rejected", f"department, node, why, {MEASURE}")
    assert [row[:3] for row in all_of(found.refusals)] == oracle.ask("refused", f"rule, {counts}")


def _compare_exceptions(found: Figures, oracle: Oracle) -> None:
    causes = oracle.ask("cases", f"kind, root, {MEASURE}, count(*) FILTER (WHERE NOT closed)")
    assert sorted((*root, *of(each.age), each.open) for root, each in found.troubles.items()) == causes
    by_department = oracle.ask("cases", f"department, {MEASURE}", "NOT closed AND department IS NOT NULL")
    assert all_of(found.department_exceptions) == by_department
    assert len(by_department) == 3
    owners = oracle.ask(
        "cases",
        "owner, count(*) FILTER (WHERE NOT closed), coalesce(max(span) FILTER (WHERE NOT closed), 0)::BIGINT, "
        "count(*) FILTER (WHERE closed), coalesce(sum(span) FILTER (WHERE closed), 0)::BIGINT, "
        "count(*) FILTER (WHERE closed AND NOT escalated), count(*) FILTER (WHERE closed AND NOT again)",
    )
    tick = timedelta(microseconds=1)
    assert owners == sorted(
        (
            owner,
            each.age.times,
            each.age.quantile(100) // tick,
            each.closed.times,
            each.closed.total // tick,
            each.in_time,
            each.for_good,
        )
        for owner, each in found.owners.items()
    )
    assert len(owners) > 4


async def test_the_figures_do_not_depend_on_how_much_is_held_at_a_time_nor_on_how_the_work_is_divided() -> None:
    stories = told(80, seed=4)
    whole = await figured(stories)
    assert _comparable(await figured(stories, max_bytes=20_000)) == _comparable(whole)
    parts = Figures()
    for part in (stories[50:], stories[:30], stories[30:50]):
        parts.merge(await figured(part))
    assert _comparable(parts) == _comparable(whole)


def _comparable(found: Figures) -> Any:
    return (
        found.orders,
        found.over,
        of(found.throughput),
        all_of(found.steps),
        all_of(found.standing),
        all_of(found.rework),
        all_of(found.rejections),
        all_of(found.refusals),
        all_of(found.department_exceptions),
        sorted((root, of(each.age), each.age.named) for root, each in found.troubles.items()),
        sorted((owner, of(each.age), of(each.closed), each.in_time) for owner, each in found.owners.items()),
        [(name, each.asked, each.due, of(each.answer), each.late.named) for name, each in found.departments.items()],
        found.matched,
        suggestions(found, QUOTES.rules - set(found.matched)),
    )


async def test_orders_count_by_the_day_they_were_placed() -> None:
    stories = told(60, seed=6)
    first, last = date(2025, 3, 8), date(2025, 3, 14)
    found = await figured(stories, Period(today=NOW.date(), since=first, until=last))
    days = [at.date() for each in stories if (at := placed(each)) is not None]
    assert found.orders == sum(first <= day <= last for day in days)
    assert 0 < found.orders < len(days)


async def test_the_steps_of_an_order_add_up_to_its_whole_way() -> None:
    for story in told(60, seed=8):
        found = await figured([story])
        taken = sum((each.total for each in found.steps.values()), timedelta(0))
        begun = placed(story)
        if begun is None:
            assert (found.orders, taken) == (0, timedelta(0))
        else:
            assert taken <= story.now - begun


class Timed(Story):
    """Things happen when they are told."""

    def head(self) -> dict[str, Any]:
        return super().head() | {"occurred_at": self.now}

    def after(self, hours: float) -> Timed:
        self.wait(timedelta(hours=hours))
        return self


def delivered(order_id: str, *, answer: float = 1, days: int = 30, policy: Policy | None = None) -> Timed:
    """Ten pieces from stock: accepted after `answer` hours, shipped 2 h and delivered 24 h later, wanted in `days`."""
    story = Timed(policy, order_id=order_id)
    story.place(requested_delivery=START.date() + timedelta(days=days))
    story.after(answer).report("logistics", "accepted")
    story.after(2).report("logistics", "shipped")
    story.after(24).report("logistics", "delivered")
    return story


async def test_each_step_takes_from_the_end_of_the_one_before_to_its_own() -> None:
    story = delivered("A", answer=5)
    story.after(48).pay(story.order.payable)
    found = await figured([story])
    hours = {step: each.total / timedelta(hours=1) for step, each in found.steps.items() if each.orders}
    assert hours == {
        "arrival": 0,
        "credit": 0,
        "release": 0,
        "acceptance": 5,
        "dispatch": 2,
        "transport": 24,
        "settlement": 0,
        "payment": 48,
    }
    assert found.throughput.total == timedelta(hours=31)
    assert found.bottleneck() == "transport"
    assert found.share("transport") == 24 / 31


@pytest.mark.parametrize(("end_of", "in_time"), [(BERLIN, 12), (NOTHING_TAKES_TIME.end_of, 13)])
async def test_a_department_is_late_from_the_midnight_that_ends_its_day_where_goods_are_delivered(
    end_of: EndOf, in_time: int
) -> None:
    """Placed at 8:00 UTC and due the day after, which ends 40 h later in UTC, and an hour before in Berlin."""
    figures = await figured([delivered("A", days=1, answer=in_time)], end_of=end_of)
    assert (figures.departments["logistics"].due, figures.departments["logistics"].on_time) == (1, 1)
    for hours in (1, 2):
        figures = await figured([delivered("A", days=1, answer=in_time + hours)], end_of=end_of)
        assert (figures.departments["logistics"].due, figures.departments["logistics"].on_time) == (1, 0)
        assert figures.departments["logistics"].late.total == timedelta(hours=hours - 1)


async def test_the_day_is_the_one_by_which_the_hub_itself_judges_a_delivery() -> None:
    for answer in (12, 13):
        story = delivered("A", days=1, answer=answer, policy=Policy(schedule=load_policy().schedule))
        assert story.order.delivered_on is not None
        assert story.order.terms is not None
        assert story.order.terms.requested_delivery is not None
        figures = await figured([story])
        in_time = story.order.delivered_on <= story.order.terms.requested_delivery
        assert figures.departments["logistics"].on_time == in_time == (answer == 12)


def silent(order_id: str) -> Timed:
    """Nobody ever answers."""
    story = Timed(order_id=order_id)
    story.place()
    return story


async def test_orders_that_wait_are_counted_from_the_last_word() -> None:
    found = await figured([silent("A"), silent("B")])
    logistics = found.departments["logistics"]
    assert (logistics.asked, logistics.open, logistics.answer.times) == (2, 2, 0)
    assert logistics.silent.median == NOW - START
    assert {status: each.orders for status, each in found.standing.items()} == {"confirmed": 2}


def rejected(order_id: str, reason: str) -> Timed:
    story = Timed(order_id=order_id)
    story.place(line(item_id="MK-1"))
    story.after(4).report("production", "rejected", reason=reason)
    return story


async def test_suggestions_come_in_the_order_of_what_is_lost_at_most_five_each_with_figures_and_orders() -> None:
    stories = [
        *(delivered(f"D-{number}", days=0) for number in range(20)),
        *(silent(f"S-{number}") for number in range(3)),
        *(rejected(f"R-{number}", "no steel") for number in range(4)),
        rejected("R-once", "on strike"),
    ]
    found = await figured(stories)
    made = suggestions(found, QUOTES.rules - set(found.matched))
    assert len(made) <= MOST
    by_code = {each.code: each for each in made}
    assert len(by_code) == len(made)
    losses = [each.lost for each in made]
    assert losses == sorted(losses, reverse=True)
    assert {"waiting", "bottleneck", "late"} < set(by_code)
    waiting = by_code["waiting"]
    assert (waiting.evidence["waiting_now"], waiting.orders) == (8, 8) or "procurement" in waiting.text
    late = by_code["late"]
    assert "20 of 20" in late.text
    assert (late.orders, len(late.named)) == (20, NAMED)
    assert set(late.named) < {f"D-{number}" for number in range(20)}
    (steel,) = [each for why, each in found.rejections.items() if why.reason == "no steel"]
    assert (steel.orders, steel.total) == (4, timedelta(hours=16))


async def test_of_no_orders_nothing_is_suggested() -> None:
    found = await figured([])
    assert suggestions(found, QUOTES.rules) == ()
    assert (found.bottleneck(), found.throughput.median) == (None, timedelta(0))


async def test_a_rejection_costs_the_time_since_the_department_was_asked() -> None:
    found = await figured([rejected("A", "no steel")])
    ((why, measure),) = found.rejections.items()
    assert (why.department, why.node, why.reason, measure.total) == ("production", "", "no steel", timedelta(hours=4))
    assert found.rework["work rejected"].orders == 1


async def test_what_came_early_counts_when_its_time_has_come_and_once() -> None:
    story = Timed(order_id="A")
    story.report("logistics", "accepted")
    assert (await figured([story])).orders == 0
    story.after(1).place()
    found = await figured([story])
    assert found.steps["acceptance"].times == 1
    assert found.departments["logistics"].open == 1


async def test_an_exception_that_comes_again_was_not_closed_for_good() -> None:
    story = Timed(order_id="B")
    story.place()
    story.after(1).report("logistics", "accepted")
    for _ in range(2):
        story.after(1).report("logistics", "problem", reason="no driver")
        story.after(1).command("resolve", target="logistics-problem")
    found = await figured([story])
    (owner,) = [each for each in found.owners.values() if each.closed.times]
    assert (owner.closed.times, owner.for_good, owner.closed.total) == (2, 1, timedelta(hours=2))
    assert found.rework["problem reported"].times == 2


@given(st.lists(st.tuples(st.text(max_size=3), st.lists(st.integers(0, 10**9), min_size=1)), max_size=30), st.data())
@settings(max_examples=50, deadline=None)
def test_a_measure_in_parts_is_the_measure_of_the_whole(
    added: list[tuple[str, list[int]]], data: st.DataObject
) -> None:
    whole, parts = Measure(), [Measure(), Measure()]
    for place, (name, micro) in enumerate(added):
        order, values = f"{name}-{place}", [timedelta(microseconds=each) for each in micro]
        whole.add(order, values)
        data.draw(st.sampled_from(parts)).add(order, values)
    parts[0].merge(parts[1])
    flat = sorted(each for _, micro in added for each in micro)
    assert of(parts[0]) == of(whole)
    assert parts[0].named == whole.named
    assert whole.total == timedelta(microseconds=sum(flat))
    for percent in (1, 50, 90, 100):
        at_most = [each for each in flat if each <= whole.quantile(percent) / timedelta(microseconds=1)]
        assert 100 * len(at_most) >= percent * len(flat)


def test_a_load_is_what_one_has_beside_the_average() -> None:
    assert load(6, [6, 0, 0]) == 3
    assert load(2, [2, 2, 2]) == 1
    assert load(0, [0, 0]) == 0


def test_micros_count_from_1970() -> None:
    assert micros(datetime.fromisoformat("1970-01-02T00:00:00.000001+00:00")) == 86_400_000_001
