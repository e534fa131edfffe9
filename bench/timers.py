"""What it costs that orders wait: timers of 10,000 and of 1,000,000 open orders, and new orders beside them.

    ./run bench timers [--orders N] [--seconds N]

The orders agent's stores are filled with orders that a department was given long ago and has not answered. Of these
1,000 fall due in every second of a simulated clock, and each opens an alert. Then new orders of five lines are played
from placement to payment, as `./run bench handler` does. Stores and transactions are the runtime's; Kafka is not there.
"""

from __future__ import annotations

import argparse
import gc
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from bench import machine
from bench.contenders import ROOT
from bench.full_orders import CUSTOMERS
from bench.orders import CHAPTERS, generate
from bench.play import Play
from bench.report import replace_section
from hub.domain.order import OrderState
from hub.errors import HubError
from hub.runtime.store import Entry
from hub.topics import ORDERS_EXCEPTIONS

ORDERS = 1_000_000
FEW = 10_000
SECONDS = 30
_PER_SECOND = 1_000
_NEW = 2_000
"""Orders that are played beside those that wait."""
_NOON = datetime(2026, 11, 24, 11, tzinfo=UTC)
"""A Tuesday, when the office works."""
_LONG = timedelta(days=30)


@dataclass(frozen=True)
class Cost:
    """What it took with so many open orders."""

    orders: int
    timers: int
    timer_us: float
    """Processor time of one timer."""
    busy: float
    """Part of one core that 1,000 timers a second keep busy."""
    event_us: float
    """Processor time of one event of the new orders."""
    events_per_second: float
    peak_bytes: int


def measure(count: int, seconds: int) -> Cost:
    """Fill, let the timers of `seconds` go off, play new orders."""
    with tempfile.TemporaryDirectory(dir=ROOT / ".hub" / "bench") as directory:
        play = Play(Path(directory), keep=(ORDERS_EXCEPTIONS,))
        play.introduce(CUSTOMERS, datetime.now(UTC))
        play.fill("orders", _waiting(_model(play), count, seconds * _PER_SECOND))
        gc.freeze()  # as `hub worker` does
        gc.set_threshold(2_000_000, 20, 50)
        fired, timer_cpu = _fire(play, seconds)
        events, event_cpu, event_seconds = _play_new(play)
        play.close()
    return Cost(
        count,
        fired,
        timer_cpu / fired * 1e6,
        timer_cpu / seconds,
        event_cpu / events * 1e6,
        events / event_seconds,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


def _model(play: Play) -> tuple[bytes, bytes]:
    """An order that production was given and has not answered for a month, and its id."""
    (placed,) = generate(1, CUSTOMERS, datetime.now(UTC))
    placed = replace(placed, order_id="WAITING-0", lines=placed.lines[:1])
    for _ in play.chapters([placed], CHAPTERS[:1]):
        play.work()
    ((key, raw),) = ((key, raw) for key, raw in play.states("orders") if key == b"WAITING-0")
    state: OrderState = play.codec.decode(raw)
    since = _NOON - _LONG
    work = replace(state.production, status="ordered", since=since)
    waiting = replace(state, production=work, moved_at=_NOON, watch_due=since, schedule=None)
    return key, play.codec.encode(waiting)


def _waiting(model: tuple[bytes, bytes], count: int, due: int) -> Iterator[tuple[bytes, Entry]]:
    """So many orders; `due` of them in turn from noon on, the others in the month after."""
    order_id, raw = model
    noon_ms, month_ms = int(_NOON.timestamp() * 1000), int(_LONG.total_seconds() * 1000)
    if due > count:
        raise HubError(f"{due:,} of {count:,} orders cannot fall due: give fewer --seconds, or more --orders.")
    for number in range(count):
        key = b"W%08d" % number
        later = number + 1 if number < due else month_ms + number % month_ms
        yield key, Entry(raw.replace(order_id, key), noon_ms + later, "confirmed")


def _fire(play: Play, seconds: int) -> tuple[int, float]:
    """How many timers went off, and the processor time it took. Raises HubError unless each opened its alert."""
    fired, before = 0, time.process_time()
    for second in range(1, seconds + 1):
        fired += play.fire("orders", _NOON + timedelta(seconds=second))
    spent = time.process_time() - before
    opened = len(play.kept[ORDERS_EXCEPTIONS])
    if not fired == opened == seconds * _PER_SECOND:
        raise HubError(
            f"{seconds * _PER_SECOND:,} orders fell due, {fired:,} timers went off, {opened:,} alerts opened."
        )
    return fired, spent


def _play_new(play: Play) -> tuple[int, float, float]:
    """How many events of new orders there were, and the processor time and the time they took."""
    placed = generate(_NEW, CUSTOMERS, datetime.now(UTC))
    play.taken.clear()
    cpu = passed = 0.0
    for _ in play.chapters(placed):
        began, clock = time.process_time(), time.perf_counter()
        play.work()
        cpu += time.process_time() - began
        passed += time.perf_counter() - clock
    return play.taken["orders"], cpu, passed


def main() -> None:
    """Measure, print, and for a run of full size rewrite the section of docs/performance.md."""
    parser = argparse.ArgumentParser(prog="./run bench timers", description=__doc__.partition("\n")[0])
    parser.add_argument("--orders", type=int, default=ORDERS, help=f"how many wait (default {ORDERS:,})")
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"of 1,000 timers each (default {SECONDS})")
    given = parser.parse_args()
    (ROOT / ".hub" / "bench").mkdir(parents=True, exist_ok=True)
    few = measure(FEW, min(given.seconds, FEW // _PER_SECOND))
    many = measure(given.orders, given.seconds)
    rows = [
        f"| {each.orders:,} | {each.timers:,} | {each.timer_us:.0f} | {each.busy:.0%} | {each.event_us:.0f} | "
        f"{each.events_per_second:,.0f} | {each.peak_bytes / 2**20:,.0f} |"
        for each in (few, many)
    ]
    difference = f"{many.event_us / few.event_us - 1:+.0%}"
    text = "\n".join(
        [
            f"{machine.describe()['CPU']}; an event of a new order takes {difference} processor time:",
            "",
            "| open orders | timers | CPU µs/timer | of one core at 1,000/s | CPU µs/event | events/s | peak MiB |",
            "|--:|--:|--:|--:|--:|--:|--:|",
            *rows,
        ]
    )
    print(text)
    if given.orders >= ORDERS:
        replace_section(ROOT / "docs" / "performance.md", "timers", text)


if __name__ == "__main__":
    main()
