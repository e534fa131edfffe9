"""Days and moments at the ends of time: what nothing can be reckoned with is refused, all else ends well."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.base import Refusal
from connectors.jsonl import JsonLines
from hub.domain.checks import FIRST, LAST
from hub.domain.decision import Decision
from hub.domain.policy import LateDelivery, Policy
from hub.ruleset import load_ruleset
from tests.support.bad_input import ORDER
from tests.support.orders import Story, line, made_order_in_work

OWN = replace(
    load_ruleset().policy,
    late_delivery=LateDelivery(percent=Decimal(1), per="day"),
    credit_horizon=timedelta(days=90),
)
"""The rules that come with the hub, and more that reckon with days."""
NEVER = [date(9999, 12, 31), LAST.date(), FIRST.date() - timedelta(days=1), date(1, 1, 1)]
ENDS = [FIRST, LAST - timedelta(microseconds=1)]


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC)


def whole(wanted: date, moment: datetime, policy: Policy = OWN) -> Story:
    """An order wanted on this day, everything about which happens and is expected at this moment."""
    story = Story(policy)
    story.place(line(item_id="MK-1"), line("2", requested_delivery=wanted), requested_delivery=wanted)
    for department, kind in (("production", "accepted"), ("production", "scheduled"), ("production", "produced")):
        story.report(department, kind, expected_at=moment, occurred_at=moment)  # type: ignore[arg-type]
    for kind in ("accepted", "scheduled", "shipped", "delivered"):
        story.report("logistics", kind, expected_at=moment, occurred_at=moment)  # type: ignore[arg-type]
    story.pay(story.order.payable, occurred_at=moment)
    return story


@pytest.mark.parametrize("moment", ENDS)
def test_an_order_wanted_and_delivered_at_the_ends_of_time_is_settled(moment: datetime) -> None:
    assert whole(moment.date(), moment).headline == "closed"


@pytest.mark.parametrize("day", NEVER)
def test_a_day_that_stands_for_never_is_refused_wherever_it_stands(day: date) -> None:
    story = made_order_in_work(policy=OWN)
    before = story.order

    def refused(decision: Decision, code: str) -> None:
        assert (decision.outcome, decision.code, story.order) == ("refused", code, before)
        assert str(day.year) in decision.detail

    refused(story.change(1, requested_delivery=day), "date-out-of-range")
    refused(story.report("production", "scheduled", expected_at=at(day)), "time-out-of-range")
    refused(story.report("production", "accepted", occurred_at=at(day)), "time-out-of-range")
    for fields in ({"requested_delivery": day}, {"lines": (line(requested_delivery=day),)}):
        assert Story(OWN).place(**fields).code == "date-out-of-range"


@pytest.mark.parametrize("fields", [{"requested_delivery": "9999-12-31"}, {"occurred_at": "9999-12-31T23:59:59Z"}])
def test_who_sends_such_a_day_is_told_at_once(fields: dict[str, Any]) -> None:
    document = json.dumps({**ORDER, **fields}).encode()
    (result,) = JsonLines().read(io.BytesIO(document), "orders.jsonl")
    assert isinstance(result, Refusal)
    assert "9999-12-31" in result.reason
