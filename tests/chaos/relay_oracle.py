"""What the two tiny agents must have made of their input, whatever happened to the workers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from hub.runtime.partitioner import partition_of
from hub.runtime.spec import Record
from tests.chaos import relay
from tests.chaos.verdict import Verdict
from tests.support.places import DeadLetter, dead_letters, place_of

Records = Mapping[str, Sequence[Record]]


class Input(NamedTuple):
    """A value of a word as it was sent."""

    word: str
    number: int
    value: int
    well_keyed: bool


def examine(records: Records, partitions: int) -> Verdict:
    """Hold every output and state against the inputs; all from the committed view."""
    inputs, unreadable = _sort_out(records[relay.WORDS_IN], partitions)
    verdict = Verdict(events=len(records[relay.WORDS_IN]))
    steps = [(each.word, each.number) for each in inputs]
    words = _steps(records[relay.WORDS_OUT])
    for kind in ("counted", "answered"):
        verdict.expect_once(kind, steps, [(word, step[2]) for word in words for step in words[word] if step[1] == kind])
    requests = [orjson.loads(record.value or b"") for record in records[relay.REQUESTS]]
    verdict.expect_once("request", steps, [(word, number) for word, number, _ in requests])
    answers = [(_text(record), *orjson.loads(record.value or b"")) for record in records[relay.ANSWERS]]
    verdict.expect_once("answer", steps, [(word, number) for word, number, *_ in answers])
    verdict.expect_once("dead letter", unreadable, dead_letters(records["hub.dead-letter"]))
    _examine_words(verdict, inputs, words)
    _examine_groups(verdict, inputs, answers)
    _examine_states(verdict, inputs, records)
    return verdict


def settled(records: Records) -> bool:
    """Whether every word has said that it is silent."""
    return all(steps[-1][1] == "silent" for steps in _steps(records[relay.WORDS_OUT]).values())


def _sort_out(records: Sequence[Record], partitions: int) -> tuple[list[Input], list[DeadLetter]]:
    inputs, unreadable = [], []
    for record in records:
        if record.key is None:
            unreadable.append(DeadLetter(place_of(record), "no-key", record.key, record.value))
            continue
        well_keyed = partition_of(record.key, partitions) == record.partition
        try:
            number, value = orjson.loads(record.value or b"")
        except orjson.JSONDecodeError:
            assert well_keyed
            unreadable.append(DeadLetter(place_of(record), "unreadable", record.key, record.value))
        else:
            inputs.append(Input(_text(record), number, value, well_keyed))
    return inputs, unreadable


def _steps(records: Sequence[Record]) -> dict[str, list[list[Any]]]:
    """What was said about each word, in order."""
    steps: defaultdict[str, list[list[Any]]] = defaultdict(list)
    for record in records:
        steps[_text(record)].append(orjson.loads(record.value or b""))
    return steps


def _examine_words(verdict: Verdict, inputs: Sequence[Input], words: Mapping[str, list[list[Any]]]) -> None:
    """Each word's steps follow from one another, in the order of its inputs."""
    values = {(each.word, each.number): each for each in inputs}
    for word, steps in words.items():
        count = total = answered = last_number = 0
        silent = False
        for _, kind, number, *figures in steps:
            match kind:
                case "counted":
                    count, total = count + 1, total + values[word, number].value if (word, number) in values else total
                    right = figures == [count, total]
                    if (word, number) in values and values[word, number].well_keyed:
                        right = right and number > last_number
                        last_number = number
                case "answered":
                    answered += 1
                    right = figures == [answered]
                case _:
                    right = not silent and [number, *figures] == [count, answered]
            silent = kind == "silent"
            if not right:
                verdict.mismatch(
                    f"{word}: {kind} {number} {figures} after {count} counted, {total}, {answered} answered"
                )
        if not silent:
            verdict.expect_once("last word", [(word, "silent")], [])


def _examine_groups(verdict: Verdict, inputs: Sequence[Input], answers: Sequence[tuple[Any, ...]]) -> None:
    """Each group's answers count through, and their totals grow by the values asked for."""
    values = {(each.word, each.number): each.value for each in inputs}
    by_group: defaultdict[bytes, list[tuple[int, int, int]]] = defaultdict(list)
    for word, number, count, total in answers:
        by_group[relay.group_of(word.encode())].append((count, total, values.get((word, number), 0)))
    for group, counted in by_group.items():
        running = 0
        for expected, (count, total, value) in enumerate(sorted(counted), start=1):
            running += value
            if (count, total) != (expected, running):
                verdict.mismatch(f"{group!r}: {count} values, {total} in all, where {expected} and {running} are due")


def _examine_states(verdict: Verdict, inputs: Sequence[Input], records: Records) -> None:
    words: defaultdict[bytes, relay.Word] = defaultdict(lambda: relay.Word(0, 0, 0))
    groups: defaultdict[bytes, relay.Group] = defaultdict(lambda: relay.Group(0, 0))
    for each in inputs:
        key = each.word.encode()
        words[key] = relay.Word(words[key].values + 1, words[key].total + each.value, words[key].answered + 1)
        of = relay.group_of(key)
        groups[of] = relay.Group(groups[of].values + 1, groups[of].total + each.value)
    verdict.expect_equal("state of word", words, dict(_last(records[relay.WORDS_STATE], relay.WORDS.handler.decode)))
    verdict.expect_equal(
        "state of group", groups, dict(_last(records[relay.GROUPS_STATE], relay.GROUPS.handler.decode))
    )


def _last(records: Sequence[Record], decode: Any) -> Iterator[tuple[bytes | None, Any]]:
    for record in records:
        yield record.key, decode(record.value)


def _text(record: Record) -> str:
    return (record.key or b"").decode()
