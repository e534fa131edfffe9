"""How the runtime starts a Kafka client: a start that is cancelled leaves no connection open."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

_LOOK_SECONDS = 0.005
_SWALLOWED_SECONDS = 0.5
"""The client library swallows some cancellations: after so long it gets another."""


async def start(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Start a client; whatever happens meanwhile, its `stop` closes all of it.

    aiokafka loses its first connection when it is cancelled before Kafka has told it there which brokers there are. A
    cancellation therefore takes effect once they are known or the start has ended, and at once when it comes again.
    """
    connections = client.client if isinstance(client, AIOKafkaProducer) else client._client  # noqa: SLF001 - it tells nobody else
    starting = asyncio.ensure_future(client.start())
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        while not (starting.done() or connections.cluster.brokers()):
            await asyncio.sleep(_LOOK_SECONDS)
        raise
    finally:
        while not starting.done():
            starting.cancel()
            await asyncio.wait([starting], timeout=_SWALLOWED_SECONDS)
