"""An HTTP server that answers as it is told to."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from inspect import isawaitable

from aiohttp import web
from aiohttp.web import Response as Response  # noqa: PLC0414 - what an answer is made of

Answer = Callable[[Mapping[str, str], bytes], Response | Awaitable[Response]]
"""Of a request's headers, in small letters, and body."""


@asynccontextmanager
async def serving(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port it listens on."""

    async def take(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        found = answer(headers, await request.read())
        return await found if isawaitable(found) else found

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
