"""`hub monitor`: what Prometheus and Grafana watch the hub with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from hub.config import load
from hub.errors import ConfigError
from hub.monitoring.alerts import Watched, alert_rules
from hub.monitoring.boards import boards
from hub.monitoring.sources import load_sources
from hub.policy import load_policy

app = typer.Typer(help="What Prometheus and Grafana watch the hub with.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `export` a command of its own."""


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
