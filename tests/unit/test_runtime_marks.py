"""Marks of states: how many bear each and which is the oldest, at any time and without looking at all of them."""

from __future__ import annotations

from hub.runtime.marks import Mark, Marked, pack, unpack

LATE, LOST = ("late", "logistics"), ("lost", "")


def test_states_are_counted_by_what_is_the_matter_with_them() -> None:
    marked = Marked()
    marked.put(b"a", (Mark(LATE, 10), Mark(LOST, 5)))
    marked.put(b"b", (Mark(LATE, 7),))
    assert (marked.counts[LATE], marked.counts[LOST]) == (2, 1)
    assert (marked.oldest_ms(LATE), marked.oldest_ms(LOST)) == (7, 5)


def test_the_oldest_is_found_again_when_it_is_over_or_began_anew() -> None:
    marked = Marked()
    marked.put(b"a", (Mark(LATE, 10),))
    marked.put(b"b", (Mark(LATE, 7),))
    marked.put(b"b", (Mark(LATE, 20),))
    assert marked.oldest_ms(LATE) == 10
    marked.put(b"a", ())
    assert marked.oldest_ms(LATE) == 20
    marked.put(b"b", ())
    assert marked.oldest_ms(LATE) is None
    assert marked.counts[LATE] == 0
    assert len(marked) == 0


def test_what_is_over_and_begins_again_at_the_same_time_is_counted_once() -> None:
    marked = Marked()
    for _ in range(3):
        marked.put(b"a", (Mark(LATE, 10),))
        marked.put(b"a", ())
    marked.put(b"a", (Mark(LATE, 10),))
    assert (marked.counts[LATE], marked.oldest_ms(LATE)) == (1, 10)


def test_a_hundred_thousand_that_come_and_go_behind_an_old_one_take_no_room() -> None:
    marked = Marked()
    marked.put(b"old", (Mark(LATE, 1),))
    for number in range(100_000):
        marked.put(b"%d" % number, (Mark(LATE, 2 + number),))
        marked.put(b"%d" % number, ())
    assert marked.oldest_ms(LATE) == 1
    assert len(marked._heaps[LATE]) < 100


def test_marks_come_back_as_they_were() -> None:
    marks = (Mark(LATE, 1_700_000_000_000), Mark(("größer",), 0))
    assert unpack(pack(marks)) == marks
