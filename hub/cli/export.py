"""`hub export`: what the hub knows, for programs of others."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from connectors.files import whole
from connectors.ocel.database import Database
from connectors.ocel.document import write_document
from connectors.ocel.log import Described, Event
from connectors.ocel.telling import TOPICS, is_sent, tell_entry, tell_sent
from connectors.reading import Reader
from hub.cli.as_json import Json, print_json
from hub.cli.export_orders import orders
from hub.codec import Codec
from hub.config import load
from hub.domain.journal import JournalEntry
from hub.errors import ConfigError

app = typer.Typer(help="What the hub knows, for programs of others.", no_args_is_help=True)
app.command()(orders)

_DAYS = ["%Y-%m-%d"]
_JSON = frozenset((".json", ".jsonocel"))
_SQLITE = frozenset((".sqlite", ".sqlite3", ".db"))


@app.command()
def ocel(
    files: Annotated[
        list[Path], typer.Argument(dir_okay=False, help="What to write: NAME.json, NAME.sqlite, or both.")
    ],
    *,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=_DAYS, help="What happened that day or later.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=_DAYS, help="What happened that day or before.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write what happened to orders as an object-centric event log (OCEL 2.0), for process mining. Days are UTC."""
    for file in files:
        if file.suffix not in _JSON | _SQLITE:
            raise typer.BadParameter(
                f"{file} says neither JSON ({', '.join(sorted(_JSON))}) nor SQLite ({', '.join(sorted(_SQLITE))})"
            )
    days = since.date() if since else None, until.date() if until else None
    with TemporaryDirectory(prefix="hub-export-") as directory:
        scratch = Path(directory) / "log.sqlite"
        try:
            events, objects = asyncio.run(_collect(scratch, days))
        except sqlite3.Error as error:
            raise ConfigError(f"{scratch} cannot be written: {error}; set TMPDIR to where there is room.") from error
        for file in files:
            with whole(file) as target, scratch.open("rb") as log:
                if file.suffix in _JSON:
                    write_document(scratch, target)
                else:
                    shutil.copyfileobj(log, target)
    if as_json:
        print_json({"events": events, "objects": objects, "files": list(map(str, files))})
    else:
        typer.echo(f"{events:,} events, {objects:,} objects: {', '.join(map(str, files))}")


async def _collect(path: Path, days: tuple[date | None, date | None]) -> tuple[int, int]:
    """The whole log as a database; how many events and objects it has. Raises BrokerError, TopicError, CodecError."""
    settings = load()
    reader = Reader(settings.kafka_client(), settings.partitions)
    await reader.check(TOPICS)
    with Database(path) as database:
        async for told in read_log(reader, Codec.load(), *days):
            database.add(told)
        database.finish()
        return database.events, database.objects


async def read_log(
    reader: Reader, codec: Codec, since: date | None = None, until: date | None = None
) -> AsyncIterator[Event | Described]:
    """Everything that happened from a day to a day, and what it says of objects."""
    async for record in reader.held(TOPICS):
        message = codec.decode(record.value)
        if isinstance(message, JournalEntry):
            event = codec.decode(message.payload)
            told, at = tell_entry(message, event), min(event.occurred_at, message.decided_at)
        elif is_sent(message):
            told, at = tell_sent(message), message.occurred_at
        else:
            continue
        if (since is None or at.date() >= since) and (until is None or at.date() <= until):
            for each in told:
                yield each
