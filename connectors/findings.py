"""What reading one document brings up: what is wrong with it, and what was filled in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from connectors.base import Event, Problem
from hub.intake import IntakeError, event_from_document

T = TypeVar("T")

MAX_DOCUMENT_BYTES = 10 * 1024 * 1024
"""Largest document read: ample for an order of thousands of lines with its attachments."""

MAX_PROBLEMS = 100
"""How many a refusal names: telling where in a document each one is costs time that grows with the document."""


NOT_TAKEN = "the hub takes no change of it; leave it out if it is as it was, or ask the order desk"
"""Why a change of an order is refused for something that is no part of what the hub amends."""


class DocumentError(Exception):
    """Something in a document is wrong; carries the `Problem` for the refusal."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(reason)
        self.problem = Problem(what, reason)


@dataclass(slots=True)
class Findings:
    """What reading one document brought up beside its content."""

    errors: list[DocumentError] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong, in the order it was found."""
        return tuple(error.problem for error in self.errors)

    def __enter__(self) -> None:
        """Collect the block's DocumentError and go on after it, so that a refusal names more than one problem."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, DocumentError):
            self.errors.append(error)
            return True
        return False

    def bounded(self, parts: Iterable[T]) -> Iterator[T]:
        """The parts of a document, as long as not too many problems were found in those before."""
        for part in parts:
            yield part
            if len(self.errors) >= MAX_PROBLEMS:
                return


def checked(document: Mapping[str, Any]) -> Event:
    """The event of a document's fields, held to the same bounds as one that comes as JSON. Raises DocumentError."""
    try:
        return event_from_document(document)
    except IntakeError as error:
        raise DocumentError("", str(error)) from None
