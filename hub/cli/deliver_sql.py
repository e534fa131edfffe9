"""`hub deliver sql`: orders, exceptions and settlements as tables of a database."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from connectors.databases import open_database
from connectors.sql.sink import SqlSink, Written
from hub.cli.as_json import Json, print_json
from hub.cli.carrying import carry_out
from hub.codec import Codec
from hub.config import load


def sql(
    url: Annotated[
        str, typer.Argument(envvar="HUB_SQL_URL", help="sqlite:///path/to/file or postgresql://user@host/database.")
    ],
    *,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the tables anew, and read the topics from their beginning.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="End when all that is there now has been written.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be written, and end.")] = False,
    as_json: Json = False,
) -> None:
    """Keep orders, their lines, exceptions and settlements in tables `hub_*` of a database, each record once.

    It makes the tables itself, and goes on where it stopped, however it ended. PostgreSQL's password comes from
    PGPASSWORD or ~/.pgpass.
    """
    settings = load()

    def tell(written: Written) -> None:
        if as_json:
            print_json({"records": written.records, "rows": written.rows})
        else:
            rows = ", ".join(f"{count} {table}" for table, count in written.rows.items())
            typer.echo(f"{written.records} records: {rows or 'nothing new'}")

    with open_database(url, "database", absent="imagine" if dry_run else "make") as base:
        sink = SqlSink(base, Codec.load(), dry_run=dry_run)
        if not dry_run:
            sink.prepare(rebuild=rebuild)
        asyncio.run(carry_out("sql", settings, {"": sink}, tell, follow=not (once or dry_run)))
