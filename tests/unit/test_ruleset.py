"""The rules as a whole: their version, their publication, their change while a worker runs, and what they said."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.cli.rules import _as_object
from hub.codec import Codec
from hub.domain.decide import decide
from hub.domain.decision import Context, Received
from hub.domain.journal import JournalEntry
from hub.domain.order import OrderState
from hub.domain.rule_files import RulesPublished
from hub.errors import BrokerError, ConfigError
from hub.metrics import Metrics
from hub.replay import Step, replay
from hub.rules import RULES_DIR
from hub.rules_watch import watch_rules
from hub.ruleset import Rules, RuleSet, load_ruleset, restore_ruleset
from tests.support.orders import ORDER, START, Story, line

ALLOCATION = """
rules:
  - {name: by-seller, match: {seller_id: ACME}, assign: logistics}
  - {name: large, when: quantity > 100.0, assign: production, priority: 5}
  - {name: made, when: 'item_id.startsWith("MK-")', assign: [production, procurement], priority: 1}
  - {name: anything, assign: procurement}
"""


def rules_in(directory: Path, allocation: str = ALLOCATION) -> Path:
    shutil.copy(RULES_DIR / "policy.yaml", directory)
    (directory / "allocation.yaml").write_text(allocation)
    return directory


def test_the_same_files_are_the_same_version_and_other_files_another(tmp_path: Path) -> None:
    first = load_ruleset(rules_in(tmp_path))
    assert first.version == load_ruleset(tmp_path).version != load_ruleset().version
    rules_in(tmp_path, ALLOCATION.replace("large", "huge"))
    assert load_ruleset(tmp_path).version != first.version
    (tmp_path / "policy.yaml").write_text("payment_days: 14\n")
    assert load_ruleset(tmp_path).policy.payment_days == 14


def test_who_sells_decides_nothing_and_is_no_part_of_the_version(tmp_path: Path) -> None:
    before = load_ruleset(rules_in(tmp_path)).version
    (tmp_path / "seller.yaml").write_text("party: {}\n")
    assert load_ruleset(tmp_path).version == before


def test_published_rules_come_back_as_they_were(tmp_path: Path) -> None:
    rules, codec = load_ruleset(rules_in(tmp_path)), Codec.load()
    raw = codec.encode(RulesPublished(version=rules.version, published_at=START, files=rules.files))
    back = restore_ruleset(codec.decode_as(RulesPublished, raw).files)
    assert (back.version, back.files, back.policy) == (rules.version, rules.files, rules.policy)


# --- changed while a worker runs ---------------------------------------------------------------------


@contextmanager
def watching(directory: Path, published: list[str], *, broken: bool = False) -> Iterator[tuple[Rules, Metrics, Any]]:
    rules, metrics = Rules(load_ruleset(directory)), Metrics()

    async def publish(changed: RuleSet) -> None:
        if broken:
            raise BrokerError("no broker")
        assert rules.current.version != changed.version, "published before it is gone by"
        published.append(changed.version)

    async def until(condition: Any) -> None:
        task = asyncio.create_task(watch_rules(rules, directory, metrics, publish, every_seconds=0.001))
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.001)
        task.cancel()

    yield rules, metrics, until


def _refused(metrics: Metrics) -> float | None:
    return metrics.registry.get_sample_value("hub_rules_refused")


async def test_changed_rules_are_published_and_then_gone_by(tmp_path: Path) -> None:
    published: list[str] = []
    with watching(rules_in(tmp_path), published) as (rules, metrics, until):
        before = rules.current
        rules_in(tmp_path, ALLOCATION.replace("large", "huge"))
        await until(lambda: rules.current is not before)
        assert published == [rules.current.version] == [load_ruleset(tmp_path).version]
        assert metrics.registry.get_sample_value("hub_rules_info", {"version": rules.current.version}) == 1
        assert metrics.registry.get_sample_value("hub_rules_info", {"version": before.version}) is None


async def test_faulty_rules_are_refused_until_they_are_repaired(tmp_path: Path) -> None:
    published: list[str] = []
    with watching(rules_in(tmp_path), published) as (rules, metrics, until):
        before = rules.current
        rules_in(tmp_path, ALLOCATION.replace("quantity >", "quality >"))
        await until(lambda: _refused(metrics) == 1)
        assert rules.current is before
        assert published == []
        rules_in(tmp_path)
        await until(lambda: _refused(metrics) == 0)
        assert rules.current is before


async def test_rules_that_cannot_be_published_are_not_gone_by(tmp_path: Path) -> None:
    with watching(rules_in(tmp_path), [], broken=True) as (rules, metrics, until):
        before = rules.current
        rules_in(tmp_path, ALLOCATION.replace("large", "huge"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await until(lambda: rules.current is not before or _refused(metrics) == 1)


# --- what they said ----------------------------------------------------------------------------------


def told(story: Story, codec: Codec, versions: dict[int, RuleSet], first: RuleSet) -> list[JournalEntry]:
    """The story as a hub journals it whose rules change before the entries of these numbers."""
    state: OrderState | None = None
    rules, entries = first, []
    for number, (received, now) in enumerate(story.journal, 1):
        rules = versions.get(number, rules)
        raw = codec.encode(received.event)
        again = Received(received.event, raw, "test", 0, number)
        decision = decide(state, again, Context(now, rules.policy, rules.router, codec.decode, rules.reviewer))
        state = decision.state
        entries.append(
            JournalEntry(
                order_id=ORDER,
                entry=number,
                decided_at=now,
                event_id=received.event.event_id,
                event_type=type(received.event).__name__,
                topic="test",
                partition=0,
                offset=number,
                payload=raw,
                outcome=decision.outcome,  # type: ignore[arg-type]
                explanations=decision.explanations,
                rules=rules.version,
            )
        )
    return entries


def changed_story(tmp_path: Path) -> list[Step]:
    """A line is routed, the rules change, and the line is rejected."""
    story = Story()
    story.place(line(item_id="MK-1"))
    story.report("production", "rejected")
    first = load_ruleset(rules_in(tmp_path))
    second = load_ruleset(rules_in(tmp_path, ALLOCATION.replace("name: made", "name: renamed")))
    entries = told(story, Codec.load(), {len(story.journal): second}, first)
    rules = {first.version: first, second.version: second}
    assert len({entry.rules for entry in entries}) == 2
    steps = list(replay(entries, Codec.load(), rules.__getitem__))
    assert [step.decision.explanations for step in steps] == [entry.explanations for entry in entries]
    return steps


def test_an_order_is_decided_again_by_the_rules_each_entry_names(tmp_path: Path) -> None:
    routed, reallocated = [step for step in changed_story(tmp_path) if step.asked]
    assert "revision 0 is routed" in routed.decision.explanations
    assert "line 1: 10 to production by rule made" in routed.decision.explanations
    assert "line 1: 10 to procurement by rule renamed" in reallocated.decision.explanations
    assert "revision 0 is routed" not in reallocated.decision.explanations


def test_why_a_rule_won_and_the_others_did_not_is_explained(tmp_path: Path) -> None:
    routed = next(step for step in changed_story(tmp_path) if step.asked)
    (asked,) = orjson.loads(orjson.dumps(_as_object(routed)))["asked"]
    assert [(each["rule"], each["verdict"]) for each in asked["rules"]] == [
        ("by-seller", "seller_id is '', not ACME"),
        ("large", "not true: quantity > 100.0 (quantity is 10)"),
        ("made", "wins: production, procurement"),
        ("anything", "matches, but a rule above names the same"),
    ]
    assert [each["supplier"] for each in asked["candidates"]] == ["production", "procurement"]


def test_a_revision_is_routed_once_whatever_comes_later() -> None:
    story = Story()
    story.place(line(item_id="MK-1"))
    story.report("production", "rejected")
    story.report("procurement", "rejected")
    story.command("reroute", "1:production")
    routed = [sentence for sentence in story.explained() if sentence.endswith("is routed")]
    assert routed == ["revision 0 is routed"]


def test_checking_the_rules_says_their_version_or_what_is_wrong_with_them(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["rules", "check", str(rules_in(tmp_path)), "--json"])
    assert orjson.loads(run.output)["version"] == load_ruleset(tmp_path).version
    rules_in(tmp_path, ALLOCATION.replace("quantity >", "quality >"))
    run = CliRunner().invoke(app, ["rules", "check", str(tmp_path)])
    assert run.exit_code != 0
    assert isinstance(run.exception, ConfigError)
    assert "allocation.yaml, line 4: rule large: when: quality is no fact" in str(run.exception)
