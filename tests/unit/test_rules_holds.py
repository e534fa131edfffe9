"""The file of the holds: what it may say, and what is said of a mistake in it."""

from __future__ import annotations

import pytest

from hub.domain.holds import STEPS
from hub.errors import ConfigError
from hub.rules import RULES_DIR
from hub.rules.holds import load_holds, parse_holds


def test_the_holds_that_come_with_the_hub_can_be_loaded() -> None:
    rules = load_holds(RULES_DIR)
    assert rules["suspected-duplicate"].blocks == STEPS
    assert rules["prepayment"].ends_when == ("paid",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("holds: [", "x.yaml is not YAML"),
        ("- name: a", "x.yaml holds no rules"),
        ("holds: {}", "x.yaml shall hold `holds:` with a list"),
        ("holds:\n  - just a word", "x.yaml, line 2: a hold has a name"),
        ("holds:\n  - blocks: [ship]", "x.yaml, line 2: a hold needs a name"),
        ("holds:\n  - name: a:b", "x.yaml, line 2: a hold needs a name"),
        ("holds:\n  - name: paid", "x.yaml, line 2: hold paid: it is named as a condition is"),
        ("holds:\n  - name: a\n    name: b", "x.yaml, line 3: name is given twice"),
        ("holds:\n  - name: a\n  - name: a", "x.yaml, line 3: a hold a stands above already"),
        ("holds:\n  - name: a\n    blocks: [pay]", "x.yaml, line 2: hold a: Invalid enum value 'pay'"),
        ("holds:\n  - name: a\n    blocked: [ship]", "x.yaml, line 2: hold a: Object contains unknown field `blocked`"),
        ("holds:\n  - name: a\n    ends_when: [b]", "x.yaml, line 2: hold a: ends_when: b is neither"),
        ("holds:\n  - name: a\n    ends_after: -P1D", "x.yaml, line 2: hold a: ends_after is"),
        (
            "holds:\n  - name: a\n    blocks: [ship]\n    keeps_reservation: PT0S",
            "line 2: hold a: keeps_reservation: an",
        ),
    ],
)
def test_a_mistake_is_named_with_its_file_line_and_hold(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_holds(text, "x.yaml")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- {name: a, ends_when: [a]}", "line 2: hold a: it would never end: a waits for a"),
        (
            "- {name: a, ends_when: [b]}\n  - {name: b, ends_when: [c]}\n  - {name: c, ends_when: [a]}",
            "line 2: hold a: it would never end: a waits for b waits for c waits for a",
        ),
        (
            "- {name: a, blocks: [confirm], ends_when: [shipped]}",
            "hold a: it would never end: a waits for shipped waits for allocated waits for confirmed waits for a",
        ),
        (
            "- {name: a, blocks: [ship], ends_when: [b]}\n  - {name: b, blocks: [settle], ends_when: [delivered]}",
            "hold a: it would never end: a waits for b waits for delivered waits for shipped waits for a",
        ),
        (
            "- {name: a, blocks: [allocate], keeps_reservation: P1D, ends_when: [credit-granted]}",
            "hold a: it would never end: a waits for credit-granted waits for a",
        ),
        ("- {name: ok}\n  - {name: b, ends_when: [b]}", "line 3: hold b: it would never end: b waits for b"),
    ],
)
def test_holds_that_wait_for_what_they_block_are_refused(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_holds(f"holds:\n  {text}", "x.yaml")
    assert says in str(caught.value)


def test_a_hold_may_wait_for_what_it_does_not_block() -> None:
    text = "holds:\n  - {name: a, blocks: [settle], ends_when: [delivered, b]}\n  - {name: b, ends_when: [paid]}"
    assert list(parse_holds(text, "x.yaml")) == ["a", "b"]


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"holds\.yaml cannot be read"):
        load_holds(RULES_DIR / "nowhere")
