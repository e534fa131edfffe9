"""Chaos for so long: rounds of a few minutes, each on a Kafka of its own and with a seed of its own."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.chaos.arena import SESSION_SECONDS, Arena, arena
from tests.chaos.scenario import Scenario
from tests.chaos.storm import storm
from tests.chaos.verdict import Verdict

ROUND_SECONDS = 180.0
"""Longer chaos is several rounds: what one has committed is held in memory until it is examined."""


@dataclass
class Figures:
    """What was done, and what came of it."""

    verdict: Verdict = field(default_factory=Verdict)
    kills: int = 0
    zombies: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    """Why workers ended by themselves, and how often."""

    def add(self, other: Figures) -> None:
        self.verdict.add(other.verdict)
        self.kills += other.kills
        self.zombies += other.zombies
        self.ends += other.ends

    def __str__(self) -> str:
        found = self.verdict
        return (
            f"{found.events} events, {self.kills} kills, {self.zombies} zombies: "
            f"{found.lost} lost, {found.doubled} doubled, {found.mismatched} mismatched"
        )


async def run(scenario: Scenario, directory: Path, seconds: float, seed: int) -> Figures:
    """Rounds until the time is over. A round that found damage leaves its directory behind."""
    total = Figures()
    while seconds > 0:
        length = min(seconds, ROUND_SECONDS)
        place = directory / f"seed-{seed}"
        async with arena(scenario, place, seed) as it:
            figures = await weather(it, length, seed)
        total.add(figures)
        if figures.verdict.sound:
            shutil.rmtree(place)
        seconds, seed = seconds - length, seed + 1
    return total


async def weather(it: Arena, seconds: float, seed: int) -> Figures:
    """A backlog, a load and a storm; then quiet, and the examination."""
    await it.load.backlog()
    await it.fleet.start()
    await asyncio.gather(*(member.logs("assigned") for member in it.fleet.members))
    await asyncio.gather(it.load.play(seconds), storm(it.fleet, Random(seed), seconds, SESSION_SECONDS))
    if not await it.drained():
        it.verdict.mismatch(f"the workers have not worked off what was sent: {it.left()}")
    verdict = await it.examine()
    members = it.fleet.members
    return Figures(
        verdict,
        kills=sum(member.kills for member in members),
        zombies=sum(member.zombies for member in members),
        ends=Counter(end for member in members for end in member.ended),
    )
