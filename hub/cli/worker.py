"""`hub worker`: process orders until told to stop."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from functools import partial
from typing import Protocol

import structlog
import typer
import uvloop

from hub import logs
from hub.config import Settings, load
from hub.errors import HubError
from hub.metrics import Metrics

_LAST_SECONDS = 9.0
"""A worker that begins to end is gone after so long, whatever hangs."""


class Ending(Protocol):
    """What can be waited for of a worker."""

    async def ending(self) -> None:
        """Until it begins to end."""


def run() -> None:
    """Process orders until SIGTERM or Ctrl-C.

    Start as many as there is work for, each with a HUB_DATA_DIR of its own: they share the partitions. Ends with
    status 1 and a sentence when something is wrong for good; start it again and it goes on where it was.
    """
    settings = load()
    logs.configure(settings.log_level)
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    # Most allocations are values that never form cycles: the default thresholds collect far too often.
    gc.freeze()
    gc.set_threshold(2_000_000, 20, 50)
    status = 0
    try:
        asyncio.run(_work(settings))
    except HubError as error:
        typer.echo(f"hub: {error}", err=True)
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything that must be safe is; threads of the client library may still hang on a broker that is gone.
    os._exit(status)


async def _work(settings: Settings) -> None:
    # Faust and aiohttp take half a second to load: the other commands need not wait for them.
    from connectors.rules_topic import publish_rules  # noqa: PLC0415
    from hub.app import create_worker, tracing_to  # noqa: PLC0415
    from hub.rules_watch import watch_rules  # noqa: PLC0415
    from hub.ruleset import Rules, load_ruleset  # noqa: PLC0415
    from hub.web.pages import serve  # noqa: PLC0415

    metrics, rules = Metrics(), Rules(load_ruleset(settings.rules_dir))
    loop = asyncio.get_running_loop()
    with tracing_to(settings.otlp_endpoint) as tracing:
        worker = create_worker(settings, metrics, rules, tracing)

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, worker.stop)
        limiting = asyncio.create_task(_limit_end(worker))
        pages = serve(worker, metrics, settings.metrics_host, settings.metrics_port, settings.metrics_bearer())
        publish = partial(publish_rules, settings.kafka_client())
        watch = watch_rules(rules, settings.rules_dir, metrics, publish, every_seconds=settings.rules_poll_ms / 1000)
        async with pages as url:
            structlog.get_logger(__name__).info("worker started", metrics=f"{url}/metrics", rules=rules.current.version)
            watching = asyncio.create_task(watch)
            watching.add_done_callback(lambda _: worker.stop())
            try:
                await worker.run()
            finally:
                watching.cancel()
                limiting.cancel()
                await asyncio.wait([watching, limiting])
            if not watching.cancelled():
                watching.result()


async def _limit_end(worker: Ending) -> None:
    """Told to or by itself, once the worker begins to end it is gone after `_LAST_SECONDS`."""
    await worker.ending()
    asyncio.get_running_loop().call_later(_LAST_SECONDS, _give_up)


def _give_up() -> None:
    typer.echo("hub: the worker did not end in time and was cut off; what it left open is aborted by Kafka", err=True)
    os._exit(1)
