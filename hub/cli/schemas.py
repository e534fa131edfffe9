"""`hub schemas`: the contracts of the hub's messages, and their pinned ids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hub.codec import SCHEMA_DIR, Codec
from hub.codec.lock import current, read_lock
from hub.codec.publish import publish as publish_schemas
from hub.codec.topic_docs import topic_docs

app = typer.Typer(help="The contracts of the hub's messages, and their pinned ids.", no_args_is_help=True)

SchemaDir = Annotated[Path, typer.Option("--dir", help="Where the schemas are.", show_default=False)]

_PAGE = SCHEMA_DIR.parent / "docs/topics.md"


@app.command("list")
def list_(
    *,
    schema_dir: SchemaDir = SCHEMA_DIR,
    as_json: Annotated[bool, typer.Option("--json", help="For a program, schemas included.")] = False,
) -> None:
    """List every schema there ever was, by id."""
    pinned = read_lock(schema_dir)
    if as_json:
        for entry in pinned:
            typer.echo(entry.line())
        return
    newest = current(pinned)
    table = Table("id", "schema", "", box=None, pad_edge=False)
    for entry in pinned:
        table.add_row(str(entry.id), entry.name, "current" if newest[entry.name] == entry else "superseded")
    Console().print(table)


@app.command()
def check(*, schema_dir: SchemaDir = SCHEMA_DIR) -> None:
    """Compare structs, schema files and pinned ids; fail at the first difference, naming the field."""
    Codec.load(schema_dir)
    typer.echo(f"All {len(current(read_lock(schema_dir)))} record types are as their schemas were pinned.")


@app.command()
def publish(
    *,
    schema_dir: SchemaDir = SCHEMA_DIR,
    docs: Annotated[Path, typer.Option(help="Where the page of topics and messages goes.", show_default=False)] = _PAGE,
    replace: Annotated[
        bool, typer.Option("--replace", help="Keep the id of a changed schema. Only if nobody ever stored a message.")
    ] = False,
) -> None:
    """Write the schemas and their page anew from the structs; pin an id for each new schema or version."""
    for news in publish_schemas(schema_dir, replace=replace) or ["No contract changed."]:
        typer.echo(news)
    docs.write_text(topic_docs(), encoding="utf-8")


@app.command()
def show(name: Annotated[str, typer.Argument(help="A schema's name or id, as `hub schemas list` gives them.")]) -> None:
    """Print a schema as Avro in JSON, without documentation; older versions by their id."""
    for entry in reversed(read_lock(SCHEMA_DIR)):
        if name in (entry.name, str(entry.id)):
            typer.echo(json.dumps(entry.schema, indent=2))
            return
    raise typer.BadParameter(f"there is no schema {name!r}; `hub schemas list` names them.")
