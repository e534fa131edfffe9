"""How much one caller may send: a bucket that fills at a steady rate and holds one second's worth."""

from __future__ import annotations


class Bucket:
    """Lets through `rate` a second, and as many at once after a second of silence. Times are seconds of one clock."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._held = rate
        self._since = 0.0

    def take(self, now: float) -> float:
        """Take one; 0 if there was one, else seconds until there will be."""
        self._held = min(self._rate, self._held + max(0.0, now - self._since) * self._rate)
        self._since = now
        if self._held < 1:
            return (1 - self._held) / self._rate
        self._held -= 1
        return 0.0
