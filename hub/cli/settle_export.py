"""`hub settle export`: every settlement as the documents the customer gets, one file each, written once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

import typer

from connectors import pdf
from connectors.reading import Reader
from connectors.settlement_page.page import to_html
from connectors.settlements import Settled, Settlements, Wanted
from connectors.ubl_writer import to_ubl
from hub.cli.as_json import Json, print_json
from hub.cli.settle_show import told
from hub.cli.settle_tables import write_tables
from hub.codec import Codec
from hub.config import load
from hub.domain.en16931 import Finding, Refusal
from hub.domain.invoicing import Invoice
from hub.errors import ConfigError
from hub.seller import load_seller

_DAYS = ["%Y-%m-%d"]
Outcome = Literal["written", "kept", "refused"]


def export(
    *,
    ubl: Annotated[Path | None, typer.Option(file_okay=False, help="Where UBL 2.1 XML goes.")] = None,
    html: Annotated[Path | None, typer.Option(file_okay=False, help="Where the customer's pages go.")] = None,
    pdf_: Annotated[Path | None, typer.Option("--pdf", file_okay=False, help="The same as PDF, by Chromium.")] = None,
    csv: Annotated[Path | None, typer.Option(file_okay=False, help="Where tables for finance go, as CSV.")] = None,
    jsonl: Annotated[Path | None, typer.Option(file_okay=False, help="The same as JSON Lines.")] = None,
    parquet: Annotated[Path | None, typer.Option(file_okay=False, help="The same as Parquet.")] = None,
    since: Annotated[datetime | None, typer.Option("--from", formats=_DAYS, help="Settled that day or later.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=_DAYS, help="Settled that day or before.")] = None,
    order: Annotated[str | None, typer.Option(help="Of this order only.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse documents that lack what a rule asks for.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Write files anew that are there already.")] = False,
    as_json: Json = False,
) -> None:
    """Write settlements as documents, one file each, named by the settlement, or as tables. Days are UTC.

    Documents written before are left as they were issued; tables are written anew. Exit status 1 if a document was
    refused.
    """
    forms = [Form(ubl, ".xml", lambda invoice, _: to_ubl(invoice)), Form(html, ".html", to_html)]
    if pdf_ is not None:
        chromium = pdf.browser()
        forms.append(Form(pdf_, ".pdf", lambda invoice, locale: pdf.to_pdf(to_html(invoice, locale), chromium)))
    forms = [form for form in forms if form.directory is not None]
    if not (forms or csv or jsonl or parquet):
        raise typer.BadParameter(
            "say what to write and where: --ubl, --html, --pdf, --csv, --jsonl or --parquet with a directory"
        )
    wanted = Wanted(order, _day(since), _day(until))
    if csv or jsonl or parquet:
        told_of = asyncio.run(write_tables(wanted, csv, jsonl, parquet))
        if not as_json:
            typer.echo(told_of)
    if not forms:
        return
    documents = _documents(wanted, languages=html is not None or pdf_ is not None)
    writer = Writer(forms, strict=strict, replace=replace)
    counts = asyncio.run(_write(documents, writer, as_json=as_json))
    if not as_json:
        typer.echo(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    raise typer.Exit(int(counts["refused"] > 0))


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a document."""

    directory: Path | None
    suffix: str
    write: Callable[[Invoice, str], bytes]
    """The document in a locale."""


class Writer:
    """Writes documents to files that appear whole or not at all."""

    def __init__(self, forms: list[Form], *, strict: bool, replace: bool) -> None:
        self._forms = forms
        self._strict = strict
        self._replace = replace

    def __call__(self, settled: Settled) -> tuple[Outcome, tuple[Finding, ...]]:
        """What became of a settlement's document, and what stands against it.

        Raises ConfigError if a file cannot be written.
        """
        document = settled.document
        if isinstance(document, Refusal):
            return "refused", document.findings
        if document.gaps and self._strict:
            return "refused", document.gaps
        written = [self._file(form, document, settled.locale) for form in self._forms]
        return "written" if any(written) else "kept", document.gaps

    def _file(self, form: Form, invoice: Invoice, locale: str) -> bool:
        assert form.directory is not None  # noqa: S101  forms without one are left out
        path = form.directory / f"{quote(invoice.settlement.settlement_id, safe='')}{form.suffix}"
        if path.exists() and not self._replace:
            return False
        try:
            form.directory.mkdir(parents=True, exist_ok=True)
            scratch = path.with_name(f".{path.name}.{os.getpid()}")
            scratch.write_bytes(form.write(invoice, locale))
            scratch.replace(path)
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error
        return True


async def _write(documents: AsyncIterator[Settled], writer: Writer, *, as_json: bool) -> dict[Outcome, int]:
    counts: dict[Outcome, int] = {"written": 0, "kept": 0, "refused": 0}
    async for settled in documents:
        outcome, findings = writer(settled)
        counts[outcome] += 1
        if as_json:
            print_json(_fields(settled, outcome, findings))
        elif findings:
            typer.echo(f"{settled.record.settlement_id}: {outcome}: {told(findings)}", err=True)
    return counts


def _fields(settled: Settled, outcome: Outcome, findings: tuple[Finding, ...]) -> dict[str, object]:
    record = settled.record
    return {
        "settlement_id": record.settlement_id,
        "order_id": record.order_id,
        "kind": record.kind,
        "payable": f"{record.payable:f}",
        "currency": record.currency,
        "outcome": outcome,
        "findings": [{"rule": each.rule, "path": each.path, "message": each.message} for each in findings],
    }


async def _documents(wanted: Wanted, *, languages: bool) -> AsyncIterator[Settled]:
    settings = load()
    reader = Reader(settings.kafka_client(), settings.partitions)
    settlements = Settlements(reader, Codec.load(), settings.partitions)
    async for settled in settlements.documents(wanted, load_seller(settings.rules_dir), languages=languages):
        yield settled


def _day(given: datetime | None) -> date | None:
    return given.date() if given else None
