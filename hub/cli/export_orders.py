"""`hub export orders`: orders as they stand, their lines and their exceptions, as tables."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from connectors.order_files import TABLES, TOPICS, Chosen, rows
from connectors.reading import Reader
from connectors.tables import TableFiles
from hub.cli.as_json import Json, print_json
from hub.codec import Codec
from hub.config import load
from hub.domain.reconciliation.dossier import Period

_DAYS = ["%Y-%m-%d"]


def orders(
    *,
    csv: Annotated[Path | None, typer.Option(file_okay=False, help="Where tables go as CSV, for spreadsheets.")] = None,
    jsonl: Annotated[Path | None, typer.Option(file_okay=False, help="The same as JSON Lines.")] = None,
    parquet: Annotated[Path | None, typer.Option(file_okay=False, help="The same as Parquet.")] = None,
    since: Annotated[datetime | None, typer.Option("--from", formats=_DAYS, help="Placed that day or later.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=_DAYS, help="Placed that day or before.")] = None,
    only_open: Annotated[bool, typer.Option("--open", help="Not what is closed or cancelled.")] = False,
    as_json: Json = False,
) -> None:
    """Write orders as they stand, their lines and their exceptions, as tables. Days are UTC; files are written anew."""
    if not (csv or jsonl or parquet):
        raise typer.BadParameter("say what to write and where: --csv, --jsonl or --parquet with a directory")
    today = datetime.now(UTC).date()
    period = Period(today=today, since=since.date() if since else None, until=until.date() if until else None)
    with TableFiles(TABLES, csv_=csv, jsonl=jsonl, parquet=parquet) as files:
        asyncio.run(_write(files, Chosen(period, only_open)))
    if as_json:
        print_json(files.counts)
    else:
        typer.echo(files.told())


async def _write(files: TableFiles, chosen: Chosen) -> None:
    settings = load()
    reader = Reader(settings.kafka_client(), settings.partitions)
    await reader.check(TOPICS)
    async for table, cells in rows(reader, Codec.load(), settings.partitions, chosen):
        files.row(table, cells)
