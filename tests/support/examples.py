"""The example programs, copied out as a department would copy them, with what they need beside them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from hub.kafka_jars import java
from tests.support.program import Program

EXAMPLES = Path(__file__).parents[2] / "examples"
FETCHED = Path(__file__).parents[2] / ".hub/examples"
"""What `./run setup` has fetched for them."""


def department(language: str, name: str, environment: Mapping[str, str], directory: Path) -> Program:
    """The example in a language as a department of that name, not started yet."""
    home = shutil.copytree(EXAMPLES / language, directory / language)
    log = directory / f"{language}.log"
    match language:
        case "java":
            arguments = ["-XX:TieredStopAtLevel=1", "-cp", f"{FETCHED}/java/lib/*", f"{home}/Department.java", name]
            return Program(arguments, environment, log, executable=java())
        case "node":
            (home / "node_modules").symlink_to(FETCHED / "node/node_modules")
            node = shutil.which("node")
            assert node, "run `./run setup`"
            return Program([f"{home}/department.mjs", name], environment, log, executable=node)
        case _:
            return Program([f"{home}/department.py", name], environment, log, executable=sys.executable)
