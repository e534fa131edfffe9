"""A worker's pages: `/metrics` for Prometheus, `/healthz` and `/readyz` for whoever keeps it running, and the schema
registry for whoever reads what it writes. A sender has the first two.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

from hub.codec.registry import Registry
from hub.metrics import Metrics, SenderMetrics
from hub.runtime.worker import Worker
from hub.web import registry
from hub.web.listening import bears, listening


@asynccontextmanager
async def serve(worker: Worker, metrics: Metrics, host: str, port: int, token: str | None = None) -> AsyncIterator[str]:
    """Serve the pages while the block runs; gives the base URL. Port 0 takes a free one.

    With `token`, whoever asks for the metrics must send it as a bearer token; the others tell no secrets.

    Raises:
        ConfigError: the port is taken or the interface is not there.
    """

    async def readyz(_: web.Request) -> web.Response:
        if worker.ready:
            return web.Response(text="ready\n")
        return web.Response(status=503, text="not ready: partitions are being assigned or recovered\n")

    app = web.Application(client_max_size=registry.MAX_BYTES)
    app.add_routes([*_watched(metrics.registry, worker.observe, token), web.get("/readyz", readyz)])
    app.add_routes(registry.routes(Registry.load()))
    async with listening(app, host, port, "HUB_METRICS") as url:
        yield url


@asynccontextmanager
async def serve_sender(
    metrics: SenderMetrics, observe: Callable[[], None], host: str, port: int, token: str | None = None
) -> AsyncIterator[str]:
    """The same for a sender; `observe` brings its metrics up to date. Raises ConfigError."""
    app = web.Application()
    app.add_routes(_watched(metrics.registry, observe, token))
    async with listening(app, host, port, "HUB_SENDER") as url:
        yield url


def _watched(
    metrics: CollectorRegistry, observe: Callable[[], None], token: str | None
) -> Iterable[web.AbstractRouteDef]:
    async def show_metrics(request: web.Request) -> web.Response:
        if token is not None and not bears(request, token):
            refused = {"WWW-Authenticate": 'Bearer realm="metrics"'}
            return web.Response(status=401, text="the metrics are for those with the token\n", headers=refused)
        observe()
        body = generate_latest(metrics)  # type: ignore[no-untyped-call]  # typed in its other module
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    return [web.get("/metrics", show_metrics), web.get("/healthz", healthz)]
