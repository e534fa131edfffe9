"""Somebody outside the hub at work: is told what was committed, and answers a little later."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from msgspec import Struct

from connectors.base import Event
from connectors.publishing import Publisher


class Behaviour(Protocol):
    """Who answers."""

    def take(self, message: Struct) -> tuple[str, float | None]:
        """What the message is about, and seconds until there is something to say about it; None for never."""

    def report(self, subject: str, now: datetime) -> tuple[Sequence[Event], float | None]:
        """What there is to say about a subject now, and seconds until there is more."""


class Actor:
    """Plays a behaviour: says what it says when it says it, by tasks of the group."""

    def __init__(self, behaviour: Behaviour, publisher: Publisher, tasks: asyncio.TaskGroup) -> None:
        self._behaviour = behaviour
        self._publisher = publisher
        self._tasks = tasks
        self._pending: dict[str, asyncio.Task[None]] = {}

    def take(self, message: Struct) -> None:
        """A message was committed."""
        subject, seconds = self._behaviour.take(message)
        if pending := self._pending.pop(subject, None):
            pending.cancel()
        if seconds is not None:
            self._pending[subject] = self._tasks.create_task(self._speak(subject, seconds))

    async def _speak(self, subject: str, seconds: float | None) -> None:
        """Say one thing after another; what was begun to be sent is sent, even when the subject changes meanwhile."""
        while seconds is not None:
            await asyncio.sleep(seconds)
            events, seconds = self._behaviour.report(subject, datetime.now(UTC))
            for event in events:
                self._tasks.create_task(self._send(event))

    async def _send(self, event: Event) -> None:
        await (await self._publisher.submit(event))
