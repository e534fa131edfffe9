"""An application on a port, for as long as a block runs; and who may ask it."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from hub.errors import ConfigError

_LAST_SECONDS = 8.0
"""How long requests under way may take to end."""


@asynccontextmanager
async def listening(
    app: web.Application, host: str, port: int, setting: str, *, shared: bool = False
) -> AsyncIterator[str]:
    """Serve while the block runs, and what is under way to its end; gives the base URL. Port 0 takes a free one.

    `shared`: other processes may listen there, too; the kernel spreads the connections.

    Raises:
        ConfigError: the port is taken or the interface is not there; `setting` is what its two variables begin with.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_LAST_SECONDS)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, reuse_port=shared or None)
        try:
            await site.start()
        except OSError as exc:
            raise ConfigError(
                f"nothing can listen on {host}:{port}: {exc.strerror or exc}; set {setting}_PORT "
                f"(0 takes a free port) or {setting}_HOST"
            ) from exc
        bound = runner.addresses[0]
        yield f"http://{bound[0]}:{bound[1]}"
    finally:
        await runner.cleanup()


def bears(request: web.Request, token: str) -> bool:
    """Whether the request carries the token; compared in a time that does not tell how much of it was right."""
    sent = request.headers.get("Authorization", "").encode(errors="surrogateescape")
    return hmac.compare_digest(sent, f"Bearer {token}".encode())
