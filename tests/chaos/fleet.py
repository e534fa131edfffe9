"""Worker processes under a supervisor that starts each again when it ends, and hands to end, freeze and rob them."""

from __future__ import annotations

import asyncio
import shutil
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.program import Program

_RESTART_SECONDS = 0.2
_POLL_SECONDS = 0.02
STOP_SECONDS = 10.0
"""SIGTERM ends a worker in so long."""


class Member:
    """One supervised worker, with a data directory and a log of its own."""

    def __init__(self, name: str, arguments: tuple[str, ...], environment: Mapping[str, str], directory: Path) -> None:
        self.name = name
        self.data_dir = directory / name
        self.kills = 0
        self.zombies = 0
        """How often it went on after it had been frozen."""
        self.ended: list[str] = []
        """Why it ended by itself, each time it did."""
        self.program = Program(
            arguments, {**environment, "HUB_DATA_DIR": str(self.data_dir)}, directory / f"{name}.log"
        )
        self._supervisor: asyncio.Task[None] | None = None
        self._expected = False
        self._frozen = False
        self._rob = False

    async def start(self) -> None:
        """Start it, and from now on start it again whenever it ends."""
        await self.program.start()
        self._supervisor = asyncio.create_task(self._supervise())

    def kill(self, *, rob: bool = False) -> None:
        """End it as a power cut would; with `rob` its data directory is gone when it starts again."""
        if self.program.running:
            self.kills += 1
            self._expected, self._frozen, self._rob = True, False, rob
            self.program.signal(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it run no more; it does not notice."""
        if self.program.running:
            self._frozen = True
            self.program.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on as if nothing had happened."""
        if self.program.running and self._frozen:
            self.zombies += 1
            self._frozen = False
            self.program.signal(signal.SIGCONT)

    async def end(self) -> str:
        """End it with SIGTERM; what is wrong with how it ended, empty if nothing."""
        if self._supervisor is None:
            return ""
        self._supervisor.cancel()
        self._supervisor = None
        self.program.signal(signal.SIGCONT)
        self.program.signal(signal.SIGTERM)
        if await self.program.ends(STOP_SECONDS) is not None:
            return ""
        self.program.signal(signal.SIGKILL)
        await self.program.ends()
        return f"{self.name} was still there {STOP_SECONDS:.0f} s after SIGTERM"

    async def logs(self, event: str, *, times: int = 1, within: float = 60.0) -> bool:
        """Whether it logs an event so many times in one life, in so many seconds, whatever happens to it."""
        deadline = time.monotonic() + within
        while self.count(event) < times:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(_POLL_SECONDS)
        return True

    def count(self, event: str) -> int:
        """How often it has logged an event since it was started last."""
        return self.program.output.count(f'"event": "{event}"')

    async def _supervise(self) -> None:
        while True:
            status = await self.program.process.wait()
            if not self._expected:
                self.ended.append(f"{self.name} ended with status {status}: {self.program.last_words}")
            await asyncio.sleep(_RESTART_SECONDS)
            if self._rob:
                shutil.rmtree(self.data_dir, ignore_errors=True)
            self._expected = self._frozen = self._rob = False
            await self.program.start()


class Fleet:
    """All workers of one group."""

    def __init__(self, size: int, arguments: tuple[str, ...], environment: Mapping[str, str], directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.members = [Member(f"worker-{number}", arguments, environment, directory) for number in range(size)]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.end()

    async def start(self) -> None:
        """Start all."""
        for member in self.members:
            await member.start()

    async def end(self) -> list[str]:
        """End all with SIGTERM; what is wrong with how they ended."""
        return [wrong for wrong in await asyncio.gather(*(member.end() for member in self.members)) if wrong]
