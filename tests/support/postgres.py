"""A PostgreSQL of one's own, by the programs of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SERVERS = "/usr/lib/postgresql"
_USER = "nobody"
"""Who runs it where the tests run as root, which it does not accept."""


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a fresh database, reached through a socket in a directory that is gone afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="hub-pg-"))
    user = _USER if os.geteuid() == 0 else None
    if user:
        shutil.chown(directory, user)
    data = directory / "data"

    def run(program: str, *arguments: str) -> None:
        command = [_program(program), "-D", str(data), *arguments]
        subprocess.run(command, check=True, user=user, cwd=directory, stdout=subprocess.DEVNULL, timeout=60)

    try:
        run("initdb", "-U", "hub", "--auth=trust", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={directory} -c fsync=off"
        run("pg_ctl", "start", "-w", "-l", str(directory / "log"), "-o", options)
        try:
            yield f"postgresql://hub@/postgres?host={directory}"
        finally:
            run("pg_ctl", "stop", "-m", "immediate")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _program(name: str) -> str:
    found = sorted(Path(_SERVERS).glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name) or name
