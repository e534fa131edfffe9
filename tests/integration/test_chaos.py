"""Workers are killed and frozen under load, and nothing is lost, doubled or mismatched; with a safety taken out, it is.

`./run chaos` does the same for any length of time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import cycle
from pathlib import Path

import pytest
from msgspec.structs import replace

from hub.runtime.spec import Record
from hub.topics import (
    CREDIT_DECISIONS,
    CREDIT_REQUESTS,
    CUSTOMER_NOTIFICATIONS,
    HUB_DEAD_LETTER,
    HUB_REKEYED,
    ORDERS_EXCEPTIONS,
    ORDERS_JOURNAL,
    SETTLEMENTS,
    SETTLEMENTS_JOURNAL,
    WORK_TOPIC,
)
from tests.chaos.arena import PARTITIONS, Arena, arena
from tests.chaos.orders_scenario import OrdersScenario
from tests.chaos.relay_scenario import RelayScenario
from tests.chaos.run import weather
from tests.chaos.verdict import Verdict

pytestmark = [pytest.mark.chaos, pytest.mark.kafka]

_SESSION_SECONDS = 3.0
_SEED = 17
"""Freezes a worker first, then kills one that recovers from nothing."""
_OUTPUTS = (
    *WORK_TOPIC.values(),
    CREDIT_DECISIONS,
    CREDIT_REQUESTS,
    CUSTOMER_NOTIFICATIONS,
    HUB_DEAD_LETTER,
    HUB_REKEYED,
    ORDERS_EXCEPTIONS,
    ORDERS_JOURNAL,
    SETTLEMENTS,
    SETTLEMENTS_JOURNAL,
)


async def _a_zombie(it: Arena) -> None:
    """A worker is frozen until another has taken its partitions over and gone on; then it wakes up."""
    zombie, other = it.fleet.members
    await zombie.start()
    await it.load.play(1)
    assert await it.drained(), it.left()
    zombie.freeze()
    await other.start()
    await it.load.play(1)
    assert await it.drained(), it.left()
    zombie.thaw()
    ends = time.monotonic() + 60
    while not zombie.ended and zombie.count("assigned") < 2 and time.monotonic() < ends:
        await asyncio.sleep(0.05)
    await it.load.play(1)


async def _a_kill(it: Arena) -> None:
    """A worker is killed amidst its work, and another takes its partitions over."""
    killed, other = it.fleet.members
    await killed.start()
    assert await killed.logs("recovered", times=16)
    await other.start()

    async def strike() -> None:
        await asyncio.sleep(1.5)
        killed.kill()

    await asyncio.gather(it.load.play(3), strike())


async def _examined(what_happens: Callable[[Arena], Awaitable[None]], directory: Path, mutant: str) -> Verdict:
    async with arena(
        RelayScenario(), directory, seed=1, workers=2, mutant=mutant, session_seconds=_SESSION_SECONDS
    ) as it:
        await what_happens(it)
        await it.drained(60 if mutant == "none" else 15)
        return await it.examine()


async def _a_zombie_and_a_kill(it: Arena) -> None:
    await _a_zombie(it)
    it.fleet.members[1].kill()


async def test_neither_a_zombie_nor_a_kill_does_damage(tmp_path: Path) -> None:
    verdict = await _examined(_a_zombie_and_a_kill, tmp_path, "none")
    assert verdict.events > 1_000
    assert verdict == Verdict(events=verdict.events), verdict.complaints


@pytest.mark.parametrize(("what_happens", "mutant"), [(_a_zombie, "no-fence"), (_a_kill, "no-applied-offsets")])
async def test_the_oracle_reports_the_damage_that_a_missing_safety_does(
    what_happens: Callable[[Arena], Awaitable[None]], mutant: str, tmp_path: Path
) -> None:
    verdict = await _examined(what_happens, tmp_path, mutant)
    assert verdict.doubled > 0
    assert verdict.mismatched > 0


async def test_the_hub_survives_half_a_minute_of_chaos_and_the_oracle_would_notice_a_change(tmp_path: Path) -> None:
    scenario = OrdersScenario(tmp_path)
    async with arena(scenario, tmp_path, _SEED) as it:
        figures = await weather(it, 30, _SEED)
    assert figures.kills > 0
    assert figures.zombies > 0
    assert figures.verdict.events > 3_000
    assert figures.verdict == Verdict(events=figures.verdict.events), figures.verdict.complaints
    records = it.view.records
    for topic, change in zip(_OUTPUTS, cycle((_lost, _doubled, _altered)), strict=False):
        changed = {**records, topic: change(records[topic])}
        assert not scenario.examine(changed, PARTITIONS).sound, (topic, change.__name__)


def _lost(records: Sequence[Record]) -> Sequence[Record]:
    return records[:-1]


def _doubled(records: Sequence[Record]) -> Sequence[Record]:
    return [*records, records[-1]]


def _altered(records: Sequence[Record]) -> Sequence[Record]:
    return [*records[:-1], replace(records[-1], value=records[0].value)]
