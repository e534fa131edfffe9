"""`hub manual`, and what `--help` has beside it: examples of every command, and `docs/cli.md`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import typer
from rich.markup import escape

from hub.cli.exits import Exit

EXAMPLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "broker fetch": ("hub broker fetch",),
        "broker start": ("hub broker start --detach", "hub broker start --port 9192 --data-dir /var/lib/hub/broker"),
        "broker status": ("hub broker status",),
        "broker stop": ("hub broker stop",),
        "collect folder": (
            "hub collect folder /srv/sftp/orders",
            "hub collect folder /srv/sftp/orders --vat S:20 --currency USD",
            "hub collect folder /srv/sftp/orders --once --json",
        ),
        "collect outbox": (
            "hub collect outbox sqlite:///shop.sqlite3 --create",
            "hub collect outbox postgresql://hub@db/shop",
        ),
        "config show": ("hub config show", "hub config show --json"),
        "deliver documents": (
            "hub deliver documents outgoing --partners examples/partners.yaml",
            "hub deliver documents outgoing --partners examples/partners.yaml --once --dry-run",
        ),
        "deliver mail": (
            "HUB_MAIL_HOST=smtp.example HUB_MAIL_SENDER=orders@works.example hub deliver mail",
            "hub deliver mail --dead",
        ),
        "deliver sql": ("hub deliver sql sqlite:///hub.sqlite3", "hub deliver sql postgresql://hub@db/hub --once"),
        "deliver webhooks": (
            "SHOP_WEBHOOK_SECRET=whsec_... hub deliver webhooks examples/endpoints.yaml --endpoint shop",
            "hub deliver webhooks examples/endpoints.yaml --dead --json",
            "hub deliver webhooks examples/endpoints.yaml --replay",
        ),
        "demo": ("hub demo", "hub demo --orders 1000 --seconds 60 --no-keep"),
        "dlq drop": (
            'hub dlq drop orders.events-3@17 --reason "the shop sent it in error"',
            'hub dlq drop --code bad-magic --until 2026-05-04 --reason "test data"',
        ),
        "dlq list": ("hub dlq list", "hub dlq list --topic orders.events --code wrong-currency", "hub dlq list --all"),
        "dlq replay": (
            'hub dlq replay orders.events-3@17 --reason "the customer is known now"',
            'hub dlq replay --code unknown-schema --dry-run --reason "schemas are pushed"',
            'hub dlq replay --every --reason "fixed in 0.2"',
        ),
        "dlq show": ("hub dlq show orders.events-3@17",),
        "doctor": ("hub doctor", "hub doctor --role doctor --registry http://registry:8081 --json"),
        "exceptions assign": ("hub exceptions assign 8f4e54 --to mei --role order-desk",),
        "exceptions list": ("hub exceptions list", "hub exceptions list --kind late --owner mei --json"),
        "exceptions resolve": ('hub exceptions resolve 8f4e54 --reason "they found 400" --role order-desk',),
        "export ocel": (
            "hub export ocel log.sqlite log.json",
            "hub export ocel may.jsonocel --from 2026-05-01 --to 2026-05-31",
        ),
        "export orders": (
            "hub export orders --csv tables --open",
            "hub export orders --parquet tables --jsonl tables --from 2026-05-01",
        ),
        "insight": ("hub insight", "hub insight --from 2026-05-01 --to 2026-05-31 --json"),
        "intake": ("HUB_INTAKE_TOKEN_FILE=tokens.txt hub intake",),
        "lifecycle": ("hub lifecycle > docs/lifecycle.md",),
        "manual": ("hub manual > docs/cli.md",),
        "monitor check": ("hub monitor check", "hub monitor check my-rules --json"),
        "monitor explain": ("hub monitor explain SO-100417",),
        "monitor export": ("hub monitor export", "HUB_RULES_DIR=my-rules hub monitor export /etc/hub"),
        "monitor list": ("hub monitor list", "hub monitor list --department production --json"),
        "order command": (
            'hub order command SO-100417 reroute --target 1 --reason "the press is broken" --role order-desk',
            "hub order command SO-100417 release-hold --target review --role supervisor",
        ),
        "order list": (
            "hub order list --open",
            "hub order list --status on-hold --status credit-hold --customer C-1001",
            "hub order list --stalled --json",
        ),
        "order watch": ("hub order watch --open", "hub order watch --customer C-1001 --json"),
        "order show": ("hub order show SO-100417", "hub order show SO-100417 --json"),
        "reconcile": (
            "hub reconcile --from 2026-05-01 --to 2026-05-31",
            "hub reconcile carrier.csv remittances.jsonl --payments paid.jsonl",
        ),
        "rules check": ("hub rules check", "hub rules check my-rules --json"),
        "rules explain": ("hub rules explain SO-100417",),
        "schemas check": ("hub schemas check",),
        "schemas list": ("hub schemas list", "hub schemas list --json"),
        "schemas publish": ("hub schemas publish",),
        "schemas push": ("hub schemas push http://registry:8081",),
        "schemas release": ("hub schemas release",),
        "schemas show": ("hub schemas show order-placed", "hub schemas show 3"),
        "send": (
            "hub send examples/orders.jsonl examples/order.xml",
            "hub send orders.edi --receipts receipts --vat S:19",
            "hub send orders.csv --mapping examples/orders-mapping.yaml --dry-run",
            "cat events.jsonl | hub send - --json",
        ),
        "settle compute": ("hub settle compute invoice.json --json",),
        "settle export": (
            "hub settle export --ubl invoices --pdf invoices --from 2026-05-01",
            "hub settle export --csv tables",
        ),
        "settle recompute": ("hub settle recompute invoice.xml credit-note.xml",),
        "settle show": ("hub settle show SO-100417",),
        "simulate": (
            "hub simulate --list",
            "hub simulate late-supplier --hub .hub/training",
            "hub simulate bad-day --seed 7 --rate 4 --minutes 10 --json",
        ),
        "tail": (
            "hub tail settlements --from-beginning --no-follow",
            "hub tail orders.journal --from-beginning --key SO-100417 --json",
        ),
        "topics acls": (
            "hub topics acls",
            "hub topics acls worker --principal User:CN=hub-worker",
            "hub topics acls --matrix",
        ),
        "topics check": ("hub topics check", "hub topics check --json"),
        "topics create": ("HUB_REPLICATION_FACTOR=3 hub topics create",),
        "topics list": ("hub topics list", "hub topics list --json"),
        "worker": ("hub worker", "HUB_DATA_DIR=.hub/worker-2 HUB_METRICS_PORT=9465 hub worker"),
    }
)
"""By command, what a person would type."""

_HEAD = """\
# The command line

Made by `./run manual > docs/cli.md` from the commands themselves; change those, or `hub/cli/manual.py`.

`./run COMMAND` sets up what is needed and then is `hub COMMAND`. `--help` says the options of each.
`hub --install-completion` has the shell complete commands, options, topics and scenarios. Settings are environment
variables, which `hub config show` explains. With `--json` a command prints for a program: one JSON object a line, be it
one thing or many.

What goes wrong is one sentence on standard error, with what to do about it.

## Exit statuses

| | |
|---|---|
"""


def attach(app: typer.Typer) -> None:
    """Give every command its examples, as the end of its help."""
    _attach(app, "")


def manual() -> None:
    """Print every command with what it does and examples, and the exit statuses, in Markdown."""
    from hub.cli import app  # noqa: PLC0415 - it is one of its commands

    typer.echo(page(app), nl=False)


def page(app: typer.Typer) -> str:
    """`docs/cli.md`."""
    statuses = "".join(f"| {status.value} | {status.meaning} |\n" for status in Exit)
    parts = [f"\n## hub {name}\n\n{_told(command.help)}\n{_examples(name)}" for name, command in commands(app)]
    return _HEAD + statuses + "".join(parts)


def commands(app: typer.Typer) -> Iterator[tuple[str, Any]]:
    """Every command, as `order show`, with what typer has made of it, sorted by name."""
    return iter(sorted(_commands(typer.main.get_command(app), "")))


def _commands(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{prefix}{name} ")
        elif not command.hidden:
            yield f"{prefix}{name}", command


def _attach(app: typer.Typer, prefix: str) -> None:
    for info in app.registered_commands:
        name = info.name or (info.callback.__name__ if info.callback else "")
        if examples := EXAMPLES.get(f"{prefix}{name}"):
            info.epilog = "\n\n".join(["[bold]Examples[/bold]", *(f"  {escape(each)}" for each in examples)])
    for group in app.registered_groups:
        if group.typer_instance and group.name:
            _attach(group.typer_instance, f"{prefix}{group.name} ")


def _examples(name: str) -> str:
    return "".join(f"\n    {example}" for example in EXAMPLES.get(name, ())) + "\n"


def _told(text: str | None) -> str:
    """A command's help with its line breaks, without the indentation of its paragraphs."""
    return "\n".join(line.strip() for line in (text or "").strip().splitlines())
