"""The demonstration's processes: each in a session of its own, ended by its id, and never outliving the one here."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from hub.errors import HubError

_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 12.0
"""A worker promises to be gone within ten."""


class Child:
    """A program of the demonstration that runs beside this one; what it says goes to its log."""

    def __init__(self, name: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        """Start `python ARGUMENTS`. The kernel ends it when this process is gone, however that came."""
        setpriv = shutil.which("setpriv")
        self.name = name
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*([setpriv, "--pdeathsig", "TERM"] if setpriv else []), sys.executable, *arguments],
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status, None while it runs."""
        return self._process.poll()

    def check(self) -> None:
        """Raise HubError, with the last thing it said, if it has ended with an error."""
        if self.status:
            raise HubError(f"The {self.name} ended with status {self.status} ({self._last_words()}); see {self._log}.")

    async def stop(self) -> None:
        """Ask it to end, wait, and kill it when it does not."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if self.status is None:
                self._process.send_signal(sign)
            for _ in range(int(_PATIENCE_SECONDS / _POLL_SECONDS)):
                if self.status is not None:
                    return
                await asyncio.sleep(_POLL_SECONDS)

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "it said nothing"
