"""`hub doctor`: whether all is well, and what to do where it is not."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from hub.access import ROLES
from hub.cli.as_json import Json, print_json
from hub.config import Settings, load
from hub.doctor.examination import examine
from hub.doctor.finding import Finding, State

_COLOURS: dict[State, str] = {"ok": "green", "warning": "yellow", "failed": "bold red", "unknown": "magenta"}


def _role(text: str) -> str:
    """A role there is. Raises typer.BadParameter."""
    if text not in ROLES:
        raise typer.BadParameter(f"{text!r} is no role; there are {', '.join(ROLES)}")
    return text


def _roles() -> list[str]:
    return list(ROLES)


def doctor(
    *,
    role: Annotated[
        str,
        typer.Option(
            metavar="ROLE",
            parser=_role,
            autocompletion=_roles,
            help="Whose rights the login is to have, one of `hub topics acls`.",
        ),
    ] = "worker",
    registry: Annotated[
        str | None, typer.Option(help="A schema registry's address; the worker's at HUB_METRICS_PORT if not given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look at broker, versions, topics, partitions, partitioners, clocks, disks, ACLs and registry; say what to do.

    It changes nothing but two records on hub.probe. Exit status 1 if something is wrong for good.
    """
    settings = load()
    url = registry or f"http://{settings.metrics_host}:{settings.metrics_port}"
    if asyncio.run(_examine(settings, role, url, as_json=as_json)):
        raise typer.Exit(1)


async def _examine(settings: Settings, role: str, url: str, *, as_json: bool) -> bool:
    """Whether something has failed."""
    failed = False
    console = Console(highlight=False, soft_wrap=True)
    async for finding in examine(settings, ROLES[role], url):
        failed = failed or finding.state == "failed"
        if as_json:
            print_json(finding._asdict())
        else:
            console.print(_told(finding))
    return failed


def _told(finding: Finding) -> Text:
    told = Text.assemble((f"{finding.state:8}", _COLOURS[finding.state]), (f"{finding.check}: ", "bold"), finding.found)
    if finding.remedy:
        told.append(f"\n        → {finding.remedy}", style="cyan")
    return told
