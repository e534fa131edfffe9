"""`./run chaos`: kill and stop workers under load, and count the damage. Exit status 0 only if there is none."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.chaos.orders_scenario import OrdersScenario
from tests.chaos.relay_scenario import RelayScenario
from tests.chaos.run import run
from tests.chaos.scenario import Scenario

SCENARIOS: Mapping[str, Callable[[Path], Scenario]] = {"orders": OrdersScenario, "relay": lambda _: RelayScenario()}


def main() -> int:
    """Run, print, and give the exit status."""
    parser = argparse.ArgumentParser(prog="./run chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long the load and the storm last")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--agents", choices=SCENARIOS, default="orders", help="the hub's, or two tiny ones")
    parser.add_argument("--directory", type=Path, help="where logs and stores of a damaged round are left")
    options = parser.parse_args()
    directory = options.directory or Path(tempfile.mkdtemp(prefix="hub-chaos-"))
    figures = asyncio.run(run(SCENARIOS[options.agents](directory), directory, options.minutes * 60, options.seed))
    for end, times in figures.ends.items():
        print(f"{times} x {end}")
    for complaint in figures.verdict.complaints:
        print(complaint)
    if not figures.verdict.sound:
        print(f"Logs and stores: {directory}")
    print(figures)
    return 0 if figures.verdict.sound else 1


if __name__ == "__main__":
    sys.exit(main())
