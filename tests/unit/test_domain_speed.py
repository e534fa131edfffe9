"""How long decisions take: `pytest tests/unit/test_domain_speed.py`. Reported, not judged."""

from __future__ import annotations

from decimal import Decimal

from pytest_benchmark.fixture import BenchmarkFixture

from hub.domain.decide import fold
from hub.domain.decision import Context
from hub.rules import load_reviewer, load_router
from tests.support.orders import START, Story, line


def five_line_order() -> Story:
    """A dozen events: placed, credited, supplied by all three departments, delivered in two parts, paid."""
    story = Story()
    story.place(*(line(str(number), item) for number, item in enumerate(("MK-1", "MK-2", "BU-1", "ST-1", "ST-2"), 1)))
    for department in ("production", "procurement", "logistics"):
        story.report(department, "accepted")
    story.report("logistics", "shipped", {"4": 10, "5": 10})
    story.report("production", "produced", {"1": 10, "2": 10})
    story.report("procurement", "received", {"3": 10})
    story.report("logistics", "delivered", {"4": 10, "5": 10})
    story.report("logistics", "shipped", {"1": 10, "2": 10, "3": 10})
    story.report("logistics", "delivered", {"1": 10, "2": 10, "3": 10})
    story.pay(Decimal("595.00"))
    return story


def test_a_five_line_order_is_decided_from_its_placement_to_its_last_payment(benchmark: BenchmarkFixture) -> None:
    story = five_line_order()
    context = Context(START, story.policy, load_router(), story.context().decode, load_reviewer())
    benchmark.extra_info["events"] = len(story.journal)
    state = benchmark(fold, story.journal, context)
    assert state is not None
    assert state.commercial == "closed"
