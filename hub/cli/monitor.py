"""`hub monitor`: what orders are watched by, what was found, and what Prometheus and Grafana watch the hub with."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from hub.cli import monitor_view
from hub.cli.as_json import Json, print_json
from hub.cli.order import find
from hub.codec import Codec
from hub.config import load
from hub.domain.decision import Context
from hub.domain.explaining import opinions
from hub.errors import ConfigError, HubError
from hub.monitoring.alerts import Watched, alert_rules
from hub.monitoring.boards import boards
from hub.monitoring.sources import load_sources
from hub.policy import load_policy
from hub.ruleset import load_ruleset
from hub.topics import ORDERS_STATE

app = typer.Typer(help="What orders are watched by, and what was found.", no_args_is_help=True)


@app.command("list")
def show(
    *,
    rule: Annotated[str | None, typer.Option(help="Only what this rule found.")] = None,
    department: Annotated[str | None, typer.Option(help="Only what is in this department's hands.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only what is with this queue or person.")] = None,
    as_json: Json = False,
) -> None:
    """List the orders that the monitor has found something about, the most severe and then the oldest first."""
    found = [
        each
        for each in asyncio.run(monitor_view.open_alerts(load(), Codec.load()))
        if rule in {None, each.alert.kind}
        and department in {None, each.alert.department}
        and owner in {None, each.alert.owner}
    ]
    if as_json:
        print_json(*(each.as_object() for each in found))
    else:
        Console(highlight=False).print(monitor_view.alert_table(found, datetime.now(UTC)))


@app.command()
def check(
    directory: Annotated[
        Path | None, typer.Argument(help="Where the rules are; HUB_RULES_DIR, or the hub's own, if not given.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Load plan.yaml and monitor.yaml as a worker would: fail with file, line and rule, or show what is watched."""
    policy = load_policy(directory or load().rules_dir)
    if as_json:
        rules = {name: msgspec.to_builtins(rule) for name, rule in policy.monitor.rules.items()}
        print_json({"plan": msgspec.to_builtins(policy.schedule.steps), "monitor": rules})
    else:
        Console(highlight=False).print(monitor_view.rule_table(policy.monitor.rules))


@app.command()
def explain(
    order_id: Annotated[str, typer.Argument(help="The hub's id of the order.")], *, as_json: Json = False
) -> None:
    """Show the plan of an order, and for every rule whether it found something, will, or why it is silent."""
    settings, codec = load(), Codec.load()
    found = asyncio.run(find(settings, codec, order_id))
    if found is None:
        raise HubError(f"There is no order {order_id} at {settings.kafka_bootstrap}: see `hub tail {ORDERS_STATE}`.")
    rules, now = load_ruleset(settings.rules_dir), datetime.now(UTC)
    said = tuple(opinions(found.state, Context(now, rules.policy, rules.router, codec.decode, rules.reviewer)))
    if as_json:
        thoughts = {"schedule": found.state.schedule, "rules": [each._asdict() for each in said]}
        print_json(msgspec.to_builtins(thoughts))
    else:
        monitor_view.explain(Console(highlight=False), found.state, said, now)


@app.command()
def export(
    directory: Annotated[Path, typer.Argument(help="Where prometheus/ and grafana/ are, or shall be.")] = Path(
        "deploy"
    ),
) -> None:
    """Write Prometheus' alert rules for the company's rules (HUB_RULES_DIR), and Grafana's dashboards."""
    rules_dir = load().rules_dir
    watched = [Watched(name, f"that {rule.says}") for name, rule in load_policy(rules_dir).monitor.rules.items()]
    files = {"prometheus/rules.yml": alert_rules(watched, load_sources(rules_dir))}
    files |= {f"grafana/dashboards/{name}": json.dumps(board, indent=2) + "\n" for name, board in boards().items()}
    for name, text in files.items():
        path = directory / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as exc:
            raise ConfigError(f"{path} cannot be written: {exc.strerror}; name a directory that can") from exc
        typer.echo(path)
