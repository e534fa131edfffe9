"""`hub config show`: the settings as the hub understands them."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Table

from hub.cli.as_json import Json, print_json
from hub.config import Settings, load, variable

app = typer.Typer(help="The settings.", no_args_is_help=True)


@app.callback()
def _settings() -> None:
    """A group of commands, also while it has only one."""


@app.command()
def show(
    *,
    as_json: Json = False,
) -> None:
    """Show every setting, its value and meaning; passwords stay hidden."""
    settings = load()
    if as_json:
        print_json(settings.model_dump(mode="json"))
        return
    table = Table("variable", "value", "meaning", box=None, pad_edge=False)
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        table.add_row(variable(name), "" if value is None else str(value), field.description)
    Console(soft_wrap=False).print(table)
