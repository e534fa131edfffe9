"""How much a property is tried."""

from __future__ import annotations

from hypothesis import settings


def examples(count: int) -> int:
    """So many examples, or as many as `--hypothesis-profile` asks for if that is more."""
    return max(count, settings().max_examples)
