"""The command line: one module per group of commands, each with a typer `app`, put together here.

A command prints for a person, or with `--json` for a program. What goes wrong is one sentence on standard error
and exit status 1; wrong usage is 2; Ctrl-C is 130.
"""

from __future__ import annotations

import logging
import sys

import typer

from hub import __version__
from hub.cli import (
    broker,
    collect,
    config,
    deliver,
    demo,
    exceptions,
    export,
    intake,
    lifecycle,
    order,
    reconcile,
    rules,
    schemas,
    send,
    settle,
    tail,
    topics,
    worker,
)
from hub.errors import HubError

app = typer.Typer(
    name="hub",
    help="Orders in over Kafka, settled to the cent, nothing lost and nothing doubled.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.add_typer(broker.app, name="broker")
app.add_typer(topics.app, name="topics")
app.add_typer(schemas.app, name="schemas")
app.add_typer(order.app, name="order")
app.add_typer(exceptions.app, name="exceptions")
app.add_typer(export.app, name="export")
app.add_typer(rules.app, name="rules")
app.add_typer(settle.app, name="settle")
app.command("config")(config.show)
app.command("intake")(intake.run)
app.command("lifecycle")(lifecycle.show)
app.command("reconcile")(reconcile.reconcile)
app.command("send")(send.send)
app.add_typer(collect.app, name="collect")
app.add_typer(deliver.app, name="deliver")
app.command("tail")(tail.tail)
app.command("worker")(worker.run)


@app.callback(invoke_without_command=True)
def _version(*, version: bool = typer.Option(False, "--version", help="Print the version and end.")) -> None:
    if version:
        typer.echo(f"hub {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line of this process and end with its status."""
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())  # commands report for themselves
    try:
        app()
    except HubError as error:
        typer.echo(f"hub: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
