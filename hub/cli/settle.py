"""`hub settle`: EN 16931 arithmetic for other programs and for documents of others, and documents of what was settled.

`compute` and `recompute` need no Kafka. Exit status: 0 all right; 1 a rule stands against a document, or its own
amounts are wrong; 2 wrong usage; 3 a file or the standard input is not such a document at all.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, BinaryIO, NoReturn

import typer

from connectors import ubl_invoice
from connectors.findings import MAX_DOCUMENT_BYTES, DocumentError
from connectors.ubl_claims import InvoiceRejectedError
from hub.cli import settle_report as report
from hub.cli.as_json import Json, print_json
from hub.cli.settle_export import export
from hub.cli.settle_show import show
from hub.domain.en16931 import Finding, Refusal, totals
from hub.domain.en16931.issuing import lacking
from hub.domain.en16931.recompute import recompute as recomputed
from hub.intake.invoices import MAX_INVOICE_BYTES, in_json, invoice_from_json
from hub.intake.json_events import IntakeError

app = typer.Typer(help="Totals of invoices and credit notes, to the cent.", no_args_is_help=True)
app.command()(show)
app.command()(export)

RIGHT, WRONG, UNREADABLE = 0, 1, 3


@app.command()
def compute(
    file: Annotated[
        Path | None, typer.Argument(help="JSON as in docs/settlement.md; standard input if absent.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Compute every total of a document, or say which rules it breaks."""
    try:
        raw = _read_bounded(sys.stdin.buffer, MAX_INVOICE_BYTES) if file is None else _read(file, MAX_INVOICE_BYTES)
        document = invoice_from_json(raw)
    except IntakeError as error:
        problems = (Finding("JSON", f"$.{each.path}".rstrip("."), each.reason) for each in error.problems)
        _refuse(tuple(problems), UNREADABLE, as_json=as_json)
    except OSError as error:
        _refuse((Finding("FILE", "$", str(error)),), UNREADABLE, as_json=as_json)
    if isinstance(document, Refusal):
        _refuse(document.findings, WRONG, as_json=as_json)
    computed = totals(document)
    if isinstance(computed, Refusal):
        _refuse(tuple(in_json(finding, document) for finding in computed.findings), WRONG, as_json=as_json)
    warnings = tuple(in_json(finding, document) for finding in lacking(document, computed))
    if as_json:
        fields = report.totals_fields(document, computed)
        print_json({**fields, "warnings": report.finding_fields(warnings)})
        return
    typer.echo(report.totals_text(document, computed))
    for finding in warnings:
        typer.echo(f"warning: {report.finding_text(finding)}", err=True)


@app.command()
def recompute(
    files: Annotated[list[Path], typer.Argument(help="UBL 2.1 invoices and credit notes.")],
    *,
    as_json: Json = False,
) -> None:
    """Recompute documents of others from their lines up: one verdict a line of output, one object with --json."""
    status = RIGHT
    for file in files:
        verdict = _judge(file)
        if as_json:
            print_json(verdict.fields)
        else:
            typer.echo(verdict.text)
        status = max(status, verdict.status)
    raise typer.Exit(status)


def _judge(file: Path) -> report.Verdict:
    try:
        invoice = ubl_invoice.read(_read(file, MAX_DOCUMENT_BYTES))
    except OSError as error:
        return report.unreadable(file, error.strerror or str(error))
    except DocumentError as error:
        return report.unreadable(file, str(error.problem))
    except InvoiceRejectedError as error:
        return report.refused(file, error.findings)
    outcome = recomputed(invoice.document, invoice.claims)
    if isinstance(outcome, Refusal):
        return report.refused(file, [invoice.located(finding) for finding in outcome.findings])
    return report.judged(file, invoice, outcome)


def _refuse(findings: tuple[Finding, ...], status: int, *, as_json: bool) -> NoReturn:
    if as_json:
        print_json({"errors": report.finding_fields(findings)})
    else:
        for finding in findings:
            typer.echo(f"hub: {report.finding_text(finding)}", err=True)
    raise typer.Exit(status)


def _read(file: Path, limit: int) -> bytes:
    with file.open("rb") as stream:
        return _read_bounded(stream, limit)


def _read_bounded(stream: BinaryIO, limit: int) -> bytes:
    """At most one byte more than the limit: enough for the reader to say that it is too long."""
    return stream.read(limit + 1)
