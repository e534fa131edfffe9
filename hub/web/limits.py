"""Who may send, and how much."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Collection

from aiohttp import hdrs, web


class Bucket:
    """Fills at `rate` a second and holds one second's worth. Times are seconds of one clock."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._held = rate
        self._since = 0.0

    def take(self, now: float, count: int = 1) -> float:
        """Take so many; 0 if there was one at least, else seconds until there will be.

        Who takes more than there are has to wait longer the next time.
        """
        self._held = min(self._rate, self._held + max(0.0, now - self._since) * self._rate)
        self._since = now
        if self._held < 1:
            return (1 - self._held) / self._rate
        self._held -= count
        return 0.0


class Callers:
    """Those who show one of the tokens, each with a bucket of its own."""

    def __init__(self, tokens: Collection[str], rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._buckets = {f"Bearer {token}".encode(): Bucket(rate) for token in tokens}
        self._clock = clock

    def admit(self, request: web.Request, count: int = 1) -> float | None:
        """0 if the caller may send so many events, else in how many seconds; None if it shows no token of ours.

        Tokens are compared in a time that does not tell how much of one was right.
        """
        sent = request.headers.get(hdrs.AUTHORIZATION, "").encode(errors="surrogateescape")
        found = None
        for token, bucket in self._buckets.items():
            if hmac.compare_digest(sent, token):
                found = bucket
        return None if found is None else found.take(self._clock(), count)
