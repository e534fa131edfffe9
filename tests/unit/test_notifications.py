# ruff: noqa: RUF001  Chinese is written with full-width punctuation
"""What customers are told: once for each fact, in their language, as they want it, and nothing of others."""

from __future__ import annotations

import ast
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import hub.domain
from hub.domain.customer import NOTIFICATION_KINDS
from hub.domain.decide import decide
from hub.domain.effects import CustomerNotified
from hub.domain.model import LineChange
from hub.domain.phrases import Phrase, listed, told
from hub.errors import ConfigError
from hub.rules import RULES_DIR
from hub.rules.texts import load_texts
from tests.support.orders import CUSTOMER, START, TEXTS, Story, line, made_order_in_work, stock_order_in_work

SECRET = "Steelworks Ruhr is served first"


def texts(story: Story) -> list[str]:
    return [each.text for each in story.sent(CustomerNotified)]


def whole_story(**fields: Any) -> Story:
    """Every fact a customer is told of, and some events that come again."""
    story = Story()
    story.customer(**fields)
    story.place(line("1", "ST-1"), line("2", "MK-1", 4), requested_delivery=START.date() + timedelta(days=10))
    for department in ("logistics", "production"):
        story.report(department, "accepted")
    story.report("production", "scheduled", expected_at=START + timedelta(days=12))
    story.change(1, LineChange("change", "1", line("1", "ST-1", 8)))
    shipped = story.status("logistics", "shipped", {"1": 8})
    story.receive(shipped)
    story.receive(shipped)
    story.report("production", "produced", {"2": 4})
    story.report("logistics", "shipped", {"2": 4})
    story.report("logistics", "delivered", {"1": 8, "2": 4})
    return story


def test_every_fact_is_told_once() -> None:
    assert whole_story().told() == [
        "received",
        "confirmed",
        "delayed",
        "changed",
        "partly-shipped",
        "shipped",
        "delivered",
        "settled",
    ]


def test_decided_again_the_same_facts_are_told_under_the_same_ids() -> None:
    story = whole_story()
    again: list[CustomerNotified] = []
    state = None
    for received, decided_at in story.journal:
        story.now = decided_at
        decision = decide(state, received, story.context())
        state = decision.state
        again += story.sent(CustomerNotified, decision.effects)
    assert again == story.sent(CustomerNotified)
    assert max(Counter(each.event_id for each in again).values()) == 1


def test_a_customer_is_told_what_it_wants_and_asked_whatever_it_wants() -> None:
    story = whole_story(notifications=("delayed", "settled"))
    assert story.told() == ["delayed", "settled"]
    story = Story()
    story.customer(notifications=(), confirmation="required")
    story.place()
    assert story.told() == ["confirmation-requested"]


@pytest.mark.parametrize(
    ("order", "customer", "language"),
    [
        ("", "", "en"),
        ("", "zh", "zh"),
        ("zh-CN", "en", "zh"),
        ("en", "zh", "en"),
        ("fr", "zh", "en"),
        ("ZH-tw", "", "zh"),
    ],
)
def test_the_orders_language_goes_before_the_customers(order: str, customer: str, language: str) -> None:
    story = Story()
    story.customer(locale=customer)
    story.place(locale=order)
    assert {each.locale for each in story.sent(CustomerNotified)} == {language}
    assert (texts(story)[0] == "我们已收到您的订单 PO-1。") == (language == "zh")


def test_the_hubs_own_sentences_are_told_in_chinese_too_and_the_buyers_as_they_are() -> None:
    story = whole_story(locale="zh")
    assert "您的订单 PO-1 已变更：第 1 行现为 8 C62。" in texts(story)
    assert "订单 PO-1 的部分货物已发出：第 1 行 8 C62。其余货物随后发出。" in texts(story)
    story = Story()
    story.customer(locale="zh")
    story.place()
    story.cancel("wrong colour")
    assert texts(story)[-1] == "您的订单 PO-1 已取消：wrong colour。"


def test_every_sentence_of_the_hub_has_a_translation_in_every_language() -> None:
    calls = (
        node
        for path in Path(hub.domain.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Phrase"
    )
    sentences = {call.args[0].value for call in calls if call.args and isinstance(call.args[0], ast.Constant)}
    assert len(sentences) > 10
    for name, words in TEXTS.items():
        assert name == "en" or set(words.phrases) == sentences


def test_a_phrase_is_its_english_and_is_told_with_all_its_parts() -> None:
    part = Phrase("{goods} of line {line}", goods="2 C62", line="{7}")
    phrase = Phrase("changed: {what}", what=listed([part, "as said"]))
    assert phrase == "changed: 2 C62 of line {7}; as said"
    german = {"changed: {what}": "geändert: {what}", "{goods} of line {line}": "{goods} der Zeile {line}"}
    assert told(phrase, german) == "geändert: 2 C62 der Zeile {7}; as said"


# --- delays --------------------------------------------------------------------------------------------


def test_a_delay_is_told_with_the_latest_date_of_all_departments_and_each_date_once() -> None:
    story = Story()
    story.place(line("1", "MK-1"), line("2", "BU-1"), requested_delivery=START.date() + timedelta(days=5))
    for department in ("production", "procurement"):
        story.report(department, "accepted")
    for department, day in (("production", 12), ("procurement", 8), ("procurement", 12), ("production", 9)):
        story.report(department, "scheduled", expected_at=START + timedelta(days=day))  # type: ignore[arg-type]
    story.report("procurement", "scheduled", expected_at=START + timedelta(days=20))
    told_dates = [each.text.rpartition(" ")[2] for each in story.sent(CustomerNotified) if each.kind == "delayed"]
    assert told_dates == ["2025-03-15.", "2025-03-23."]


def test_a_customer_who_was_told_of_a_delay_hears_that_it_is_in_time_after_all() -> None:
    story = Story()
    story.place(line("1", "MK-1"), line("2", "BU-1"), requested_delivery=START.date() + timedelta(days=5))
    for department in ("production", "procurement"):
        story.report(department, "accepted")
    for department, day in (("production", 12), ("procurement", 8), ("production", 4), ("procurement", 5)):
        story.report(department, "scheduled", expected_at=START + timedelta(days=day))  # type: ignore[arg-type]
    told = [each.text.partition("PO-1 ")[2] for each in story.sent(CustomerNotified)][2:]
    assert told == [
        "is delayed. It is now expected on 2025-03-15.",
        "is delayed. It is now expected on 2025-03-11.",
        "has been changed: it is expected in time after all.",
    ]
    assert story.order.promised is None
    story.report("procurement", "scheduled", expected_at=START + timedelta(days=5, hours=1))
    assert story.told()[-1] == "changed"
    assert len(story.told()) == 5, "once"


# --- nothing of others ---------------------------------------------------------------------------------


def test_what_the_house_writes_is_not_told_to_the_customer() -> None:
    story = stock_order_in_work()
    story.twin = SECRET
    story.report("logistics", "scheduled", expected_at=START + timedelta(days=99), reason=SECRET)
    story.report("logistics", "problem", reason=SECRET, reference=SECRET)
    story.report("logistics", "rejected", reason=SECRET)
    story.command("hold", "review", reason=SECRET)
    story.command("release-hold", "review", reason=SECRET)
    story.command("close-short", "1", reason=SECRET)
    assert story.headline == "cancelled"
    assert not any(SECRET in text for text in texts(story))
    story = made_order_in_work()
    story.change(1, LineChange("change", "1", line(item_id="MK-1", quantity=4)))
    for quantities in ({"1": 6}, {}):
        story.report("production", "change-rejected", quantities, reason=SECRET)
    assert story.told()[-2:] == ["changed", "refused"]
    assert not any(SECRET in text for text in texts(story))


def test_a_suspected_duplicate_names_the_other_order_to_the_desk_only() -> None:
    story = Story()
    story.twin = SECRET
    story.place()
    story.command("release-hold", "suspected-duplicate")
    assert any(SECRET in hold for decision in story.decisions for hold in decision.explanations)
    assert texts(story)
    assert not any(SECRET in text for text in texts(story))


def test_a_notification_goes_to_the_customer_of_its_order_and_says_nothing_of_its_account() -> None:
    story = Story(limit="50")
    story.place(line(quantity=7, price=Decimal("13.37")))
    assert story.headline == "credit-hold"
    notified = story.sent(CustomerNotified)
    assert [(each.customer_id, each.order_id) for each in notified] == [(CUSTOMER, "ORD-1")]
    assert not any("50" in each.text for each in notified)


# --- the files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("en.yaml", "  received: ", "  recieved: ", "cannot be read"),
        ("en.yaml", "  received: We have received your order {order}.\n", "", "en.yaml: notifications: received is m"),
        ("en.yaml", "by {until} (UTC)", "by {when} (UTC)", "confirmation-requested: when cannot be filled in"),
        ("en.yaml", "order {order} is confirmed", "order {order is confirmed", "notifications: confirmed:"),
        ("en.yaml", "order {order} is confirmed", "order {order.x} is confirmed", "order.x cannot be filled in"),
        ("zh.yaml", "应您的要求", "应您的{reason}要求", "phrases: as you asked: reason cannot be filled in"),
        ("zh.yaml", "notifications:", "notifications: [", "cannot be read"),
    ],
)
def test_a_faulty_text_is_found_when_it_is_loaded(tmp_path: Path, name: str, old: str, new: str, said: str) -> None:
    (tmp_path / "texts").mkdir()
    for path in (RULES_DIR / "texts").iterdir():
        text = path.read_text()
        assert path.name != name or old in text
        (tmp_path / "texts" / path.name).write_text(text.replace(old, new) if path.name == name else text)
    with pytest.raises(ConfigError) as raised:
        load_texts(tmp_path)
    assert said in str(raised.value)
    assert name in str(raised.value)


def test_english_is_needed_and_a_directory_without_texts_has_the_hubs(tmp_path: Path) -> None:
    assert load_texts(tmp_path) == TEXTS
    assert all(set(words.notifications) == set(NOTIFICATION_KINDS) for words in TEXTS.values())
    (tmp_path / "texts").mkdir()
    with pytest.raises(ConfigError, match=r"has no en\.yaml"):
        load_texts(tmp_path)
