"""The Kafka that everyone is measured on."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from hub.broker import EmbeddedBroker


@asynccontextmanager
async def kafka(bootstrap: str | None) -> AsyncIterator[str]:
    """The given Kafka, or an embedded one with no topics that goes when the context is left."""
    if bootstrap:
        yield bootstrap
        return
    directory = Path(tempfile.mkdtemp(prefix="orderhub-bench-"))
    try:
        async with EmbeddedBroker(directory) as broker:
            yield broker.bootstrap
    finally:
        shutil.rmtree(directory, ignore_errors=True)
