"""`hub order command`: what an operator decides about one order."""

from __future__ import annotations

import asyncio
import getpass
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from connectors.publishing import Placed, Publisher
from hub.cli.as_json import Json, print_json
from hub.codec import Codec
from hub.config import Settings, load
from hub.domain.events import Command, OperatorCommanded
from hub.domain.ids import effect_id
from hub.domain.roles import refusal
from hub.errors import HubError
from hub.policy import load_policy

_SOURCE = "/orderhub/command"


def command(
    order_id: Annotated[str, typer.Argument(help="The hub's id of the order.")],
    what: Annotated[Command, typer.Argument(help="docs/desk.md says what each does.")],
    *,
    by: Annotated[str, typer.Option(default_factory=getpass.getuser, help="Who decides it.", show_default="you")],
    target: Annotated[str, typer.Option(help="What of the order it is about: a hold, a line, an exception.")] = "",
    reason: Annotated[str, typer.Option(help="Why; kept in the order's journal.")] = "",
    role: Annotated[str, typer.Option(help="In which role; `rules/roles.yaml` says which may.")] = "",
    to: Annotated[str, typer.Option(help="With assign: who shall see to it.")] = "",
    as_json: Json = False,
) -> None:
    """Tell the hub what an operator decides about an order; `hub order show` tells what came of it."""
    settings = load()
    now = datetime.now(UTC)
    commanded = OperatorCommanded(
        event_id=effect_id(order_id, _SOURCE, f"{what} {target} {by} {now.isoformat()}", 0),
        source=_SOURCE,
        occurred_at=now,
        order_id=order_id,
        command=what,
        owner=by,
        reason=reason,
        target=target,
        role=role,
        assignee=to,
    )
    if refused := refusal(load_policy(settings.rules_dir).roles, commanded):
        raise HubError(f"{refused.detail} (--role).")
    placed = asyncio.run(_send(settings, commanded))
    if as_json:
        print_json(msgspec.to_builtins(commanded) | {"placed": str(placed)})
    else:
        typer.echo(f"{what} of order {order_id} is at {placed}.")


async def _send(settings: Settings, commanded: OperatorCommanded) -> Placed:
    async with Publisher(settings.kafka_client(), Codec.load(), settings.partitions) as publisher:
        return await (await publisher.submit(commanded))
