"""A settlement as the document a customer gets: who sells, who buys, and what the document still lacks.

The amounts are the settlement's. They are computed once more from its lines, so that a document whose totals do not
follow from what stands on it is never written.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from hub.domain.countries import COUNTRIES
from hub.domain.effects import SettledAdjustment, SettledLine, SettlementRecorded
from hub.domain.en16931 import (
    Adjustment,
    Document,
    DocumentAdjustment,
    Finding,
    Line,
    Refusal,
    Totals,
    Vat,
    totals,
)
from hub.domain.en16931.document import ONE, ZERO
from hub.domain.en16931.issuing import lacking
from hub.domain.en16931.reasons import DISCOUNT
from hub.domain.en16931.vat import rule
from hub.domain.model import Frozen
from hub.domain.party import Party, Seller

_EN_DECIMALS = -2
"""The smallest exponent of an EN 16931 amount (BR-DEC-23 and its kin)."""


class Invoice(Frozen):
    """An invoice or credit note, ready to be written in any form."""

    settlement: SettlementRecorded
    seller: Seller
    buyer: Party
    totals: Totals
    """The settlement's, with the exemption reason of each VAT row (BT-120, BT-121)."""
    gaps: tuple[Finding, ...]
    """Rules of EN 16931 that the document does not meet for want of data."""

    @property
    def terms(self) -> str:
        """BT-20: the settlement's, else the seller's where there is no due date either (BR-CO-25)."""
        settled = self.settlement
        if settled.payment_terms or settled.payment_due or settled.payable <= ZERO:
            return settled.payment_terms
        return self.seller.payment_terms if settled.kind == "invoice" else self.seller.credit_terms

    @property
    def names_vat_ids(self) -> bool:
        """A document not subject to VAT (O) names nobody's VAT identifier (BR-O-02 to -04)."""
        return all(row.vat.category != "O" for row in self.totals.vat)


def invoice_of(
    settlement: SettlementRecorded, seller: Seller, buyer: Party | None, name: str = ""
) -> Invoice | Refusal:
    """The document of a settlement. `name` is what the customer's account calls a buyer who is not known otherwise.

    Refused if the amounts recorded are not those that follow from the lines.
    """
    document = document_of(settlement, seller)
    computed = totals(document)
    if isinstance(computed, Refusal):
        return computed
    if wrong := tuple(_contradictions(settlement, computed)):
        return Refusal(wrong)
    known = buyer or Party(name=name or settlement.customer_id)
    made = Invoice(settlement, seller, known, computed, ())
    return Invoice(settlement, seller, known, computed, tuple(_gaps(made, document, known=buyer is not None)))


def document_of(settlement: SettlementRecorded, seller: Seller) -> Document:
    """What the settlement's totals follow from. A settlement without goods has one line of nothing (BR-16)."""
    lines = tuple(map(_line, settlement.lines)) or (_nothing(settlement),)
    adjustments = tuple(map(_adjustment, settlement.adjustments))
    return Document(
        settlement.currency,
        lines,
        adjustments,
        prepaid=settlement.prepaid,
        rounding=settlement.rounding,
        exemptions=seller.exemptions,
    )


def adjustments_of(line: SettledLine) -> tuple[Adjustment, ...]:
    """The allowances and charges of a line with their amounts: those stated, else its discount if there is one."""
    if line.adjustments or not line.allowance:
        return line.adjustments
    return (Adjustment("allowance", amount=line.allowance, reason_code=DISCOUNT),)


def _line(line: SettledLine) -> Line:
    vat = Vat(line.vat_category, line.vat_rate)
    return Line(line.line_id, line.quantity, line.price, vat, line.base_quantity, adjustments_of(line))


def _nothing(settlement: SettlementRecorded) -> Line:
    vat = Vat(settlement.vat[0].category, settlement.vat[0].rate) if settlement.vat else Vat("O")
    return Line("1", ZERO, ZERO, vat, ONE)


def _adjustment(given: SettledAdjustment) -> DocumentAdjustment:
    return DocumentAdjustment(
        given.kind,
        amount=given.amount,
        percent=given.percent,
        base_amount=given.base_amount,
        reason=given.reason,
        reason_code=given.reason_code,
        vat=Vat(given.vat_category, given.vat_rate),
    )


def _contradictions(settlement: SettlementRecorded, computed: Totals) -> Iterator[Finding]:
    """Recorded amounts that are not those computed, by the rules that tie them to the rest."""
    for index, (line, amount) in enumerate(zip(settlement.lines, computed.lines, strict=False)):
        yield from _equal("PEPPOL-EN16931-R120", f"$.lines[{index}].net_amount", line.net_amount, amount.net_amount)
    recorded = {Vat(row.category, row.rate): (row.taxable_amount, row.tax_amount) for row in settlement.vat}
    for row in computed.vat:
        taxable, tax = recorded.pop(Vat(row.vat.category, row.vat.rate or ZERO), (ZERO, ZERO))
        path = f"$.vat[{row.vat.category} {row.vat.rate or ZERO:f}]"
        yield from _equal(rule(row.vat.category, "08"), f"{path}.taxable_amount", taxable, row.taxable_amount)
        yield from _equal(rule(row.vat.category, "09"), f"{path}.tax_amount", tax, row.tax_amount)
    for vat in recorded:
        yield Finding("BR-CO-18", "$.vat", f"No line has VAT category {vat.category} at {vat.rate or ZERO:f}%")
    for number, name in _TOTALS:
        yield from _equal(number, f"$.{name}", getattr(settlement, name), getattr(computed, name))


def _equal(number: str, path: str, recorded: Decimal, computed: Decimal) -> Iterator[Finding]:
    if recorded != computed:
        yield Finding(number, path, f"{recorded} is recorded, {computed} follows from the lines")


_TOTALS = (
    ("BR-CO-10", "line_total"),
    ("BR-CO-11", "allowance_total"),
    ("BR-CO-12", "charge_total"),
    ("BR-CO-13", "tax_exclusive"),
    ("BR-CO-14", "tax_total"),
    ("BR-CO-15", "tax_inclusive"),
    ("BR-CO-16", "payable"),
)


def _gaps(made: Invoice, document: Document, *, known: bool) -> Iterator[Finding]:
    settlement, seller, buyer = made.settlement, made.seller.party, made.buyer
    if not known:
        yield Finding("BR-07", "buyer.name", f"Nobody said who customer {settlement.customer_id} is on an invoice")
    for number, path, party in (("BR-09", "seller.country", seller), ("BR-11", "buyer.country", buyer)):
        if party.country not in COUNTRIES:
            code = (
                f"{party.country!r} is not an ISO 3166-1 country code" if party.country else "The country is not known"
            )
            yield Finding(number, path, code)
    yield from _vat_gaps(made)
    if settlement.payable > ZERO and not (settlement.payment_due or made.terms):
        yield Finding("BR-CO-25", "payment_terms", "There is neither a due date nor terms of payment")
    fits = all(_two_decimals(amount) for amount in _amounts(made))
    yield from (each for each in lacking(document, made.totals) if not (fits and each.rule == "BR-DEC-23"))


def _vat_gaps(made: Invoice) -> Iterator[Finding]:
    """What the VAT categories need (BR-S-02 and its kin, BR-IC-11)."""
    seller, buyer = made.seller.party, made.buyer
    if not made.names_vat_ids and not seller.registration_id:
        yield Finding("BR-CO-26", "seller.registration_id", "A seller who shows no VAT identifier needs this one")
    for category in dict.fromkeys(row.vat.category for row in made.totals.vat):
        if category != "O" and not seller.vat_id:
            yield Finding(rule(category, "02"), "seller.vat_id", f"VAT category {category} needs the seller's")
        if category == "AE" and not (buyer.vat_id or buyer.registration_id):
            yield Finding("BR-AE-02", "buyer.vat_id", "VAT category AE needs the buyer's, or its registration")
        if category == "K" and not buyer.vat_id:
            yield Finding("BR-IC-02", "buyer.vat_id", "VAT category K needs the buyer's")
        if category == "K" and made.settlement.delivered_on is None:
            yield Finding("BR-IC-11", "delivered_on", "VAT category K needs the day of delivery")


def _amounts(made: Invoice) -> Iterator[Decimal]:
    computed = made.totals
    for line in computed.lines:
        yield from (line.allowance, line.net_amount)
    for adjustment in computed.adjustments:
        yield from (adjustment.amount, adjustment.base_amount or ZERO)
    for row in computed.vat:
        yield from (row.taxable_amount, row.tax_amount)
    yield from (computed.prepaid, computed.rounding, computed.payable)


def _two_decimals(amount: Decimal) -> bool:
    exponent = amount.normalize().as_tuple().exponent
    return isinstance(exponent, int) and exponent >= _EN_DECIMALS
