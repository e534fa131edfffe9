"""`hub worker` with bugs: one order makes the handler raise, another ends the process on the spot."""

from __future__ import annotations

import os
import signal
from typing import Any
from unittest.mock import patch

from hub.agents import orders
from hub.cli import worker
from hub.domain.decide import decide

RAISES = "ORDER-THAT-RAISES"
KILLS = "ORDER-THAT-KILLS"


def decide_with_bugs(state: Any, received: Any, context: Any) -> Any:
    """Decide, except where a bug is."""
    if received.event.order_id == RAISES:
        raise ZeroDivisionError("division by zero")
    if received.event.order_id == KILLS:
        os.kill(os.getpid(), signal.SIGKILL)
    return decide(state, received, context)


if __name__ == "__main__":
    patch.object(orders, "decide", decide_with_bugs).start()
    worker.run()
