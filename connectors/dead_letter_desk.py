"""Refused records sent again or given up, each once: done and written down in one transaction.

Whoever begins fences whoever was at it before, and then reads what was decided: so nothing is decided twice, by two
people at a time or by one who was killed in the middle and begins again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Literal, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerFenced

from connectors.dead_letters import AGAIN, DeadLetter, Wanted, choose, read_letters
from connectors.reading import Reader
from hub.codec import Codec
from hub.config import Settings
from hub.domain.dead_letters import LetterDecided
from hub.errors import BrokerError, HubError
from hub.kafka_refusals import forbidden
from hub.topics import HUB_DEAD_LETTER, HUB_DEAD_LETTER_AUDIT, MAX_DEAD_LETTER_BYTES, TOPICS

Action = Literal["replayed", "dropped"]

_AT_ONCE = 100
"""Letters in one transaction."""


def objection(letter: DeadLetter, action: Action) -> str:
    """Why it cannot be done to a letter, empty if it can."""
    if letter.decided is not None:
        decided = letter.decided
        return f"it was {decided.action} by {decided.by} at {decided.decided_at:%Y-%m-%d %H:%M:%S}"
    if action == "replayed" and letter.offset < 0:
        return "it is no record but a due time of the order, which cannot be sent again"
    if action == "replayed" and letter.topic not in TOPICS:
        return f"{letter.topic!r} is no topic of the hub"
    return ""


class Desk:
    """Decides about dead letters; there is one at a time."""

    def __init__(self, settings: Settings, codec: Codec) -> None:
        self._codec = codec
        self._reader = Reader(settings.kafka_client(), settings.partitions)
        self._settings = settings
        self._open: AIOKafkaProducer | None = None

    async def __aenter__(self) -> Self:
        """Raises BrokerError or TopicError when Kafka or a topic is not as it should be."""
        settings = self._settings
        await self._reader.check([HUB_DEAD_LETTER, HUB_DEAD_LETTER_AUDIT])
        self._open = AIOKafkaProducer(
            **settings.kafka_client(),
            transactional_id=f"{settings.app_id}-dead-letters",
            transaction_timeout_ms=settings.transaction_timeout_ms,
            max_request_size=MAX_DEAD_LETTER_BYTES,
            acks="all",
        )
        try:
            await self._open.start()
        except KafkaError as error:
            await self._open.stop()
            raise self._failed(error) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._producer.stop()

    @property
    def _producer(self) -> AIOKafkaProducer:
        if self._open is None:
            raise RuntimeError("a desk is used inside `async with`")
        return self._open

    async def letters(self, wanted: Wanted) -> list[DeadLetter]:
        """Those that are wanted, as they stand since everybody else was fenced. Raises HubError for an unknown one."""
        return choose(await read_letters(self._reader, self._codec), wanted)

    async def decide(
        self, letters: Iterable[DeadLetter], action: Action, *, by: str, reason: str, now: datetime
    ) -> AsyncIterator[LetterDecided]:
        """Do it to letters that have no `objection`; yields each when it is done for good.

        Raises:
            HubError: somebody else has begun meanwhile, or Kafka does not answer; what was yielded is done.
        """
        waiting = list(letters)
        for begin in range(0, len(waiting), _AT_ONCE):
            several = waiting[begin : begin + _AT_ONCE]
            try:
                async with self._producer.transaction():
                    places = await self._replay(several, by, reason) if action == "replayed" else [None] * len(several)
                    done = [
                        LetterDecided(
                            letter=letter.name,
                            action=action,
                            by=by,
                            reason=reason,
                            decided_at=now,
                            code=letter.code,
                            replayed_offset=place,
                        )
                        for letter, place in zip(several, places, strict=True)
                    ]
                    for each in done:
                        await self._producer.send(HUB_DEAD_LETTER_AUDIT, self._codec.encode(each), each.letter.encode())
            except ProducerFenced as error:
                raise HubError(
                    "Somebody else has begun to decide about dead letters: what they left is decided when this is run "
                    "again."
                ) from error
            except KafkaError as error:
                raise self._failed(error) from error
            for each in done:
                yield each

    async def _replay(self, letters: Sequence[DeadLetter], by: str, reason: str) -> list[int]:
        """Send the letters' records to where they came from; the offsets they have there."""
        sent = []
        for letter in letters:
            why = {"letter": letter.name, "by": by, "reason": reason}
            headers = [*letter.headers, *((f"{AGAIN}{name}", text.encode()) for name, text in why.items())]
            record = letter.record
            sent.append(
                await self._producer.send(
                    letter.topic, record.value, record.key, partition=letter.partition, headers=headers
                )
            )
        return [(await each).offset for each in sent]

    def _failed(self, error: KafkaError) -> BrokerError:
        return BrokerError(
            forbidden(self._settings.kafka_client(), error)
            or f"Kafka at {self._settings.kafka_bootstrap} did not take it ({type(error).__name__}): run it again, "
            "what was done stays done and is not done twice."
        )
