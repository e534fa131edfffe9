"""Documents drawn in a thread reach the event loop one by one, and no wake-up is taken for a document."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

from connectors.base import Problem, Refusal
from connectors.sending import from_thread


def document(name: str) -> Refusal:
    return Refusal(name, (Problem("", "it is no order"),), b"")


async def test_a_wake_up_that_comes_after_its_document_was_taken_is_no_document() -> None:
    took_first, asked_for_third, go_on = threading.Event(), threading.Event(), threading.Event()

    def documents() -> Iterator[Refusal]:
        yield document("first")
        took_first.wait(10)
        yield document("second")
        asked_for_third.set()
        go_on.wait(10)
        yield document("third")

    drawn = from_thread(documents())
    assert await anext(drawn) == document("first")
    took_first.set()
    assert asked_for_third.wait(10), "the loop stands still: the second is ready and its wake-up not yet run"
    asyncio.get_running_loop().call_later(0.05, go_on.set)
    rest = [each async for each in drawn]  # the second without a turn of the loop, then the late wake-up, then this
    assert rest == [document("second"), document("third")]
