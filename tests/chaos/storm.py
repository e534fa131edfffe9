"""What is done to the workers, drawn from a seed: the same seed does the same things in the same order.

When exactly each strikes depends on the machine, so a seed finds its way back to a kind of damage, not to an instant.
"""

from __future__ import annotations

import asyncio
from random import Random

from tests.chaos.fleet import Fleet, Member

_ASSIGNED = "assigned"
"""What a worker logs when it has been given partitions and begins to recover them."""


async def storm(fleet: Fleet, random: Random, seconds: float, session_seconds: float) -> None:
    """Kill workers, some of them while they recover, and freeze some for longer than their session."""
    thawing: set[asyncio.Task[None]] = set()
    try:
        async with asyncio.timeout(seconds):
            while True:
                await asyncio.sleep(random.uniform(1, 4))
                member = random.choice(fleet.members)
                match random.choices(("kill", "kill-recovering", "freeze"), (4, 3, 3))[0]:
                    case "freeze":
                        task = asyncio.create_task(_freeze(member, session_seconds * random.uniform(1.2, 2)))
                        thawing.add(task)
                        task.add_done_callback(thawing.discard)
                    case "kill":
                        member.kill(rob=random.random() < 0.3)
                    case "kill-recovering":
                        member.kill(rob=random.random() < 0.3)
                        if await member.logs(_ASSIGNED, within=4 * session_seconds):
                            await asyncio.sleep(random.uniform(0, 0.3))
                            member.kill()
    except TimeoutError:
        pass
    await asyncio.gather(*thawing)


async def _freeze(member: Member, seconds: float) -> None:
    member.freeze()
    await asyncio.sleep(seconds)
    member.thaw()
