"""A value that is not what its schema says: what the codec's inside raises, and what it says of it."""

from __future__ import annotations

_MAX_SHOWN = 60


class Malformed(Exception):  # noqa: N818  (never leaves the codec)
    """A value that is not what its schema says; `path` grows on the way out."""

    def __init__(self, reason: str, text: str, path: str = "") -> None:
        super().__init__(reason, text, path)
        self.reason = reason
        self.text = text
        self.path = path


def located(error: Malformed, part: str) -> Malformed:
    """The error as one of a part: a field's name, or an item's number in brackets."""
    inner = f".{error.path}" if error.path and error.path[0] != "[" else error.path
    return Malformed(error.reason, error.text, part + inner)


def shown(value: object) -> str:
    """A value as a message shows it: one line, bounded."""
    try:
        text = repr(value)
    except ValueError:  # a whole number of thousands of digits, which Python does not write down
        text = f"{type(value).__name__} too large to show"
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."
