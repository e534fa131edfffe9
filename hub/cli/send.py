"""`hub send`: documents of the world outside in, events on the hub's topics out, each acknowledged by Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from connectors import detect, sending
from connectors.base import Problem, Read, Receipt, Refusal
from connectors.defaults import Defaults
from connectors.files import write_whole
from connectors.mapped.mapping import TableMapping
from connectors.publishing import Placed, Publisher
from hub.cli import options
from hub.cli.as_json import Json
from hub.cli.report import Report
from hub.codec import Codec
from hub.config import load


def send(
    files: Annotated[list[str], typer.Argument(help="JSON Lines, UBL or X12, told apart by content; - is stdin.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check and say what would be sent.")] = False,
    as_json: Json = False,
    vat: options.Vat = None,
    currency: options.Currency = None,
    country: options.Country = None,
    mapping: options.Mappings = None,
    receipts: Annotated[
        Path | None, typer.Option(file_okay=False, help="Where functional acknowledgements (997, CONTRL) go.")
    ] = None,
) -> None:
    """Check orders and other events, send them to their topics and wait until Kafka has them.

    Sending the same again changes nothing: a document's ids follow from its content. Fails if one was refused.
    """
    defaults = options.defaults(vat, currency, country)
    report = Report(as_json=as_json)

    def tell(document: Read, placed: Placed | None) -> None:
        kept: Path | None = None
        if isinstance(document, Receipt) and receipts is not None:
            kept = receipts / document.name
            write_whole(kept, document.raw)
        report(document, placed, kept)

    asyncio.run(_send(_documents(files, defaults, options.mappings(mapping)), tell, dry_run=dry_run))
    if not as_json:
        typer.echo(f"{report.accepted} {'valid' if dry_run else 'accepted'}, {report.refused} refused.", err=True)
    if report.refused:
        raise typer.Exit(1)


async def _send(documents: Iterator[Read], tell: sending.Tell, *, dry_run: bool) -> None:
    async with AsyncExitStack() as stack:
        codec = Codec.load()
        publisher: Publisher | None = None
        if not dry_run:
            settings = load()
            publisher = await stack.enter_async_context(Publisher(settings.kafka_client(), codec, settings.partitions))
        await sending.send(documents, publisher, codec, tell)


def _documents(files: Sequence[str], defaults: Defaults, mappings: Sequence[TableMapping]) -> Iterator[Read]:
    for name in files:
        try:
            # Standard input by its number: an interpreter that ends does not wait for a reader of this one.
            with open(0 if name == "-" else name, "rb", closefd=name != "-") as stream:
                yield from detect.read(stream, "stdin" if name == "-" else name, defaults, mappings)
        except OSError as error:
            yield Refusal(name, (Problem("", f"it cannot be read: {error.strerror}"),), b"")
