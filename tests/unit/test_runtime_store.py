"""The local state of a partition: what was written is there, at once or not at all, after whatever happened."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hub.errors import ConfigError
from hub.runtime.marks import Mark
from hub.runtime.store import Entry, Store

NOTHING: dict[str, int] = {}
FAR = 1 << 62


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "agent" / "0")
    yield store
    store.close()


def _write(store: Store, **entries: Entry | None) -> None:
    store.write({key.encode(): entry for key, entry in entries.items()}, applied=NOTHING, checkpoints=NOTHING)


def test_a_state_comes_back_with_its_due_time_and_label(store: Store) -> None:
    _write(store, a=Entry(b"\0raw\xff", 123, "größer"), b=Entry(b""))
    assert store.get(b"a") == Entry(b"\0raw\xff", 123, "größer")
    assert store.get(b"b") == Entry(b"", 0, "")
    assert store.get(b"c") is None


def test_a_deleted_state_takes_its_timer_and_label_along(store: Store) -> None:
    _write(store, a=Entry(b"1", 100, "open"), b=Entry(b"1", 200, "open"))
    _write(store, a=None)
    assert store.get(b"a") is None
    assert +store.labels == Counter(open=1)
    assert store.due(FAR, 10) == [(200, b"b")]
    assert store.next_due_ms == 200


def test_deleting_what_is_not_there_changes_nothing(store: Store) -> None:
    _write(store, a=None)
    assert list(store) == []
    assert store.next_due_ms is None


def test_timers_come_in_the_order_of_their_due_times_and_none_too_early(store: Store) -> None:
    _write(store, late=Entry(b"", 300), early=Entry(b"", 100), never=Entry(b""), middle=Entry(b"", 200))
    assert store.next_due_ms == 100
    assert store.due(99, 10) == []
    assert store.due(100, 10) == [(100, b"early")]
    assert store.due(299, 10) == [(100, b"early"), (200, b"middle")]
    assert store.due(299, 1) == [(100, b"early")]
    assert store.due(FAR, 10) == [(100, b"early"), (200, b"middle"), (300, b"late")]


def test_a_moved_timer_is_due_at_its_new_time_only(store: Store) -> None:
    _write(store, a=Entry(b"", 100))
    _write(store, a=Entry(b"", 500))
    assert store.due(499, 10) == []
    assert store.due(500, 10) == [(500, b"a")]
    _write(store, a=Entry(b"", 50))
    assert store.next_due_ms == 50
    assert store.due(FAR, 10) == [(50, b"a")]


def test_one_key_may_begin_with_another_and_hold_any_byte(store: Store) -> None:
    keys = [b"", b"a", b"a\0", b"a\0b", b"\xff" * 9, b"t", b"s", b"mmeta"]
    store.write({key: Entry(key, 7) for key in keys}, applied=NOTHING, checkpoints=NOTHING)
    assert [key for key, _ in store] == sorted(keys)
    assert store.due(7, 99) == [(7, key) for key in sorted(keys)]


def test_what_the_caller_knows_of_the_replaced_states_spares_looking_them_up(store: Store) -> None:
    _write(store, a=Entry(b"1", 100, "open"))
    store.write(
        {b"a": Entry(b"2", 0, "closed")},
        applied=NOTHING,
        checkpoints=NOTHING,
        known={b"a": (100, "open")},
    )
    assert +store.labels == Counter(closed=1)
    assert store.due(FAR, 10) == []


def test_everything_is_there_after_reopening(tmp_path: Path) -> None:
    store = Store(tmp_path / "0")
    entry = Entry(b"1", 9, "x", (Mark(("late",), 3),))
    store.write({b"a": entry}, applied={"in": 5}, input_ms={"in": 4_000}, checkpoints={"log": 7})
    store.write({}, applied={"other": 6}, checkpoints={"log": 8}, at_ms=5_000)
    store.write({}, applied={}, checkpoints={})
    store.mark_attempt(b"note")
    store.close()
    again = Store(tmp_path / "0")
    assert again.get(b"a") == entry
    assert (again.marked.counts["late",], again.marked.oldest_ms(("late",))) == (1, 3)
    assert again.applied == {"in": 5, "other": 6}
    assert again.input_ms == {"in": 4_000}
    assert again.checkpoints == {"log": 8}
    assert again.labels == Counter(x=1)
    assert again.next_due_ms == 9
    assert again.written_ms == 5_000
    assert again.attempt == b"note"
    again.close()


def test_a_cleared_note_is_gone(store: Store) -> None:
    store.mark_attempt(b"note")
    store.clear_attempt()
    assert store.attempt is None


def test_nothing_is_there_after_a_wipe(store: Store) -> None:
    store.write({b"a": Entry(b"1", 9, "x")}, applied={"in": 5}, checkpoints={"log": 7})
    store.mark_attempt(b"note")
    store.wipe()
    assert list(store) == []
    assert (store.applied, store.checkpoints, +store.labels) == ({}, {}, Counter())
    assert store.next_due_ms is None
    assert store.attempt is None


def test_a_database_held_by_another_is_a_sentence(store: Store) -> None:
    with pytest.raises(ConfigError, match=rf"the state directory {store.path} cannot be opened: .*HUB_DATA_DIR"):
        Store(store.path)


def test_a_directory_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="HUB_DATA_DIR"):
        Store(tmp_path / "file" / "0")


def test_a_damaged_database_is_begun_anew(tmp_path: Path) -> None:
    store = Store(tmp_path / "0")
    store.write({b"a": Entry(b"1")}, applied={"in": 5}, checkpoints={"log": 7})
    store.close()
    for manifest in (tmp_path / "0").glob("MANIFEST-*"):
        manifest.write_bytes(b"\xff" * 100)
    again = Store(tmp_path / "0")
    assert again.checkpoints == {}
    assert again.get(b"a") is None
    again.close()


KEYS = st.sampled_from([b"a", b"aa", b"b", b"\0", b"\xff\xff", b"t\0"])
ENTRIES = st.builds(
    Entry,
    raw=st.binary(max_size=5),
    due_ms=st.sampled_from([0, 0, 1, 2, 3, 50, 2**40]),
    label=st.sampled_from(["", "open", "closed"]),
    marks=st.lists(
        st.builds(Mark, st.sampled_from([("late", "a"), ("lost", "b")]), st.integers(0, 5)),
        max_size=2,
        unique_by=lambda mark: mark.labels,
    ).map(tuple),
)


class StoreLikeADict(RuleBasedStateMachine):
    """Whatever is done to a store, it answers as a dict of its entries would."""

    @initialize()
    def begin(self) -> None:
        self.home = Path(tempfile.mkdtemp())
        self.store = Store(self.home / "0")
        self.model: dict[bytes, Entry] = {}
        self.applied: dict[str, int] = {}

    @rule(
        changes=st.dictionaries(KEYS, st.none() | ENTRIES, max_size=4),
        applied=st.dictionaries(st.sampled_from(["x", "y"]), st.integers(0, 99)),
        told=st.booleans(),
    )
    def write(self, changes: dict[bytes, Entry | None], applied: dict[str, int], told: bool) -> None:  # noqa: FBT001
        known = {key: self.model[key][1:3] for key in changes if key in self.model} if told else {}
        self.store.write(changes, applied=applied, checkpoints={}, known=known)
        for key, entry in changes.items():
            if entry is None:
                self.model.pop(key, None)
            else:
                self.model[key] = entry
        self.applied |= applied

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = Store(self.home / "0")

    @rule()
    def wipe(self) -> None:
        self.store.wipe()
        self.model.clear()
        self.applied.clear()

    @rule(now=st.sampled_from([0, 1, 2, 3, 49, 50, 2**41]), limit=st.integers(1, 4))
    def due(self, now: int, limit: int) -> None:
        expected = sorted((entry.due_ms, key) for key, entry in self.model.items() if 0 < entry.due_ms <= now)
        assert self.store.due(now, limit) == expected[:limit]

    @invariant()
    def agrees(self) -> None:
        assert dict(self.store) == self.model
        assert self.store.applied == self.applied
        assert +self.store.labels == Counter(entry.label for entry in self.model.values())
        marks = [mark for entry in self.model.values() for mark in entry.marks]
        assert +self.store.marked.counts == Counter(mark.labels for mark in marks)
        for labels in self.store.marked.counts:
            since = (mark.since_ms for mark in marks if mark.labels == labels)
            assert self.store.marked.oldest_ms(labels) == min(since, default=None)
        assert self.store.next_due_ms == min((e.due_ms for e in self.model.values() if e.due_ms), default=None)

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.home)


TestStoreLikeADict = StoreLikeADict.TestCase
TestStoreLikeADict.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
