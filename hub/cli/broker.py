"""`hub broker`: an embedded Kafka to work with."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from hub import broker, kafka_jars
from hub.errors import BrokerError

app = typer.Typer(help="A real Kafka of your own, for one machine.", no_args_is_help=True)

DEFAULT_DIR = Path(".hub/broker")

DataDir = Annotated[Path, typer.Option(help="Where the broker keeps its records, settings and log.")]


@app.command()
def start(
    *,
    data_dir: DataDir = DEFAULT_DIR,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where clients connect; 0 takes a free one.")] = 9092,
    detach: Annotated[bool, typer.Option("--detach", help="Leave it running and return.")] = False,
) -> None:
    """Start Kafka; in the foreground it ends with Ctrl-C."""
    asyncio.run(_start(broker.EmbeddedBroker(data_dir, port=port, outlives=detach), detach=detach))


@app.command()
def stop(*, data_dir: DataDir = DEFAULT_DIR) -> None:
    """Stop the Kafka that runs on the data directory."""
    stopped = broker.stop(data_dir)
    typer.echo(f"Kafka at {stopped.bootstrap} (pid {stopped.pid}) is stopped; its records stay in {data_dir}.")


@app.command()
def status(*, data_dir: DataDir = DEFAULT_DIR) -> None:
    """Say whether a Kafka runs on the data directory and answers; fail if not."""
    running = broker.find(data_dir)
    if running is None:
        raise BrokerError(f"No broker runs on {data_dir}: `hub broker start` starts one.")
    if not asyncio.run(broker.answers(running.bootstrap)):
        raise BrokerError(f"Kafka at {running.bootstrap} (pid {running.pid}) runs but does not answer.")
    typer.echo(f"Kafka at {running.bootstrap} (pid {running.pid}) answers.")


@app.command()
def fetch() -> None:
    """Fetch Kafka's jars, so that a later start needs no network."""
    kafka_jars.java()
    typer.echo(f"Kafka's jars are in {kafka_jars.jars()}.")


async def _start(embedded: broker.EmbeddedBroker, *, detach: bool) -> None:
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, interrupted.set)
    starting = asyncio.create_task(embedded.start())
    if not await _first(starting, interrupted):
        return
    typer.echo(f"Kafka at {embedded.bootstrap} (pid {embedded.pid}) is ready; it logs to {embedded.log}.")
    if detach:
        return
    if await _first(ended := asyncio.create_task(embedded.wait()), interrupted):
        raise BrokerError(f"Kafka ended by itself with status {ended.result()}; see {embedded.log}.")
    await embedded.stop()


async def _first(work: asyncio.Task[object], interrupted: asyncio.Event) -> bool:
    """Whether the work was done before the interruption, which cancels it."""
    waiting = asyncio.create_task(interrupted.wait())
    await asyncio.wait((work, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not work.done():
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        return False
    await work
    return True
