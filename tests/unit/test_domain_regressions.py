"""Mistakes that order systems in use have shipped: each is a test, so that this one does not."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from msgspec.structs import replace

from hub.domain.credit import CreditAccount
from hub.domain.effects import SettlementRecorded, WorkOrderIssued
from hub.domain.events import CreditDecided
from hub.domain.holds import HoldRule
from hub.domain.ledger import wanted
from hub.domain.model import LineChange, LineGroup
from hub.domain.policy import Policy
from tests.support.orders import Story, line, made_order_in_work, stock_order_in_work


def held_for(story: Story) -> Decimal:
    """What the customer's account has reserved."""
    account: CreditAccount | None = story.account
    assert account is not None
    return account.reserved


def answer_of(story: Story) -> CreditDecided:
    """The account's answer to the last request, which the order has not seen yet."""
    answer = story.answer(story.requests[-1])
    assert answer is not None
    return answer


def test_the_credit_check_does_not_count_the_order_under_check_twice() -> None:
    """119.00 is reserved; 178.50 fits the limit of 200, and 119.00 + 178.50 would not."""
    story = stock_order_in_work(limit="200")
    story.change(1, LineChange("change", "1", line(quantity=15)))
    assert (story.headline, held_for(story)) == ("confirmed", Decimal("178.50"))
    story.change(2, LineChange("change", "1", line(quantity=17)))
    assert (story.headline, held_for(story)) == ("credit-hold", Decimal("178.50"))
    story.customer(limit="202.30")
    story.command("release-hold")
    assert (story.headline, held_for(story)) == ("confirmed", Decimal("202.30"))


def test_closing_an_order_and_opening_it_again_does_not_get_past_the_limit() -> None:
    """Goods that leave although the order was cancelled bring its claim on the limit back, not a free ride."""
    story = stock_order_in_work(limit="200")
    story.cancel()
    assert held_for(story) == 0
    story.customer(limit="100")
    story.report("logistics", "shipped", {"1": 10})
    assert (story.headline, story.problems()) == ("credit-hold", ["moved-after-cancel", "credit-refused"])
    story.change(1, LineChange("add", "2", line("2")))
    assert (story.headline, held_for(story)) == ("credit-hold", 0)
    assert story.line("2").unallocated == 10


def test_a_hold_does_not_keep_stock_and_credit_from_others() -> None:
    story = stock_order_in_work(policy=Policy(holds={"duplicate": HoldRule(keeps_reservation=timedelta(days=2))}))
    story.command("hold", "duplicate")
    assert (held_for(story), story.line().unallocated) == (Decimal("119.00"), 0)
    story.wait(timedelta(days=2))
    assert (held_for(story), story.line().unallocated) == (0, 10)
    assert [(each.department, each.action) for each in story.sent(WorkOrderIssued)][-1] == ("logistics", "cancel")
    story.command("release-hold", "duplicate")
    assert (held_for(story), story.line().unallocated) == (Decimal("119.00"), 0)


def test_a_partial_cancellation_takes_no_unit_that_is_fulfilled() -> None:
    """Of ten four are made, and three of these shipped: first those go that nobody has begun, and what left stays."""
    story = made_order_in_work()
    story.report("production", "produced", {"1": 4})
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"1": 3})
    story.change(1, LineChange("change", "1", line(item_id="MK-1", quantity=8)))
    assert [(each.quantity, each.made) for each in story.line().allocations] == [(8, 4)]
    story.change(2, LineChange("change", "1", line(item_id="MK-1", quantity=1)))
    assert (story.line().line.quantity, story.line().shipped, wanted(story.line())) == (3, 3, 3)
    story.report("logistics", "delivered", {"1": 3})
    (settlement,) = story.sent(SettlementRecorded)
    assert [part.quantity for part in settlement.lines] == [3]


def test_a_partial_kit_is_not_shown_as_delivered() -> None:
    """A frame, a top and four legs make a desk: without its last leg it is no desk."""
    story = Story()
    story.place(line("frame", quantity=1), line("top", quantity=1), line("legs", quantity=4))
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    story.report("logistics", "delivered", {"frame": 1, "top": 1, "legs": 3})
    assert story.headline == "partly-delivered"
    assert "delivered" not in story.told()
    assert story.sent(SettlementRecorded) == []
    story.report("logistics", "delivered", {"legs": 1})
    assert story.headline == "settled"
    assert story.told().count("delivered") == 1


def test_a_kit_that_is_to_come_at_once_is_not_shipped_before_its_last_part_is_made() -> None:
    kit = LineGroup("desk", "delivered")
    story = Story()
    story.place(line("frame", quantity=1, group=kit), line("legs", "MK-1", quantity=4, group=kit))
    story.report("production", "accepted")
    story.report("production", "produced", {"legs": 3})
    assert [each.department for each in story.sent(WorkOrderIssued)] == ["production"]
    story.report("production", "produced", {"legs": 1})
    assert [part.line_id for part in story.sent(WorkOrderIssued)[-1].lines] == ["frame", "legs"]
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"frame": 1})
    story.report("logistics", "delivered", {"frame": 1})
    assert story.headline == "partly-delivered"
    assert "delivered" not in story.told()


def test_three_copies_of_one_answer_are_one_check() -> None:
    """Whether under the same id or under ids of their own: one question was asked, so one answer counts."""
    story = Story(credit_answers=False)
    story.place(line(item_id="MK-1"))
    answer = answer_of(story)
    copies = [answer, answer, replace(answer, event_id="copy-1"), replace(answer, event_id="copy-2", source="/other")]
    assert [story.receive(copy).outcome for copy in copies] == ["applied", "duplicate", "ignored", "ignored"]
    assert (story.headline, story.order.reserved, held_for(story)) == ("confirmed", 119, 119)
    assert len(story.sent(WorkOrderIssued)) == 1


def test_three_copies_of_one_answer_do_not_stand_for_three_questions() -> None:
    """The first question's grant says nothing about the second, larger one."""
    story = Story(credit_answers=False, limit="150")
    story.place()
    first = answer_of(story)
    story.change(1, LineChange("change", "1", line(quantity=20)))
    for number in range(3):
        assert story.receive(replace(first, event_id=f"copy-{number}")).code == "superseded"
    assert story.headline == "credit-check"
    story.receive(answer_of(story))
    assert story.headline == "credit-hold"


def test_a_check_that_answers_late_is_joined_all_the_same() -> None:
    """After its question was asked again and again, and after the order counted as stalled."""
    story = Story(credit_answers=False)
    story.place(line(item_id="MK-1"))
    answer = answer_of(story)
    story.wait(timedelta(days=10))
    assert (story.headline, story.problems()) == ("stalled", ["stalled"])
    story.receive(answer)
    assert (story.headline, story.problems()) == ("confirmed", [])
    assert len(story.sent(WorkOrderIssued)) == 1


def test_a_check_that_answers_before_its_order_is_known_is_joined_all_the_same() -> None:
    story = Story()
    placed = story.placed()
    accepted = story.status("logistics", "accepted")
    delivered = story.status("logistics", "delivered", {"1": 10})
    shipped = story.status("logistics", "shipped", {"1": 10})
    assert [story.receive(event).outcome for event in (delivered, shipped, accepted)] == ["parked"] * 3
    story.receive(placed)
    assert (story.headline, story.order.parked) == ("settled", ())
