"""Two tiny agents that answer each other across partitions, as orders and credit do; every step leaves a trace.

`words` counts amounts per word, asks the word's group to count them too, and notes the answer. `groups` counts per
group. A word that has been silent for a while says so.
"""

from __future__ import annotations

from typing import NamedTuple

import orjson

from hub.runtime.spec import AgentSpec, Record
from hub.runtime.work import Work

WORDS_IN, WORDS_OUT, WORDS_STATE, WORDS_REKEYED = "words.in", "words.out", "words.state", "words.rekeyed"
REQUESTS, ANSWERS = "groups.requests", "groups.answers"
GROUPS_STATE, GROUPS_REKEYED = "groups.state", "groups.rekeyed"
SILENCE_MS = 1_500


class Word(NamedTuple):
    """State of a word: values counted, their sum, and how many of them its group has answered."""

    values: int
    total: int
    answered: int


class Group(NamedTuple):
    """State of a group."""

    values: int
    total: int


def group_of(word: bytes) -> bytes:
    """Words that end alike are of one group."""
    return b"group-" + word[-2:]


class Words:
    """Input: the word's own number of the value, and the value, as a JSON list."""

    def on_record(self, work: Work[Word], record: Record) -> None:
        if record.key is None:
            work.refuse(record, "no-key", "a value without a word")
            return
        if not work.owns(record.key):
            work.forward(record, record.key)
            return
        try:
            number, *rest = orjson.loads(record.value or b"")
        except (orjson.JSONDecodeError, TypeError, ValueError) as error:
            work.refuse(record, "unreadable", str(error))
            return
        word = record.key.decode()
        old = work.get(record.key) or Word(0, 0, 0)
        if record.topic == ANSWERS:
            new = old._replace(answered=old.answered + 1)
            work.emit(WORDS_OUT, record.key, orjson.dumps([word, "answered", number, new.answered]))
        else:
            new = old._replace(values=old.values + 1, total=old.total + rest[0])
            work.emit(WORDS_OUT, record.key, orjson.dumps([word, "counted", number, new.values, new.total]))
            work.emit(REQUESTS, group_of(record.key), orjson.dumps([word, number, rest[0]]))
        due_ms = int(work.now.timestamp() * 1000) + SILENCE_MS
        work.put(record.key, new, due_ms=due_ms, label="even" if new.values % 2 == 0 else "odd")

    def on_timer(self, work: Work[Word], key: bytes, due_ms: int) -> None:
        state = work.get(key)
        assert state is not None, (key, due_ms)
        work.emit(WORDS_OUT, key, orjson.dumps([key.decode(), "silent", state.values, state.answered]))

    def encode(self, state: Word) -> bytes:
        return orjson.dumps(list(state))

    def decode(self, raw: bytes) -> Word:
        return Word(*orjson.loads(raw))


class Groups:
    """Input: a word, the word's own number of the value, and the value, as a JSON list."""

    def on_record(self, work: Work[Group], record: Record) -> None:
        assert record.key is not None
        word, number, value = orjson.loads(record.value or b"")
        old = work.get(record.key) or Group(0, 0)
        new = Group(old.values + 1, old.total + value)
        work.put(record.key, new)
        work.emit(ANSWERS, word.encode(), orjson.dumps([number, new.values, new.total]))

    def on_timer(self, work: Work[Group], key: bytes, due_ms: int) -> None:
        raise AssertionError(f"no timer of {key!r} was ever set in {work.partition}, yet it was due at {due_ms}")

    def encode(self, state: Group) -> bytes:
        return orjson.dumps(list(state))

    def decode(self, raw: bytes) -> Group:
        return Group(*orjson.loads(raw))


WORDS: AgentSpec[Word] = AgentSpec(
    name="words",
    sources=(WORDS_IN, ANSWERS),
    outputs=(WORDS_OUT, REQUESTS),
    changelog=WORDS_STATE,
    handler=Words(),
    rekey=WORDS_REKEYED,
)
GROUPS: AgentSpec[Group] = AgentSpec(
    name="groups",
    sources=(REQUESTS,),
    outputs=(ANSWERS,),
    changelog=GROUPS_STATE,
    handler=Groups(),
    rekey=GROUPS_REKEYED,
)
AGENTS = (WORDS, GROUPS)
