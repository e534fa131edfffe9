"""Sends the script: the customers' terms, then every order when its time comes."""

from __future__ import annotations

import asyncio
from datetime import datetime

from connectors.base import key_of
from connectors.publishing import Publisher
from hub.codec import Codec
from hub.config import Settings
from hub.demo import script
from hub.runtime.partitioner import partition_of


async def introduce(settings: Settings, now: datetime, *, orders: int) -> None:
    """Make the customers known to the hub; they are when this returns and a worker has read that far."""
    async with Publisher(settings.kafka_client(), Codec.load(), settings.partitions) as publisher:
        for event in script.terms(now, orders):
            await (await publisher.submit(event))


async def perform(settings: Settings, now: datetime, *, orders: int, seconds: float, seed: int) -> None:
    """Send every cue of the script at its time; returns when Kafka has all of them."""
    async with Publisher(settings.kafka_client(), Codec.load(), settings.partitions) as publisher:
        clock = asyncio.get_running_loop().time
        begin = clock()
        answers = []
        for cue in script.play(now, orders=orders, seconds=seconds, seed=seed):
            await asyncio.sleep(max(0.0, begin + cue.at - clock()))
            partition = None
            if cue.wrong_partition:
                partition = (partition_of(key_of(cue.event).encode(), settings.partitions) + 1) % settings.partitions
            answers.append(await publisher.submit(cue.event, partition=partition))
        await asyncio.gather(*answers)
