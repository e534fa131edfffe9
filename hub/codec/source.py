"""Source text under construction: functions, and the names they use.

Encoders and decoders are written for one record each, as `dataclasses` writes `__init__`. The text is made of nothing
but the structs' own field names, and is compiled once when the schemas are loaded: docs/decisions/0006.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


class Source:
    """A module being written."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = dict(names)
        self._functions: list[str] = []
        self._count = 0

    def fresh(self) -> str:
        """A name not used before."""
        self._count += 1
        return f"v{self._count}"

    def bind(self, value: object) -> str:
        """A name for a value the functions use."""
        name = self.fresh()
        self._names[name] = value
        return name

    def function(self, head: str, body: Iterable[str]) -> None:
        """Add a function; `body` is indented relative to it."""
        self._functions.append("\n    ".join([f"def {head}:", *body]))

    def compiled(self, function: str) -> Any:
        """The function of that name, and with it all it calls."""
        text = "\n\n".join(self._functions)
        exec(compile(text, f"<{function}>", "exec"), self._names)  # noqa: S102  (our own text, see above)
        return self._names[function]


def indented(lines: Iterable[str]) -> list[str]:
    """The lines one level further in."""
    return [f"    {line}" for line in lines]
