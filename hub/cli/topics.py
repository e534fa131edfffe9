"""`hub topics`: make Kafka's topics what `hub.topics` declares."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hub import access, config, kafka_admin
from hub.access import ROLES
from hub.cli.as_json import Json, print_json
from hub.errors import TopicError
from hub.kafka_admin import Difference
from hub.topics import TOPICS

app = typer.Typer(help="The hub's topics, and who may use them.", no_args_is_help=True)


@app.command()
def create(*, as_json: Json = False) -> None:
    """Create what is missing; fail if what exists is not as declared."""
    created, wrong = asyncio.run(_create())
    if as_json:
        print_json({"created": created, "differences": [asdict(each) for each in wrong]})
    else:
        typer.echo(f"{len(created)} topics created, {len(TOPICS) - len(created)} were there.")
    _refuse(wrong)


@app.command()
def check(*, as_json: Json = False) -> None:
    """Compare what exists with what is declared; fail on any difference."""
    wrong = asyncio.run(_differences())
    if as_json:
        print_json({"differences": [asdict(each) for each in wrong]})
    elif not wrong:
        typer.echo(f"All {len(TOPICS)} topics are as declared.")
    _refuse(wrong)


@app.command("list")
def list_(*, as_json: Json = False) -> None:
    """List the declared topics; asks no Kafka."""
    if as_json:
        print_json(*({**asdict(topic), "configs": topic.kafka_configs()} for topic in TOPICS.values()))
        return
    table = Table("topic", "direction", "key", "cleanup", "owner", "content", box=None, pad_edge=False)
    for topic in TOPICS.values():
        table.add_row(topic.name, topic.direction, topic.key, topic.cleanup, topic.owner, topic.doc)
    Console().print(table)


@app.command()
def acls(
    roles: Annotated[list[str] | None, typer.Argument(help="Of these only; see docs/security.md.")] = None,
    *,
    principal: Annotated[
        str, typer.Option(help="Whom Kafka knows each as; {role} stands for its name.")
    ] = "User:{role}",
    as_matrix: Annotated[bool, typer.Option("--matrix", help="Only who may do what with which topic.")] = False,
    as_json: Json = False,
) -> None:
    """Print the calls of kafka-acls.sh that let each program do its part and nothing else; asks no Kafka.

    Set BOOTSTRAP and ADMIN (a properties file with the login of someone who may) and hand them to a shell:
    hub topics acls worker | sh
    """
    if unknown := [name for name in roles or () if name not in ROLES]:
        raise typer.BadParameter(f"{unknown[0]!r} is not one of {', '.join(ROLES)}", param_hint="ROLES")
    if as_matrix:
        typer.echo(access.matrix())
        return
    app_id = config.load().app_id
    wanted = [ROLES[name] for name in roles or ROLES]
    if as_json:
        print_json(
            *({"role": role.name, "grants": [each._asdict() for each in role.grants(app_id)]} for role in wanted)
        )
        return
    for role in wanted:
        typer.echo(f"# {role.name}: {role.who}")
        for line in access.commands(role, principal.replace("{role}", role.name), app_id):
            typer.echo(line)


async def _create() -> tuple[list[str], list[Difference]]:
    settings = config.load()
    async with kafka_admin.connect(settings.kafka_client()) as admin:
        created = await kafka_admin.create(
            admin, TOPICS.values(), partitions=settings.partitions, replication_factor=settings.replication_factor
        )
        return created, await kafka_admin.differences(admin, TOPICS.values(), partitions=settings.partitions)


async def _differences() -> list[Difference]:
    settings = config.load()
    async with kafka_admin.connect(settings.kafka_client()) as admin:
        return await kafka_admin.differences(admin, TOPICS.values(), partitions=settings.partitions)


def _refuse(wrong: Sequence[Difference]) -> None:
    if wrong:
        raise TopicError(" ".join(kafka_admin.explain(wrong)))
