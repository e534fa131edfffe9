"""Order responses as 855, despatch advices as 856, invoices and credit notes as 810 (version 004010)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date
from decimal import Decimal

from connectors.defaults import plain
from connectors.partners.book import Partner
from connectors.partners.numbers import per_unit
from connectors.partners.saying import (
    Answer,
    DespatchAdvice,
    Document,
    OrderResponse,
    SaidLine,
    UnwritableError,
    agreed_on,
)
from connectors.x12.codes import DISCOUNT, PRICED_FOR, RELEASE, SERVICES_OF, TO_X12, UNNAMED
from connectors.x12.writing import identifier, interchange, text
from hub.domain.effects import SettledAdjustment, SettledLine
from hub.domain.invoicing import Invoice, adjustments_of
from hub.domain.model import Address, Adjustment, OrderLine
from hub.domain.money import minor_unit
from hub.domain.order import ZERO, Terms

_ANSWERS: dict[Answer, str] = {"accepted": "AD", "changed": "AC", "rejected": "RD"}
"""Element 587: acknowledged with detail and no change, with detail and change, rejected with detail."""
_CENTS = 2
"""Decimals of element 610, whatever the currency."""
_BASES = {base: code for code, base in PRICED_FOR.items() if code in {"PE", "HP", "TP"}}

Segments = Iterator[Sequence[str]]


def to_x12(document: Document, partner: Partner, number: int) -> bytes:
    """The document's interchange. Raises UnwritableError."""
    match document:
        case OrderResponse():
            return interchange(partner, ("PR", "855"), number, document.at, _response(document))
        case DespatchAdvice():
            return interchange(partner, ("SH", "856"), number, document.at, _despatch(document, number))
        case Invoice():
            return interchange(partner, ("IN", "810"), number, document.settlement.occurred_at, _invoice(document))


def _response(said: OrderResponse) -> Segments:
    order, release = _numbers(said.terms.purchase_order)
    today = _day(said.at.astimezone(UTC).date())
    yield (
        "BAK",
        "00",
        _ANSWERS[said.answer],
        order,
        _day(said.placed_on),
        release,
        "",
        "",
        identifier(said.order_id),
        today,
    )
    yield "CUR", "SE", said.terms.currency
    yield from _agreed(said.terms, said.terms.currency)
    yield from _ship_to(said.terms.deliver_to)
    for each in said.lines:
        line, item = each.line, identifier(each.line.item_id)
        unit = _unit(line.unit)
        yield "PO1", line.line_id, plain(line.quantity), unit, *_price(line.price, line.base_quantity), "VN", item
        yield from _description(line.description)
        yield from _agreed(line, said.terms.currency)
        yield from _acknowledged(each, unit)
    yield "CTT", str(len(said.lines))


def _acknowledged(said: SaidLine, unit: str) -> Segments:
    """ACK: accepted, accepted with another quantity, or rejected."""
    if said.quantity == ZERO:
        yield "ACK", "IR", plain(said.line.quantity), unit
    else:
        yield "ACK", "IA" if said.quantity == said.line.quantity else "IQ", plain(said.quantity), unit


def _despatch(said: DespatchAdvice, number: int) -> Segments:
    order, release = _numbers(said.terms.purchase_order)
    moment = said.at.astimezone(UTC)
    yield "BSN", "00", f"{number:09}", f"{moment:%Y%m%d}", f"{moment:%H%M}", "0004"
    yield "HL", "1", "", "S"
    yield "DTM", "011", f"{moment:%Y%m%d}"
    yield from _ship_to(said.terms.deliver_to)
    yield "HL", "2", "1", "O"
    yield "PRF", order, release, "", _day(said.placed_on)
    for place, each in enumerate(said.lines, 3):
        yield "HL", str(place), "2", "I"
        yield "LIN", each.line.line_id, "VN", identifier(each.line.item_id)
        ordered = plain(each.line.quantity), _unit(each.line.unit)
        yield "SN1", each.line.line_id, plain(each.quantity), ordered[1], "", *ordered
        yield from _description(each.line.description)
    yield "CTT", str(len(said.lines) + 2)


def _agreed(ordered: Terms | OrderLine, currency: str) -> Segments:
    for each in agreed_on(ordered):
        _in_cents("855", currency)
        yield from _adjustment(each)


def _in_cents(kind: str, currency: str) -> None:
    if minor_unit(currency) > _CENTS:
        raise UnwritableError(f"{kind} has two decimals for amounts, {currency} has {minor_unit(currency)}")


def _invoice(invoice: Invoice) -> Segments:
    settled = invoice.settlement
    _in_cents("810", settled.currency)
    order, release = _numbers(settled.purchase_order)
    issued = settled.occurred_at.astimezone(UTC).date()
    kind = "DI" if settled.kind == "invoice" else "CR"
    yield "BIG", _day(issued), identifier(settled.settlement_id), "", order, release, "", kind
    yield "CUR", "SE", settled.currency
    yield from (("REF", "IV", identifier(each)) for each in settled.preceding)
    yield "N1", "SE", text(invoice.seller.party.name, 60)
    yield "N1", "BY", text(invoice.buyer.name, 60), "91", identifier(settled.customer_id)
    yield from _ship_to(settled.deliver_to)
    if settled.payment_due:
        yield "ITD", "01", "3", "", "", "", _day(settled.payment_due)
    if settled.delivered_on:
        yield "DTM", "035", _day(settled.delivered_on)
    for line in settled.lines:
        yield from _billed(line)
    yield "TDS", _cents(settled.payable), _cents(settled.line_total)
    for row in settled.vat:
        yield "TXI", "VA", plain(row.tax_amount), plain(row.rate)
    for each in settled.adjustments:
        yield from _adjustment(each)
    if settled.prepaid:
        yield "AMT", "5", plain(settled.prepaid)
    yield "CTT", str(len(settled.lines))


def _billed(line: SettledLine) -> Segments:
    unit = _unit(line.unit)
    price = _price(line.price, line.base_quantity)
    yield "IT1", line.line_id, plain(line.quantity), unit, *price, "VN", identifier(line.item_id)
    yield "TXI", "VA", "", plain(line.vat_rate)
    yield from _description(line.description)
    for each in adjustments_of(line):
        yield from _adjustment(each)


def _adjustment(given: Adjustment | SettledAdjustment) -> Segments:
    sign = "A" if given.kind == "allowance" else "C"
    rate = ("Z", plain(given.percent)) if given.percent is not None else ("", "")
    code = SERVICES_OF.get((given.kind, given.reason_code), UNNAMED)
    if code == DISCOUNT and given.reason:
        code = UNNAMED
    amount = _cents(given.amount) if given.amount is not None else ""
    yield "SAC", sign, code, "", "", amount, *rate, "", "", "", "", "", "", "", text(given.reason, 80)


def _ship_to(to: Address) -> Segments:
    yield "N1", "ST", text(to.name, 60)
    if to.street:
        yield "N3", text(to.street, 55), text(to.street[55:], 55)
    city, _, state = to.city.rpartition(", ")
    known = len(state) == 2 and bool(city)
    yield "N4", text(city if known else to.city, 30), state if known else "", text(to.postal_code, 15), to.country


def _description(description: str) -> Segments:
    if description:
        yield "PID", "F", "", "", "", text(description, 80)


def _numbers(purchase_order: str) -> tuple[str, str]:
    """The buyer's number and its release."""
    order, _, release = purchase_order.partition(RELEASE)
    return identifier(order), identifier(release)


def _price(price: Decimal, base_quantity: Decimal) -> tuple[str, str]:
    code = _BASES.get(base_quantity)
    return (plain(price), code) if code else (plain(per_unit(price, base_quantity)), "PE")


def _unit(unit: str) -> str:
    return TO_X12.get(unit, unit)


def _day(day: date | None) -> str:
    return f"{day:%Y%m%d}" if day else ""


def _cents(amount: Decimal) -> str:
    """Element 610: two decimals, the point left away."""
    return f"{amount.scaleb(_CENTS):.0f}"
