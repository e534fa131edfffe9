"""`hub deliver mail`: what customers are told, as e-mail."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from connectors.mail.composing import parse_address
from connectors.mail.mailbox import WAIT_FOR_ADDRESS, Mailbox, MailQueue, Server
from connectors.posting.backoff import Backoff
from hub.cli import posting
from hub.cli.as_json import Json
from hub.cli.carrying import carry_out
from hub.codec import Codec
from hub.config import Settings, load
from hub.errors import ConfigError
from hub.seller import load_seller

_STATE = Path(".hub/mail.sqlite3")
_TRIES = 15
"""About nine hours."""


def mail(
    *,
    state: Annotated[Path, typer.Option(dir_okay=False, help="The file of what waits, and of the addresses.")] = _STATE,
    from_beginning: posting.FromBeginning = False,
    once: posting.Once = False,
    dry_run: posting.DryRun = False,
    dead: posting.Dead = False,
    replay: posting.Replay = False,
    as_json: Json = False,
) -> None:
    """Send customers their notifications, to `party.email` of their record, in the language they were written in.

    HUB_MAIL_HOST and HUB_MAIL_SENDER say through whom and from whom (`hub config` has the rest). The first run begins
    with what comes from now on. With --once, exit status 1 if anything waits or was set aside.
    """
    report = posting.PostReport(as_json=as_json)
    if dead:
        posting.tell_dead(Mailbox.name, state, report)
        return
    settings = load()
    asyncio.run(_send(settings, _server(settings), state, report, posting.Run(from_beginning, once, dry_run, replay)))
    raise typer.Exit(int(once and report.unsent > 0))


async def _send(settings: Settings, server: Server, state: Path, report: posting.PostReport, run: posting.Run) -> None:
    codec, backoff = Codec.load(), Backoff(_TRIES)
    with MailQueue(state, forget=run.dry_run) as queue:
        for only_addresses in (True, False):
            post = Mailbox(
                server,
                queue,
                codec,
                only_addresses=only_addresses,
                wait_for_address=WAIT_FOR_ADDRESS if run.follow else 1,
            )
            outbound = posting.through(queue, post, backoff, run)
            follow = run.follow and not only_addresses
            if await carry_out(Mailbox.name, settings, {"": outbound}, report, follow=follow):
                return


def _server(settings: Settings) -> Server:
    if settings.mail_host is None or settings.mail_sender is None:
        raise ConfigError("Say through whom and from whom to send: HUB_MAIL_HOST and HUB_MAIL_SENDER.")
    try:
        sender = parse_address(settings.mail_sender, load_seller(settings.rules_dir).party.name)
    except ValueError as error:
        raise ConfigError(f"HUB_MAIL_SENDER: {error}.") from error
    return Server(
        settings.mail_host,
        settings.mail_port,
        settings.mail_security,
        sender,
        settings.mail_username,
        settings.mail_login_password(),
        settings.mail_cafile,
    )
