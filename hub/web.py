"""A worker's three pages: `/metrics` for Prometheus, `/healthz` and `/readyz` for whoever keeps it running."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

from hub.errors import ConfigError
from hub.metrics import Metrics
from hub.runtime.worker import Worker


@asynccontextmanager
async def serve(worker: Worker, metrics: Metrics, host: str, port: int, token: str | None = None) -> AsyncIterator[str]:
    """Serve the pages while the block runs; gives the base URL. Port 0 takes a free one.

    With `token`, whoever asks for the metrics must send it as a bearer token; health and readiness tell nothing else.

    Raises:
        ConfigError: the port is taken or the interface is not there.
    """

    async def show_metrics(request: web.Request) -> web.Response:
        if token is not None and not _bears(request, token):
            refused = {"WWW-Authenticate": 'Bearer realm="metrics"'}
            return web.Response(status=401, text="the metrics are for those with the token\n", headers=refused)
        worker.observe()
        body = generate_latest(metrics.registry)  # type: ignore[no-untyped-call]  # typed in its other module
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        if worker.ready:
            return web.Response(text="ready\n")
        return web.Response(status=503, text="not ready: partitions are being assigned or recovered\n")

    app = web.Application(client_max_size=1024)
    app.add_routes([web.get("/metrics", show_metrics), web.get("/healthz", healthz), web.get("/readyz", readyz)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as exc:
            raise ConfigError(
                f"the metrics page cannot listen on {host}:{port}: {exc.strerror or exc}; set HUB_METRICS_PORT "
                "(0 takes a free port) or HUB_METRICS_HOST"
            ) from exc
        bound = runner.addresses[0]
        yield f"http://{bound[0]}:{bound[1]}"
    finally:
        await runner.cleanup()


def _bears(request: web.Request, token: str) -> bool:
    """Whether the request carries the token; compared in a time that does not tell how much of it was right."""
    sent = request.headers.get("Authorization", "").encode()
    return hmac.compare_digest(sent, f"Bearer {token}".encode())
