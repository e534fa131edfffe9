"""Order responses as ORDRSP, despatch advices as DESADV, invoices and credit notes as INVOIC (D.96A, EANCOM)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from connectors.defaults import plain
from connectors.edifact.writing import Writer
from connectors.partners.book import Partner
from connectors.partners.saying import Answer, DespatchAdvice, Document, OrderResponse, SaidLine, Saying, agreed_on
from hub.domain.effects import SettledAdjustment, SettledLine, VatBreakdown
from hub.domain.invoicing import Invoice, adjustments_of
from hub.domain.model import Address, Adjustment, VatCategory
from hub.domain.order import ZERO
from hub.domain.party import Party

_ANSWERS: dict[Answer, str] = {"accepted": "29", "changed": "4", "rejected": "27"}
"""1225: accepted without amendment, change, not accepted."""
_VERSIONS = {"ORDRSP": "EAN005", "DESADV": "EAN005", "INVOIC": "EAN008"}
_PLAIN = Writer()
_one, _text = _PLAIN.composite, _PLAIN.text

Segments = Iterator[Sequence[str]]


def to_edifact(document: Document, partner: Partner, number: int) -> bytes:
    """The document's interchange."""
    match document:
        case OrderResponse():
            return _interchange(partner, "ORDRSP", number, document.at, _response(document, number))
        case DespatchAdvice():
            return _interchange(partner, "DESADV", number, document.at, _despatch(document, number))
        case Invoice():
            return _interchange(partner, "INVOIC", number, document.settlement.occurred_at, _invoice(document))


def _interchange(partner: Partner, kind: str, number: int, at: datetime, body: Segments) -> bytes:
    moment, reference = at.astimezone(UTC), str(number)
    us, them = (_one(each.number, each.qualifier) for each in (partner.us, partner.them))
    sent = _one(f"{moment:%y%m%d}", f"{moment:%H%M}")
    segments = [["UNH", "1", _one(kind, "D", "96A", "UN", _VERSIONS[kind])], *map(list, body)]
    segments.append(["UNT", str(len(segments) + 1), "1"])
    test = ["", "", "", "", "", "1"] if partner.test else []
    return _PLAIN.segments([["UNB", "UNOC:3", us, them, sent, reference, *test], *segments, ["UNZ", "1", reference]])


def _response(said: OrderResponse, number: int) -> Segments:
    yield "BGM", "231", str(number), _ANSWERS[said.answer]
    yield from _head(said)
    yield "CUX", _one("2", said.terms.currency, "9")
    for agreed in agreed_on(said.terms):
        yield from _adjusted(agreed)
    for each in said.lines:
        line = each.line
        yield "LIN", _text(line.line_id), _action(each)
        yield from _item(line.item_id, line.description)
        yield "QTY", _quantity("21", line.quantity, line.unit)
        yield "QTY", _quantity("113", each.quantity, line.unit)
        yield "PRI", _one("AAB", plain(line.price), "", "", plain(line.base_quantity), line.unit)
        for agreed in agreed_on(line):
            yield from _adjusted(agreed)
    yield "UNS", "S"
    yield "CNT", _one("2", str(len(said.lines)))


def _action(said: SaidLine) -> str:
    """1229: accepted without amendment, changed, not accepted."""
    if said.quantity == ZERO:
        return "7"
    return "5" if said.quantity == said.line.quantity else "3"


def _despatch(said: DespatchAdvice, number: int) -> Segments:
    yield "BGM", "351", str(number), "9"
    yield from _head(said)
    yield "DTM", _day("11", said.at.astimezone(UTC).date())
    yield "CPS", "1"
    for each in said.lines:
        yield "LIN", _text(each.line.line_id)
        yield from _item(each.line.item_id, each.line.description)
        yield "QTY", _quantity("12", each.quantity, each.line.unit)
        yield "RFF", _one("ON", said.terms.purchase_order, each.line.line_id)


def _head(said: Saying) -> Segments:
    yield "DTM", _day("137", said.at.astimezone(UTC).date())
    yield "RFF", _one("ON", said.terms.purchase_order)
    yield "RFF", _one("VN", said.order_id)
    yield "NAD", "BY", _one(said.terms.customer_id, "", "91")
    if said.terms.seller_id:
        yield "NAD", "SU", _one(said.terms.seller_id, "", "92")
    yield _place(said.terms.deliver_to)


def _invoice(invoice: Invoice) -> Segments:
    settled = invoice.settlement
    yield "BGM", "380" if settled.kind == "invoice" else "381", _text(settled.settlement_id), "9"
    yield "DTM", _day("137", settled.occurred_at.astimezone(UTC).date())
    if settled.delivered_on:
        yield "DTM", _day("35", settled.delivered_on)
    yield "RFF", _one("ON", settled.purchase_order)
    yield "RFF", _one("VN", settled.order_id)
    yield from (("RFF", _one("IV", each)) for each in settled.preceding)
    yield from _party("BY", settled.customer_id, invoice.buyer, "91", named=invoice.names_vat_ids)
    yield from _party("SU", "", invoice.seller.party, "", named=invoice.names_vat_ids)
    yield _place(settled.deliver_to)
    yield "CUX", _one("2", settled.currency, "4")
    if settled.payment_due:
        yield "PAT", "3"
        yield "DTM", _day("13", settled.payment_due)
    for each in settled.adjustments:
        yield from _adjustment(each)
    for line in settled.lines:
        yield from _billed(line)
    yield "UNS", "S"
    yield "CNT", _one("2", str(len(settled.lines)))
    for code, amount in (
        ("79", settled.line_total),
        ("125", settled.tax_exclusive),
        ("124", settled.tax_total),
        ("77", settled.tax_inclusive),
        ("113", settled.prepaid or None),
        ("9", settled.payable),
    ):
        if amount is not None:
            yield "MOA", _one(code, plain(amount))
    for row in settled.vat:
        yield from _taxed(row)


def _billed(line: SettledLine) -> Segments:
    yield "LIN", _text(line.line_id)
    yield from _item(line.item_id, line.description)
    yield "QTY", _quantity("47", line.quantity, line.unit)
    yield "MOA", _one("203", plain(line.net_amount))
    yield "PRI", _one("AAB", plain(line.price), "", "", plain(line.base_quantity), line.unit)
    yield _tax(line.vat_category, line.vat_rate)
    for each in adjustments_of(line):
        yield from _adjusted(each)


def _adjustment(given: SettledAdjustment) -> Segments:
    yield from _adjusted(given)
    yield _tax(given.vat_category, given.vat_rate)


def _adjusted(given: Adjustment | SettledAdjustment) -> Segments:
    sign = "A" if given.kind == "allowance" else "C"
    yield "ALC", sign, "", "", "", _one(given.reason_code, "", "", given.reason[:35])
    if given.percent is not None:
        yield "PCD", _one("3", plain(given.percent))
    if given.amount is not None:
        yield "MOA", _one("8", plain(given.amount))


def _taxed(row: VatBreakdown) -> Segments:
    yield _tax(row.category, row.rate)
    yield "MOA", _one("125", plain(row.taxable_amount))
    yield "MOA", _one("124", plain(row.tax_amount))


def _tax(category: VatCategory, rate: Decimal) -> Sequence[str]:
    return "TAX", "7", "VAT", "", "", _one("", "", "", plain(rate)), category


def _item(item_id: str, description: str) -> Segments:
    yield "PIA", "5", _one(item_id, "SA")
    if description:
        yield "IMD", "F", "", _one("", "", "", description[:35], description[35:70])


def _party(role: str, number: str, party: Party, agency: str, *, named: bool) -> Segments:
    place = ("", _text(party.name), _text(party.street), _text(party.city), "", _text(party.postal_code), party.country)
    yield "NAD", role, _one(number, "", agency) if number else "", *place
    if named and party.vat_id:
        yield "RFF", _one("VA", party.vat_id)


def _place(to: Address) -> Sequence[str]:
    street = [to.street[at : at + 35] for at in range(0, min(len(to.street), 105), 35)]
    name = _one(to.name[:35], to.name[35:70])
    return "NAD", "DP", "", "", name, _one(*street), _text(to.city), "", _text(to.postal_code), to.country


def _quantity(code: str, value: Decimal, unit: str) -> str:
    return _one(code, plain(value), "PCE" if unit == "H87" else unit)


def _day(code: str, day: date) -> str:
    return _one(code, f"{day:%Y%m%d}", "102")
