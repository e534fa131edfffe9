"""What every outbound connector is: records that were committed in, their effect in the world outside.

It gets them in batches, in the order of each partition, and keeps how far it has come together with what it did. One
driver reads for all of them: the next batch is fetched when the last one is dealt with, so whoever is slow holds back
the reading and nothing piles up.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from connectors.meter import Meter, Outcome
from connectors.reading import Place, Position, Reader
from hub.codec import Codec
from hub.domain.model import Frozen
from hub.errors import CodecError, TopicError
from hub.runtime.spec import Record

O = TypeVar("O", bound=Outcome)  # noqa: E741 - an outcome
O_co = TypeVar("O_co", bound=Outcome, covariant=True)
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

    def positions(self) -> Mapping[Place, Position]:
        """Where to go on, by topic and partition."""
        ...

    def keep(self, positions: Mapping[Place, Position]) -> None:
        """Go on from there, also after a crash."""
        ...

    def take(self, records: Sequence[Record]) -> AsyncIterator[O_co]:
        """Deal with records, and say what became of them. At its end their positions are kept.

        It is called with none at the beginning, and whenever nothing came for a while.
        """
        ...

    def waiting(self) -> int:
        """How many messages it has kept to send."""
        ...


async def carry(
    reader: Reader,
    outbound: Outbound[O],
    *,
    follow: bool,
    warn: Callable[[str], None],
    meter: Meter,
) -> AsyncGenerator[O, None]:
    """Let `outbound` take all that the topics hold from where it stopped; with `follow`, what comes after as well.

    `warn` is told what was lost, `meter` how much was read and how much is left.

    Raises:
        BrokerError: Kafka does not answer.
        TopicError: a topic is not as declared, or it was truncated or made anew since it was read.
    """
    topics = outbound.topics
    await reader.check(topics)
    reached = dict(outbound.positions())
    spans = await reader.spans(topics)
    for place, (begin, end) in spans.items():
        position = reached.get(place)
        if position is None:
            if place[0] in outbound.news:
                reached[place] = Position(end)
        elif position.next > end:
            raise _anew(outbound, place, f"ends at offset {end}, but all before {position.next} was read from it")
        elif position.next < begin:
            warn(f"{_named(place)}: offsets {position.next} to {begin - 1} were deleted before they were read.")
    if outbound.news:
        outbound.keep(reached)
    async for outcome in outbound.take(()):
        yield outcome
    starts = {place: position.next - (position.timestamp >= 0) for place, position in reached.items()}
    async for batch in reader.after(topics, starts, follow=follow, behind=meter.behind):
        records = [record for record in batch if not _is_read(record, reached, outbound)]
        async for outcome in outbound.take(records):
            yield outcome
        meter.took(records)


def _is_read(record: Record, reached: Mapping[Place, Position], outbound: Outbound[Outcome]) -> bool:
    """Whether it is the record that was read last. Raises TopicError if another stands in its place."""
    place = record.topic, record.partition
    position = reached.get(place)
    if position is None or record.offset >= position.next:
        return False
    if record.timestamp != position.timestamp:
        raise _anew(outbound, place, f"has another record at offset {record.offset} than was read from it")
    return True


def _anew(outbound: Outbound[Outcome], place: Place, what: str) -> TopicError:
    return TopicError(f"{_named(place)} {what}: the topic was truncated or made anew. Restore it, or {outbound.anew}.")


def _named(place: Place) -> str:
    return f"{place[0]}[{place[1]}]"


def after(records: Iterable[Record]) -> dict[Place, Position]:
    """The positions when these records have been dealt with."""
    return {(each.topic, each.partition): Position(each.offset + 1, each.timestamp) for each in records}


def decoded(codec: Codec, struct: type[S], record: Record) -> S:
    """The message of a record. Raises CodecError, naming its place."""
    try:
        return codec.decode_as(struct, record.value)
    except CodecError as error:
        place = f"{record.topic}[{record.partition}]@{record.offset}"
        raise CodecError(
            error.reason, f"{place} cannot be read: {error} Update the hub if a newer one wrote it."
        ) from error
