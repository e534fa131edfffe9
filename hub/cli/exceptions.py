"""`hub exceptions`: the queue of the order desk, and what its people decide about it."""

from __future__ import annotations

import asyncio
import getpass
import sys
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from connectors.exception_queue import Case, chosen, command_on, read_queue
from connectors.publishing import Placed, Publisher
from connectors.reading import Reader
from hub.cli.as_json import Json, print_json
from hub.cli.tail import safe
from hub.codec import Codec
from hub.config import Settings, load
from hub.domain.effects import ExceptionRaised
from hub.domain.events import Command, OperatorCommanded
from hub.domain.flow.ending import REMEDIES
from hub.domain.roles import RoleRules, refusal
from hub.errors import HubError
from hub.policy import load_policy
from hub.topics import ORDERS_EXCEPTIONS

app = typer.Typer(help="The order desk's queue: what needs a person, by root cause.", no_args_is_help=True)

_NAMED = 3
"""How many orders of a case are named."""
_INDENT = "   "

_Ids = Annotated[
    list[str], typer.Argument(help="Cases or single exceptions, as `list` has them; how they begin will do.")
]
_By = Annotated[str, typer.Option(default_factory=getpass.getuser, help="Who decides it.", show_default="you")]
_Role = Annotated[str, typer.Option(help="In which role; `rules/roles.yaml` says which may.")]


@app.command("list")
def show(
    *,
    kind: Annotated[str | None, typer.Option(help="Only of this kind.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only what is with this queue or person.")] = None,
    order: Annotated[str | None, typer.Option(help="Only what concerns this order.")] = None,
    as_json: Json = False,
) -> None:
    """Show what is open, the most urgent first; orders with the same trouble are one case."""
    found = [
        case
        for case in asyncio.run(_queue(load(), Codec.load()))
        if kind in {None, case.kind} and (owner is None or owner in case.owners) and order in {None, *case.orders}
    ]
    if as_json:
        print_json(*map(_as_object, found))
    elif found:
        console = Console(highlight=False, soft_wrap=True)
        width = console.width if console.is_terminal else sys.maxsize
        for case in found:
            console.print(told(case, width))
    else:
        typer.echo("Nothing is open.")


@app.command()
def assign(
    ids: _Ids,
    *,
    to: Annotated[str, typer.Option(help="Who shall see to it.")],
    by: _By,
    role: _Role = "",
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    as_json: Json = False,
) -> None:
    """Give cases to a person; only what that person does not have yet is told."""
    _command("assign", ids, by=by, role=role, reason=reason, assignee=to, as_json=as_json)


@app.command()
def resolve(
    ids: _Ids,
    *,
    reason: Annotated[str, typer.Option(help="How the cause has ended.")],
    by: _By,
    role: _Role = "",
    as_json: Json = False,
) -> None:
    """Say that the cause of cases has ended. What the hub sees by itself closes by itself, and cannot be resolved."""
    _command("resolve", ids, by=by, role=role, reason=reason, assignee="", as_json=as_json)


def _command(
    command: Command, ids: Sequence[str], *, by: str, role: str, reason: str, assignee: str, as_json: bool
) -> None:
    settings, codec = load(), Codec.load()
    about = named(asyncio.run(_queue(settings, codec)), ids)
    now = datetime.now(UTC)
    commands = [
        command_on(each, command, owner=by, role=role, reason=reason, assignee=assignee, now=now)
        for each in about
        if command != "assign" or each.owner != assignee
    ]
    check(commands, about, load_policy(settings.rules_dir).roles)
    placed = asyncio.run(_send(settings, codec, commands))
    if as_json:
        print_json(*map(_sent, commands, placed))
    elif commands:
        typer.echo(f"{command}: {len(commands)} exceptions of {len({each.order_id for each in commands})} orders.")
    else:
        typer.echo("There is nothing to do.")


def named(queue: Sequence[Case], ids: Sequence[str]) -> list[ExceptionRaised]:
    """The exceptions that ids stand for, each once. Raises HubError for one that stands for none or for several."""
    found: dict[str, ExceptionRaised] = {}
    for name in ids:
        members = chosen(queue, name)
        if not members:
            raise HubError(f"No one open case or exception begins with {name!r}: see `hub exceptions list`.")
        found |= {each.exception_id: each for each in members}
    return list(found.values())


def check(commands: Sequence[OperatorCommanded], about: Sequence[ExceptionRaised], roles: RoleRules) -> None:
    """Raise HubError for what the hub would refuse, before it is sent."""
    for command, raised in zip(commands, about, strict=False):
        if command.command == "resolve" and raised.kind in REMEDIES:
            raise HubError(f"{raised.kind} ends by itself with its cause, not before: {REMEDIES[raised.kind]}.")
        if refused := refusal(roles, command):
            raise HubError(f"{refused.detail} (--role).")


async def _queue(settings: Settings, codec: Codec) -> list[Case]:
    reader = Reader(settings.kafka_client(), settings.partitions)
    await reader.check([ORDERS_EXCEPTIONS])
    return await read_queue(reader, codec)


async def _send(settings: Settings, codec: Codec, commands: Sequence[OperatorCommanded]) -> list[Placed]:
    async with Publisher(settings.kafka_client(), codec, settings.partitions) as publisher:
        answers = [await publisher.submit(each) for each in commands]
        return [await answer for answer in answers]


def told(case: Case, width: int) -> Text:
    """A case in three lines: what and where it is, what is wrong, and with which orders; more where they are wider."""
    critical = any(each.severity == "critical" for each in case.exceptions)
    owners = ", ".join(owner or "nobody" for owner in case.owners)
    orders = ", ".join(case.orders[:_NAMED])
    more = f" and {len(case.orders) - _NAMED} more" if len(case.orders) > _NAMED else ""
    return Text.assemble(
        (f"{case.priority}  ", "bold red" if critical else "bold"),
        (f"{case.case_id[:8]}  ", "cyan"),
        (f"{case.kind}  ", "bold"),
        safe(f"since {case.since:%Y-%m-%d %H:%M}, with {owners}"),
        f"\n{_indented(safe(f'{case.root}: {case.exceptions[0].detail}'), width)}",
        (f"\n{_indented(safe(f'{orders}{more}'), width)}", "dim"),
    )


def _indented(text: str, width: int) -> str:
    return textwrap.fill(
        text, width, initial_indent=_INDENT, subsequent_indent=_INDENT, break_on_hyphens=False, break_long_words=False
    )


def _as_object(case: Case) -> dict[str, Any]:
    return {
        "case_id": case.case_id,
        "kind": case.kind,
        "root": case.root,
        "priority": case.priority,
        "since": case.since.isoformat(),
        "owners": case.owners,
        "orders": case.orders,
        "exceptions": msgspec.to_builtins(case.exceptions),
    }


def _sent(command: OperatorCommanded, placed: Placed) -> dict[str, Any]:
    return {
        "event_id": command.event_id,
        "order_id": command.order_id,
        "exception_id": command.target,
        "topic": placed.topic,
        "partition": placed.partition,
        "offset": placed.offset,
    }
