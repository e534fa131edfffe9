"""`hub worker` with agents of the tests' choice or a safety taken out: `python -m tests.chaos.worker AGENTS MUTANT`.

The mutants are what the oracle is tried on: with each of them there is damage to see.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any
from unittest.mock import AsyncMock, patch

from aiokafka.structs import TopicPartition
from faust.types import TP

from hub import app
from hub.cli import worker
from hub.runtime import inbox, producer, reader
from tests.chaos import relay


def without_fence() -> None:
    """The transactional id is the process's own, so that nobody is fenced by whoever comes after."""
    original = producer.PartitionProducer.__init__

    def own_id(self: producer.PartitionProducer, config: Any, agent: str, partition: int) -> None:
        original(self, config, f"{agent}-{os.getpid()}", partition)

    patch.object(producer.PartitionProducer, "__init__", own_id).start()


def without_applied_offsets() -> None:
    """Nothing is skipped as applied: reading goes on where the consumer group has committed last."""
    take, open_at = inbox.Inbox.take, reader.BatchConsumerThread._open

    def take_all(self: inbox.Inbox, limit: int, _applied: Any, suspect: Any) -> Any:
        return take(self, limit, {}, suspect)

    async def open_committed(self: reader.BatchConsumerThread, tp: TP, _offset: int) -> tuple[int, int]:
        committed = await self._ensure_consumer().committed(TopicPartition(tp.topic, tp.partition))
        return await open_at(self, tp, committed or 0)

    patch.object(inbox.Inbox, "take", take_all).start()
    patch.object(reader.BatchConsumerThread, "_open", open_committed).start()


def as_it_is() -> None:
    """Nothing is taken out."""


MUTANTS: Mapping[str, Callable[[], None]] = {
    "none": as_it_is,
    "no-fence": without_fence,
    "no-applied-offsets": without_applied_offsets,
}


def main(agents: str, mutant: str) -> None:
    """Run `hub worker`."""
    MUTANTS[mutant]()
    if agents == "relay":
        patch.object(app, "publish_rules", AsyncMock()).start()
        patch.object(app, "create_agents", lambda _settings, _rules: relay.AGENTS).start()
    worker.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
