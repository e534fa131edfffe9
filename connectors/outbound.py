"""What every outbound connector is: records that were committed in, their effect in the world outside.

It gets them in batches, in the order of each partition, and keeps how far it has come together with what it did. One
driver reads for all of them: the next batch is fetched when the last one is dealt with, so whoever is slow holds back
the reading and nothing piles up.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from connectors.reading import Place, Reader
from hub.codec import Codec
from hub.domain.model import Frozen
from hub.errors import CodecError, TopicError
from hub.runtime.spec import Record

O = TypeVar("O")  # noqa: E741 - an outcome
O_co = TypeVar("O_co", covariant=True)
S = TypeVar("S", bound=Frozen)


class Outbound(Protocol[O_co]):
    """Takes records to those they are meant for."""

    @property
    def topics(self) -> Sequence[str]:
        """What it wants to read."""
        ...

    @property
    def news(self) -> Collection[str]:
        """Of which of them, when it reads them for the first time, it wants only what comes from then on."""
        ...

    @property
    def anew(self) -> str:
        """How to let it begin anew, for a person: when what it has read is not what the topic holds any more."""
        ...

    def positions(self) -> Mapping[Place, int]:
        """Where to go on: the offset after the last one kept, by topic and partition."""
        ...

    def keep(self, positions: Mapping[Place, int]) -> None:
        """Go on from there, also after a crash."""
        ...

    def take(self, records: Sequence[Record]) -> AsyncIterator[O_co]:
        """Deal with records, and say what became of them. At its end their positions are kept.

        It is called with none at the beginning, and whenever nothing came for a while.
        """
        ...


async def carry(
    reader: Reader,
    outbound: Outbound[O],
    *,
    follow: bool,
    warn: Callable[[str], None],
) -> AsyncGenerator[O, None]:
    """Let `outbound` take all that the topics hold from where it stopped; with `follow`, what comes after as well.

    `warn` is told what was lost.

    Raises:
        BrokerError: Kafka does not answer.
        TopicError: a topic is not as declared, or it was truncated or made anew since it was read.
    """
    topics = outbound.topics
    await reader.check(topics)
    positions = dict(outbound.positions())
    spans = await reader.spans(topics)
    for (topic, partition), (begin, end) in spans.items():
        position = positions.get((topic, partition))
        if position is None:
            if topic in outbound.news:
                positions[topic, partition] = end
        elif position > end:
            raise TopicError(
                f"{topic}[{partition}] ends at offset {end}, but all before {position} was read from it: the topic was "
                f"truncated or made anew. Restore it, or {outbound.anew}."
            )
        elif position < begin:
            warn(f"{topic}[{partition}]: offsets {position} to {begin - 1} were deleted before they were read.")
    if outbound.news:
        outbound.keep(positions)
    async for outcome in outbound.take(()):
        yield outcome
    async for batch in reader.after(topics, positions, follow=follow):
        async for outcome in outbound.take(batch):
            yield outcome


def after(records: Iterable[Record]) -> dict[Place, int]:
    """The positions when these records have been dealt with."""
    return {(record.topic, record.partition): record.offset + 1 for record in records}


def decoded(codec: Codec, struct: type[S], record: Record) -> S:
    """The message of a record. Raises CodecError, naming its place."""
    try:
        return codec.decode_as(struct, record.value)
    except CodecError as error:
        place = f"{record.topic}[{record.partition}]@{record.offset}"
        raise CodecError(
            error.reason, f"{place} cannot be read: {error} Update the hub if a newer one wrote it."
        ) from error
