"""Batches become transactions in order, none missing, none twice, none from before the last opening."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import HandlerError
from hub.runtime.inbox import Inbox, Portion
from hub.runtime.poison import Suspect
from tests.support.fetched import batch

EVERYTHING = 1_000_000


class Watched(Inbox):
    """An inbox whose calls for more and for less are written down."""

    def __init__(self, *topics: str, capacity: int = 10) -> None:
        self.calls: list[tuple[str, str]] = []
        super().__init__(
            topics or ("in",),
            capacity,
            full=lambda topic: self.calls.append(("full", topic)),
            room=lambda topic: self.calls.append(("room", topic)),
        )


def _offsets(portions: list[Portion]) -> list[int]:
    return [record.offset for portion in portions for record in portion.records]


def _opened(*topics: str, capacity: int = 1_000) -> Watched:
    inbox = Watched(*(topics or ("in",)), capacity=capacity)
    for topic in topics or ("in",):
        inbox.open(topic, 1)
    return inbox


def test_batches_are_taken_in_the_order_they_came() -> None:
    inbox = _opened("a", "b")
    inbox.put(batch(range(3), topic="a"))
    inbox.put(batch(range(5, 7), topic="b"))
    inbox.put(batch(range(3, 4), topic="a", number=1))
    portions, skipped = inbox.take(EVERYTHING, {}, None)
    assert [portion.topic for portion in portions] == ["a", "b", "a"]
    assert _offsets(portions) == [0, 1, 2, 5, 6, 3]
    assert skipped == 0
    assert not inbox


def test_a_batch_before_any_opening_is_dropped() -> None:
    inbox = Watched()
    inbox.put(batch(range(3)))
    assert not inbox
    assert inbox.waiting("in") == 0


def test_a_batch_of_an_earlier_opening_is_dropped() -> None:
    inbox = _opened()
    inbox.open("in", 2)
    inbox.put(batch(range(3), epoch=1, number=0))
    inbox.put(batch(range(3), epoch=2, number=0))
    inbox.put(batch(range(3, 6), epoch=1, number=1))
    assert _offsets(inbox.take(EVERYTHING, {}, None)[0]) == [0, 1, 2]


@pytest.mark.parametrize("number", [0, 2], ids=["twice", "gap"])
def test_a_batch_out_of_turn_is_an_error(number: int) -> None:
    inbox = _opened()
    inbox.put(batch(range(3), number=0))
    with pytest.raises(HandlerError, match=rf"batch {number} of in\[0\] came where 1 was due"):
        inbox.put(batch(range(3, 6), number=number))


def test_nothing_is_left_after_a_reset() -> None:
    inbox = _opened(capacity=2)
    inbox.put(batch(range(3)))
    inbox.reset()
    inbox.put(batch(range(3, 6), number=1))
    assert not inbox
    assert inbox.waiting("in") == 0
    inbox.open("in", 2)
    inbox.put(batch(range(3), epoch=2))
    assert inbox.calls == [("full", "in"), ("full", "in")]


def test_a_batch_is_finished_only_with_its_last_record() -> None:
    inbox = _opened()
    whole = batch(range(5))
    inbox.put(whole)
    (first,), _ = inbox.take(3, {}, None)
    assert (_offsets([first]), first.finished) == ([0, 1, 2], None)
    (second,), _ = inbox.take(3, {}, None)
    assert _offsets([second]) == [3, 4]
    assert second.finished is whole


def test_applied_records_are_skipped_and_counted() -> None:
    inbox = _opened()
    inbox.put(batch(range(5)))
    portions, skipped = inbox.take(EVERYTHING, {"in": 2}, None)
    assert (_offsets(portions), skipped) == ([3, 4], 3)


def test_a_batch_applied_as_a_whole_is_still_finished() -> None:
    inbox = _opened()
    whole = batch(range(5))
    inbox.put(whole)
    portions, skipped = inbox.take(EVERYTHING, {"in": 4}, None)
    assert portions == [Portion("in", [], whole)]
    assert skipped == 5
    assert not inbox


def test_the_applied_offset_of_one_topic_says_nothing_of_another() -> None:
    inbox = _opened("a", "b")
    inbox.put(batch(range(3), topic="a"))
    inbox.put(batch(range(3), topic="b"))
    portions, _ = inbox.take(EVERYTHING, {"a": 2}, None)
    assert [(portion.topic, len(portion.records)) for portion in portions] == [("a", 0), ("b", 3)]


def test_a_full_topic_says_so_once_and_asks_for_more_at_half() -> None:
    inbox = _opened("a", "b", capacity=4)
    inbox.put(batch(range(3), topic="a"))
    inbox.put(batch(range(3), topic="b"))
    assert inbox.calls == []
    inbox.put(batch(range(3, 5), topic="a", number=1))
    inbox.put(batch(range(5, 7), topic="a", number=2))
    assert inbox.calls == [("full", "a")]
    inbox.take(4, {}, None)
    assert inbox.waiting("a") == 4
    assert inbox.calls == [("full", "a")]
    inbox.take(5, {}, None)
    assert inbox.waiting("a") == 1
    assert inbox.calls == [("full", "a"), ("room", "a")]


def test_a_few_large_records_fill_a_topic_as_many_small_ones_do() -> None:
    inbox = _opened()
    for number in range(4):
        inbox.put(batch(range(number * 3, number * 3 + 3), number=number, size=6_000_000))
    assert inbox.calls == [("full", "in")]
    inbox.take(8, {}, None)
    assert inbox.calls == [("full", "in")]
    inbox.take(1, {}, None)
    assert inbox.calls == [("full", "in"), ("room", "in")]


def test_around_a_suspect_transactions_are_small_and_the_clean_records_go_first() -> None:
    inbox = _opened()
    inbox.put(batch(range(100)))
    inbox.put(batch(range(100, 110), number=1))
    suspect = Suspect({"in": (10, 73)}, 64, 1)
    sizes = []
    while inbox:
        portions, _ = inbox.take(EVERYTHING, {}, suspect)
        assert len(portions) == 1
        sizes.append(len(portions[0].records))
    assert sizes == [10, *[2] * 32, 26, 10]


def test_a_transaction_of_a_suspect_mixes_no_topics() -> None:
    inbox = _opened("a", "b")
    inbox.put(batch(range(2), topic="a"))
    inbox.put(batch(range(2), topic="b"))
    portions, _ = inbox.take(EVERYTHING, {}, Suspect({"c": (0, 9)}, 10, 1))
    assert [portion.topic for portion in portions] == ["a"]


@st.composite
def _arrivals(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    """(topic, first offset, length) of batches, with gaps between them as transaction markers leave."""
    next_offset = {"a": 0, "b": 0}
    found = []
    for _ in range(draw(st.integers(1, 12))):
        topic = draw(st.sampled_from(["a", "b"]))
        first = next_offset[topic] + draw(st.integers(0, 2))
        length = draw(st.integers(1, 9))
        next_offset[topic] = first + length
        found.append((topic, first, length))
    return found


def _limits(sizes: list[int]) -> Iterator[int]:
    while True:
        yield from sizes


@given(
    _arrivals(),
    st.lists(st.integers(1, 12), min_size=1, max_size=6),
    st.integers(-1, 30),
    st.none() | st.tuples(st.integers(0, 30), st.integers(0, 9), st.integers(1, 99)),
    st.integers(1, 20),
)
def test_every_record_beyond_the_applied_offset_is_taken_once_in_order(
    arrivals: list[tuple[str, int, int]],
    sizes: list[int],
    applied: int,
    suspected: tuple[int, int, int] | None,
    capacity: int,
) -> None:
    inbox = _opened("a", "b", capacity=capacity)
    suspect = suspected and Suspect({"a": (suspected[0], suspected[0] + suspected[1])}, suspected[2], 1)
    numbers = {"a": 0, "b": 0}
    wanted: dict[str, list[int]] = {"a": [], "b": []}
    for topic, first, length in arrivals:
        inbox.put(batch(range(first, first + length), topic=topic, number=numbers[topic]))
        numbers[topic] += 1
        wanted[topic] += [offset for offset in range(first, first + length) if topic == "b" or offset > applied]
    taken: dict[str, list[int]] = {"a": [], "b": []}
    finished = 0
    skipped = 0
    for limit in _limits(sizes):
        if not inbox:
            break
        portions, count = inbox.take(limit, {"a": applied}, suspect or None)
        skipped += count
        assert sum(len(portion.records) for portion in portions) <= limit
        for portion in portions:
            taken[portion.topic] += _offsets([portion])
            finished += portion.finished is not None
    assert taken == wanted
    assert finished == len(arrivals)
    assert skipped == sum(length for _, _, length in arrivals) - len(taken["a"]) - len(taken["b"])
    assert (inbox.waiting("a"), inbox.waiting("b")) == (0, 0)
    assert inbox.calls.count(("full", "a")) == inbox.calls.count(("room", "a"))
