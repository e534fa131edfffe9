"""A transaction while it is being built: it sees its own writes, and nobody else sees any of it before it commits."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.runtime.marks import Mark
from hub.runtime.partitioner import partition_of
from hub.runtime.spec import APPLIED_TOPIC
from hub.runtime.store import Entry, Store
from hub.runtime.work import StateCache, Work, trace_context
from tests.support.fetched import record
from tests.wordcount import Count, spec

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PARTITIONS = 4
HERE = b"w0"
PARTITION = partition_of(HERE, PARTITIONS)
ELSEWHERE = next(key for key in (b"w%d" % i for i in range(99)) if partition_of(key, PARTITIONS) != PARTITION)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "0")
    store.write({b"old": Entry(b"[1,10]", 777, "odd")}, applied={}, checkpoints={})
    yield store
    store.close()


@pytest.fixture
def cache() -> StateCache:
    return StateCache(100)


def _work(store: Store, cache: StateCache) -> Work[Count]:
    return Work(spec(), PARTITION, PARTITIONS, now=NOW, store=store, cache=cache)


def test_a_transaction_sees_its_own_writes(store: Store, cache: StateCache) -> None:
    work = _work(store, cache)
    assert work.get(b"old") == Count(1, 10)
    work.put(b"old", Count(2, 20))
    assert work.get(b"old") == Count(2, 20)
    work.put(b"old", None)
    assert work.get(b"old") is None
    assert work.get(b"new") is None


def test_nothing_of_a_dropped_transaction_is_seen_by_the_next(store: Store, cache: StateCache) -> None:
    dropped = _work(store, cache)
    dropped.put(b"old", Count(2, 20))
    dropped.put(b"new", Count(1, 1))
    dropped.seal()
    after = _work(store, cache)
    assert after.get(b"old") == Count(1, 10)
    assert after.get(b"new") is None


def test_a_published_transaction_is_seen_by_the_next_without_the_store(store: Store, cache: StateCache) -> None:
    work = _work(store, cache)
    work.put(b"new", Count(1, 1), due_ms=5, label="odd")
    work.put(b"old", None)
    entries = work.seal()
    store.write(entries, applied={}, checkpoints={}, known=work.replaced())
    work.publish()
    after = _work(store, cache)
    assert after.get(b"new") == Count(1, 1)
    assert after.due_ms(b"new") == 5
    assert after.get(b"old") is None


def test_sealing_gives_the_store_and_the_changelog_the_same(store: Store, cache: StateCache) -> None:
    work = _work(store, cache)
    marks = (Mark(("late", "a"), 7),)
    work.put(b"new", Count(1, 1), due_ms=5, label="odd", marks=marks)
    work.put(b"plain", Count(2, 2))
    work.put(b"old", None)
    assert work.seal() == {b"new": Entry(b"[1,1]", 5, "odd", marks), b"plain": Entry(b"[2,2]"), b"old": None}
    assert dict(work.outputs) == {
        ("wc.state", PARTITION): [
            (b"new", b"[1,1]", [("hub-due-ms", b"5"), ("hub-label", b"odd"), ("hub-marks", b'[[["late","a"],7]]')]),
            (b"plain", b"[2,2]", []),
            (b"old", None, []),
        ]
    }


def test_a_transaction_that_did_nothing_has_nothing_to_send(store: Store, cache: StateCache) -> None:
    work = _work(store, cache)
    work.get(b"old")
    assert work.seal() == {}
    work.send_applied({}, {})
    assert not work.outputs


def test_what_the_cache_knows_of_replaced_states_agrees_with_the_store(store: Store, cache: StateCache) -> None:
    work = _work(store, cache)
    work.put(b"unread", Count(1, 1))
    work.get(b"old")
    work.put(b"old", Count(2, 20), label="even")
    assert work.replaced() == {b"old": (777, "odd")}
    store.write(work.seal(), applied={}, checkpoints={}, known=work.replaced())
    assert +store.labels == Counter({"even": 1, "": 1})
    assert store.next_due_ms is None


def test_a_message_goes_to_the_partition_of_its_key(store: Store, cache: StateCache) -> None:
    work = _work(store, cache)
    work.emit("wc.out", HERE, b"1")
    work.emit("wc.out", ELSEWHERE, b"2", [("h", b"v")])
    assert dict(work.outputs) == {
        ("wc.out", PARTITION): [(HERE, b"1", [])],
        ("wc.out", partition_of(ELSEWHERE, PARTITIONS)): [(ELSEWHERE, b"2", [("h", b"v")])],
    }


def test_a_message_carries_the_trace_of_the_record_that_led_to_it(store: Store, cache: StateCache) -> None:
    parent = ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    work = _work(store, cache)
    work.trace = trace_context([("other", b"x"), parent, ("tracestate", b"a=" + b"b" * 600)])
    work.emit("out", HERE, b"1", [("own", b"y")])
    work.trace = []
    work.emit("out", HERE, b"2")
    ((_, _, traced), (_, _, plain)) = work.outputs["out", PARTITION]
    assert traced == [("own", b"y"), parent]
    assert plain == []


def test_a_refused_record_keeps_every_byte_and_its_headers_in_order(store: Store, cache: StateCache) -> None:
    work = _work(store, cache)
    headers = [("same", b"1"), ("same", b"2"), ("raw", b"\xff\0")]
    work.refuse(record(9, b"\xffkey", b"\0value", partition=2, headers=headers), "odd-value", "größer als erlaubt")
    (message,) = work.outputs["hub.dead-letter", PARTITION]
    assert message == (
        b"\xffkey",
        b"\0value",
        [
            *headers,
            ("hub-dlq-code", b"odd-value"),
            ("hub-dlq-reason", "größer als erlaubt".encode()),
            ("hub-dlq-topic", b"in"),
            ("hub-dlq-partition", b"2"),
            ("hub-dlq-offset", b"9"),
            ("hub-dlq-agent", b"wc"),
        ],
    )
    work.refuse(record(10, None, None), "odd-value", "no key")
    assert work.refused == {("in", "odd-value"): 2}
    assert [output[:2] for output in work.outputs["hub.dead-letter", PARTITION]][1] == (None, None)


def test_keys_of_other_partitions_are_not_owned(store: Store, cache: StateCache) -> None:
    work = _work(store, cache)
    assert work.owns(HERE)
    assert not work.owns(ELSEWHERE)
    cache.update({HERE: (Count(1, 1), 0, "", (), b"")})
    assert work.owns(HERE)


def test_a_forwarded_record_keeps_its_bytes_and_says_where_it_lay(store: Store, cache: StateCache) -> None:
    work = _work(store, cache)
    work.forward(record(9, b"\xff", b"\0value", partition=2, headers=[("h", b"v")]), ELSEWHERE)
    target = partition_of(ELSEWHERE, PARTITIONS)
    assert dict(work.outputs) == {
        ("wc.rekeyed", target): [
            (
                ELSEWHERE,
                b"\0value",
                [
                    ("h", b"v"),
                    ("hub-since-ms", b"1700000000000"),
                    ("hub-rekeyed-topic", b"in"),
                    ("hub-rekeyed-partition", b"2"),
                    ("hub-rekeyed-offset", b"9"),
                ],
            )
        ]
    }
    assert work.forwarded == 1


def test_a_disarmed_timer_is_due_no_more_and_leaves_the_state(store: Store, cache: StateCache) -> None:
    work = _work(store, cache)
    assert work.due_ms(b"old") == 777
    work.disarm(b"old")
    assert work.due_ms(b"old") == 0
    assert work.get(b"old") == Count(1, 10)
    assert work.seal() == {b"old": Entry(b"[1,10]", 0, "odd")}
    work.disarm(b"gone")
    assert work.due_ms(b"gone") == 0


def test_a_state_may_be_made_from_the_one_it_replaces_and_the_bytes_of_that(store: Store, cache: StateCache) -> None:
    asked = []

    def rewrite(state: Count, old: Count, written: bytes) -> bytes:
        asked.append((state, old, written))
        return b"again"

    agent = dataclasses.replace(spec(), rewrite=rewrite)

    def sealed(*keys: bytes) -> dict[bytes, bytes]:
        work = Work(agent, PARTITION, PARTITIONS, now=NOW, store=store, cache=cache)
        for key in keys:
            state = work.get(key)
            work.put(key, Count(1, 11) if state is None else Count(state.count + 1, state.total))
        entries = work.seal()
        work.publish()
        return {key: entry.raw for key, entry in entries.items() if entry}

    assert sealed(b"old", b"new") == {b"old": b"again", b"new": b"[1,11]"}
    assert sealed(b"old", b"new") == {b"old": b"again", b"new": b"again"}
    assert asked == [
        (Count(2, 10), Count(1, 10), b"[1,10]"),
        (Count(3, 10), Count(2, 10), b"again"),
        (Count(2, 11), Count(1, 11), b"[1,11]"),
    ]


@pytest.mark.parametrize("due_ms", [-1, 1 << 63])
def test_a_due_time_that_no_store_can_hold_is_an_error_before_anything_is_sent(
    store: Store, cache: StateCache, due_ms: int
) -> None:
    with pytest.raises(ValueError, match="due time"):
        _work(store, cache).put(b"new", Count(1, 1), due_ms=due_ms)


def test_a_label_that_no_store_can_hold_is_an_error_before_anything_is_sent(store: Store, cache: StateCache) -> None:
    with pytest.raises(ValueError, match="label"):
        _work(store, cache).put(b"new", Count(1, 1), label="x" * 64)


def test_applied_offsets_go_to_the_partition_they_speak_of(store: Store, cache: StateCache) -> None:
    work = _work(store, cache)
    work.send_applied({"a": 5, "b": 7}, {"a": 50, "b": 70})
    assert dict(work.outputs) == {
        (APPLIED_TOPIC, PARTITION): [
            (b"wc/a", b"5", [("hub-input-ms", b"50")]),
            (b"wc/b", b"7", [("hub-input-ms", b"70")]),
        ]
    }


def test_the_cache_forgets_the_states_not_touched_for_longest() -> None:
    cache = StateCache(2)
    for key in (b"a", b"b", b"c", b"d"):
        cache.update({key: (key, 0, "", (), b"")})
    assert cache.get(b"a") is None
    assert cache.get(b"c") == (b"c", 0, "", (), b"")
    cache.update({b"e": (b"e", 0, "", (), b"")})
    cache.update({b"f": (b"f", 0, "", (), b"")})
    assert cache.get(b"d") is None
    assert cache.get(b"c") == (b"c", 0, "", (), b"")


def test_a_state_that_is_gone_does_not_come_back_from_the_older_generation() -> None:
    cache = StateCache(2)
    cache.update({b"a": (b"a", 0, "", (), b""), b"b": (b"b", 0, "", (), b"")})
    cache.update({b"a": None})
    assert cache.get(b"a") is None
    cache.update({b"c": (b"c", 0, "", (), b"")})
    assert cache.get(b"a") is None
