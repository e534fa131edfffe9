"""`python -m hub.demo ROLE`: one process of the demonstration. Roles: terms, play, the departments, customers.

Where Kafka is comes from the environment, as for the hub; `play` and `terms` take --orders, --seconds and --seed.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, cast

from hub.config import Settings, load
from hub.demo.actor import Actor
from hub.demo.customers import Customers
from hub.demo.departments import Desk
from hub.demo.player import introduce, perform
from hub.domain.model import DEPARTMENTS, Department
from hub.errors import HubError
from hub.topics import CUSTOMER_NOTIFICATIONS, SETTLEMENTS, WORK_TOPIC


def main() -> int:
    """Play the role until it is over or SIGTERM comes; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m hub.demo")
    parser.add_argument("role", choices=["terms", "play", "customers", *DEPARTMENTS])
    parser.add_argument("--orders", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    try:
        asyncio.run(_until_told(_part(arguments, load())))
    except HubError as error:
        sys.stderr.write(f"{arguments.role}: {error}\n")
        return 1
    return 0


def _part(arguments: argparse.Namespace, settings: Settings) -> Coroutine[Any, Any, None]:
    now = datetime.now(UTC)
    match arguments.role:
        case "terms":
            return introduce(settings, now, orders=arguments.orders)
        case "play":
            return perform(settings, now, orders=arguments.orders, seconds=arguments.seconds, seed=arguments.seed)
        case "customers":
            return Actor(Customers(), "customers", (CUSTOMER_NOTIFICATIONS, SETTLEMENTS), settings).run()
        case department:
            desk = Desk(cast("Department", department))
            return Actor(desk, department, (WORK_TOPIC[desk.department],), settings).run()


async def _until_told(part: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(part)
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return
    except ExceptionGroup as group:
        raise group.exceptions[0] from None


if __name__ == "__main__":
    sys.exit(main())
