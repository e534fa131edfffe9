"""Documents in order to Kafka, or nowhere when only checked: what became of each is told as soon as it is known.

At most `WAITING` documents are read and not yet acknowledged, however fast they come and however slow Kafka is.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

from connectors.base import Accepted, Problem, Read, Refusal
from connectors.publishing import Placed, Publisher
from hub.codec import Codec
from hub.errors import CodecError

WAITING = 1_000

Tell = Callable[[Read, Placed | None], None]
"""Told of every document in order, with the place it is at if it was sent."""


@dataclass(frozen=True, slots=True)
class _Handed:
    """A document on its way; `answer` is Kafka's, None when it is not sent."""

    document: Read
    answer: Awaitable[Placed] | None = None


async def send(documents: Iterator[Read], publisher: Publisher | None, codec: Codec, tell: Tell) -> None:
    """Send every document and wait until Kafka has it; without a publisher only encode it.

    Raises BrokerError, and what `documents` and `tell` raise.
    """
    waiting: asyncio.Queue[_Handed | None] = asyncio.Queue(WAITING)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_told(waiting, tell))
            async for document in from_thread(documents):
                await waiting.put(await _hand_over(document, publisher, codec))
            await waiting.put(None)
    except ExceptionGroup as group:
        left = [waiting.get_nowait() for _ in range(waiting.qsize())]
        await asyncio.gather(*(each.answer for each in left if each and each.answer), return_exceptions=True)
        raise group.exceptions[0] from None


async def _hand_over(document: Read, publisher: Publisher | None, codec: Codec) -> _Handed:
    if not isinstance(document, Accepted):
        return _Handed(document)
    try:
        if publisher is None:
            codec.encode(document.event)
            return _Handed(document)
        return _Handed(document, await publisher.submit(document.event))
    except CodecError as error:
        return _Handed(Refusal(document.where, (Problem("", str(error)),), b""))


async def _told(waiting: asyncio.Queue[_Handed | None], tell: Tell) -> None:
    """Say what became of every document, in order, as soon as it is known."""
    while handed := await waiting.get():
        tell(handed.document, await handed.answer if handed.answer else None)


async def from_thread(items: Iterator[Read]) -> AsyncIterator[Read]:
    """The items, drawn in a thread: a pipe that brings nothing for a while does not hold up what is under way."""
    loop = asyncio.get_running_loop()
    ready: deque[Read | Exception | None] = deque()
    arrived = asyncio.Event()
    room = threading.Semaphore(WAITING)

    def hand(item: Read | Exception | None) -> None:
        room.acquire()
        ready.append(item)
        if len(ready) <= 1:  # else the reader is awake, or was just told
            loop.call_soon_threadsafe(arrived.set)

    def draw() -> None:
        try:
            for item in items:
                hand(item)
            hand(None)
        except Exception as error:  # noqa: BLE001 - raised again where the items are used
            hand(error)

    threading.Thread(target=draw, daemon=True, name="documents").start()
    while True:
        while not ready:  # the event may be left from an item that is taken already
            arrived.clear()
            await arrived.wait()
        item = ready.popleft()
        room.release()
        if item is None:
            return
        if isinstance(item, Exception):
            raise item
        yield item
