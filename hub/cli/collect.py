"""`hub collect`: takes in what others leave for the hub, in a folder or in a database, as long as it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from io import BufferedReader
from pathlib import Path
from typing import Annotated, NamedTuple, cast

import typer

from connectors import detect, sending
from connectors.base import Read, Refusal
from connectors.defaults import Defaults
from connectors.folder import Claimed, DropFolder
from connectors.jsonl import read_line
from connectors.mapped.mapping import TableMapping
from connectors.outbox import BATCH, TABLE, Outbox, OutboxRow, Outcome, open_outbox
from connectors.publishing import Placed, Publisher
from hub.cli import options
from hub.cli.as_json import Json
from hub.cli.report import Report
from hub.codec import Codec
from hub.config import load


class Given(NamedTuple):
    """What files may leave open, and how tables are read."""

    defaults: Defaults
    mappings: tuple[TableMapping, ...]


app = typer.Typer(no_args_is_help=True, help="Take in what others leave for the hub, as long as it runs.")


@app.command()
def folder(
    directory: Annotated[Path, typer.Argument(file_okay=False, help="Where others put files, over SFTP or otherwise.")],
    *,
    quiet: Annotated[float, typer.Option(min=0, help="Take files nobody has written to for so many seconds.")] = 5,
    poll: Annotated[float, typer.Option(min=0.1, help="Look for files every so many seconds.")] = 2,
    once: Annotated[bool, typer.Option("--once", help="Take what is there, and end.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check what is there, touch nothing, and end.")
    ] = False,
    as_json: Json = False,
    vat: options.Vat = None,
    currency: options.Currency = None,
    country: options.Country = None,
    mapping: options.Mappings = None,
) -> None:
    """Send every file of a folder, as `hub send` does. Several processes may share one folder.

    A file is claimed, sent, and laid into `done`; what is refused lies as it came in `refused`, with the reasons beside
    it, and acknowledgements (997, CONTRL) in `receipts`. Names that begin with a dot or end in .part, .filepart, .tmp
    or .uploading are left alone: upload under one, then rename.
    """
    drop = DropFolder(directory, quiet_seconds=quiet)
    report = Report(as_json=as_json)
    given = Given(options.defaults(vat, currency, country), options.mappings(mapping))
    if dry_run:
        asyncio.run(_check(drop, given, report))
    else:
        asyncio.run(_collect(drop, given, report, None if once else poll))
    if (once or dry_run) and report.refused:
        raise typer.Exit(1)


@app.command()
def outbox(
    url: Annotated[
        str, typer.Argument(envvar="HUB_OUTBOX_URL", help="sqlite:///path/to/file or postgresql://user@host/database.")
    ],
    *,
    create: Annotated[bool, typer.Option("--create", help="Make the table where it is not there.")] = False,
    poll: Annotated[float, typer.Option(min=0.1, help="Look for rows every so many seconds.")] = 1,
    once: Annotated[bool, typer.Option("--once", help="Send what is there, and end.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check the next rows, mark none, and end.")] = False,
    as_json: Json = False,
) -> None:
    """Send the rows of another program's outbox table, in their order, and mark each when Kafka has it.

    The program writes an event as JSON into `hub_outbox.payload`, in the transaction it is about. PostgreSQL's
    password comes from PGPASSWORD or ~/.pgpass.
    """
    report = Report(as_json=as_json)
    with open_outbox(url) as box:
        if create:
            box.create()
        asyncio.run(_check_rows(box, report) if dry_run else _drain(box, report, None if once else poll))
    if (once or dry_run) and report.refused:
        raise typer.Exit(1)


async def _check_rows(box: Outbox, report: Report) -> None:
    await sending.send(_rows(box.waiting()), None, Codec.load(), report)


async def _drain(box: Outbox, report: Report, poll: float | None) -> None:
    async with _publisher() as (publisher, codec):
        while True:
            rows = box.waiting()
            outcomes: list[Outcome] = []
            await sending.send(_rows(rows), publisher, codec, _noting(rows, outcomes, report))
            box.mark(outcomes)
            if len(rows) < BATCH:
                if poll is None:
                    return
                await asyncio.sleep(poll)


def _noting(rows: Sequence[OutboxRow], outcomes: list[Outcome], report: Report) -> sending.Tell:
    def tell(document: Read, placed: Placed | None) -> None:
        report(document, placed)
        refused = document.reason if isinstance(document, Refusal) else ""
        outcomes.append(Outcome(rows[len(outcomes)].id, str(placed or ""), refused))

    return tell


def _rows(rows: Sequence[OutboxRow]) -> Iterator[Read]:
    return (read_line(row.payload, f"{TABLE}:{row.id}") for row in rows)


async def _check(drop: DropFolder, given: Given, report: Report) -> None:
    codec = Codec.load()
    for path in drop.waiting():
        with path.open("rb") as stream:
            await sending.send(detect.read(stream, path.name, *given), None, codec, report)


async def _collect(drop: DropFolder, given: Given, report: Report, poll: float | None) -> None:
    drop.prepare()
    async with _publisher() as (publisher, codec):
        while True:
            for path in drop.waiting():
                claimed = drop.claim(path)
                if claimed is not None:
                    with claimed.stream:
                        documents = detect.read(cast("BufferedReader", claimed.stream), claimed.name, *given)
                        await sending.send(documents, publisher, codec, _keeping(drop, claimed, report))
                        drop.finish(claimed)
            if poll is None:
                return
            await asyncio.sleep(poll)


def _keeping(drop: DropFolder, claimed: Claimed, report: Report) -> sending.Tell:
    count = 0

    def tell(document: Read, placed: Placed | None) -> None:
        nonlocal count
        count += 1
        report(document, placed, drop.keep(claimed, count, document))

    return tell


@asynccontextmanager
async def _publisher() -> AsyncIterator[tuple[Publisher, Codec]]:
    settings, codec = load(), Codec.load()
    async with Publisher(settings.kafka_client(), codec, settings.partitions) as publisher:
        yield publisher, codec
