"""Exit statuses: the same number means the same with every command."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a command ends with."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNREADABLE = 3
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """For a person."""
        return _MEANINGS[self]


_MEANINGS = {
    Exit.DONE: "It is done, and nothing stands against what was asked.",
    Exit.FAILED: "It could not be done, or something stands against it: a document was refused, a check failed, an "
    "amount is wrong. Standard error, or the output itself, says what and what to do.",
    Exit.USAGE: "The command was not used as it is meant: an unknown option, a wrong value. Nothing was begun.",
    Exit.UNREADABLE: "`settle compute` and `settle recompute`: what was given is no such document at all.",
    Exit.INTERRUPTED: "Ctrl-C before it was done.",
}
