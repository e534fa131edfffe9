"""Documents with injuries of the kinds that happen, and what their reading may cost."""

from __future__ import annotations

import os
import re
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

COUNT = int(os.environ.get("HUB_FUZZ", "300"))
"""Inputs each parser is tried with: `HUB_FUZZ=100000 ./run test tests/properties -k fuzz` looks longer."""
fuzzed = settings(max_examples=COUNT, deadline=None, suppress_health_check=[HealthCheck.too_slow])

_CALLS_A_BYTE = 20
_CALLS = 10_000
_HANGS = 60.0
"""Seconds of the processor after which an input is taken to go on for ever."""
_GROWTH_KIB = 512 * 1024

snippets = st.one_of(
    st.binary(max_size=8),
    st.text(max_size=6).map(str.encode),
    st.sampled_from(
        [
            b"",
            b"-",
            b"0",
            b"1e9",
            b"NaN",
            b"9" * 19,
            b"<a/>",
            b"<!DOCTYPE a>",
            b"&amp;",
            b"&x;",
            b"\x00",
            b'"',
            b"{",
            b"]]>",
        ]
    ),
)


def mutated(original: bytes) -> st.SearchStrategy[bytes]:
    """The document with up to six stretches of it replaced."""
    place = st.integers(0, len(original))
    cut = st.tuples(place, st.integers(0, 30), snippets)

    def apply(cuts: list[tuple[int, int, bytes]]) -> bytes:
        document = original
        for start, length, text in cuts:
            document = document[:start] + text + document[start + length :]
        return document

    return st.lists(cut, max_size=6).map(apply)


def revalued(original: bytes, value: str) -> st.SearchStrategy[bytes]:
    """The document with one to three of its values, as `value` finds them, replaced: it stays well-formed."""
    places = [match.span(1) for match in re.finditer(value.encode(), original)]
    printable = st.text(st.characters(exclude_characters='<>&"\\', exclude_categories=["C"]), max_size=12)
    number = st.decimals().map(str)
    odd = st.sampled_from(
        ["", "NaN", "-1", "0", "1e400", "1_000", "9" * 18, "0.0000001", "2026-13-01", "٣", "S", "true"]
    )
    changes = st.dictionaries(st.sampled_from(places), printable | number | odd, min_size=1, max_size=3)

    def apply(changed: dict[tuple[int, int], str]) -> bytes:
        document = original
        for (start, end), text in sorted(changed.items(), reverse=True):
            document = document[:start] + text.encode() + document[end:]
        return document

    return changes.map(apply)


@contextmanager
def within_bounds(raw: bytes) -> Iterator[None]:
    """What is inside may do work in proportion to the input, has to end, and may not fill the memory."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    def give_up(*_: object) -> None:
        raise AssertionError(f"it goes on for ever: {raw[:200]!r}")

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, _HANGS)
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(None)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    assert calls <= _CALLS + _CALLS_A_BYTE * len(raw), f"{calls} calls for {len(raw)} bytes: {raw[:200]!r}"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown
    assert grown < _GROWTH_KIB, f"{grown} KiB for {len(raw)} bytes: {raw[:200]!r}"
