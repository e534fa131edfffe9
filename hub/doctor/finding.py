"""What an examination finds."""

from __future__ import annotations

from typing import Literal, NamedTuple

State = Literal["ok", "warning", "failed", "unknown"]
"""warning: it works, and should not stay so. unknown: this login is not told."""


class Finding(NamedTuple):
    """One thing that was looked at."""

    check: str
    state: State
    found: str
    remedy: str = ""
