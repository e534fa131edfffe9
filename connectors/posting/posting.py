"""Records to messages, messages to a receiver: kept first, then sent, as often as it takes and it is allowed to take.

Nothing is sent before it is kept together with the position of its record. A message may arrive twice, when the process
ends between its arrival and the note of it; it has the same id then.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal, Protocol

from connectors.outbound import after
from connectors.posting.backoff import Backoff
from connectors.posting.queue import Letter, Message, Queue
from connectors.reading import Place, Position
from hub.errors import ConfigError
from hub.runtime.spec import Record

MOST_WAITING = 1_000
"""Messages that wait while records are still read; a batch of records may come on top."""
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one try."""

    outcome: Literal["sent", "later", "refused", "passed", "stop"]
    """later: try again. refused: trying again is no use. passed: there is nobody to send it to. stop: the receiver
    wants nothing any more; what waits stays."""
    reason: str = ""
    after: float | None = None
    """Seconds the receiver asks to be left alone."""
    seconds: float | None = None
    """How long the try took; None if there was none."""


Fate = Literal["sent", "waiting", "dead", "passed", "stopped", "would-send"]


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of one try, for a person."""

    receiver: str
    letter: Letter
    outcome: Fate
    tries: int
    reason: str = ""
    seconds: float | None = None
    """How long the try took; None if there was none."""
    count: int = 1


class Post(Protocol):
    """What is sent where, and how."""

    @property
    def name(self) -> str:
        """Of the receiver."""
        ...

    @property
    def topics(self) -> Sequence[str]:
        """What it is made from."""
        ...

    @property
    def news(self) -> Sequence[str]:
        """Those of them whose past is nothing to a receiver that is new."""
        ...

    @property
    def at_once(self) -> int:
        """How many messages may be on their way at a time."""
        ...

    def letters(self, record: Record) -> Iterator[Letter]:
        """What a record has to say to the receiver. Raises CodecError."""
        ...

    async def send(self, messages: Sequence[Message]) -> Sequence[Answer]:
        """Try to send these, each of another key; an answer for each. Raises ConfigError if none can ever be sent."""
        ...


class Posting:
    """One receiver's messages, through a queue of its own."""

    def __init__(
        self,
        post: Post,
        queue: Queue,
        backoff: Backoff,
        *,
        random: Random,
        clock: Callable[[], float] = time.time,
        from_beginning: bool = False,
        once: bool = False,
        dry_run: bool = False,
    ) -> None:
        """`from_beginning`: a receiver that is new gets all that the topics hold. `once`: end where there is no room
        for more, instead of waiting for it. `dry_run`: only tell.
        """
        self.topics = post.topics
        self.news = () if from_beginning else post.news
        self.anew = f"have {post.name} begin anew: delete its file in the state directory"
        self._post = post
        self._queue = queue
        self._backoff = backoff
        self._random = random
        self._clock = clock
        self._once = once
        self._dry_run = dry_run
        self._stopped = False

    def positions(self) -> Mapping[Place, Position]:
        """As the queue has them."""
        return self._queue.positions()

    def keep(self, positions: Mapping[Place, Position]) -> None:
        """Without any message."""
        self._queue.commit(positions)

    def waiting(self) -> int:
        """As the queue has them."""
        return self._queue.waiting()

    async def take(self, records: Sequence[Record]) -> AsyncIterator[Posted]:
        """Keep what the records have to say, and send what is due; go on when there is room for more.

        Raises ConfigError: nothing can be sent, or with `once` that there is no room.
        """
        if self._dry_run:
            for record in records:
                for letter in self._post.letters(record):
                    yield Posted(self._post.name, letter, "would-send", 0)
            return
        for record in records:
            self._queue.put(self._post.letters(record))
        if records:
            self._queue.commit(after(records))
        while True:
            async for posted in self._due():
                yield posted
            if not records or (waiting := self._queue.waiting()) < MOST_WAITING:
                return
            if self._once:
                raise ConfigError(f"{waiting} messages wait for {self._post.name}; when they are gone, it is read on.")
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _due(self) -> AsyncIterator[Posted]:
        while not self._stopped and (messages := self._queue.due(self._clock(), self._post.at_once)):
            answers = await self._post.send(messages)
            told = [self._note(message, answer) for message, answer in zip(messages, answers, strict=True)]
            self._queue.commit()
            for posted in told:
                yield posted

    def _note(self, message: Message, answer: Answer) -> Posted:
        tries, reason = message.tries + 1, answer.reason
        outcome: Fate = "dead"
        match answer.outcome:
            case "sent" | "passed":
                self._queue.done(message.number)
                outcome = answer.outcome
            case "stop":
                self._stopped = True
                outcome = "stopped"
            case "later" if (wait := self._backoff.wait(tries, answer.after, self._random)) is not None:
                self._queue.later(message.number, self._clock() + wait, reason)
                outcome, reason = "waiting", f"{reason}; again in {wait:.0f} s"
            case _:
                self._queue.give_up(message.number, reason)
        return Posted(self._post.name, message.letter, outcome, tries, reason, answer.seconds)
