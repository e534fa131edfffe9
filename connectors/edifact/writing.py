"""EDIFACT segments as text: what is a separator in a value is released, empty ends are left away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.edi.segments import Syntax

LEVEL_C = Syntax("'", "+", ":", "?", charset="latin-1")
"""The characters and the set (UNOC) that the hub writes with."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes with the separators of a syntax."""

    syntax: Syntax = LEVEL_C

    def text(self, value: str) -> str:
        """A value with its separators released; control characters become spaces, letters the set lacks a `?`."""
        syntax = self.syntax
        plain = "".join(letter if letter.isprintable() else " " for letter in value)
        plain = plain.encode(syntax.charset, "replace").decode(syntax.charset)
        for mark in (syntax.release, syntax.element, syntax.component, syntax.terminator):
            if mark and mark in plain:
                plain = plain.replace(mark, syntax.release + mark)
        return plain

    def composite(self, *components: str) -> str:
        """Components as one element."""
        return self.syntax.component.join(_trimmed([self.text(each) for each in components]))

    def segments(self, segments: Iterable[Sequence[str]]) -> bytes:
        """Segments of elements that are written out already, one a line."""
        syntax = self.syntax
        lines = (syntax.element.join(_trimmed(elements)) + syntax.terminator + "\n" for elements in segments)
        return "".join(lines).encode(syntax.charset)


def _trimmed(values: Sequence[str]) -> Sequence[str]:
    """Without the empty ones at the end."""
    size = len(values)
    while size and not values[size - 1]:
        size -= 1
    return values[:size]
