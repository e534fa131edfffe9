"""The command of a benchmark whose result is one section of docs/performance.md."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable

from bench.contenders import ROOT
from bench.report import replace_section
from hub.errors import HubError


def command(name: str, about: str, orders: int, measure: Callable[[int], Awaitable[str]], what: str = "") -> None:
    """Measure so many orders, print, and for a run of full size rewrite the section; `what` tells what orders."""
    logging.disable(logging.WARNING)
    parser = argparse.ArgumentParser(prog=f"./run bench {name}", description=about.partition("\n")[0])
    parser.add_argument("--orders", type=int, default=orders, help=f"how many{what} (default {orders:,})")
    count = parser.parse_args().orders

    async def measured() -> str:
        return await measure(count)

    try:
        text = asyncio.run(measured())
    except HubError as error:
        sys.exit(f"bench: {error}")
    print(text)
    if count >= orders:
        replace_section(ROOT / "docs" / "performance.md", name, text)
