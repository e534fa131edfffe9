"""What the commands that bring records to others have in common: they run until told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar

import typer

from connectors.outbound import Outbound, carry
from connectors.reading import Reader
from hub.config import Settings

O = TypeVar("O")  # noqa: E741 - an outcome


async def carry_out(
    settings: Settings,
    outbounds: Sequence[Outbound[O]],
    tell: Callable[[O], None],
    *,
    follow: bool,
) -> bool:
    """Let each take what is there, and what comes until SIGTERM or Ctrl-C; `tell` hears what became of it.

    Gives whether it was SIGTERM that ended it. What makes one of them give up ends all, as its error.
    """
    reader = Reader(settings.kafka_client(), settings.partitions)

    async def one(outbound: Outbound[O]) -> None:
        outcomes = carry(reader, outbound, follow=follow, warn=_warn)
        async with aclosing(outcomes):
            async for outcome in outcomes:
                tell(outcome)

    async with _until_told() as told:
        try:
            async with asyncio.TaskGroup() as tasks:
                for outbound in outbounds:
                    tasks.create_task(one(outbound))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from errors
    return told.is_set()


def _warn(text: str) -> None:
    typer.echo(text, err=True)


@asynccontextmanager
async def _until_told() -> AsyncIterator[asyncio.Event]:
    """What is inside ends at SIGTERM, as if it were done."""
    told, task = asyncio.Event(), asyncio.current_task()

    def end() -> None:
        told.set()
        if task is not None:
            task.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
    try:
        yield told
    except asyncio.CancelledError:
        if not told.is_set():
            raise
