"""A program of the hub as a process of its own: started, listened to, and ended by its pid."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_POLL_SECONDS = 0.02
_PATIENCE = 60.0


class Program:
    """`python ARGUMENTS`; what it prints is appended to `log`. Leaving the context ends it, however it is then."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], log: Path, *, executable: str = sys.executable
    ) -> None:
        self.log = log
        self._executable = executable
        self._arguments = arguments
        self._environment = {**os.environ, **environment}
        self._start = 0
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.running:
            self.signal(signal.SIGKILL)
            await self.process.wait()

    async def start(self) -> None:
        """Start it; it does not outlive whoever started it."""
        setpriv = shutil.which("setpriv")
        bound = (setpriv, "--pdeathsig", "KILL") if setpriv else ()
        with self.log.open("ab") as log:
            self._start = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                *bound,
                self._executable,
                *self._arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )

    @property
    def process(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "not started"
        return self._process

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def output(self) -> str:
        """All it has said since it was started last."""
        return self.log.read_bytes()[self._start :].decode(errors="replace")

    @property
    def last_words(self) -> str:
        """The sentence it ended with, or the end of what it said."""
        lines = self.output.splitlines()
        sentences = [line for line in lines if line.startswith("hub: ")]
        return sentences[-1] if sentences else " / ".join(lines[-4:])

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.running:
            self.process.send_signal(number)

    async def says(self, text: str, *, times: int = 1, within: float = _PATIENCE) -> bool:
        """Whether it says something so many times before it ends and before so many seconds have passed."""
        deadline = time.monotonic() + within
        while self.output.count(text) < times:
            if time.monotonic() > deadline or not self.running:
                return self.output.count(text) >= times
            await asyncio.sleep(_POLL_SECONDS)
        return True

    async def ends(self, within: float = _PATIENCE) -> int | None:
        """The status it ends with in so many seconds, None if it does not."""
        try:
            async with asyncio.timeout(within):
                return await self.process.wait()
        except TimeoutError:
            return None
