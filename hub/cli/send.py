"""`hub send`: documents of the world outside in, events on the hub's topics out, each acknowledged by Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.text import Text

from connectors import detect, sending
from connectors.base import Accepted, Event, Problem, Read, Receipt, Refusal, key_of
from connectors.defaults import Defaults
from connectors.files import write_whole
from connectors.publishing import Placed, Publisher, topic_of
from hub.cli import options
from hub.codec import Codec
from hub.config import load
from hub.domain.events import CustomerFact, ItemUpdated


def send(
    files: Annotated[list[str], typer.Argument(help="JSON Lines, UBL or X12, told apart by content; - is stdin.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check and say what would be sent.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="For a program: one object a line for each document.")
    ] = False,
    vat: options.Vat = None,
    currency: options.Currency = None,
    country: options.Country = None,
    receipts: Annotated[
        Path | None, typer.Option(file_okay=False, help="Where functional acknowledgements (997, CONTRL) go.")
    ] = None,
) -> None:
    """Check orders and other events, send them to their topics and wait until Kafka has them.

    Sending the same again changes nothing: a document's ids follow from its content. Fails if one was refused.
    """
    defaults = options.defaults(vat, currency, country)
    report = _Report(receipts, as_json=as_json)
    asyncio.run(_send(_documents(files, defaults), report, dry_run=dry_run))
    if not as_json:
        typer.echo(f"{report.accepted} {'valid' if dry_run else 'accepted'}, {report.refused} refused.", err=True)
    if report.refused:
        raise typer.Exit(1)


async def _send(documents: Iterator[Read], report: _Report, *, dry_run: bool) -> None:
    async with AsyncExitStack() as stack:
        codec = Codec.load()
        publisher: Publisher | None = None
        if not dry_run:
            settings = load()
            publisher = await stack.enter_async_context(Publisher(settings.kafka_client(), codec, settings.partitions))
        await sending.send(documents, publisher, codec, report)


def _documents(files: Sequence[str], defaults: Defaults) -> Iterator[Read]:
    for name in files:
        try:
            # Standard input by its number: an interpreter that ends does not wait for a reader of this one.
            with open(0 if name == "-" else name, "rb", closefd=name != "-") as stream:
                yield from detect.read(stream, "stdin" if name == "-" else name, defaults)
        except OSError as error:
            yield Refusal(name, (Problem("", f"it cannot be read: {error.strerror}"),), b"")


class _Report:
    """Prints and counts."""

    def __init__(self, receipts: Path | None, *, as_json: bool) -> None:
        self._receipts = receipts
        self.accepted = 0
        self.refused = 0
        self._as_json = as_json
        self._console = Console(highlight=False, soft_wrap=True)

    def __call__(self, document: Read, placed: Placed | None) -> None:
        if isinstance(document, Receipt):
            self._receipt(document)
            return
        if isinstance(document, Accepted):
            self.accepted += 1
        else:
            self.refused += 1
        if self._as_json:
            typer.echo(orjson.dumps(_as_object(document, placed)))
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

    def _receipt(self, receipt: Receipt) -> None:
        if self._receipts is None:
            return
        path = self._receipts / receipt.name
        write_whole(path, receipt.raw)
        if self._as_json:
            typer.echo(orjson.dumps({"where": receipt.where, "status": "acknowledged", "file": str(path)}))
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
