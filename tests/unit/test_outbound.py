"""What all connectors out have in common: where they go on, and what they say when that cannot be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pytest

from connectors.meter import Meter
from connectors.outbound import after, carry
from connectors.reading import Place, Position, Reader
from hub.errors import TopicError
from hub.metrics import SenderMetrics
from hub.runtime.spec import Record
from tests.support.fetched import record

TOPIC = "settlements"


class Log:
    """A reader of one partition that holds the offsets from `begin` to before `end`."""

    def __init__(self, begin: int, end: int) -> None:
        self._begin, self._end = begin, end

    async def check(self, topics: Sequence[str]) -> None:
        assert [*topics] == [TOPIC]

    async def spans(self, topics: Sequence[str]) -> Mapping[Place, tuple[int, int]]:
        return {(topic, 0): (self._begin, self._end) for topic in topics}

    async def after(
        self,
        topics: Sequence[str],
        positions: Mapping[Place, int],
        *,
        behind: Callable[[Mapping[str, int]], None],
        **_: Any,
    ) -> AsyncIterator[list[Record]]:
        begin = max(positions.get((topics[0], 0), 0), self._begin)
        yield []
        behind({TOPIC: 7})
        yield [record(offset, b"K", topic=TOPIC) for offset in range(begin, self._end)]


@dataclass
class Took:
    """These offsets at once."""

    offsets: list[int]
    count: int = 1
    outcome: str = "written"
    seconds: float | None = None


class Taker:
    """Keeps what it took."""

    topics = (TOPIC,)
    news: Sequence[str] = ()
    anew = "begin anew"

    def __init__(self, position: Position | None = None) -> None:
        self.kept: dict[Place, Position] = {} if position is None else {(TOPIC, 0): position}

    def positions(self) -> Mapping[Place, Position]:
        return self.kept

    def keep(self, positions: Mapping[Place, Position]) -> None:
        self.kept |= positions

    async def take(self, records: Sequence[Record]) -> AsyncIterator[Took]:
        if records:
            yield Took([each.offset for each in records])
        self.keep(after(records))

    def waiting(self) -> int:
        return 0


async def carried(log: Log, taker: Taker, metrics: SenderMetrics | None = None) -> tuple[list[list[int]], list[str]]:
    warnings: list[str] = []
    meter = Meter(metrics or SenderMetrics(), "sql", "")
    taken = carry(cast("Reader", log), taker, follow=False, warn=warnings.append, meter=meter)
    return [each.offsets async for each in taken], warnings


async def test_it_goes_on_where_it_stopped() -> None:
    taker = Taker(Position(3))
    assert await carried(Log(0, 5), taker) == ([[3, 4]], [])
    assert taker.kept == after([record(4, topic=TOPIC)])


async def test_a_topic_that_is_shorter_than_what_was_read_of_it_is_told_with_what_to_do() -> None:
    with pytest.raises(TopicError, match=r"settlements\[0\] ends at offset 5, but all before 9 .* or begin anew\."):
        await carried(Log(0, 5), Taker(Position(9)))


async def test_a_topic_that_was_made_anew_and_has_grown_longer_is_told_by_its_record_at_the_same_place() -> None:
    assert await carried(Log(0, 9), Taker(after([record(4, topic=TOPIC)])[TOPIC, 0])) == ([[5, 6, 7, 8]], []), (
        "the same record is read once"
    )
    with pytest.raises(TopicError, match=r"settlements\[0\] has another record at offset 4 .* or begin anew\."):
        await carried(Log(0, 9), Taker(Position(5, 1)))


async def test_what_was_deleted_before_it_was_read_is_told_and_the_rest_goes_on() -> None:
    taken, warnings = await carried(Log(4, 6), Taker(Position(1)))
    assert taken == [[4, 5]]
    assert warnings == ["settlements[0]: offsets 1 to 3 were deleted before they were read."]


async def test_what_a_topic_held_before_is_passed_over_if_only_new_records_are_wanted() -> None:
    taker = Taker()
    taker.news = [TOPIC]
    assert await carried(Log(0, 5), taker) == ([], [])
    assert taker.kept == {(TOPIC, 0): Position(5)}
    assert await carried(Log(0, 7), taker) == ([[5, 6]], [])


async def test_what_was_dealt_with_and_what_is_left_is_counted_by_topic() -> None:
    metrics = SenderMetrics()
    await carried(Log(0, 5), Taker(after([record(1, topic=TOPIC)])[TOPIC, 0]), metrics)
    labels = {"sender": "sql", "receiver": "", "topic": TOPIC}
    assert metrics.registry.get_sample_value("hub_sender_records_total", labels) == 3, "what was read before is not"
    assert metrics.registry.get_sample_value("hub_sender_lag_records", labels) == 7


def test_what_became_of_things_is_counted_by_its_words_and_timed_if_it_was_tried() -> None:
    metrics = SenderMetrics()
    meter = Meter(metrics, "webhooks", "shop")
    meter.became(Took([], outcome="sent", seconds=0.3))
    meter.became(Took([], outcome="written", count=40, seconds=0.3))
    meter.became(Took([], outcome="passed"))
    meter.waits(9)
    labels = {"sender": "webhooks", "receiver": "shop"}
    value = metrics.registry.get_sample_value
    outcomes = {each: value("hub_sender_outcomes_total", {**labels, "outcome": each}) for each in ("sent", "written")}
    assert outcomes == {"sent": 1, "written": 40}
    assert value("hub_sender_try_seconds_count", labels) == 2
    assert value("hub_sender_try_seconds_sum", labels) == 0.6
    assert value("hub_sender_waiting_messages", labels) == 9
