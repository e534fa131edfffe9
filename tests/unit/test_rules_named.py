"""The files of holds, exceptions and roles: what they may say, and what is said of a mistake in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.domain import exceptions, holds, roles
from hub.domain.events import COMMANDS
from hub.domain.exceptions import KINDS, ExceptionRule
from hub.domain.holds import STEPS, HoldRule, HoldRules
from hub.domain.roles import Role
from hub.errors import ConfigError
from hub.policy import load_policy
from hub.rules.named import parse_named


def parse_holds(text: str, origin: str) -> HoldRules:
    return parse_named(text, origin, "holds", HoldRule, holds.check)


def test_the_holds_that_come_with_the_hub_can_be_loaded() -> None:
    rules = load_policy().holds
    assert rules["suspected-duplicate"].blocks == STEPS
    assert rules["prepayment"].ends_when == ("paid",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("holds: [", "x.yaml is not YAML"),
        ("- name: a", "x.yaml holds no rules"),
        ("holds: {}", "x.yaml shall hold `holds:` with a list"),
        ("holds:\n  - just a word", "x.yaml, line 2: an entry has a name"),
        ("holds:\n  - blocks: [ship]", "x.yaml, line 2: an entry needs a name"),
        ("holds:\n  - name: a:b", "x.yaml, line 2: an entry needs a name"),
        ("holds:\n  - name: paid", "x.yaml, line 2: paid: the name stands for something else already"),
        ("holds:\n  - name: a\n    name: b", "x.yaml, line 3: name is given twice"),
        ("holds:\n  - name: a\n  - name: a", "x.yaml, line 3: a stands above already"),
        ("holds:\n  - name: a\n    blocks: [pay]", "x.yaml, line 2: a: Invalid enum value 'pay'"),
        ("holds:\n  - name: a\n    blocked: [ship]", "x.yaml, line 2: a: Object contains unknown field `blocked`"),
        ("holds:\n  - name: a\n    ends_when: [b]", "x.yaml, line 2: a: ends_when: b is neither"),
        ("holds:\n  - name: a\n    ends_after: -P1D", "x.yaml, line 2: a: ends_after is"),
        (
            "holds:\n  - name: a\n    blocks: [ship]\n    keeps_reservation: PT0S",
            "line 2: a: keeps_reservation: an",
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
        ("- {name: a, ends_when: [a]}", "line 2: a: it would never end: a waits for a"),
        (
            "- {name: a, ends_when: [b]}\n  - {name: b, ends_when: [c]}\n  - {name: c, ends_when: [a]}",
            "line 2: a: it would never end: a waits for b waits for c waits for a",
        ),
        (
            "- {name: a, blocks: [confirm], ends_when: [shipped]}",
            "a: it would never end: a waits for shipped waits for allocated waits for confirmed waits for a",
        ),
        (
            "- {name: a, blocks: [ship], ends_when: [b]}\n  - {name: b, blocks: [settle], ends_when: [delivered]}",
            "a: it would never end: a waits for b waits for delivered waits for shipped waits for a",
        ),
        (
            "- {name: a, blocks: [allocate], keeps_reservation: P1D, ends_when: [credit-granted]}",
            "a: it would never end: a waits for credit-granted waits for a",
        ),
        ("- {name: ok}\n  - {name: b, ends_when: [b]}", "line 3: b: it would never end: b waits for b"),
    ],
)
def test_holds_that_wait_for_what_they_block_are_refused(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_holds(f"holds:\n  {text}", "x.yaml")
    assert says in str(caught.value)


def test_a_hold_may_wait_for_what_it_does_not_block() -> None:
    text = "holds:\n  - {name: a, blocks: [settle], ends_when: [delivered, b]}\n  - {name: b, ends_when: [paid]}"
    assert list(parse_holds(text, "x.yaml")) == ["a", "b"]


def test_the_exceptions_and_roles_that_come_with_the_hub_are_about_what_there_is() -> None:
    policy = load_policy()
    assert set(policy.exceptions) == set(KINDS)
    permitted = {permission.partition(":")[0] for role in policy.roles.values() for permission in role.may}
    assert permitted == {*COMMANDS, "*"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "- {name: lost}",
            "x.yaml, line 2: lost: there is no such kind; what monitor.yaml opens is set there. There are",
        ),
        ("- {name: overpaid, priority: 0}", "x.yaml, line 2: overpaid: priority is 0; give 1 to 5"),
        ("- {name: overpaid, escalate_after: PT0S}", "overpaid: escalate_after is 0:00:00; give a duration above 0"),
    ],
)
def test_a_mistake_about_exceptions_is_named(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_named(f"exceptions:\n  {text}", "x.yaml", "exceptions", ExceptionRule, exceptions.check)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("may", "says"),
    [
        ("[fire]", "x.yaml, line 2: desk: may: 'fire' is no command; there are hold, release-hold"),
        ("[assign:review]", "desk: may: 'assign:review': only `hold` and `release-hold` are about a hold"),
        (
            "[hold:nothing]",
            "desk: may: 'hold:nothing': only `hold` and `release-hold` are about a hold, of credit, review",
        ),
    ],
)
def test_a_mistake_about_roles_is_named(may: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_named(
            f"roles:\n  - {{name: desk, may: {may}}}",
            "x.yaml",
            "roles",
            Role,
            lambda found: roles.check(found, {"review": HoldRule()}),
        )
    assert says in str(caught.value)


def test_a_directory_without_the_file_has_the_hubs_own(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("payment_days: 5")
    (tmp_path / "holds.yaml").write_text("holds:\n  - {name: mine}")
    (tmp_path / "roles.yaml").write_text("roles: []")
    policy = load_policy(tmp_path)
    assert (list(policy.holds), policy.roles, policy.exceptions) == (["mine"], {}, load_policy().exceptions)
