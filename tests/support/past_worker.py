"""`hub worker` in the past: its clock is behind by the seconds that the file HUB_TEST_BEHIND holds, as they change.

So days pass in a test: what was done days ago is done first, then the real worker goes on at the present time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from unittest.mock import patch

from hub.cli import main
from hub.runtime.worker import Worker


def clock_behind(path: Path) -> Callable[[], datetime]:
    """The wall clock, less what the file says."""

    def now() -> datetime:
        return datetime.now(UTC) - timedelta(seconds=float(path.read_text()))

    return now


if __name__ == "__main__":
    clock = clock_behind(Path(os.environ["HUB_TEST_BEHIND"]))
    with patch("hub.app.Worker", partial(Worker, clock=clock)):
        main()
