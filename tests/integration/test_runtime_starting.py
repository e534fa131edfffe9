"""A client that is let go while it starts leaves no connection open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiokafka.conn import AIOKafkaConnection
from aiokafka.structs import TopicPartition

from hub.runtime.producer import PartitionProducer
from hub.runtime.recovery import _log_ends
from hub.runtime.spec import APPLIED_TOPIC, RuntimeConfig
from tests.support.runtime import PATIENCE


async def _a_producer(config: RuntimeConfig) -> None:
    producer = PartitionProducer(config, "cut-short", 0)
    try:
        await producer.start()
    finally:
        await producer.stop()


async def _a_consumer(config: RuntimeConfig) -> None:
    await _log_ends(config, [TopicPartition(APPLIED_TOPIC, 0)])


@pytest.fixture
def config(kafka: str, unique: Callable[[str], str], tmp_path: Path) -> RuntimeConfig:
    return RuntimeConfig(app_id=unique("cut"), bootstrap=kafka, data_dir=tmp_path)


@pytest.mark.parametrize("use", [_a_producer, _a_consumer])
@pytest.mark.parametrize("question", ["ApiVersionRequest", "MetadataRequest"])
async def test_a_start_that_is_cut_short_leaves_no_connection_open(
    use: Callable[[RuntimeConfig], Awaitable[None]],
    question: str,
    config: RuntimeConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connections: list[AIOKafkaConnection] = []
    asked = asyncio.Event()
    send = AIOKafkaConnection.send

    def noting(self: AIOKafkaConnection, request: object, expect_response: bool = True) -> Awaitable[object]:  # noqa: FBT001, FBT002 - as the library has it
        connections.append(self)
        if type(request).__name__ == question:
            asked.set()
        answer: Awaitable[object] = send(self, request, expect_response)
        return answer

    monkeypatch.setattr(AIOKafkaConnection, "send", noting)
    using = asyncio.ensure_future(use(config))
    async with asyncio.timeout(PATIENCE):
        await asked.wait()
    using.cancel()
    await asyncio.wait([using])
    assert using.cancelled()
    assert not any(connection.connected() for connection in connections)
