"""What `--json` prints, for a program: one object a line, be it one thing or many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
import typer

Json = Annotated[bool, typer.Option("--json", help="For a program: one JSON object a line.")]


def print_json(*things: Mapping[str, Any]) -> None:
    """Print each."""
    for each in things:
        typer.echo(orjson.dumps(each).decode())
