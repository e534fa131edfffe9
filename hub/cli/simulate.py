"""`hub simulate`: departments and customers that misbehave, to train on the order desk's queue and to rehearse."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hub.cli.as_json import Json, print_json
from hub.cli.demo import cancel_when_told, check
from hub.codec import Codec
from hub.config import load
from hub.demo.stage import Stage
from hub.errors import HubError
from hub.runtime.spec import Record
from hub.simulator.orders import Playing
from hub.simulator.performance import SIMULATED, Performance
from hub.simulator.scenario import Scenario, load_scenario, scenarios
from hub.simulator.score import Result, Score, Tally
from hub.topics import ORDERS_COMMANDS, ORDERS_EXCEPTIONS, ORDERS_STATE

_WATCHED = (ORDERS_STATE, ORDERS_EXCEPTIONS, ORDERS_COMMANDS)
_QUIET_SECONDS = 3.0
"""It is over when no order is open and nothing was said for so long."""
_LOOK_SECONDS = 0.2
_TOLD_SECONDS = 5.0
"""How often it says where it stands."""


def simulate(
    scenario: Annotated[
        str | None,
        typer.Argument(help="One of --list, or a YAML file like those.", autocompletion=scenarios),
    ] = None,
    *,
    seed: Annotated[int, typer.Option(help="The same seed is the same orders and the same behaviour.")] = 1,
    orders: Annotated[
        int | None, typer.Option(min=1, max=100_000, help="How many; the scenario's if not given.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(min=0.01, max=10_000, help="Orders a second; else the scenario's.")
    ] = None,
    run: Annotated[
        str | None, typer.Option(help="Its name in order ids, to play the same once more; the seed if not given.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(min=0.01, help="End after so long, whatever is open then.")] = None,
    hub_dir: Annotated[
        Path | None, typer.Option("--hub", help="Start a Kafka and a worker for it, which live there and end with it.")
    ] = None,
    beside: Annotated[bool, typer.Option("--beside-others", help="Also on a hub that has orders of others.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Name the scenarios and end.")] = False,
    as_json: Json = False,
) -> None:
    """Play departments and customers that are late, refuse, repeat themselves, do half or say nothing; tell the score.

    It goes on until every order is over, or Ctrl-C; then it tells how many orders were on time, how many exceptions
    have ended, and how long that took. docs/training.md says how a team trains with it.
    """
    if list_ or scenario is None:
        _list(as_json=as_json)
        return
    chosen = load_scenario(scenario)
    count = orders or chosen.orders
    name = f"{SIMULATED}{run or seed}-"
    playing = Playing(count, count / (rate or chosen.rate), seed, prefix=name, customers=SIMULATED)
    watching = _Watching(Score(name, timedelta(seconds=chosen.promised)))
    asyncio.run(_simulate(chosen, playing, watching, hub_dir, minutes, beside=beside))
    result = watching.score.result(datetime.now(UTC))
    if as_json:
        print_json(asdict(result) | {"on_time_percent": result.on_time_percent})
    else:
        _tell(result)


async def _simulate(
    scenario: Scenario,
    playing: Playing,
    watching: _Watching,
    hub_dir: Path | None,
    minutes: float | None,
    *,
    beside: bool,
) -> None:
    """Play until it is over, so many minutes have passed or it is interrupted, and leave nothing running."""
    cancel_when_told()
    say = watching.console.print
    async with AsyncExitStack() as stack:
        stage = Stage(hub_dir, say, stalled_after=scenario.stalled_after) if hub_dir else None
        try:
            settings = (await stack.enter_async_context(stage)).settings if stage else load()
            performance = Performance(settings, scenario, playing, alone=False)
            await _refuse(performance, playing, beside=beside)
            say(f"{scenario.about}.")
            say(f"Kafka is at {settings.kafka_bootstrap}, the first order is {playing.prefix}00001; Ctrl-C ends it.")
            running = asyncio.create_task(performance.run(_WATCHED, watching))
            stack.push_async_callback(_end, running)
            async with asyncio.timeout(None if minutes is None else minutes * 60):
                while not watching.is_over(performance):
                    check(stage, running)
                    await asyncio.sleep(_LOOK_SECONDS)
        except (TimeoutError, asyncio.CancelledError):
            say("Ended before every order was over.")


async def _end(performing: asyncio.Task[None]) -> None:
    performing.cancel()
    await asyncio.wait([performing])


class _Watching:
    """Keeps the score of what is committed, says where it stands, and knows when it is over."""

    def __init__(self, score: Score) -> None:
        self.score = score
        self.console = Console(highlight=False, stderr=True, soft_wrap=not sys.stderr.isatty())
        self._codec = Codec.load()
        self._heard = self._told = time.monotonic()

    def __call__(self, records: Iterable[Record]) -> None:
        """Take what was committed."""
        for record in records:
            self._heard = time.monotonic()
            if record.value is not None:
                at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
                self.score.take(self._codec.decode(record.value), at)

    def is_over(self, performance: Performance) -> bool:
        """Whether all is placed, no order is open, and nothing was said for a while."""
        score, now = self.score, time.monotonic()
        if now - self._told > _TOLD_SECONDS:
            self._told = now
            self.console.print(
                f"{performance.sent} sent, {len(score.orders)} orders, {score.open_orders} of them open; "
                f"{score.open_exceptions} exceptions open"
            )
        return performance.played.is_set() and not score.open_orders and now - self._heard > _QUIET_SECONDS


async def _refuse(performance: Performance, playing: Playing, *, beside: bool) -> None:
    """Raise HubError where a simulation has no business."""
    own, others = await performance.taken()
    if own:
        raise HubError(f"The hub has orders {playing.prefix}* already: name this run otherwise with --run.")
    if others and not beside:
        raise HubError(
            "The hub has orders that no simulation placed: use one for training (--hub DIRECTORY starts one), or say "
            "--beside-others."
        )


def _list(*, as_json: bool) -> None:
    found = {name: load_scenario(name) for name in scenarios()}
    if as_json:
        print_json(*({"scenario": name, "about": each.about} for name, each in found.items()))
        return
    table = Table("scenario", "what it is for", box=None, pad_edge=False)
    for name, each in found.items():
        table.add_row(name, each.about)
    Console(highlight=False).print(table)


def _tell(result: Result) -> None:
    console = Console(highlight=False)
    percent = result.on_time_percent
    share = "" if percent is None else f" ({percent:.0f}%)"
    console.print(
        f"\n[bold]Orders[/bold]      {result.placed} placed: {result.on_time} on time{share}, {result.late} late, "
        f"{result.waiting} not due yet, {result.cancelled} cancelled"
    )
    total = result.total
    console.print(
        f"[bold]Exceptions[/bold]  {total.opened} opened: {total.ended} ended, {total.by_people} of them by people; "
        f"{total.opened - total.ended} open"
    )
    if total.opened:
        table = Table("exception", box=None, pad_edge=False, header_style="dim")
        for column in ("opened", "ended", "by people", "open for", "longest", "first touched after"):
            table.add_column(column, justify="right")
        for each in (*result.kinds, total):
            table.add_row(*_row(each))
        console.print()
        console.print(table)


def _row(tally: Tally) -> tuple[str, ...]:
    times = (tally.median_seconds, tally.longest_seconds, tally.first_touch_seconds)
    return (
        tally.kind,
        *(str(count) for count in (tally.opened, tally.ended, tally.by_people)),
        *("" if seconds is None else f"{seconds:.0f} s" for seconds in times),
    )
