"""`hub deliver`: what the hub has to say to others, brought to them as long as it runs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from connectors.partners.book import load_partners
from connectors.partners.delivering import Delivered, Delivery
from connectors.partners.ledger import Ledger
from hub.cli import deliver_mail, deliver_sql, deliver_webhooks
from hub.cli.as_json import Json, print_json
from hub.cli.carrying import carry_out
from hub.codec import Codec
from hub.config import load
from hub.seller import load_seller

_LEDGER = ".delivered.sqlite3"
_COLOURS = {"written": "green", "kept": "yellow", "refused": "red"}


app = typer.Typer(no_args_is_help=True, help="Bring to others what the hub has to say, as long as it runs.")
app.command("sql")(deliver_sql.sql)
app.command("webhooks")(deliver_webhooks.webhooks)
app.command("mail")(deliver_mail.mail)


@app.command()
def documents(
    out: Annotated[Path, typer.Argument(file_okay=False, help="Where the documents go, a folder for each customer.")],
    *,
    partners: Annotated[Path, typer.Option(help="Who gets what, in which format (YAML).")],
    once: Annotated[bool, typer.Option("--once", help="End when all that is there now has been said.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be written, and end.")] = False,
    as_json: Json = False,
) -> None:
    """Write order responses, despatch advices and invoices for partners: X12, EDIFACT or UBL, each document once.

    It goes on with what comes until Ctrl-C. `OUT/.delivered.sqlite3` remembers what was said. Exit status 1 if a
    document could not be written; `OUT/refused` says why.
    """
    settings = load()
    book, seller, codec = load_partners(partners), load_seller(settings.rules_dir), Codec.load()
    report = _Report(as_json=as_json)
    with Ledger(out / _LEDGER, forget=dry_run) as ledger:
        delivery = Delivery(out, book, seller, codec, ledger, dry_run=dry_run)
        asyncio.run(carry_out("documents", settings, {"": delivery}, report, follow=not (once or dry_run)))
    raise typer.Exit(int(report.refused > 0))


class _Report:
    """Prints and counts."""

    def __init__(self, *, as_json: bool) -> None:
        self.refused = 0
        self._as_json = as_json
        self._console = Console(highlight=False, soft_wrap=True)

    def __call__(self, document: Delivered) -> None:
        self.refused += document.outcome == "refused"
        if self._as_json:
            fields = {
                name: getattr(document, name) for name in ("kind", "order_id", "customer_id", "outcome", "reason")
            }
            print_json({**fields, "file": str(document.path)})
            return
        text = f"{document.kind} of order {document.order_id}: {document.reason or document.path}"
        self._console.print(Text.assemble((f"{document.outcome:9}", _COLOURS[document.outcome]), text))
