"""UBL 2.1 invoices and credit notes: the facts their totals follow from, and the amounts they state.

Element names are those of the EN 16931 syntax binding (CEN/TS 16931-3-2); rules are cited where a document breaks
them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from msgspec.structs import replace

from connectors.findings import DocumentError
from connectors.ubl_claims import InvoiceRejectedError, Reading, breaks, need
from connectors.ubl_head import NAMESPACES
from connectors.xmldoc import Node, parse
from hub.domain.en16931 import Adjustment, Category, Document, DocumentAdjustment, Exemption, Finding, Line, Vat
from hub.domain.en16931.document import ONE, ZERO
from hub.domain.en16931.recompute import Claim, Term
from hub.domain.en16931.vat import CATEGORIES, group
from hub.domain.money import exact

_URN = "urn:oasis:names:specification:ubl:schema:xsd"
_KINDS: dict[str, tuple[str, Literal["invoice", "credit-note"]]] = {
    f"{{{_URN}:Invoice-2}}Invoice": ("Invoice", "invoice"),
    f"{{{_URN}:CreditNote-2}}CreditNote": ("CreditNote", "credit-note"),
}
"""Tags of the documents read here: their elements' name without namespace, and what they are."""

_XRECHNUNG_EXTENSION = "#conformant#urn:xeinkauf.de:kosit:extension:xrechnung"
"""In BT-24: PrepaidPayment then means third party payments (BG-DEX-09), which add to the amount due."""

_PART = re.compile(r"(\$\.(?:lines|adjustments)\[\d+\])\.?(.*)")
"""A finding's path as the line or adjustment it is in, and the rest."""
_CATEGORY: dict[str, Category] = {category: category for category in CATEGORIES}
_BOOLEAN = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class UblInvoice:
    """An invoice or credit note as it states itself."""

    kind: Literal["invoice", "credit-note"]
    number: str
    """BT-1."""
    document: Document
    claims: dict[Term, Claim]
    places: dict[str, str]
    """Element and line of the file of each line and document level adjustment, by its path in a finding's."""
    unverified: tuple[Term, ...]
    """Stated amounts that nothing in the document lets anyone recompute: BT-111, its exchange rate not being there."""

    def located(self, finding: Finding) -> Finding:
        """The finding with the file's element and line for its path, where it is about one."""
        on = _PART.match(finding.path)
        if on is None or on[1] not in self.places:
            return finding
        return Finding(finding.rule, f"{self.places[on[1]]} {on[2]}".rstrip(), finding.message)


def read(raw: bytes) -> UblInvoice:
    """An invoice or credit note from its XML.

    Raises DocumentError for what is no such document at all, and InvoiceRejectedError for one that lacks facts or
    states them so that nothing follows: text for a number, no VAT category, an amount in another currency.
    """
    root = parse(raw)
    if root.tag not in _KINDS:
        raise DocumentError("", f"this is neither a UBL 2.1 Invoice nor a CreditNote but {root.tag}")
    invoice = Node(root, NAMESPACES)
    tag, kind = _KINDS[root.tag]
    reading = Reading(invoice.value("cbc:DocumentCurrencyCode"), tag)
    if not reading.currency:
        where = invoice.where("cbc:DocumentCurrencyCode")
        raise InvoiceRejectedError([Finding("BR-05", where, "the document has no currency")])
    with exact():
        document = _document(invoice, reading)
    if reading.findings:
        raise InvoiceRejectedError(reading.findings)
    number = invoice.value("cbc:ID")
    return UblInvoice(kind, number, document, reading.claims, reading.places, tuple(reading.unverified))


def _document(invoice: Node, reading: Reading) -> Document:
    lines: list[Line] = []
    for index, node in enumerate(invoice.all(f"cac:{reading.root}Line")):
        reading.places[f"$.lines[{index}]"] = f"{reading.root}/{reading.root}Line[{index + 1}] (line {node.line})"
        with reading.collecting():
            lines.append(_line(node, index, reading))
    adjustments: list[DocumentAdjustment] = []
    for index, node in enumerate(invoice.all("cac:AllowanceCharge")):
        place = f"{reading.root}/AllowanceCharge[{index + 1}] (line {node.line})"
        reading.places[f"$.adjustments[{index}]"] = place
        with reading.collecting():
            adjustments.append(_document_adjustment(node, index, reading))
    exemptions: tuple[Exemption, ...] = ()
    with reading.collecting():
        exemptions = _taxes(invoice, reading)
    settled: dict[str, Decimal] = {}
    with reading.collecting():
        settled = _settled(invoice, reading)
    document = Document(reading.currency, tuple(lines), tuple(adjustments), exemptions=exemptions)
    return replace(document, **settled)


def _settled(invoice: Node, reading: Reading) -> dict[str, Decimal]:
    """What is prepaid, rounded and collected for others; the stated totals on the way."""
    totals = invoice.one("cac:LegalMonetaryTotal")
    if totals is None:
        breaks("BR-12", invoice.where("cac:LegalMonetaryTotal"), "the document states no totals")
    for code, path in _TOTALS.items():
        reading.claim(Term(code), totals, path, "LegalMonetaryTotal/")
    third_party = ZERO
    if _XRECHNUNG_EXTENSION in invoice.value("cbc:CustomizationID"):
        paid = (reading.fact(each, "cbc:PaidAmount") for each in invoice.all("cac:PrepaidPayment"))
        third_party = sum((amount for amount in paid if amount is not None), ZERO)
    return {
        "prepaid": reading.fact(totals, "cbc:PrepaidAmount") or ZERO,
        "rounding": reading.fact(totals, "cbc:PayableRoundingAmount") or ZERO,
        "third_party": third_party,
    }


_TOTALS = {
    "BT-106": "cbc:LineExtensionAmount",
    "BT-107": "cbc:AllowanceTotalAmount",
    "BT-108": "cbc:ChargeTotalAmount",
    "BT-109": "cbc:TaxExclusiveAmount",
    "BT-112": "cbc:TaxInclusiveAmount",
    "BT-115": "cbc:PayableAmount",
}


def _line(node: Node, index: int, reading: Reading) -> Line:
    within = f"{reading.root}Line[{index + 1}]/"
    tag = "cbc:InvoicedQuantity" if reading.root == "Invoice" else "cbc:CreditedQuantity"
    quantity = need(node, tag, "BR-22", "the line has no quantity").decimal()
    reading.claim(Term("BT-131", (index,)), node, "cbc:LineExtensionAmount", within)
    need(node, "cac:Price/cbc:PriceAmount", "BR-26", "the line has no net price")
    net = reading.fact(node, "cac:Price/cbc:PriceAmount") or ZERO
    gross, discount = _price_discount(node, reading)
    if gross is not None:
        reading.claim(Term("BT-146", (index,)), node, "cac:Price/cbc:PriceAmount", within)
    base_quantity = node.one("cac:Price/cbc:BaseQuantity")
    category = node.one("cac:Item/cac:ClassifiedTaxCategory")
    if category is None:
        breaks("BR-CO-04", node.where("cac:Item/cac:ClassifiedTaxCategory"), "the line has no VAT category")
    adjustments = [
        _adjustment(each, (index, place), f"{within}AllowanceCharge[{place + 1}]/", reading)
        for place, each in enumerate(node.all("cac:AllowanceCharge"))
    ]
    return Line(
        line_id=node.value("cbc:ID"),
        quantity=quantity,
        price=net,
        vat=_vat(category, "BR-CO-04"),
        base_quantity=base_quantity.decimal() if base_quantity else ONE,
        adjustments=tuple(adjustments),
        gross_price=gross,
        price_discount=discount,
    )


def _price_discount(line: Node, reading: Reading) -> tuple[Decimal | None, Decimal]:
    """BT-148 and BT-147; a discount without a gross price says nothing the net price does not."""
    discount = line.one("cac:Price/cac:AllowanceCharge")
    gross = None if discount is None else reading.fact(discount, "cbc:BaseAmount")
    if discount is None or gross is None:
        return None, ZERO
    return gross, reading.fact(discount, "cbc:Amount") or ZERO


def _adjustment(node: Node, of: tuple[int, ...], within: str, reading: Reading) -> Adjustment:
    indicator = need(node, "cbc:ChargeIndicator", "PEPPOL-EN16931-R043", "it says neither allowance nor charge")
    if indicator.text not in _BOOLEAN:
        breaks("PEPPOL-EN16931-R043", indicator.where(), f"{indicator.text[:40]!r} is neither true nor false")
    is_charge = _BOOLEAN[indicator.text]
    code, rule = _ADJUSTMENTS[len(of) == 2, is_charge]
    factor = node.one("cbc:MultiplierFactorNumeric")
    base = reading.fact(node, "cbc:BaseAmount")
    if factor is None or base is None:
        need(node, "cbc:Amount", rule, "it has no amount")
    reading.claim(Term(code, of), node, "cbc:Amount", within)
    return Adjustment(
        kind="charge" if is_charge else "allowance",
        amount=reading.fact(node, "cbc:Amount"),
        percent=None if factor is None else factor.decimal(),
        base_amount=base,
        reason=node.value("cbc:AllowanceChargeReason"),
        reason_code=node.value("cbc:AllowanceChargeReasonCode"),
    )


_ADJUSTMENTS = {
    (True, False): ("BT-136", "BR-41"),
    (True, True): ("BT-141", "BR-43"),
    (False, False): ("BT-92", "BR-31"),
    (False, True): ("BT-99", "BR-36"),
}
"""Term of the amount, and the rule that it be there, by line level and charge."""


def _document_adjustment(node: Node, index: int, reading: Reading) -> DocumentAdjustment:
    adjustment = _adjustment(node, (index,), f"AllowanceCharge[{index + 1}]/", reading)
    rule = "BR-37" if adjustment.kind == "charge" else "BR-32"
    category = node.one("cac:TaxCategory")
    if category is None:
        breaks(rule, node.where("cac:TaxCategory"), f"the document level {adjustment.kind} has no VAT category")
    return DocumentAdjustment(
        kind=adjustment.kind,
        amount=adjustment.amount,
        percent=adjustment.percent,
        base_amount=adjustment.base_amount,
        reason=adjustment.reason,
        reason_code=adjustment.reason_code,
        vat=_vat(category, rule),
    )


def _vat(node: Node, rule: str) -> Vat:
    code = need(node, "cbc:ID", rule, "the VAT category has no code")
    if code.text not in _CATEGORY:
        breaks("BR-CL-18", code.where(), f"{code.text[:40]!r} is not a VAT category of EN 16931")
    percent = node.one("cbc:Percent")
    return Vat(_CATEGORY[code.text], percent.decimal() if percent else None)


def _taxes(invoice: Node, reading: Reading) -> tuple[Exemption, ...]:
    """Claims of BT-110, BT-116 and BT-117; the exemption reasons stated on the way."""
    exemptions: list[Exemption] = []
    accounting = invoice.value("cbc:TaxCurrencyCode")
    for index, total in enumerate(invoice.all("cac:TaxTotal")):
        currency = need(total, "cbc:TaxAmount", "BR-CO-14", "the tax total has no amount").attribute("currencyID")
        if accounting not in ("", reading.currency) and currency == accounting:
            reading.unverified.append(Term("BT-111"))
            continue
        if Term("BT-110") in reading.claims:
            breaks("BR-CO-15", total.where(), "the document states more than one VAT total in its currency")
        within = f"TaxTotal[{index + 1}]/"
        reading.claim(Term("BT-110"), total, "cbc:TaxAmount", within)
        for place, subtotal in enumerate(total.all("cac:TaxSubtotal")):
            category = subtotal.one("cac:TaxCategory")
            if category is None:
                breaks("BR-47", subtotal.where("cac:TaxCategory"), "the VAT breakdown has no category")
            vat = group(_vat(category, "BR-47"))
            inside = f"{within}TaxSubtotal[{place + 1}]/"
            reading.claim(Term("BT-116", vat=vat), subtotal, "cbc:TaxableAmount", inside)
            reading.claim(Term("BT-117", vat=vat), subtotal, "cbc:TaxAmount", inside)
            code, reason = category.value("cbc:TaxExemptionReasonCode"), category.value("cbc:TaxExemptionReason")
            if code or reason:
                exemptions.append(Exemption(vat.category, code, reason))
    return tuple(exemptions)
