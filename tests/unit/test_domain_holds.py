"""Holds: what they block, how they end, and what becomes of the order then."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import get_args

import pytest
from msgspec.structs import replace

from hub.domain.decide import decide
from hub.domain.effects import ExceptionRaised, SettlementRecorded, WorkOrderIssued
from hub.domain.flow.holding import _CONDITIONS, place_hold
from hub.domain.flow.turn import Turn
from hub.domain.headline import waits_for
from hub.domain.holds import Condition, HoldRule
from hub.domain.model import LineChange
from hub.domain.policy import Policy
from tests.support.orders import START, Story, line, made_order_in_work, stock_order_in_work

HOLDS = {
    "all": HoldRule(),
    "free": HoldRule(keeps_reservation=timedelta(0)),
    "later-free": HoldRule(blocks=("allocate",), keeps_reservation=timedelta(days=2)),
    "work": HoldRule(blocks=("allocate",), owner="order-desk"),
    "way": HoldRule(blocks=("ship",), severity="critical"),
    "bill": HoldRule(blocks=("settle",)),
    "until-paid": HoldRule(blocks=("allocate",), ends_when=("paid",)),
    "after-work": HoldRule(blocks=("ship",), ends_when=("work", "allocated")),
    "short": HoldRule(ends_after=timedelta(hours=4)),
    "last-chance": HoldRule(ends_after=timedelta(hours=4), then="cancel"),
}


def policy(**fields: object) -> Policy:
    return Policy(holds=HOLDS, **fields)  # type: ignore[arg-type]


def held_when_placed(*targets: str, **fields: object) -> Story:
    """An order whose account has not answered when it is held."""
    story = Story(policy(**fields), credit_answers=False)
    story.place(line("1"), line("2"))
    for target in targets:
        story.command("hold", target)
    story.credit_answers = True
    answer = story.answer(story.requests[-1])
    if answer is not None:
        story.receive(answer)
    return story


def work(story: Story) -> list[tuple[str, str, dict[str, str]]]:
    return [
        (each.department, each.action, {part.line_id: str(part.quantity) for part in each.lines})
        for each in story.sent(WorkOrderIssued)
    ]


def test_an_order_on_hold_is_not_confirmed_and_goes_on_when_the_hold_ends() -> None:
    story = held_when_placed("all")
    assert (story.headline, story.order.commercial, story.order.credit) == ("on-hold", "received", "granted")
    assert (work(story), story.told(), story.problems()) == ([], ["received"], ["on-hold"])
    assert waits_for(story.order)[0] == "the end of hold all"
    story.command("release-hold", "all")
    assert (story.headline, story.problems()) == ("confirmed", [])
    assert work(story) == [("logistics", "create", {"1": "10", "2": "10"})]


def test_an_order_goes_on_after_a_hold_only_with_its_credit_checked_anew() -> None:
    story = held_when_placed("all")
    story.customer(limit="100")
    story.command("release-hold", "all")
    assert (story.headline, story.problems(), work(story)) == ("credit-hold", ["credit-refused"], [])
    story.command("release-hold", "credit")
    assert story.headline == "credit-hold", "the limit is no higher than it was"
    story.customer(limit="1000")
    story.command("release-hold", "credit")
    assert (story.headline, story.problems()) == ("confirmed", [])
    story = held_when_placed("all")
    story.customer(blocked=True)
    story.command("release-hold", "all")
    assert (story.headline, story.order.reserved) == ("credit-hold", Decimal("238.00")), "it keeps what it has"
    story = held_when_placed("free")
    story.customer(limit="100")
    story.command("release-hold", "free")
    assert (story.headline, story.problems(), work(story)) == ("credit-hold", ["credit-refused"], [])


def test_two_holds_keep_an_order_until_the_last_has_ended() -> None:
    story = held_when_placed("all", "work")
    story.command("release-hold", "all")
    assert (story.headline, story.order.commercial, work(story)) == ("on-hold", "confirmed", [])
    story.command("release-hold", "work")
    assert [department for department, _, _ in work(story)] == ["logistics"]


def test_a_line_on_hold_lets_the_others_go() -> None:
    story = held_when_placed("work:2")
    assert story.headline == "confirmed"
    assert work(story) == [("logistics", "create", {"1": "10"})]
    story.command("release-hold", "work:2")
    assert work(story)[-1] == ("logistics", "change", {"1": "10", "2": "10"})


def test_a_customer_is_not_asked_to_confirm_an_order_that_is_on_hold() -> None:
    story = held_when_placed("all", confirmation="required")
    assert story.told() == ["received"]
    story.command("release-hold", "all")
    assert story.told() == ["received", "confirmation-requested"]


def test_what_the_customer_confirms_during_a_hold_counts_when_it_ends() -> None:
    story = Story(policy(confirmation="required"))
    story.place()
    story.command("hold", "all")
    story.confirm()
    assert (story.order.commercial, story.headline, work(story)) == ("confirming", "on-hold", [])
    story.wait(timedelta(days=10))
    assert story.order.commercial == "confirming", "who has answered is not taken to be silent"
    story.command("release-hold", "all")
    assert (story.order.commercial, story.told().count("confirmation-requested")) == ("confirmed", 1)
    assert len(work(story)) == 1


def test_an_amendment_asks_again_what_was_confirmed_before_it() -> None:
    story = Story(policy(confirmation="required"))
    story.place()
    story.command("hold", "all")
    story.confirm()
    story.change(1, LineChange("change", "1", line(quantity=12)))
    story.command("release-hold", "all")
    assert (story.headline, story.told()[-1]) == ("awaiting-confirmation", "confirmation-requested")


def test_what_the_customer_confirms_while_its_credit_is_refused_counts_when_it_is_granted() -> None:
    story = Story(policy(confirmation="required"))
    story.place()
    story.command("hold", "free")
    story.customer(limit="100")
    story.command("release-hold", "free")
    assert story.order.credit == "refused"
    story.confirm()
    assert (story.headline, story.order.commercial, work(story)) == ("credit-hold", "confirming", [])
    story.customer(limit="119")
    story.command("release-hold")
    assert (story.headline, len(work(story))) == ("confirmed", 1)


def test_what_is_on_hold_is_not_shipped_and_what_was_shipped_counts_all_the_same() -> None:
    story = Story(policy())
    story.place(line("1"), line("2"))
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"2": 3})
    story.command("hold", "way:2")
    assert work(story)[-1] == ("logistics", "change", {"1": "10", "2": "3"})
    story.report("logistics", "shipped", {"2": 2})
    assert (story.line("2").shipped, story.problems()) == (5, ["on-hold", "shipped-on-hold"])
    story.command("release-hold", "way:2")
    assert work(story)[-1] == ("logistics", "change", {"1": "10", "2": "10"})


def test_holding_all_that_is_to_be_shipped_cancels_the_shipment_and_ending_it_orders_it_anew() -> None:
    story = stock_order_in_work(policy=policy())
    story.command("hold", "way")
    assert (work(story)[-1], story.order.logistics.status) == (("logistics", "cancel", {}), "cancelled")
    story.command("release-hold", "way")
    assert (work(story)[-1], story.order.logistics.status) == (("logistics", "create", {"1": "10"}), "ordered")


def test_goods_made_during_a_hold_on_shipping_are_shipped_when_it_ends() -> None:
    story = made_order_in_work(policy=policy())
    story.command("hold", "way")
    story.report("production", "produced")
    assert [department for department, _, _ in work(story)] == ["production"]
    story.command("release-hold", "way")
    assert work(story)[-1] == ("logistics", "create", {"1": "10"})


@pytest.mark.parametrize("settlement", ["at-close", "per-delivery"])
def test_nothing_is_settled_during_a_hold_on_settling_and_all_of_it_afterwards(settlement: str) -> None:
    story = stock_order_in_work(policy=policy(settlement=settlement))
    story.command("hold", "bill")
    story.report("logistics", "shipped")
    story.report("logistics", "delivered", {"1": 4})
    story.report("logistics", "delivered", {"1": 6})
    assert (story.sent(SettlementRecorded), story.order.commercial) == ([], "confirmed")
    assert story.told()[-1] == "delivered", "that the bill waits is no business of the customer's"
    story.command("release-hold", "bill")
    assert ([each.payable for each in story.sent(SettlementRecorded)], story.headline) == ([119], "settled")
    assert story.told().count("delivered") == 1


def test_a_delivery_settles_the_lines_that_are_not_on_hold() -> None:
    story = Story(policy(settlement="per-delivery"))
    story.place(line("1"), line("2"))
    story.report("logistics", "accepted")
    story.command("hold", "bill:2")
    story.report("logistics", "shipped")
    story.report("logistics", "delivered")
    (settlement,) = story.sent(SettlementRecorded)
    assert [each.line_id for each in settlement.lines] == ["1"]
    story.command("release-hold", "bill:2")
    assert [each.line_id for each in story.sent(SettlementRecorded)[-1].lines] == ["2"]
    assert story.headline == "settled"


def test_a_hold_that_keeps_no_reservation_gives_stock_and_credit_back() -> None:
    """Hold keeping stock reserved: what nobody may work on is not kept from others."""
    story = stock_order_in_work(policy=policy())
    story.command("hold", "free")
    assert work(story)[-1] == ("logistics", "cancel", {})
    assert (story.line().unallocated, story.order.reserved) == (10, 0)
    assert story.account is not None
    assert story.account.reserved == 0
    story.command("release-hold", "free")
    assert (story.account.reserved, work(story)[-1]) == (Decimal("119.00"), ("logistics", "create", {"1": "10"}))


def test_an_order_held_when_it_is_placed_reserves_nothing_until_the_hold_ends() -> None:
    story = held_when_placed("free")
    assert story.account is not None
    assert (story.account.reserved, story.headline) == (0, "on-hold")
    story.command("release-hold", "free")
    assert (story.account.reserved, story.headline) == (Decimal("238.00"), "confirmed")


def test_a_hold_that_ends_before_the_account_has_answered_asks_for_all_of_it() -> None:
    story = Story(policy(), credit_answers=False)
    story.place()
    story.command("hold", "free")
    assert story.requests[-1].amount == 0
    story.command("release-hold", "free")
    assert story.requests[-1].amount == Decimal("119.00")


def test_a_hold_gives_its_reservation_back_when_it_lasts() -> None:
    story = stock_order_in_work(policy=policy())
    story.command("hold", "later-free")
    story.wait(timedelta(days=1))
    assert story.order.reserved == Decimal("119.00")
    story.wait(timedelta(days=1))
    assert (story.order.reserved, story.line().unallocated) == (0, 10)


def test_work_that_has_begun_keeps_its_credit_during_a_hold() -> None:
    story = Story(policy())
    story.place(line("1", "MK-1"), line("2"))
    story.report("production", "accepted")
    story.report("production", "produced", {"1": 4})
    story.command("hold", "free")
    assert (story.line("1").unallocated, story.line("2").unallocated) == (0, 10)
    assert story.order.reserved == Decimal("119.00")


def test_a_hold_ends_by_itself_when_its_conditions_are_met() -> None:
    story = held_when_placed("until-paid")
    story.pay("237.99")
    assert (story.headline, work(story)) == ("on-hold", [])
    story.pay("0.01")
    assert (story.headline, len(work(story))) == ("confirmed", 1)


def test_a_hold_that_waits_for_another_ends_after_it() -> None:
    story = held_when_placed("work", "after-work")
    story.command("release-hold", "work")
    assert story.order.holds == ()
    assert work(story) == [("logistics", "create", {"1": "10", "2": "10"})]


def test_a_hold_ends_when_its_time_is_up_or_ends_its_order() -> None:
    story = held_when_placed("short")
    story.wait(timedelta(hours=4))
    assert story.headline == "confirmed"
    story = held_when_placed("last-chance")
    story.wait(timedelta(hours=4))
    assert (story.headline, story.order.holds, story.problems()) == ("cancelled", (), [])
    story = held_when_placed("last-chance:2")
    story.wait(timedelta(hours=4))
    assert (story.headline, story.line("1").cancelled, story.line("2").cancelled) == ("confirmed", 0, 10)


def test_what_falls_due_together_with_a_hold_that_cancels_the_order_finds_it_cancelled() -> None:
    story = Story(policy(confirmation="required", confirmation_silence="accept", confirmation_wait=timedelta(hours=4)))
    story.place()
    story.command("hold", "last-chance")
    story.now += timedelta(days=3)  # nobody was there when either was due
    story.fire()
    assert (story.headline, story.order.consent, story.told()[-1]) == ("cancelled", False, "cancelled")


def test_a_hold_that_ends_when_everything_is_on_its_way_cancels_nothing_and_tells_nobody() -> None:
    story = stock_order_in_work(policy=policy())
    story.command("hold", "last-chance")
    story.report("logistics", "shipped")
    told = story.told()
    story.wait(timedelta(hours=4))
    assert (story.headline, story.order.holds, story.told()) == ("shipped", (), told)


def test_holds_end_with_their_order() -> None:
    story = held_when_placed("all")
    story.cancel()
    assert (story.headline, story.order.holds, story.problems()) == ("cancelled", (), [])
    story = stock_order_in_work(policy=policy())
    story.command("hold", "way")
    story.report("logistics", "shipped", {"1": 10})
    story.report("logistics", "delivered", {"1": 10})
    assert (story.headline, story.order.holds) == ("settled", ())
    assert story.problems() == ["shipped-on-hold"]


@pytest.mark.parametrize(
    ("command", "target", "code"),
    [
        ("hold", "nothing-known", "unknown-hold"),
        ("hold", "all:9", "unknown-line"),
        ("hold", "work", "held-already"),
        ("release-hold", "all", "no-hold"),
        ("release-hold", "", "no-hold"),
    ],
)
def test_a_hold_that_makes_no_sense_is_refused(command: str, target: str, code: str) -> None:
    story = held_when_placed("work")
    assert story.command(command, target).code == code


def test_an_order_that_is_over_is_not_held() -> None:
    story = held_when_placed()
    story.cancel()
    assert story.command("hold", "all").code == "order-over"


def test_a_hold_says_whose_it_is_and_is_placed_once() -> None:
    story = Story(policy())
    story.place()
    turn = Turn(story.order, story.context())
    turn.begin(story.placed())
    place_hold(turn, "work", "looks odd")
    place_hold(turn, "work", "looks odd, again")
    place_hold(turn, "nobody-declared-it", "a finding", subject="1", owner="ines", since=START)
    assert [(hold.name, hold.owner) for hold in turn.state.holds] == [
        ("work", "order-desk"),
        ("nobody-declared-it:1", "ines"),
    ]
    assert turn.state.holds[1].blocks == ("confirm", "allocate", "ship", "settle")
    opened = [effect for effect in turn.effects if isinstance(effect, ExceptionRaised)]
    assert [(each.kind, each.action, each.detail) for each in opened] == [
        ("on-hold", "opened", "looks odd"),
        ("on-hold", "opened", "a finding"),
    ]


def test_every_condition_can_be_met() -> None:
    assert set(_CONDITIONS) == set(get_args(Condition))
    story = Story(policy())
    assert story.state is None
    story.place()
    met = {name: [test(story.order)] for name, test in _CONDITIONS.items()}
    assert [name for name, (now,) in met.items() if now] == ["credit-granted", "confirmed", "allocated"]
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    assert _CONDITIONS["shipped"](story.order)
    assert not _CONDITIONS["delivered"](story.order)
    story.report("logistics", "delivered")
    story.pay("119")
    assert _CONDITIONS["delivered"](story.order)
    assert _CONDITIONS["paid"](story.order)


def test_decisions_about_holds_come_out_the_same_when_decided_again() -> None:
    story = held_when_placed("all", "later-free", "short")
    story.wait(timedelta(days=3))
    story.command("release-hold", "all")
    story.command("release-hold", "later-free")
    state = None
    for received, decided_at in story.journal:
        context = story.context()
        state = decide(state, received, replace(context, now=decided_at)).state
    assert state == story.state
