"""Lets the machine finish what the peer before, or the loader, left it to do: writing pages, cleaning Kafka's logs."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

LONGEST = 20.0
"""Seconds; a machine that has other work is not waited for."""
_BUSY = 0.1
"""Of all its processors' time."""


async def rest() -> None:
    """Return when the machine has been all but idle for a second."""
    await asyncio.to_thread(os.sync)
    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        before = _ticks()
        await asyncio.sleep(1)
        busy, passed = (now - then for now, then in zip(_ticks(), before, strict=True))
        if busy < _BUSY * passed:
            return


def _ticks() -> tuple[int, int]:
    """Of all processors together since the machine started: those not idle, and all."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    user, nice, system, idle, waiting, interrupts, soft, stolen = map(int, fields)
    busy = user + nice + system + interrupts + soft + stolen
    return busy, busy + idle + waiting
