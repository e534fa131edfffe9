"""When what has failed is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

FIRST_SECONDS = 5.0
LONGEST_SECONDS = 2 * 3600.0
LONGEST_ASKED_SECONDS = 24 * 3600.0
"""However long a receiver asks to be left alone."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double, between half of each and the whole of it by chance, so that not all come back at once."""

    tries: int
    """In all; the last that fails is the end."""
    first: float = FIRST_SECONDS
    longest: float = LONGEST_SECONDS

    def wait(self, tried: int, asked: float | None, random: Random) -> float | None:
        """Seconds until the next try after so many; None if that was the last. `asked`: what the receiver asks for."""
        if tried >= self.tries:
            return None
        whole = min(self.first * 2.0 ** min(tried - 1, 40), self.longest)
        return max(whole * (0.5 + random.random() / 2), min(asked or 0.0, LONGEST_ASKED_SECONDS))
