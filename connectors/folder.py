"""A folder that others put files into, over SFTP or otherwise: each is taken by one process, and none is lost.

A file is claimed by a rename, which one of several processes wins, and locked while it is worked on: a claimed file
without a lock was left by a process that died, and is taken up again from its beginning, which is harmless, as the
ids of events follow from their content.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import orjson

from connectors.base import Read, Receipt, Refusal
from connectors.files import safe_name, write_whole
from hub.errors import ConfigError

CLAIMED, DONE, REFUSED, RECEIPTS = "claimed", "done", "refused", "receipts"
_LONGEST = 150
"""Bytes of a name that are kept."""
_UNFINISHED = (".part", ".filepart", ".tmp", ".uploading")
"""How programs call a file that is still being written; and whatever begins with a dot."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A file that is this process's to read, until its stream is closed."""

    name: str
    """As it was put there."""
    path: Path
    """Where it lies while it is worked on."""
    stream: BinaryIO


class DropFolder:
    """A folder with what belongs to it: files claimed, done, parts refused and acknowledgements."""

    def __init__(self, root: Path, *, quiet_seconds: float) -> None:
        """`quiet_seconds`: how long nobody must have written to a file that is taken."""
        self._root = root
        self._quiet = quiet_seconds

    def prepare(self) -> None:
        """Make what belongs to the folder, and the folder. Raises ConfigError."""
        try:
            for name in (CLAIMED, DONE, REFUSED, RECEIPTS):
                (self._root / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{self._root} cannot be used: {error.strerror}.") from error

    def waiting(self) -> list[Path]:
        """Files that may be taken, in the order they came: those left behind first. Raises ConfigError."""
        came: list[tuple[float, str]] = []
        try:
            entries = list(os.scandir(self._root))
        except OSError as error:
            raise ConfigError(f"{self._root} cannot be read: {error.strerror}.") from error
        for entry in entries:
            with suppress(FileNotFoundError):  # another process was quicker
                if self._ready(entry):
                    came.append((entry.stat().st_mtime, entry.name))
        return [*sorted((self._root / CLAIMED).glob("*")), *(self._root / name for _, name in sorted(came))]

    def claim(self, path: Path) -> Claimed | None:
        """The file, locked; None if another process has it, or if it became a link or a pipe meanwhile."""
        with suppress(FileNotFoundError):
            name = os.fsencode(path.name)[-_LONGEST:].decode("utf-8", "ignore")
            if path.parent == self._root / CLAIMED:
                name = path.name.partition("-")[2]
            else:
                path = path.rename(self._root / CLAIMED / f"{uuid4().hex[:12]}-{name}")
            stream = _opened(path)
            if stream is None:
                return None
            if _locked(stream, path):
                return Claimed(name, path, stream)
            stream.close()
        return None

    def finish(self, claimed: Claimed) -> None:
        """All that came of the file is safe: it lies with the done ones."""
        claimed.path.rename(self._root / DONE / claimed.path.name)

    def keep(self, claimed: Claimed, number: int, document: Read) -> Path | None:
        """Keep what the reading of a file brought: a refused document as it came with the reasons beside it, an
        acknowledgement. `number` is the document's in its file.
        """
        if isinstance(document, Receipt):
            path = self._root / RECEIPTS / safe_name(f"{claimed.path.name[:12]}-{document.name}")
            write_whole(path, document.raw)
            return path
        if isinstance(document, Refusal):
            path = self._root / REFUSED / safe_name(f"{claimed.path.name}.{number}")
            write_whole(path, document.raw)
            problems = [{"what": each.what, "reason": each.reason} for each in document.problems]
            write_whole(
                path.with_name(f"{path.name}.json"), orjson.dumps({"where": document.where, "problems": problems})
            )
            return path
        return None

    def _ready(self, entry: os.DirEntry[str]) -> bool:
        name = entry.name
        return (
            not name.startswith(".")
            and not name.lower().endswith(_UNFINISHED)
            and entry.is_file(follow_symlinks=False)
            and entry.stat().st_mtime <= time.time() - self._quiet
        )


def _opened(path: Path) -> BinaryIO | None:
    """A plain file to read: never what a link leads to, for whoever may put files here may not read all we may."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise
    stream = os.fdopen(number, "rb")
    if stat.S_ISREG(os.fstat(number).st_mode):
        return stream
    stream.close()
    return None


def _locked(stream: BinaryIO, path: Path) -> bool:
    """Lock the file; False if somebody has, or it lies elsewhere by now."""
    try:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return path.exists() and os.path.samestat(os.fstat(stream.fileno()), path.stat())
