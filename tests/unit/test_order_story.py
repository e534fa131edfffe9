"""`hub order show` tells an order's story: who, what, when, why, by which rule, and what it waits for since when."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from rich.console import Console

from hub.cli.order_story import Chapter
from hub.cli.order_view import render
from hub.domain.effects import CustomerNotified, WorkOrderIssued
from hub.domain.events import OperatorCommanded
from hub.domain.holds import HoldRule
from hub.domain.model import Adjustment, LineChange, OrderAdjustment
from hub.domain.policy import Policy
from tests.support.histories import journal
from tests.support.nodes import node
from tests.support.orders import ORDER, Story, line


def chapters(story: Story) -> list[Chapter]:
    """The journal as the hub would have written it, and what was sent."""
    told = []
    for (entry, decision), (received, _) in zip(journal(story), story.journal, strict=True):
        sent = [each for each in decision.effects if isinstance(each, WorkOrderIssued | CustomerNotified)]
        told.append(Chapter(entry, received.event, sent))
    return told


def shown(story: Story, *, after: timedelta = timedelta(hours=5)) -> list[str]:
    """What is printed so long after the last decision, line by line."""
    out = io.StringIO()
    render(Console(file=out, width=200, highlight=False), story.order, chapters(story), story.now + after)
    return [printed.rstrip() for printed in out.getvalue().splitlines()]


def of(lines: Sequence[str], number: int) -> list[str]:
    """What is told of one entry: when and who, then what."""
    table = lines[next(place for place, each in enumerate(lines) if "when (UTC)" in each) :]
    column = table[0].index("what")
    starts = [place for place, each in enumerate(table) if each[:3].strip().isdigit()] + [len(table)]
    first, *others = table[starts[number - 1] : starts[number]]
    return [" ".join(first[:column].split()[1:]), first[column:], *(each[column:] for each in others)]


def test_who_did_what_and_what_was_decided_by_which_rule_and_who_was_told() -> None:
    story = Story()
    story.customer(confirmation="required")
    story.place(line("1", "MK-1", 4))
    story.confirm()
    story.report("production", "rejected", reason="no capacity")
    story.command("reroute", "1:production")
    lines = shown(story)
    assert of(lines, 1) == [
        "2025-03-03 08:00:00 the buyer (/test)",
        "placed the order as PO-1",
        "placed: 1 lines, 47.60 EUR",
        "credit requested: reserve 47.60 EUR",
    ]
    assert of(lines, 2)[:3] == [
        "2025-03-03 08:00:00 the credit account",
        "granted credit",
        "passed: customer-known, currency, account-status, credit-limit (47.60 against 1000000)",
    ]
    assert "→ the customer: We have received your order PO-1." in of(lines, 2)
    assert of(lines, 4) == [
        "2025-03-03 08:00:00 production (/test)",
        "production rejected 4 C62 of line 1: no capacity",
        "line 1: 4 to procurement by rule procurement-rule",
        "→ procurement is asked for 4 C62 of line 1",
    ]
    assert of(lines, 5) == [
        "2025-03-03 08:00:00 ines (/test)",
        "commanded reroute 1:production: test",
        "→ production is asked for 4 C62 of line 1",
        "→ procurement is asked for nothing any more",
    ]


def test_a_refused_credit_shows_what_failed_and_since_when_the_order_waits() -> None:
    story = Story(limit="118.99")
    story.place()
    lines = shown(story)
    assert lines[:2] == [
        f"Order {ORDER}  credit-hold",
        "waits for credit, which was refused, since 2025-03-03 08:00:00 (5 hours)",
    ]
    assert "FAILED credit-limit: 119.00 against 118.99" in of(lines, 2)


def test_each_thing_an_order_waits_for_has_its_own_time() -> None:
    story = Story(Policy(holds={"compliance": HoldRule(blocks=("ship",))}))
    story.place(line("1", "MK-1"), line("2", "XX-1"))
    story.wait(timedelta(hours=1))
    story.command("hold", "compliance:1")
    story.wait(timedelta(hours=1))
    story.report("production", "accepted")
    assert shown(story, after=timedelta(days=1))[1:4] == [
        "waits for the end of hold compliance:1, since 2025-03-03 09:00:00 (1 day)",
        "waits for a department that supplies line 2, since 2025-03-03 08:00:00 (1 day)",
        "waits for production (accepted), since 2025-03-03 10:00:00 (1 day)",
    ]


def test_work_nobody_has_answered_waits_since_it_was_given() -> None:
    story = Story()
    story.place(line(item_id="MK-1"))
    story.wait(timedelta(minutes=90))
    assert shown(story, after=timedelta())[1] == "waits for production (ordered), since 2025-03-03 08:00:00 (1 hour)"


def test_the_account_and_the_customer_are_waited_for_since_they_were_asked() -> None:
    story = Story(Policy(confirmation="required"), credit_answers=False)
    story.place()
    story.wait(timedelta(minutes=1))
    assert shown(story)[1] == "waits for the credit account's answer, since 2025-03-03 08:00:00 (5 hours)"
    answer = story.answer(story.requests[-1])
    assert answer is not None
    story.receive(answer)
    assert shown(story)[1] == "waits for the customer's confirmation, since 2025-03-03 08:01:00 (5 hours)"


def test_what_had_no_effect_is_told_with_the_reason() -> None:
    story = Story()
    story.report("logistics", "delivered", {"1": 10})
    story.place()
    story.change(7, LineChange("delete", "1"))
    lines = shown(story)
    assert of(lines, 1)[1:] == [
        "reported delivered: 10 of line 1 [parked]",
        "The order has not been placed yet; kept until 2025-03-07 08:00:00",
    ]
    assert of(lines, 4)[1:] == [
        "changed the order, revision 7 [parked]",
        "Revision 7 came before revision 1; kept until 2025-03-07 08:00:00",
    ]


def test_news_that_is_old_is_told_with_its_own_time() -> None:
    story = Story()
    story.place()
    story.wait(timedelta(days=2))
    story.report("logistics", "accepted")
    when = of(shown(story), 3)
    assert when[0] == "2025-03-05 08:00:00 logistics (/test)"
    assert any(each.strip() == "of 2025-03-03 08:03:00" for each in shown(story))


def test_an_order_that_is_over_waits_for_nothing() -> None:
    story = Story()
    story.place()
    story.cancel()
    assert shown(story)[0] == f"Order {ORDER}  cancelled"
    assert not any("waits for" in each for each in shown(story))


def test_a_node_is_told_of_with_what_it_takes_on_and_when_it_is_ready() -> None:
    story = Story(nodes=[node("bremen-works", per_day=4, lead_days=1)])
    story.place(line("1", "MK-1", 6))
    lines = shown(story)
    assert of(lines, 3) == [
        "2025-03-03 08:00:00 bremen-works",
        "line 1: bremen-works takes on 6, ready 2025-03-05",
        "bremen-works answered what it has the capacity for",
        "→ production is asked for 6 C62 of line 1 at bremen-works",
    ]
    assert any("bremen-works 6 (production-rule, ready on 2025-03-05)" in each for each in lines)
    story = Story(nodes=[node("bremen-works", per_day=4)], nodes_answer=False)
    story.place(line("1", "MK-1", 6))
    lines = shown(story)
    assert lines[1] == "waits for the capacity of bremen-works, since 2025-03-03 08:00:00 (5 hours)"
    assert any(
        "bremen-works 6 (production-rule, ready on 2025-03-03, of which 6 wait for its answer)" in each
        for each in lines
    )


def test_who_commands_has_a_role_and_may_name_another() -> None:
    story = Story()
    story.place(line(item_id="XX-1"))
    story.receive(
        OperatorCommanded(
            order_id=ORDER,
            command="assign",
            target="no-candidate",
            owner="mei",
            reason="test",
            role="planning",
            assignee="ines",
            **story.head(),
        )
    )
    who, *what = of(shown(story), 3)
    assert (who, what) == ("2025-03-03 08:00:00 mei, planning (/test)", ["commanded assign no-candidate to ines: test"])


def test_what_the_order_and_its_lines_allow_and_charge_is_shown() -> None:
    story = Story()
    freight = OrderAdjustment("charge", amount=Decimal(12), reason="Freight", vat_category="S", vat_rate=Decimal(19))
    engraving = Adjustment("charge", amount=Decimal(5), reason="Engraving")
    story.place(line(adjustments=(engraving,)), discount_percent=Decimal(2), adjustments=(freight,))
    lines = "\n".join(shown(story))
    assert "discount 2%; charge Freight 12.00 EUR, VAT S 19%" in lines
    assert "charge Engraving 5 EUR" in lines
