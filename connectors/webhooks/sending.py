"""Messages to one endpoint: signed requests, and what its answers mean."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self

import aiohttp

from connectors.posting.posting import Answer
from connectors.posting.queue import Letter, Message
from connectors.webhooks.book import Endpoint, Filter
from connectors.webhooks.events import MEDIA_TYPE, letter_of
from connectors.webhooks.guard import PublicResolver
from connectors.webhooks.signing import signed
from hub import __version__
from hub.codec import Codec
from hub.errors import ConfigError
from hub.runtime.spec import Record

_GONE = 410
_SECONDS = re.compile(r"\d{1,9}", re.ASCII)


class Webhook:
    """One endpoint; use it as a context manager."""

    def __init__(self, endpoint: Endpoint, codec: Codec, *, clock: Callable[[], float] = time.time) -> None:
        """Raises ConfigError if the endpoint's secret cannot be used."""
        self.name = endpoint.name
        self.topics = self.news = tuple(endpoint.topics)
        self.at_once = endpoint.at_once
        self._endpoint = endpoint
        self._filters = dict[str, Filter](endpoint.topics.items())
        self._keys = endpoint.keys()
        self._codec = codec
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Raises ConfigError if the endpoint's certificates cannot be used."""
        resolver = None if self._endpoint.internal else PublicResolver()
        connector = aiohttp.TCPConnector(resolver=resolver, limit=self.at_once, ssl=self._tls())
        timeout = aiohttp.ClientTimeout(total=self._endpoint.timeout_seconds)
        agent = {"User-Agent": f"orderhub/{__version__}", "Content-Type": MEDIA_TYPE}
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, headers=agent)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    def letters(self, record: Record) -> Iterator[Letter]:
        """The event of a record, if the endpoint wants it. Raises CodecError."""
        letter = letter_of(self._codec, record, self._filters[record.topic])
        if letter is not None:
            yield letter

    async def send(self, messages: Sequence[Message]) -> Sequence[Answer]:
        """All at once."""
        return await asyncio.gather(*(self._timed(each.letter) for each in messages))

    async def _timed(self, letter: Letter) -> Answer:
        begun = time.perf_counter()
        answer = await self._send(letter)
        return replace(answer, seconds=time.perf_counter() - begun)

    async def _send(self, letter: Letter) -> Answer:
        if self._session is None:
            raise RuntimeError("a webhook is used inside `async with`")
        now = self._clock()
        headers = signed(self._keys, letter.message_id, int(now), letter.content)
        try:
            async with self._session.post(
                self._endpoint.url, data=letter.content, headers=headers, allow_redirects=False
            ) as response:
                return _meant(response, now)
        except TimeoutError:
            return Answer("later", f"no answer within {self._endpoint.timeout_seconds:g} s")
        except (aiohttp.ClientError, OSError) as error:
            return Answer("later", str(error) or type(error).__name__)

    def _tls(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._endpoint.ca_file or None)
        except OSError as error:
            raise ConfigError(f"ca_file of webhook {self.name} cannot be used: {error}") from error


def _meant(response: aiohttp.ClientResponse, now: float) -> Answer:
    """2xx is taken; everything else, redirects too, is a failure; 410 wants nothing any more (Standard Webhooks)."""
    reason = f"HTTP {response.status}"
    if 200 <= response.status < 300:
        return Answer("sent", reason)
    if response.status == _GONE:
        return Answer("stop", f"{reason}: the endpoint wants nothing any more; remove it, or restart when it does")
    return Answer("later", reason, _asked(response.headers.get("Retry-After", ""), now))


def _asked(text: str, now: float) -> float | None:
    """Seconds of a Retry-After header, which has them or a moment (RFC 9110)."""
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now)
