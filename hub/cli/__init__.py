"""The command line: one module per group of commands, each with a typer `app`, put together here.

A command prints for a person, or with `--json` for a program. What goes wrong is one sentence on standard error;
`hub.cli.exits` has the exit statuses.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import typer

from hub import __version__
from hub.cli import (
    broker,
    collect,
    config,
    deliver,
    demo,
    dlq,
    doctor,
    exceptions,
    export,
    insight,
    intake,
    lifecycle,
    manual,
    monitor,
    order,
    reconcile,
    rules,
    schemas,
    send,
    settle,
    simulate,
    tail,
    topics,
    worker,
)
from hub.cli.exits import Exit
from hub.errors import HubError

app = typer.Typer(
    name="hub",
    help="Orders in over Kafka, settled to the cent, nothing lost and nothing doubled.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.add_typer(broker.app, name="broker")
app.add_typer(topics.app, name="topics")
app.add_typer(schemas.app, name="schemas")
app.add_typer(order.app, name="order")
app.add_typer(exceptions.app, name="exceptions")
app.add_typer(export.app, name="export")
app.add_typer(dlq.app, name="dlq")
app.add_typer(rules.app, name="rules")
app.add_typer(monitor.app, name="monitor")
app.add_typer(settle.app, name="settle")
app.add_typer(config.app, name="config")
app.command("insight")(insight.insight)
app.command("intake")(intake.run)
app.command("lifecycle")(lifecycle.show)
app.command("manual")(manual.manual)
app.command("reconcile")(reconcile.reconcile)
app.command("send")(send.send)
app.command("simulate")(simulate.simulate)
app.add_typer(collect.app, name="collect")
app.add_typer(deliver.app, name="deliver")
app.command("tail")(tail.tail)
app.command("worker")(worker.run)
manual.attach(app)

_UsageError: Any = typer.BadParameter.__base__
"""What typer raises for wrong usage; it exports this one kind of it only."""


@app.callback(invoke_without_command=True)
def _version(*, version: bool = typer.Option(False, "--version", help="Print the version and end.")) -> None:
    if version:
        typer.echo(f"hub {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line of this process and end with its status."""
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())  # commands report for themselves
    try:
        status = app(standalone_mode=False)
    except HubError as error:
        typer.echo(f"hub: {error}", err=True)
        status = Exit.FAILED
    except OSError as error:
        if error.filename is None:
            raise
        typer.echo(f"hub: {error.filename} cannot be used: {error.strerror}; name another, or change that.", err=True)
        status = Exit.FAILED
    except _UsageError as error:
        status = _tell_usage(error)
    except KeyboardInterrupt:
        status = Exit.INTERRUPTED
    sys.exit(status if isinstance(status, int) else Exit.DONE)


def _tell_usage(error: Any) -> Exit:
    """Say in a sentence what was not as it is meant; who said nothing has been shown the help."""
    if message := error.format_message().strip().rstrip("."):
        typer.echo(f"hub: {message}: see `{error.ctx.command_path if error.ctx else 'hub'} --help`.", err=True)
    return Exit.USAGE
