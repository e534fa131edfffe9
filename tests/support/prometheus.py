"""Prometheus' and Alertmanager's own programs, as `./run setup` fetches them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

_FETCHED = Path(__file__).parents[2] / ".hub/tools/usr/bin"


def tool(*names: str) -> str:
    """The program of one of these names."""
    for name in names:
        if program := shutil.which(name, path=f"{os.environ['PATH']}:{_FETCHED}"):
            return program
    raise AssertionError(f"{names[0]} is missing: `./run setup` fetches it.")


def run_tool(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run promtool or amtool to its end."""
    return subprocess.run([tool(name), *arguments], capture_output=True, text=True, check=False)
