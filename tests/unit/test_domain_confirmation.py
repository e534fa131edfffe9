"""The customer is asked to confirm: what an answer, a change or none leads to, by policy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hub.domain.effects import WorkOrderIssued
from hub.domain.headline import waits_for
from hub.domain.model import LineChange
from hub.domain.policy import Policy
from tests.support.orders import Story, line


def asked(**policy: Any) -> Story:
    story = Story(Policy(confirmation="required", **policy))
    story.place()
    assert story.headline == "awaiting-confirmation"
    return story


def changed(**policy: Any) -> Story:
    story = asked(**policy)
    story.change(1, LineChange("change", "1", line(quantity=3)))
    return story


def test_yes_confirms_and_gives_the_work_out() -> None:
    story = asked()
    story.confirm()
    assert story.headline == "confirmed"
    assert len(story.sent(WorkOrderIssued)) == 1


def test_no_cancels_or_is_for_the_order_desk() -> None:
    story = asked()
    story.confirm(accepted=False)
    assert (story.headline, story.told()[-1]) == ("cancelled", "cancelled")
    story = asked(confirmation_rejected="escalate")
    story.confirm(accepted=False)
    story.wait(timedelta(days=30))
    assert (story.headline, story.problems()) == ("awaiting-confirmation", ["unconfirmed"])
    story.confirm()
    assert (story.headline, story.problems()) == ("confirmed", [])


def test_a_no_before_the_question_counts_though_nobody_would_have_asked() -> None:
    for confirmation in ("automatic", "required"):
        story = Story(Policy(confirmation=confirmation), credit_answers=False)
        story.place()
        story.confirm(accepted=False)
        assert (story.headline, story.sent(WorkOrderIssued), story.requests[-1].action) == ("cancelled", [], "release")
    waits = Story(Policy(confirmation="required", confirmation_rejected="escalate"), credit_answers=False)
    waits.place()
    assert waits.confirm(accepted=False).code == "not-asked"
    answer = waits.answer(waits.requests[-1])
    assert answer is not None
    waits.receive(answer)
    assert (waits.headline, waits.problems()) == ("awaiting-confirmation", ["unconfirmed"])


def test_a_change_is_asked_about_again_or_counts_as_a_yes() -> None:
    story = changed()
    assert story.headline == "awaiting-confirmation"
    assert story.told().count("confirmation-requested") == 2
    story = changed(confirmation_changed="accept")
    assert story.headline == "confirmed"
    assert [work.lines[0].quantity for work in story.sent(WorkOrderIssued)] == [3]


def test_a_change_that_agrees_waits_for_its_credit() -> None:
    story = asked(confirmation_changed="accept")
    story.customer(limit="200")
    story.change(1, LineChange("change", "1", line(quantity=300)))
    assert (story.headline, waits_for(story.order)) == ("credit-hold", ("credit, which was refused",))
    story.customer(limit="1000000")
    story.command("release-hold")
    assert story.headline == "confirmed"


def test_a_change_before_the_question_is_no_answer_to_it() -> None:
    story = Story(Policy(confirmation="required", confirmation_changed="accept"), credit_answers=False)
    story.place()
    story.change(1, LineChange("change", "1", line(quantity=3)))
    answer = story.answer(story.requests[-1])
    assert answer is not None
    story.receive(answer)
    assert story.headline == "awaiting-confirmation"


def test_silence_accepts_cancels_or_is_for_the_order_desk() -> None:
    outcomes = {}
    for silence in ("accept", "cancel", "escalate"):
        story = asked(confirmation_silence=silence)
        story.wait(timedelta(days=2))
        outcomes[silence] = story.headline, tuple(story.problems())
    assert outcomes == {
        "accept": ("confirmed", ()),
        "cancel": ("cancelled", ()),
        "escalate": ("awaiting-confirmation", ("unconfirmed",)),
    }
