"""A record that ends the process is closed in on, and refused once it did so alone often enough."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.runtime.poison import BadTimer, Suspect, decode

RANGES = st.dictionaries(
    st.text(min_size=1, max_size=20),
    st.tuples(st.integers(0, 2**60), st.integers(0, 1_000)).map(lambda span: (span[0], span[0] + span[1])),
    min_size=1,
    max_size=4,
)


@given(RANGES, st.integers(1, 10_000), st.integers(1, 100))
def test_a_note_survives_the_store(ranges: dict[str, tuple[int, int]], size: int, count: int) -> None:
    suspect = Suspect(ranges, size, count)
    assert decode(suspect.encode()) == suspect


@given(st.binary(max_size=40), st.integers(0, 2**62), st.integers(1, 100))
def test_the_note_of_a_timer_survives_the_store(key: bytes, due_ms: int, failures: int) -> None:
    note = BadTimer(key, due_ms, failures)
    assert decode(note.encode()) == note
    assert note.failed(key, due_ms) == failures
    assert note.failed(key, due_ms + 1) == note.failed(key + b"!", due_ms) == 0


def test_no_note_is_no_suspect() -> None:
    assert decode(None) is None
    assert decode(b"") is None


@given(st.integers(1, 100_000))
def test_ever_smaller_transactions_end_at_a_single_record(size: int) -> None:
    steps = 0
    while size > 1:
        smaller = Suspect({"in": (0, size)}, size, 1).next_size
        assert 1 <= smaller < size
        size = smaller
        steps += 1
    assert steps <= 4


def test_only_the_records_of_the_failed_transaction_are_suspected() -> None:
    suspect = Suspect({"in": (10, 20)}, 11, 1)
    assert [suspect.covers("in", offset) for offset in (9, 10, 20, 21)] == [False, True, True, False]
    assert not suspect.covers("other", 15)


def test_what_has_passed_is_suspected_no_more() -> None:
    suspect = Suspect({"in": (10, 20), "other": (3, 4)}, 13, 1)
    assert suspect.cleared_up_to("in", 19) == suspect
    left = suspect.cleared_up_to("in", 20)
    assert left is not None
    assert left.ranges == {"other": (3, 4)}
    assert left.cleared_up_to("other", 4) is None


def test_failures_count_only_for_a_record_that_was_alone() -> None:
    alone = Suspect({"in": (7, 7)}, 1, 2)
    assert alone.failed_alone("in", 7) == 2
    assert alone.failed_alone("in", 8) == 0
    assert alone.failed_alone("other", 7) == 0
    assert Suspect({"in": (7, 8)}, 2, 2).failed_alone("in", 7) == 0
