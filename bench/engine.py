"""Measure the runtime beside its peers, and the hub: one broker, the same events, one program after the other.

    ./run bench                 everything: prints the tables, rewrites docs/performance.*
    ./run bench --quick         a smoke run of two minutes, which writes no document
    ./run bench --only faust    one of them

First `hub worker` takes whole orders. Then the peers keep a count and a sum per key and give one output for each input.
What each commits is read back and held against what it was given: none lost, none doubled, counts, sums and
settlements right; else the command fails.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from functools import partial

from bench import machine, report
from bench.broker import kafka
from bench.contenders import HUB, ROOT, build_kafka_streams, contenders
from bench.full_orders import TITLE, OrdersBench
from bench.measure import StalledError
from bench.rest import rest
from bench.result import Result
from bench.trivial import TrivialBench
from bench.workload import Workload
from hub.errors import HubError

EVENTS = 2_000_000
KEYS = 10_000
ORDERS = 20_000
QUICK = {"events": 40_000, "keys": 1_000, "orders": 400}


def main() -> None:
    """Measure, print, and unless it is only a part, rewrite the documents."""
    logging.disable(logging.WARNING)  # aiokafka's, about topics that are being created
    try:
        options = _options()
        results = asyncio.run(_measure(options))
    except HubError as error:
        sys.exit(f"bench: {error}")
    print(report.engine(results), report.parts(results), sep="\n\n")
    if len(results) < len(options.only) * options.rounds or not all(result.verdict.sound for result in results):
        sys.exit("bench: not every run was complete and right, see above")
    if options.publish:
        report.write(ROOT / "docs", results, machine.describe())


def _options() -> argparse.Namespace:
    names = [*(each.name for each in contenders()), HUB]
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=EVENTS, help=f"how many trivial events (default {EVENTS:,})")
    parser.add_argument("--keys", type=int, default=KEYS, help=f"of how many keys (default {KEYS:,})")
    parser.add_argument("--orders", type=int, default=ORDERS, help=f"how many whole orders (default {ORDERS:,})")
    parser.add_argument("--rounds", type=int, default=1, help="how often each is measured; medians are reported")
    parser.add_argument("--quick", action="store_true", help="few events: does everything work?")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--bootstrap", help="a running Kafka with no topics to use instead of one of its own")
    options = parser.parse_args()
    options.publish = not options.quick and options.only == names
    if options.quick:
        vars(options).update(QUICK)
    return options


async def _measure(options: argparse.Namespace) -> list[Result]:
    """Everyone in every round, each round begun by another one; a failure is told and the rest go on."""
    chosen = [each for each in contenders() if each.name in options.only]
    if any(each.streams for each in chosen):
        build_kafka_streams()
    work = ROOT / ".hub" / "bench"
    work.mkdir(parents=True, exist_ok=True)
    results: list[Result] = []
    runs: list[tuple[str, Callable[[], Awaitable[Result]]]]
    for number in range(options.rounds):
        first = number % len(chosen) if chosen else 0
        async with kafka(options.bootstrap) as bootstrap:
            trivial = TrivialBench(bootstrap, work, Workload(options.events, options.keys))
            runs = [(each.title, partial(trivial.run, each)) for each in (*chosen[first:], *chosen[:first])]
            if HUB in options.only:
                runs.insert(0, (TITLE, OrdersBench(bootstrap, work, options.orders).run))
            for title, run in runs:
                print(f"{title} ...", file=sys.stderr, flush=True)
                await rest()
                try:
                    results.append(await run())
                except StalledError as stalled:
                    print(f"bench: {stalled}", file=sys.stderr)
    return results


if __name__ == "__main__":
    main()
