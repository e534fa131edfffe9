"""What the commands that bring records to others have in common: they run until told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar

import typer

from connectors.outbound import Outbound, carry
from connectors.reading import Reader
from hub.config import Settings

O = TypeVar("O")  # noqa: E741 - an outcome


def carry_out(
    settings: Settings, outbound: Outbound[O], tell: Callable[[O], None], *, follow: bool, only_new: bool = False
) -> None:
    """Let `outbound` take what is there, and what comes until SIGTERM or Ctrl-C; `tell` hears what became of it."""
    asyncio.run(_carry(settings, outbound, tell, follow=follow, only_new=only_new))


async def _carry(
    settings: Settings, outbound: Outbound[O], tell: Callable[[O], None], *, follow: bool, only_new: bool
) -> None:
    reader = Reader(settings.kafka_client(), settings.partitions)
    outcomes = carry(reader, outbound, follow=follow, only_new=only_new, warn=lambda text: typer.echo(text, err=True))
    async with until_told(), aclosing(outcomes):
        async for outcome in outcomes:
            tell(outcome)


@asynccontextmanager
async def until_told() -> AsyncIterator[None]:
    """What is inside ends at SIGTERM, as if it were done."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    task = asyncio.current_task()

    def end() -> None:
        told.set()
        if task is not None:
            task.cancel()

    loop.add_signal_handler(signal.SIGTERM, end)
    try:
        yield
    except asyncio.CancelledError:
        if not told.is_set():
            raise
