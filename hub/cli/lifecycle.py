"""`hub lifecycle`: the life of an order, as the hub's own tables have it."""

from __future__ import annotations

import typer

from hub.lifecycle_page import lifecycle_page


def show() -> None:
    """Print every status, transition and event of an order, in Markdown with Mermaid diagrams."""
    typer.echo(lifecycle_page(), nl=False)
