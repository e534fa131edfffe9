"""Chance that is the same in every run and every process."""

from __future__ import annotations

from hashlib import blake2b


def share(*parts: str) -> float:
    """A number from 0 up to 1 that belongs to the texts."""
    return int.from_bytes(blake2b("/".join(parts).encode(), digest_size=4).digest(), "big") / 2**32
