"""What stands on the page, every number and date already written as the reader's locale has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal

from connectors.settlement_page.formats import Formats
from hub.domain.effects import SettledAdjustment, SettledLine
from hub.domain.en16931 import VatTotal
from hub.domain.en16931.vat import CATEGORIES
from hub.domain.invoicing import Invoice
from hub.domain.model import Adjustment
from hub.domain.order import ZERO
from hub.domain.party import Party

Pairs = tuple[tuple[str, str], ...]
"""Names with their values."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line."""

    number: str
    description: str
    item_id: str
    quantity: str
    delivered_of: str
    """How much of what was ordered, where this document does not bill it all."""
    price: str
    per: str
    discount: str
    """What is allowed and charged on the line."""
    adjustments: tuple[str, ...]
    """The parts of it, where there is more than a discount."""
    vat: str
    amount: str


@dataclass(frozen=True, slots=True)
class Tax:
    """A row of the VAT breakdown."""

    rate: str
    taxable: str
    amount: str
    reason: str


@dataclass(frozen=True, slots=True)
class Content:
    """The whole page."""

    seller: Party
    buyer: Party
    buyer_address: tuple[str, ...]
    seller_address: str
    title: str
    cause: str
    gaps: tuple[str, ...]
    facts: Pairs
    deliver_to: tuple[str, ...]
    amounts_in: str
    items: tuple[Item, ...]
    discounted: str
    """What the column of allowances and charges is called; empty where no line has any."""
    sums: Pairs
    due: tuple[str, str]
    taxes: tuple[Tax, ...]
    accounting: tuple[str, str] | None
    differences: tuple[tuple[str, str, str, str], ...]
    """Line, what, quantity, value."""
    payment: Pairs
    imprint: tuple[str, ...]


def content(invoice: Invoice, formats: Formats) -> Content:
    """The page of an invoice."""
    settled, texts = invoice.settlement, formats.texts
    to, seller, buyer = settled.deliver_to, invoice.seller.party, invoice.buyer
    filled = {"order": settled.order_id, "preceding": ", ".join(settled.preceding)}
    accounting = None
    if settled.tax_currency and settled.tax_total_accounting is not None:
        named = texts["accounting"].format(currency=settled.tax_currency)
        accounting = (named, formats.money(settled.tax_total_accounting, settled.tax_currency))
    return Content(
        seller=seller,
        buyer=buyer,
        buyer_address=_address(buyer, formats),
        seller_address=" · ".join((seller.name, *_address(seller, formats))),
        title=texts["kind"][settled.kind],
        cause=texts["cause"][settled.cause].format(**filled),
        gaps=tuple(f"{gap.message} ({gap.rule})" for gap in invoice.gaps),
        facts=tuple(_facts(invoice, formats)),
        deliver_to=_lines(to.name, to.street, f"{to.postal_code} {to.city}", formats.country(to.country)),
        amounts_in=texts["amounts_in"].format(currency=settled.currency),
        items=tuple(_item(line, settled.currency, formats) for line in settled.lines),
        discounted=_discounted(invoice, formats),
        sums=tuple(_sums(invoice, formats)),
        due=(texts["payable"][settled.kind], formats.money(settled.payable, settled.currency)),
        taxes=tuple(_taxes(invoice, formats)),
        accounting=accounting,
        differences=tuple(_differences(invoice, formats)),
        payment=tuple(_payment(invoice, formats)),
        imprint=tuple(_imprint(seller, formats)),
    )


def _address(party: Party, formats: Formats) -> tuple[str, ...]:
    town = f"{party.postal_code} {party.city}"
    return _lines(party.street, party.additional_street, town, formats.country(party.country))


def _lines(*lines: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in lines if line.strip())


def _facts(invoice: Invoice, formats: Formats) -> Iterator[tuple[str, str]]:
    settled, texts = invoice.settlement, formats.texts
    yield texts["number"], settled.settlement_id
    yield texts["issued"], formats.date(settled.occurred_at.astimezone(UTC).date())
    if settled.payment_due:
        yield texts["due"], formats.date(settled.payment_due)
    yield from ((texts["preceding"], each) for each in settled.preceding)
    if settled.purchase_order:
        yield texts["purchase_order"], settled.purchase_order
    yield texts["order"], settled.order_id
    yield texts["customer"], settled.customer_id
    if invoice.buyer.vat_id and invoice.names_vat_ids:
        yield texts["vat_id"], invoice.buyer.vat_id
    if settled.delivered_on:
        yield texts["delivered"], formats.date(settled.delivered_on)


def _item(line: SettledLine, currency: str, formats: Formats) -> Item:
    texts, part = formats.texts, line.quantity != line.ordered
    beside = line.charge - line.allowance
    delivered, ordered = formats.number(line.delivered), formats.number(line.ordered)
    return Item(
        number=line.line_id,
        description=line.description or line.item_id,
        item_id=line.item_id if line.description else "",
        quantity=formats.quantity(line.quantity, line.unit),
        delivered_of=texts["delivered_of"].format(delivered=delivered, ordered=ordered) if part else "",
        price=formats.price(line.price, currency),
        per="" if line.base_quantity == 1 else _per(line, formats),
        discount=formats.amount(beside, currency) if line.allowance or line.charge else "",
        adjustments=tuple(_reason(each, currency, formats, with_amount=True) for each in line.adjustments),
        vat=_rate(line.vat_category, line.vat_rate, formats),
        amount=formats.amount(line.net_amount, currency),
    )


def _discounted(invoice: Invoice, formats: Formats) -> str:
    lines = invoice.settlement.lines
    named = "adjusted" if any(line.charge for line in lines) else "discount"
    return str(formats.texts[named]) if any(line.allowance or line.charge for line in lines) else ""


def _per(line: SettledLine, formats: Formats) -> str:
    per: str = formats.texts["per"].format(quantity=formats.quantity(line.base_quantity, line.unit))
    return per


def _rate(category: str, rate: Decimal, formats: Formats) -> str:
    return formats.percent(rate) if category == "S" else f"{category}\N{NO-BREAK SPACE}{formats.percent(rate)}"


def _sums(invoice: Invoice, formats: Formats) -> Iterator[tuple[str, str]]:
    settled, texts, currency = invoice.settlement, formats.texts, invoice.settlement.currency
    if settled.adjustments:
        yield texts["line_total"], formats.amount(settled.line_total, currency)
    for each in settled.adjustments:
        signed = each.amount if each.kind == "charge" else -each.amount
        yield _reason(each, currency, formats), formats.amount(signed, currency)
    yield texts["tax_exclusive"], formats.amount(settled.tax_exclusive, currency)
    yield texts["breakdown"], formats.amount(settled.tax_total, currency)
    yield texts["tax_inclusive"], formats.amount(settled.tax_inclusive, currency)
    if settled.prepaid:
        yield texts["prepaid"], formats.amount(-settled.prepaid, currency)
    if settled.rounding:
        yield texts["rounding"], formats.amount(settled.rounding, currency)


def _reason(
    given: Adjustment | SettledAdjustment, currency: str, formats: Formats, *, with_amount: bool = False
) -> str:
    texts = formats.texts
    named: str = given.reason or texts["reasons"].get(given.reason_code, texts[given.kind])
    if given.percent is not None and given.base_amount is not None:
        base = formats.amount(given.base_amount, currency)
        named = f"{named} ({texts['of'].format(percent=formats.percent(given.percent), base=base)})"
    if not with_amount:
        return named
    amount = given.amount or ZERO
    return f"{named} {formats.amount(amount if given.kind == 'charge' else -amount, currency)}"


def _taxes(invoice: Invoice, formats: Formats) -> Iterator[Tax]:
    currency = invoice.settlement.currency
    for row in invoice.totals.vat:
        yield Tax(
            rate=_rate(row.vat.category, row.vat.rate or ZERO, formats),
            taxable=formats.amount(row.taxable_amount, currency),
            amount=formats.amount(row.tax_amount, currency),
            reason=_exemption(row, formats),
        )


def _exemption(row: VatTotal, formats: Formats) -> str:
    """Why there is no VAT: the norm's own reasons in the reader's language, others as given."""
    standard = CATEGORIES[row.vat.category].standard
    if standard is not None and row.exemption_code == standard.code:
        return str(formats.texts["exempt"][row.vat.category])
    return row.exemption_reason or row.exemption_code


def _differences(invoice: Invoice, formats: Formats) -> Iterator[tuple[str, str, str, str]]:
    settled = invoice.settlement
    units = {line.line_id: line.unit for line in settled.lines}
    for each in settled.differences:
        unit = units.get(each.line_id)
        counted = formats.quantity(each.quantity, unit) if unit else formats.number(each.quantity)
        quantity = counted if each.quantity else ""
        what = formats.texts["kinds"][each.kind]
        yield each.line_id, what, quantity, formats.amount(each.amount, settled.currency)


def _payment(invoice: Invoice, formats: Formats) -> Iterator[tuple[str, str]]:
    settled, texts, account = invoice.settlement, formats.texts, invoice.seller.account
    if settled.payable <= ZERO:
        return
    if settled.payment_due:
        yield texts["due"], formats.date(settled.payment_due)
    if invoice.terms:
        yield texts["terms"], invoice.terms
    if account is None or settled.kind == "credit-note":
        return
    yield texts["account"], _grouped(account.account)
    if account.bank:
        yield texts["bank"], account.bank
    if account.holder:
        yield texts["holder"], account.holder
    yield texts["reference"], settled.settlement_id


def _grouped(account: str) -> str:
    """An IBAN in groups of four, as ISO 13616 prints it."""
    return " ".join(account[at : at + 4] for at in range(0, len(account), 4))


def _imprint(seller: Party, formats: Formats) -> Iterator[str]:
    texts = formats.texts
    yield seller.name
    yield from filter(None, (seller.contact_name, seller.phone, seller.email))
    if seller.registration_id:
        yield f"{texts['registration']} {seller.registration_id}"
    if seller.vat_id:
        yield f"{texts['vat_id']} {seller.vat_id}"
