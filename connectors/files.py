"""Files that appear whole or not at all, and stay inside the directory they are meant for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from hub.errors import ConfigError

_UNSAFE = re.compile(r"[^A-Za-z0-9._+@=-]")
_LONGEST = 200


def safe_name(text: str) -> str:
    """`text` as the name of a file: no separators, nothing hidden, no more than 200 characters."""
    return _UNSAFE.sub("_", text)[-_LONGEST:].lstrip(".") or "_"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees half of it; what was there is replaced. Raises ConfigError."""
    with whole(path) as file:
        file.write(content)


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """A file to write piece by piece, that is there when all of it is; likewise. Raises ConfigError."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with scratch.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(path)
        finally:
            scratch.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error
