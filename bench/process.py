"""A peer as a process of its own: started, watched through /proc, ended by its id."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
GRACE = 15.0
"""Seconds between asking a peer to end and ending it."""


class Peer:
    """One running peer; leaving the context ends it. Its output goes to `log`."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, cwd: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._cwd = cwd
        self._env = {**os.environ, **(env or {})}

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._cwd, env=self._env
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        self._process.terminate()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def hold(self) -> None:
        """Let the process not run until it is released."""
        self._process.send_signal(signal.SIGSTOP)

    def release(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    @property
    def ended(self) -> bool:
        """Whether the process has ended by itself."""
        return self._process.poll() is not None

    def cpu_seconds(self) -> float:
        """User and system time so far; 0 once it has ended."""
        stat = _read(f"/proc/{self._process.pid}/stat")
        if not stat:
            return 0.0
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def peak_bytes(self) -> int:
        """Largest resident memory so far; 0 once it has ended."""
        for line in _read(f"/proc/{self._process.pid}/status").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return 0


class Tree:
    """A process with all that it starts, watched from outside."""

    def __init__(self, pid: int, every: float = 0.2) -> None:
        self._pid = pid
        self._every = every
        self._cpu: dict[int, float] = {}
        self.peak_bytes = 0
        """Largest resident memory of all of them at one time."""

    @property
    def cpu_seconds(self) -> float:
        """User and system time as far as it was seen."""
        return sum(self._cpu.values())

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(self._every)

    def look(self) -> None:
        """Add what can be seen now."""
        resident = 0
        for pid, fields in self._alive():
            self._cpu[pid] = (int(fields[11]) + int(fields[12])) / _TICKS
            resident += int(fields[21]) * _PAGE
        self.peak_bytes = max(self.peak_bytes, resident)

    def _alive(self) -> Iterator[tuple[int, list[str]]]:
        """The fields of /proc/PID/stat behind the name, of each process."""
        children: dict[int, list[tuple[int, list[str]]]] = {}
        for path in Path("/proc").iterdir():
            if path.name.isdecimal() and (stat := _read(f"{path}/stat")):
                fields = stat.rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append((int(path.name), fields))
                if int(path.name) == self._pid:
                    yield self._pid, fields
        waiting = [self._pid]
        while waiting:
            for pid, fields in children.get(waiting.pop(), []):
                waiting.append(pid)
                yield pid, fields


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
