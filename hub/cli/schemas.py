"""`hub schemas`: the contracts of the hub's messages, and their pinned ids."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hub import __version__
from hub.cli.as_json import Json
from hub.codec import SCHEMA_DIR, Codec
from hub.codec.asyncapi import ASYNCAPI_NAME, asyncapi
from hub.codec.lock import current, read_lock
from hub.codec.publish import publish as publish_schemas
from hub.codec.registry import Registry
from hub.codec.releases import add_release, read_releases, refuse_breaks
from hub.codec.topic_docs import topic_docs
from hub.web.openapi import OPENAPI_NAME, openapi

app = typer.Typer(help="The contracts of the hub's messages, and their pinned ids.", no_args_is_help=True)

SchemaDir = Annotated[Path, typer.Option("--dir", help="Where the schemas are.", show_default=False)]

_PAGE = SCHEMA_DIR.parent / "docs/topics.md"


@app.command("list")
def list_(
    *,
    schema_dir: SchemaDir = SCHEMA_DIR,
    as_json: Json = False,
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
    """Compare structs, schema files and pinned ids, and hold them against every release; name what differs."""
    Codec.load(schema_dir)
    pinned, releases = read_lock(schema_dir), read_releases(schema_dir)
    refuse_breaks(releases, pinned)
    promised = f" and keep what {', '.join(each.version for each in releases)} promised" if releases else ""
    typer.echo(f"All {len(current(pinned))} record types are as their schemas were pinned{promised}.")


@app.command()
def publish(
    *,
    schema_dir: SchemaDir = SCHEMA_DIR,
    docs: Annotated[Path, typer.Option(help="Where the page of topics and messages goes.", show_default=False)] = _PAGE,
    replace: Annotated[
        bool, typer.Option("--replace", help="Keep the id of a changed schema. Only if nobody ever stored a message.")
    ] = False,
) -> None:
    """Write everything in schemas/ and its page anew from the structs; pin an id for each new schema or version."""
    for news in publish_schemas(schema_dir, replace=replace) or ["No contract changed."]:
        typer.echo(news)
    (schema_dir / ASYNCAPI_NAME).write_text(asyncapi(), encoding="utf-8")
    (schema_dir / OPENAPI_NAME).write_text(json.dumps(openapi(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    docs.write_text(topic_docs(), encoding="utf-8")


@app.command()
def release(*, schema_dir: SchemaDir = SCHEMA_DIR) -> None:
    """Record the contracts as they are as those of this version: later ones must keep what they promise."""
    Codec.load(schema_dir)
    added = add_release(schema_dir, __version__, read_lock(schema_dir))
    typer.echo(f"{added.version} promises {len(added.schemas)} schemas and {len(added.topics)} topics.")


@app.command()
def push(
    url: Annotated[str, typer.Argument(help="Of a registry with Confluent's API, e.g. http://registry:8081.")],
    *,
    schema_dir: SchemaDir = SCHEMA_DIR,
) -> None:
    """Import the schemas into a registry of your own, under the ids that messages name; what is there stays."""
    asyncio.run(_push(Registry.load(schema_dir), url))


async def _push(registry: Registry, url: str) -> None:
    from hub.web.push import push as push_schemas  # noqa: PLC0415 - aiohttp takes its time, others need not wait for it

    async for news in push_schemas(registry, url):
        typer.echo(news)
    typer.echo(f"{url} holds every schema of the hub under its id.")


@app.command()
def show(name: Annotated[str, typer.Argument(help="A schema's name or id, as `hub schemas list` gives them.")]) -> None:
    """Print a schema as Avro in JSON, without documentation; older versions by their id."""
    for entry in reversed(read_lock(SCHEMA_DIR)):
        if name in (entry.name, str(entry.id)):
            typer.echo(json.dumps(entry.schema, indent=2))
            return
    raise typer.BadParameter(f"there is no schema {name!r}; `hub schemas list` names them.")
