"""What the commands that bring records to others have in common: they run until told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import TypeVar

import typer

from connectors.meter import Meter, Outcome
from connectors.outbound import Outbound, carry
from connectors.reading import Reader
from hub.config import Settings
from hub.metrics import SenderMetrics

O = TypeVar("O", bound=Outcome)  # noqa: E741 - an outcome


async def carry_out(
    sender: str,
    settings: Settings,
    outbounds: Mapping[str, Outbound[O]],
    tell: Callable[[O], None],
    *,
    follow: bool,
) -> bool:
    """Let each take what is there, and what comes until SIGTERM or Ctrl-C; `tell` hears what became of it.

    Gives whether it was SIGTERM that ended it. What makes one of them give up ends all, as its error. While it follows
    it has a page of metrics, if a port is set: of this sender, by the names of the receivers, empty where there is one.
    """
    reader, metrics = Reader(settings.kafka_client(), settings.partitions), SenderMetrics()
    meters = [(outbound, Meter(metrics, sender, receiver)) for receiver, outbound in outbounds.items()]

    async def one(outbound: Outbound[O], meter: Meter) -> None:
        outcomes = carry(reader, outbound, follow=follow, warn=_warn, meter=meter)
        async with aclosing(outcomes):
            async for outcome in outcomes:
                meter.became(outcome)
                tell(outcome)

    def observe() -> None:
        for outbound, meter in meters:
            meter.waits(outbound.waiting())

    async with _until_told() as told, AsyncExitStack() as pages:
        if follow and settings.sender_port is not None:
            await pages.enter_async_context(_page(settings, settings.sender_port, metrics, observe))
        try:
            async with asyncio.TaskGroup() as tasks:
                for outbound, meter in meters:
                    tasks.create_task(one(outbound, meter))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from errors
    return told.is_set()


@asynccontextmanager
async def _page(
    settings: Settings, port: int, metrics: SenderMetrics, observe: Callable[[], None]
) -> AsyncIterator[None]:
    from hub.web.pages import serve_sender  # noqa: PLC0415 - aiohttp takes its time, which few need to wait for

    async with serve_sender(metrics, observe, settings.sender_host, port, settings.metrics_bearer()) as url:
        typer.echo(f"{url}/metrics says how it goes.", err=True)
        yield


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
