"""What a run gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.check import Verdict
from bench.measure import Timing


@dataclass(frozen=True)
class Result:
    """One run of one program."""

    name: str
    title: str
    guarantee: str
    events: int
    timing: Timing
    peak_bytes: int
    """Largest resident memory of its process."""
    verdict: Verdict
    parts: Mapping[str, Timing] = field(default_factory=dict)
    """Its stretches by title, where it had several."""
