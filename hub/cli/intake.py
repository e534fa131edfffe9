"""`hub intake`: events in over HTTP until told to stop."""

from __future__ import annotations

import asyncio
import signal

import structlog
import uvloop

from connectors.publishing import Publisher
from hub import logs
from hub.codec import Codec
from hub.config import Settings, load
from hub.metrics import IntakeMetrics


def run() -> None:
    """Take events over HTTP (POST /events, /batches) until SIGTERM or Ctrl-C; each is answered when Kafka has it.

    Needs HUB_INTAKE_TOKEN_FILE. Start as many as there is work for: they share the port. Ends with status 1 and a
    sentence when Kafka or a topic is not as it should be.
    """
    settings = load()
    logs.configure(settings.log_level)
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    from hub.web.intake import Intake  # noqa: PLC0415 - aiohttp takes its time, which other commands need not wait for
    from hub.web.limits import Callers  # noqa: PLC0415
    from hub.web.listening import listening  # noqa: PLC0415

    tokens = settings.intake_tokens()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with Publisher(settings.kafka_client(), Codec.load(), settings.partitions) as publisher:
        callers = Callers(tokens, settings.intake_rate)
        intake = Intake(publisher, IntakeMetrics(), callers, waiting=settings.intake_waiting)
        app, host, port = intake.application(), settings.intake_host, settings.intake_port
        async with listening(app, host, port, "HUB_INTAKE", shared=True) as url:
            structlog.get_logger(__name__).info("intake started", events=f"{url}/events")
            await stopped.wait()
