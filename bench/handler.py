"""Where the time of the full order handler goes: both agents in one process, with their stores but without Kafka.

    ./run bench handler [--orders N]

Plays the chapters of `bench.orders` and adds up each stage's own processor time. Timing costs some itself: about a
tenth of what is measured.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

from bench.contenders import ROOT
from bench.full_orders import CUSTOMERS
from bench.orders import generate
from bench.play import Play
from bench.report import replace_section
from hub.agents import orders
from hub.codec import Codec

P = ParamSpec("P")
R = TypeVar("R")

ORDERS = 20_000
_KEPT = ("OrderState", "CreditAccount", "Reservation")


class Stopwatch:
    """Adds up the processor time of nested stages, each without those inside it, while it is switched on."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.on = False
        self._inside = 0.0

    def timed(self, name: Callable[..., str], function: Callable[P, R]) -> Callable[P, R]:
        """The function, its time added to the stage that `name` gives for its result and arguments."""

        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            if not self.on:
                return function(*args, **kwargs)
            outside, self._inside = self._inside, 0.0
            begin = time.thread_time()
            result = function(*args, **kwargs)
            spent = time.thread_time() - begin
            self.seconds[name(result, *args)] += spent - self._inside
            self._inside = outside + spent
            return result

        return run

    def codec(self) -> Codec:
        """One that is timed."""
        codec = Codec.load()
        codec.encode = self.timed(_encoding, codec.encode)  # type: ignore[method-assign]
        codec.decode = self.timed(_decoding, codec.decode)  # type: ignore[method-assign]
        codec.decode_as = self.timed(_decoding, codec.decode_as)  # type: ignore[method-assign]
        return codec

    def attach(self, play: Play) -> None:
        """Time the other stages of a play, in all this process."""
        orders.decide = self.timed(lambda *_: "decide", orders.decide)  # type: ignore[attr-defined]
        play.write = self.timed(lambda *_: "write the store", play.write)  # type: ignore[method-assign]
        play.transact = self.timed(  # type: ignore[method-assign]
            lambda *_: "agents, and building transactions", play.transact
        )


def _encoding(_: bytes, value: object, *_replaced: object) -> str:
    name = type(value).__name__
    if name == "JournalEntry":
        return "encode the journal"
    return "encode states" if name in _KEPT else "encode messages"


def _decoding(value: object, *_: object) -> str:
    return "decode states" if type(value).__name__ in _KEPT else "decode events"


def measure(count: int) -> tuple[dict[str, float], float]:
    """Microseconds per order event by stage, slowest first, and the credit events that come with an order event."""
    now = datetime.now(UTC)
    placed = generate(count, CUSTOMERS, now)
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as directory:
        play = Play(Path(directory), codec=watch.codec())
        watch.attach(play)
        play.introduce(CUSTOMERS, now)
        play.taken.clear()
        gc.freeze()  # as `hub worker` does
        gc.set_threshold(2_000_000, 20, 50)
        for _ in play.chapters(placed):
            watch.on = True
            play.work()
            watch.on = False
        play.close()
    taken = play.taken["orders"]
    slowest_first = sorted(watch.seconds.items(), key=lambda stage: -stage[1])
    return {stage: seconds / taken * 1e6 for stage, seconds in slowest_first}, play.taken["credit"] / taken


def main() -> None:
    """Measure, print, and for a run of full size rewrite the section of docs/performance.md."""
    parser = argparse.ArgumentParser(prog="./run bench handler", description=__doc__.partition("\n")[0])
    parser.add_argument("--orders", type=int, default=ORDERS, help=f"how many, of five lines (default {ORDERS:,})")
    count = parser.parse_args().orders
    stages, credit_share = measure(count)
    whole = sum(stages.values())
    rows = ["| stage | CPU µs per order event | |", "|---|--:|--:|"]
    rows += [f"| {stage} | {spent:.1f} | {spent / whole:.0%} |" for stage, spent in stages.items()]
    rows.append(f"| **in all** | **{whole:.1f}** | |")
    credit = f"With every order event come {credit_share:.2f} events of the credit agent; they are included."
    text = "\n".join([*rows, "", credit])
    print(text)
    if count >= ORDERS:
        replace_section(ROOT / "docs" / "performance.md", "handler", text)


if __name__ == "__main__":
    main()
