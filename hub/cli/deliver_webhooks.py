"""`hub deliver webhooks`: what the hub has to say, as signed HTTP requests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from connectors.posting.backoff import Backoff
from connectors.posting.queue import Queue
from connectors.webhooks.book import Endpoint, load_endpoints
from hub.cli import posting
from hub.cli.as_json import Json
from hub.cli.carrying import carry_out
from hub.codec import Codec
from hub.config import load
from hub.errors import ConfigError

_STATE = Path(".hub/webhooks")


def webhooks(
    endpoints: Annotated[Path, typer.Argument(dir_okay=False, help="Who gets what, where (YAML).")],
    *,
    state: Annotated[
        Path, typer.Option(file_okay=False, help="Where each endpoint has its file of what waits.")
    ] = _STATE,
    endpoint: Annotated[str | None, typer.Option(help="Only this one of them.")] = None,
    from_beginning: posting.FromBeginning = False,
    once: posting.Once = False,
    dry_run: posting.DryRun = False,
    dead: posting.Dead = False,
    replay: posting.Replay = False,
    as_json: Json = False,
) -> None:
    """Post notifications, exceptions, order states and settlements to HTTP endpoints, signed, as CloudEvents.

    What an endpoint does not take is tried again, and set aside after the last try (--dead, --replay). An endpoint that
    is new gets what comes from now on. With --once, exit status 1 if anything waits or was set aside.
    """
    book = [each for each in load_endpoints(endpoints) if endpoint in {None, each.name}]
    if not book:
        raise ConfigError(f"{endpoints} has no endpoint {endpoint or 'at all'}.")
    report = posting.PostReport(as_json=as_json)
    if dead:
        for each in book:
            posting.tell_dead(each.name, _file(state, each), report)
        return
    asyncio.run(_send(book, state, report, posting.Run(from_beginning, once, dry_run, replay)))
    raise typer.Exit(int(once and report.unsent > 0))


async def _send(book: Sequence[Endpoint], state: Path, report: posting.PostReport, run: posting.Run) -> None:
    from connectors.webhooks.sending import Webhook  # noqa: PLC0415 - aiohttp takes its time

    settings, codec = load(), Codec.load()
    async with AsyncExitStack() as stack:
        outbounds = {}
        for each in book:
            queue = stack.enter_context(Queue(_file(state, each), forget=run.dry_run))
            post = await stack.enter_async_context(Webhook(each, codec))
            outbounds[each.name] = posting.through(queue, post, Backoff(each.tries), run)
        await carry_out("webhooks", settings, outbounds, report, follow=run.follow)


def _file(state: Path, endpoint: Endpoint) -> Path:
    return state / f"{endpoint.name}.sqlite3"
