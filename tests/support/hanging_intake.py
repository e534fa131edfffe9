"""`hub intake` that Kafka answers and that never answers its client: it says so and waits to be killed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any
from unittest.mock import patch

from connectors.publishing import Placed, Publisher
from hub.cli import intake


class Hanging(Publisher):
    """Tells nobody but its output where an event is."""

    async def submit(self, *arguments: Any, **options: Any) -> Coroutine[Any, Any, Placed]:
        return self._hang(await super().submit(*arguments, **options))

    async def _hang(self, acknowledged: Coroutine[Any, Any, Placed]) -> Placed:
        sys.stdout.write(f"acknowledged at {await acknowledged}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()
        raise AssertionError


if __name__ == "__main__":
    patch.object(intake, "Publisher", Hanging).start()
    intake.run()
