"""Faust's consumer, as far as it is ours: nothing read is dropped on the way, and what may be committed is known."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from faust.types import TP, Message

from hub.runtime.reader import Batch
from hub.runtime.spec import RuntimeConfig
from hub.runtime.transport import BatchApp, BatchConsumer
from tests.support.fetched import batch

HERE = TP("in", 0)
THERE = TP("in", 1)


class Thread:
    """Stands in for the thread that talks to Kafka."""

    def __init__(self) -> None:
        self.answers: list[list[Batch]] = []
        self.fetches: list[tuple[set[TP], float]] = []
        self.stays = 0
        self.epoch = 0

    async def open(self, _: TP, offset: int) -> tuple[int, int]:
        self.epoch += 1
        return self.epoch, offset

    async def fetch(self, active: set[TP], timeout: float) -> list[Batch]:  # noqa: ASYNC109
        self.fetches.append((set(active), timeout))
        await asyncio.sleep(0)
        return self.answers.pop(0) if self.answers else []

    async def stay(self) -> None:
        self.stays += 1

    def assignment(self) -> set[TP]:
        return {HERE, THERE}


@pytest.fixture
async def consumer(tmp_path: Path) -> AsyncIterator[BatchConsumer]:
    app = BatchApp("test", broker="kafka://nowhere", store="memory://", web_enabled=False)
    app.config = RuntimeConfig("test", "nowhere", tmp_path)
    consumer = cast("BatchConsumer", app.consumer)
    thread_loop = consumer._thread.thread_loop
    consumer._thread = cast("Any", Thread())
    consumer._set_active_tps({HERE, THERE})
    yield consumer
    thread_loop.close()


def _thread(consumer: BatchConsumer) -> Thread:
    return cast("Thread", consumer._thread)


async def _drain(consumer: BatchConsumer, rounds: int) -> list[Batch]:
    """What Faust's fetcher delivers in so many rounds."""
    delivered: list[Batch] = []

    async def callback(message: Message) -> None:
        delivered.append(cast("Batch", message.value))

    class Fetcher:
        class _stopped:  # noqa: N801 - as Faust names it
            @staticmethod
            def is_set() -> bool:
                return len(_thread(consumer).fetches) >= rounds

    consumer.callback = callback
    await asyncio.wait_for(consumer._drain_messages(cast("Any", Fetcher())), 10)
    return delivered


async def _open(consumer: BatchConsumer, *tps: TP) -> None:
    for tp in tps or (HERE, THERE):
        await consumer.open(tp, 0)


async def test_what_is_read_again_is_delivered_again(consumer: BatchConsumer) -> None:
    await _open(consumer, HERE)
    first, again, rest = batch(range(100)), batch(range(50), epoch=2), batch(range(50, 100), epoch=2, number=1)
    _thread(consumer).answers = [[first], [again], [rest]]
    assert await _drain(consumer, 3) == [first, again, rest]


async def test_only_opened_partitions_are_read(consumer: BatchConsumer) -> None:
    await _open(consumer, THERE)
    await _drain(consumer, 1)
    consumer.resume_partitions({HERE, THERE})
    await _drain(consumer, 2)
    assert [active for active, _ in _thread(consumer).fetches] == [{THERE}, {THERE}]


async def test_nothing_is_read_after_closing_until_it_is_opened(consumer: BatchConsumer) -> None:
    await _open(consumer)
    consumer.close_all()
    consumer.resume_partitions({HERE, THERE})
    await _open(consumer, HERE)
    await _drain(consumer, 1)
    assert _thread(consumer).fetches[0][0] == {HERE}


async def test_a_worker_that_reads_nothing_tells_the_group_that_it_is_well(consumer: BatchConsumer) -> None:
    consumer._wake.set()
    assert [message async for message in consumer.getmany(0.01)] == []
    assert _thread(consumer).fetches == []
    assert _thread(consumer).stays == 1


async def test_a_full_partition_is_read_no_more_until_there_is_room(consumer: BatchConsumer) -> None:
    await _open(consumer)
    consumer.on_buffer_full(HERE)
    await _drain(consumer, 1)
    consumer.on_buffer_drop(HERE)
    await _drain(consumer, 2)
    (short, long) = _thread(consumer).fetches
    assert short[0] == {THERE}
    assert long[0] == {HERE, THERE}
    assert short[1] < long[1]


@pytest.mark.parametrize("after", ["reopened", "gone"])
async def test_a_partition_that_filled_up_while_it_was_closed_hurries_nobody(
    consumer: BatchConsumer, after: str
) -> None:
    await _open(consumer)
    consumer.close_all()
    consumer.on_buffer_full(HERE)
    await _open(consumer, *([HERE, THERE] if after == "reopened" else [THERE]))
    await _drain(consumer, 1)
    ((active, patience),) = _thread(consumer).fetches
    assert HERE in active or after == "gone"
    assert patience >= 0.1


async def test_the_offset_to_commit_is_the_one_behind_the_last_acknowledged_whatever_lies_between(
    consumer: BatchConsumer,
) -> None:
    consumer.app.topics.acking_topics.add("in")
    await _open(consumer, HERE)
    for offsets in (range(10), range(12, 20), range(25, 30)):
        message = consumer._message(batch(offsets))
        message.incref()
        message.ack(consumer)
    assert consumer._new_offset(HERE) == 30
    assert consumer._new_offset(HERE) is None
    assert not consumer._acked[HERE]
    assert not consumer._acked_index[HERE]
