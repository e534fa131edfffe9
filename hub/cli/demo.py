"""`hub demo`: a hub at work with everything around it, on this machine, in a minute."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import aclosing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hub.broker import HOST
from hub.cli.exits import Exit
from hub.codec import Codec
from hub.demo.picture import WATCHED, Picture
from hub.demo.stage import KAFKA_PORT, Stage
from hub.demo.summary import summary
from hub.simulator.orders import Playing
from hub.simulator.performance import Performance
from hub.simulator.scenario import Scenario, load_scenario
from hub.simulator.scenes import PARTIAL
from hub.topics import SETTLEMENTS

_QUIET_SECONDS = 2.0
"""The play is over when nothing was decided for so long and no order goes on by itself."""
_PATIENCE_SECONDS = 60.0
"""After the last order was sent the demonstration waits so long for the orders under way."""


def demo(
    *,
    orders: Annotated[int, typer.Option(min=20, max=100_000, help="How many orders are played.")] = 300,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="Within how many seconds they come.")] = 15,
    seed: Annotated[int, typer.Option(help="Another seed is another set of orders.")] = 1,
    directory: Annotated[Path, typer.Option("--dir", help="Where Kafka's records, state and logs go.")] = Path(
        ".hub/demo"
    ),
    keep: Annotated[
        bool | None, typer.Option("--keep/--no-keep", help="Go on running at the end; by default on a terminal.")
    ] = None,
) -> None:
    """Start Kafka and the hub, play orders through every stage, show what happened."""
    console = Console(highlight=False)
    staying = (sys.stdin.isatty() and console.is_terminal) if keep is None else keep
    scenario = load_scenario("demo")
    stage = Stage(directory, console.print, stalled_after=scenario.stalled_after)
    playing = Playing(orders=orders, seconds=seconds, seed=seed)
    if status := asyncio.run(_demo(console, stage, scenario, playing, staying=staying)):
        raise typer.Exit(status)


async def _demo(console: Console, stage: Stage, scenario: Scenario, playing: Playing, *, staying: bool) -> int:
    """Perform and take everything down; the exit status: 130 when interrupted before the summary."""
    cancel_when_told()
    told = False
    try:
        async with stage:
            performance = Performance(stage.settings, scenario, playing, alone=True)
            running = asyncio.create_task(performance.run())
            try:
                picture = await _watch(console, stage, performance, running, playing.orders)
                console.print(summary(picture))
                told = True
                _tell_how_to_look_further(console, stage, staying=staying)
                while staying:
                    check(stage, running)
                    await asyncio.sleep(0.5)
            finally:
                running.cancel()
                await asyncio.wait([running])
    except asyncio.CancelledError:
        return Exit.DONE if told else Exit.INTERRUPTED
    return Exit.DONE


def check(stage: Stage | None, running: asyncio.Task[None]) -> None:
    """Raise HubError if a process, or the performance, has ended with an error."""
    if stage is not None:
        stage.check()
    if running.done():
        running.result()


def cancel_when_told() -> None:
    """Ctrl-C and SIGTERM end a performance in order; once is enough, more do not disturb that."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def cancel() -> None:
        for number in signals:
            loop.add_signal_handler(number, lambda: None)
        if task:
            task.cancel()

    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, cancel)


async def _watch(
    console: Console, stage: Stage, performance: Performance, running: asyncio.Task[None], orders: int
) -> Picture:
    """Follow the topics until every order is over or waits for a person."""
    picture = Picture(Codec.load())
    clock = asyncio.get_running_loop().time
    columns = (TextColumn("{task.description:22}"), BarColumn(40), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bars = {
            name: progress.add_task(text, total=orders)
            for name, text in (("placed", "placed"), ("settled", "delivered and settled"), ("closed", "paid"))
        }
        heard = sent = clock()
        async with aclosing(stage.reader().followed(WATCHED)) as batches:
            async for batch in batches:
                picture.take(batch)
                check(stage, running)
                headlines = picture.headlines()
                progress.update(bars["placed"], completed=len(picture.orders))
                progress.update(bars["settled"], completed=headlines["settled"] + headlines["closed"])
                progress.update(bars["closed"], completed=headlines["closed"])
                heard = clock() if batch else heard
                played = performance.played.is_set()
                sent = sent if played else clock()
                over = played and not picture.open_orders() and clock() - heard > _QUIET_SECONDS
                if over or clock() - sent > _PATIENCE_SECONDS:
                    break
    return picture


def _tell_how_to_look_further(console: Console, stage: Stage, *, staying: bool) -> None:
    """Commands that work as they are printed."""
    hub = "./run" if Path("run").is_file() else "hub"
    bootstrap = stage.settings.kafka_bootstrap
    lines = ["", "[bold]Look further[/bold]" + (", in another terminal:" if staying else ":")]
    if not staying:
        lines.append(f"  {hub} broker start --detach --data-dir {stage.broker_dir}")
    elif bootstrap != f"{HOST}:{KAFKA_PORT}":
        lines.append(f"  export HUB_KAFKA_BOOTSTRAP={bootstrap}")
    lines += [f"  {hub} order show {PARTIAL.order_id}", f"  {hub} tail {SETTLEMENTS} --from-beginning --no-follow"]
    if staying:
        lines += [
            f"  {stage.metrics_url}",
            "",
            "The hub goes on running. [bold]Ctrl-C[/bold] ends it, and all that belongs to it.",
        ]
    else:
        lines.append(f"  {hub} broker stop --data-dir {stage.broker_dir}")
    console.print("\n".join(lines), soft_wrap=True)
