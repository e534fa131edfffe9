"""`hub collect`: takes in what others leave for the hub, in a folder or in a database, as long as it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BufferedReader
from pathlib import Path
from typing import Annotated, cast

import typer

from connectors import detect, sending
from connectors.base import Read
from connectors.defaults import Defaults
from connectors.folder import Claimed, DropFolder
from connectors.publishing import Placed, Publisher
from hub.cli import options
from hub.cli.report import Report
from hub.codec import Codec
from hub.config import load

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
    as_json: options.Json = False,
    vat: options.Vat = None,
    currency: options.Currency = None,
    country: options.Country = None,
) -> None:
    """Send every file of a folder, as `hub send` does. Several processes may share one folder.

    A file is claimed, sent, and laid into `done`; what is refused lies as it came in `refused`, with the reasons beside
    it, and acknowledgements (997, CONTRL) in `receipts`. Names that begin with a dot or end in .part, .filepart, .tmp
    or .uploading are left alone: upload under one, then rename.
    """
    drop = DropFolder(directory, quiet_seconds=quiet)
    report = Report(as_json=as_json)
    given = options.defaults(vat, currency, country)
    if dry_run:
        asyncio.run(_check(drop, given, report))
    else:
        asyncio.run(_collect(drop, given, report, None if once else poll))
    if (once or dry_run) and report.refused:
        raise typer.Exit(1)


async def _check(drop: DropFolder, given: Defaults, report: Report) -> None:
    codec = Codec.load()
    for path in drop.waiting():
        with path.open("rb") as stream:
            await sending.send(detect.read(stream, path.name, given), None, codec, report)


async def _collect(drop: DropFolder, given: Defaults, report: Report, poll: float | None) -> None:
    drop.prepare()
    async with _publisher() as (publisher, codec):
        while True:
            for path in drop.waiting():
                claimed = drop.claim(path)
                if claimed is not None:
                    with claimed.stream:
                        documents = detect.read(cast("BufferedReader", claimed.stream), claimed.name, given)
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
