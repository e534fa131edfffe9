"""What became of documents, told to a person or a program."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from connectors.base import Accepted, Event, Read, Receipt, Refusal, key_of
from connectors.publishing import Placed, topic_of
from hub.cli.as_json import print_json
from hub.domain.events import CustomerFact, ItemUpdated


class Report:
    """Prints and counts."""

    def __init__(self, *, as_json: bool) -> None:
        self.accepted = 0
        self.refused = 0
        self._as_json = as_json
        self._console = Console(highlight=False, soft_wrap=True)

    def __call__(self, document: Read, placed: Placed | None, kept: Path | None = None) -> None:
        """A document is dealt with. `kept`: where it lies now, for an acknowledgement."""
        if isinstance(document, Receipt):
            if kept is not None:
                self._receipt(document, kept)
            return
        if isinstance(document, Accepted):
            self.accepted += 1
        else:
            self.refused += 1
        if self._as_json:
            print_json(_as_object(document, placed))
        elif isinstance(document, Accepted):
            subject = _subject(document.event)
            status, place = (
                ("accepted", f"is at {placed}") if placed else ("valid", f"is for {topic_of(document.event)}")
            )
            text = f"{document.where}: {type(document.event).__name__} of {subject} {key_of(document.event)} {place}"
            self._console.print(Text.assemble((f"{status:9}", "green"), text))
            for assumption in document.assumed:
                self._console.print(Text.assemble(("assumed  ", "yellow"), f"{document.where}: {assumption}"))
        else:
            for problem in document.problems:
                self._console.print(Text.assemble(("refused  ", "red"), f"{document.where}: {problem}"))

    def _receipt(self, receipt: Receipt, path: Path) -> None:
        if self._as_json:
            print_json({"where": receipt.where, "status": "acknowledged", "file": str(path)})
        else:
            self._console.print(Text.assemble(("answered ", "cyan"), f"{receipt.where}: {path}"))


def _subject(event: Event) -> str:
    if isinstance(event, ItemUpdated):
        return "item"
    return "customer" if isinstance(event, CustomerFact) else "order"


def _as_object(document: Accepted | Refusal, placed: Placed | None) -> dict[str, Any]:
    if isinstance(document, Refusal):
        problems = [asdict(problem) for problem in document.problems]
        return {"where": document.where, "status": "refused", "problems": problems}
    event = document.event
    return {
        "where": document.where,
        "status": "accepted" if placed else "valid",
        "type": type(event).__name__,
        "event_id": event.event_id,
        "key": key_of(event),
        "topic": topic_of(event),
        "partition": placed.partition if placed else None,
        "offset": placed.offset if placed else None,
        "assumed": list(document.assumed),
    }
