"""How the runtime starts a Kafka client: a start that is cancelled leaves no connection open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiokafka.cluster import ClusterMetadata

_LOOK_SECONDS = 0.005
_SWALLOWED_SECONDS = 0.5
"""The client library swallows some cancellations: after so long it gets another."""


async def start(connect: Callable[[], Awaitable[None]], cluster: ClusterMetadata) -> None:
    """Await `connect()`, the start of a client that learns of the `cluster`; afterwards its `stop` closes all of it.

    aiokafka loses its first connection when it is cancelled before Kafka has told it there which brokers there are. A
    cancellation therefore takes effect once they are known or the start has ended, and at once when it comes again.
    """
    starting = asyncio.ensure_future(connect())
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        while not (starting.done() or cluster.brokers()):
            await asyncio.sleep(_LOOK_SECONDS)
        raise
    finally:
        while not starting.done():
            starting.cancel()
            await asyncio.wait([starting], timeout=_SWALLOWED_SECONDS)
