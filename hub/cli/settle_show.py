"""`hub settle show`: one settlement, for a person, a program, or as the document the customer gets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import msgspec
import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connectors.reading import Reader
from connectors.settlement_page.page import to_html
from connectors.settlements import Settled, Settlements, Wanted
from connectors.ubl_writer import to_ubl
from hub.cli.tail import safe
from hub.codec import Codec
from hub.config import load
from hub.domain.effects import SettledAdjustment
from hub.domain.en16931 import Finding, Refusal
from hub.domain.invoicing import Invoice
from hub.domain.model import Adjustment
from hub.domain.order import ZERO
from hub.errors import HubError
from hub.seller import load_seller


class Form(StrEnum):
    """What is printed."""

    TEXT = "text"
    JSON = "json"
    UBL = "ubl"
    HTML = "html"


def show(
    settlement_id: Annotated[str, typer.Argument(help="As `hub order show` and `hub tail settlements` name it.")],
    *,
    order: Annotated[str | None, typer.Option(help="The order it is of: finds it sooner.")] = None,
    form: Annotated[Form, typer.Option("--as", help="What is printed; html is in the order's language.")] = Form.TEXT,
) -> None:
    """Show one settlement, or print the document the customer gets of it."""
    found = asyncio.run(_find(Wanted(order_id=order, settlement_id=settlement_id), languages=form is Form.HTML))
    if found is None:
        raise HubError(f"There is no settlement {settlement_id}: `hub tail settlements --from-beginning` shows them.")
    if form is Form.JSON:
        typer.echo(orjson.dumps(msgspec.to_builtins(found.record), option=orjson.OPT_INDENT_2))
        return
    if isinstance(found.document, Refusal):
        raise HubError(f"Settlement {settlement_id} makes no document: {told(found.document.findings)}.")
    match form:
        case Form.UBL:
            typer.echo(to_ubl(found.document), nl=False)
        case Form.HTML:
            typer.echo(to_html(found.document, found.locale), nl=False)
        case _:
            render(Console(highlight=False), found.document)


async def _find(wanted: Wanted, *, languages: bool) -> Settled | None:
    settings = load()
    reader = Reader(settings.kafka_client(), settings.partitions)
    settlements = Settlements(reader, Codec.load(), settings.partitions)
    async for found in settlements.documents(wanted, load_seller(settings.rules_dir), languages=languages):
        return found
    return None


def told(findings: Iterable[Finding]) -> str:
    """Findings in one line, safe to print."""
    return safe("; ".join(f"{each.message} ({each.rule})" for each in findings))


def render(console: Console, invoice: Invoice) -> None:
    """The settlement for a person."""
    settled, currency = invoice.settlement, invoice.settlement.currency
    console.print(Text(safe(f"{settled.kind} {settled.settlement_id}"), "bold"))
    facts = {
        "order": f"{settled.order_id}, {settled.cause}",
        "customer": f"{settled.customer_id} {invoice.buyer.name}",
        "settled": f"{settled.occurred_at:%Y-%m-%d %H:%M} UTC",
        "due": f"{settled.payment_due or ''} {invoice.terms}".strip(),
        "refers to": ", ".join(settled.preceding),
    }
    for name, fact in facts.items():
        if fact:
            console.print(Text.assemble((f"  {name}: ", "cyan"), safe(fact)), soft_wrap=True)
    console.print(_lines(invoice))
    console.print(_sums(invoice))
    for difference in settled.differences:
        about = f"line {difference.line_id}, {difference.quantity}, {difference.amount} {currency}, {difference.detail}"
        console.print(Text(f"  {difference.kind}: {safe(about)}"), soft_wrap=True)
    for gap in invoice.gaps:
        console.print(Text(f"  missing: {safe(gap.message)} ({gap.rule})", "yellow"), soft_wrap=True)


def _lines(invoice: Invoice) -> Table:
    charged = any(line.charge for line in invoice.settlement.lines)
    beside = "allowed, charged" if charged else "discount"
    lines = Table("line", "item", "quantity", "price", beside, "VAT", "net", box=None, pad_edge=False)
    for line in invoice.settlement.lines:
        price = f"{line.price}" if line.base_quantity == 1 else f"{line.price} / {line.base_quantity}"
        vat = f"{line.vat_category} {line.vat_rate}%"
        item, quantity = f"{line.item_id} {line.description}", f"{line.quantity} {line.unit}"
        discount = f"{line.charge - line.allowance}" if charged else str(line.allowance or "")
        lines.add_row(
            *(Text(safe(cell)) for cell in (line.line_id, item, quantity, price, discount, vat, str(line.net_amount)))
        )
        for each in line.adjustments:
            lines.add_row("", Text(safe(f"  {each.reason or each.reason_code}"), "dim"), "", "", f"{_signed(each)}")
    return lines


def _signed(each: Adjustment | SettledAdjustment) -> Decimal:
    amount = each.amount or ZERO
    return amount if each.kind == "charge" else -amount


def _sums(invoice: Invoice) -> Table:
    settled = invoice.settlement
    sums = Table("", "", box=None, pad_edge=False, show_header=False)
    for each in settled.adjustments:
        sums.add_row(Text(safe(each.reason or f"{each.kind} {each.reason_code}")), str(_signed(each)))
    for row in settled.vat:
        sums.add_row(f"VAT {row.category} {row.rate}% of {row.taxable_amount}", str(row.tax_amount))
    sums.add_row("with VAT", str(settled.tax_inclusive))
    if settled.prepaid:
        sums.add_row("prepaid", str(-settled.prepaid))
    if settled.rounding:
        sums.add_row("rounding", str(settled.rounding))
    sums.add_row(
        Text("to pay" if settled.kind == "invoice" else "credited", "bold"), f"{settled.payable} {settled.currency}"
    )
    return sums
