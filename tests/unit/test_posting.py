"""Messages are kept until they are taken: in order for each key, tried again, set aside, and never lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from connectors.outbound import after
from connectors.posting import posting as module
from connectors.posting.backoff import Backoff
from connectors.posting.posting import Answer, Posted, Posting
from connectors.posting.queue import Letter, Message, Queue
from hub.errors import ConfigError
from hub.runtime.spec import Record
from tests.support.fetched import record

SENT, LATER = Answer("sent"), Answer("later", "busy")


class Receiver:
    """Answers as it is told to, and has all that it took."""

    name = "shop"
    topics = news = ("settlements",)
    at_once = 2

    def __init__(self, answer: Callable[[Letter], Answer] = lambda _: SENT) -> None:
        self.answer = answer
        self.tried: list[str] = []
        self.took: list[str] = []

    def letters(self, record: Record) -> Iterator[Letter]:
        yield Letter(f"{record.offset}", (record.key or b"").decode(), "Thing", record.value or b"")

    async def send(self, messages: Sequence[Message]) -> Sequence[Answer]:
        assert len(messages) <= self.at_once
        assert len({each.letter.key for each in messages}) == len(messages), "of one key one at a time"
        answers = [self.answer(each.letter) for each in messages]
        self.tried += [each.letter.message_id for each in messages]
        self.took += [m.letter.message_id for m, a in zip(messages, answers, strict=True) if a.outcome == "sent"]
        return answers


class Desk:
    """A posting that is begun anew for every batch, as after a crash; its clock is told the time."""

    def __init__(self, path: Path, receiver: Receiver, tries: int = 3, **fields: Any) -> None:
        self.now = 0.0
        self.path = path / "queue.sqlite3"
        self._receiver, self._tries, self._fields = receiver, tries, fields

    async def take(self, *keys: str, first: int = 0) -> list[Posted]:
        records = [record(first + n, key.encode(), topic="settlements") for n, key in enumerate(keys)]
        with Queue(self.path) as queue:
            backoff = Backoff(self._tries, first=10, longest=1000)
            posting = Posting(self._receiver, queue, backoff, random=Random(1), clock=lambda: self.now, **self._fields)
            return [each async for each in posting.take(records)]

    @property
    def dead(self) -> list[str]:
        with Queue(self.path, forget=True) as queue:
            return [each.letter.message_id for each in queue.dead()]


async def test_a_key_waits_for_its_first_message_and_the_others_go_on(tmp_path: Path) -> None:
    receiver = Receiver(lambda letter: LATER if letter.message_id == "0" else SENT)
    desk = Desk(tmp_path, receiver)
    await desk.take("A", "B", "A", "B", "C")
    assert receiver.took == ["1", "3", "4"]
    desk.now = 4
    await desk.take()
    assert receiver.tried.count("0") == 1, "its time has not come"
    desk.now, receiver.answer = 10, lambda _: SENT
    await desk.take()
    assert receiver.took == ["1", "3", "4", "0", "2"]


async def test_after_the_last_try_a_message_is_set_aside_and_comes_again_when_told_to(tmp_path: Path) -> None:
    receiver = Receiver(lambda letter: LATER if letter.message_id == "0" else SENT)
    desk = Desk(tmp_path, receiver)
    said = await desk.take("A", "A")
    for now in (100, 200):
        desk.now = now
        said += await desk.take()
    assert [(each.outcome, each.tries) for each in said] == [("waiting", 1), ("waiting", 2), ("dead", 3), ("sent", 1)]
    assert (desk.dead, receiver.took) == (["0"], ["1"])
    receiver.answer = lambda _: SENT
    with Queue(desk.path) as queue:
        queue.revive()
    await desk.take()
    assert (desk.dead, receiver.took) == ([], ["1", "0"])


async def test_what_is_refused_is_set_aside_at_once_and_what_nobody_wants_is_passed_over(tmp_path: Path) -> None:
    answers = {"0": Answer("refused", "no such user"), "1": Answer("passed", "no address")}
    desk = Desk(tmp_path, Receiver(lambda letter: answers.get(letter.message_id, SENT)))
    said = await desk.take("A", "B", "C")
    assert {each.letter.message_id: each.outcome for each in said} == {"0": "dead", "1": "passed", "2": "sent"}
    assert desk.dead == ["0"]


async def test_a_receiver_that_wants_nothing_any_more_is_left_alone_and_nothing_is_lost(tmp_path: Path) -> None:
    receiver = Receiver(lambda _: Answer("stop", "gone"))
    desk = Desk(tmp_path, receiver)
    said = await desk.take("A", "B", "C", "D")
    assert [each.outcome for each in said] == ["stopped", "stopped"]
    receiver.answer = lambda _: SENT
    await desk.take()
    assert receiver.took == ["0", "1", "2", "3"]


async def test_a_message_and_the_position_of_its_record_are_kept_together_before_it_is_sent(tmp_path: Path) -> None:
    def crash(_: Letter) -> Answer:
        raise KeyboardInterrupt

    receiver = Receiver(crash)
    desk = Desk(tmp_path, receiver)
    with pytest.raises(KeyboardInterrupt):
        await desk.take("A", "B", first=7)
    with Queue(desk.path, forget=True) as queue:
        assert (queue.positions(), queue.waiting()) == (after([record(8, topic="settlements")]), 2)


async def test_no_more_is_read_than_there_is_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    monkeypatch.setattr(module, "_PAUSE_SECONDS", 0)
    answers = iter([LATER] * 8)
    receiver = Receiver(lambda _: next(answers, SENT))
    ticks = iter(range(10_000))
    with Queue(tmp_path / "queue.sqlite3") as queue:
        posting = Posting(receiver, queue, Backoff(100, first=1), random=Random(1), clock=lambda: next(ticks))
        records = [record(n, b"%d" % n, topic="settlements") for n in range(5)]
        assert [each.outcome async for each in posting.take(records)].count("sent") >= 3
        assert queue.waiting() < 3
    with pytest.raises(ConfigError, match="3 messages wait for shop"):
        await Desk(tmp_path / "once", Receiver(lambda _: LATER), once=True).take("A", "B", "C")


async def test_a_dry_run_tells_and_keeps_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, receiver := Receiver(), dry_run=True)
    assert [each.outcome for each in await desk.take("A", "B")] == ["would-send", "would-send"]
    assert receiver.tried == []
    with Queue(desk.path, forget=True) as queue:
        assert (queue.positions(), queue.waiting()) == ({}, 0)


def test_dead_letters_can_be_read_while_the_sender_runs_and_a_second_sender_cannot_begin(tmp_path: Path) -> None:
    with Queue(tmp_path / "q.sqlite3") as queue:
        queue.put([Letter("m", "A", "Thing", b"x")])
        queue.give_up(1, "no")
        queue.commit()
        with Queue(tmp_path / "q.sqlite3", forget=True) as other:
            assert [each.reason for each in other.dead()] == ["no"]
        second = Queue(tmp_path / "q.sqlite3")
        with pytest.raises(ConfigError, match="only one process"):
            second.__enter__()
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            second.positions()


def test_waits_double_up_to_the_longest_and_differ_by_chance() -> None:
    backoff, random = Backoff(40, first=5, longest=7200), Random(3)
    waits = [backoff.wait(tried, None, random) for tried in range(1, 40)]
    for tried, wait in enumerate(waits, 1):
        whole = min(5 * 2 ** (tried - 1), 7200)
        assert wait is not None
        assert whole / 2 <= wait <= whole
    assert len(set(waits)) == len(waits)
    assert backoff.wait(40, None, random) is None


def test_a_receiver_may_ask_for_a_longer_wait_and_not_for_ever() -> None:
    backoff, random = Backoff(3), Random(3)
    assert backoff.wait(1, 60, random) == 60
    assert (backoff.wait(1, 0, random) or 0) >= 2.5
    assert backoff.wait(1, 1e9, random) == 24 * 3600
