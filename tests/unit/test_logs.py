"""What libraries repeat is told once in a while."""

from __future__ import annotations

import logging

from hub.logs import Seldom


def _record(message: str, *details: object) -> logging.LogRecord:
    return logging.LogRecord("aiokafka", logging.ERROR, "", 0, message, details, None)


def test_a_message_that_is_repeated_passes_once_whatever_its_details_are() -> None:
    seldom = Seldom(seconds=60)
    passed = [seldom.filter(_record("Unable connect to node with id %s", node)) for node in range(100)]
    assert passed == [True] + [False] * 99


def test_another_message_passes() -> None:
    seldom = Seldom(seconds=60)
    assert seldom.filter(_record("Unable connect to node"))
    assert seldom.filter(_record("Unable to update metadata"))


def test_a_message_passes_again_when_the_time_is_over() -> None:
    seldom = Seldom(seconds=0)
    assert all(seldom.filter(_record("Unable connect to node")) for _ in range(3))
