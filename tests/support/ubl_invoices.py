"""UBL invoices and credit notes of our own, written with whatever amounts a test wants them to state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_NAMESPACES = (
    'xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" '
    'xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"'
)


class Deduction(NamedTuple):
    """An allowance or charge; `vat` at document level."""

    amount: str
    charge: bool = False
    percent: str = ""
    base: str = ""
    vat: tuple[str, str] | None = None


class Row(NamedTuple):
    """An invoice line and the net amount it states."""

    quantity: str
    price: str
    net: str
    vat: tuple[str, str] = ("S", "19")
    base_quantity: str = ""
    deductions: Sequence[Deduction] = ()
    gross: tuple[str, str] | None = None
    """Gross price and price discount."""


class Tax(NamedTuple):
    """A row of the VAT breakdown as stated."""

    vat: tuple[str, str]
    taxable: str
    tax: str


def ubl(
    rows: Sequence[Row],
    taxes: Sequence[Tax],
    totals: dict[str, str],
    *,
    tax_total: str,
    deductions: Sequence[Deduction] = (),
    currency: str = "EUR",
    credit_note: bool = False,
    head: str = "",
    tail: str = "",
) -> bytes:
    """`totals` by UBL element name, e.g. {"PayableAmount": "1.19"}, in the order given."""
    root = "CreditNote" if credit_note else "Invoice"

    def amount(tag: str, value: str) -> str:
        return f'<cbc:{tag} currencyID="{currency}">{value}</cbc:{tag}>'

    def category(tag: str, vat: tuple[str, str]) -> str:
        percent = f"<cbc:Percent>{vat[1]}</cbc:Percent>" if vat[1] else ""
        scheme = "<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>"
        return f"<cac:{tag}><cbc:ID>{vat[0]}</cbc:ID>{percent}{scheme}</cac:{tag}>"

    def deduction(each: Deduction) -> str:
        return (
            f"<cac:AllowanceCharge><cbc:ChargeIndicator>{str(each.charge).lower()}</cbc:ChargeIndicator>"
            + (f"<cbc:MultiplierFactorNumeric>{each.percent}</cbc:MultiplierFactorNumeric>" if each.percent else "")
            + (amount("Amount", each.amount) if each.amount else "")
            + (amount("BaseAmount", each.base) if each.base else "")
            + (category("TaxCategory", each.vat) if each.vat else "")
            + "</cac:AllowanceCharge>"
        )

    def row(number: int, each: Row) -> str:
        quantity = "CreditedQuantity" if credit_note else "InvoicedQuantity"
        discount = ""
        if each.gross is not None:
            discount = (
                "<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>"
                + amount("Amount", each.gross[1])
                + amount("BaseAmount", each.gross[0])
                + "</cac:AllowanceCharge>"
            )
        base = f"<cbc:BaseQuantity>{each.base_quantity}</cbc:BaseQuantity>" if each.base_quantity else ""
        return (
            f"<cac:{root}Line>\n<cbc:ID>{number}</cbc:ID>"
            f'<cbc:{quantity} unitCode="C62">{each.quantity}</cbc:{quantity}>\n'
            + amount("LineExtensionAmount", each.net)
            + "".join(map(deduction, each.deductions))
            + f"<cac:Item><cbc:Name>Thing</cbc:Name>{category('ClassifiedTaxCategory', each.vat)}</cac:Item>"
            + f"<cac:Price>{amount('PriceAmount', each.price)}{base}{discount}</cac:Price></cac:{root}Line>\n"
        )

    subtotals = "".join(
        f"<cac:TaxSubtotal>{amount('TaxableAmount', each.taxable)}{amount('TaxAmount', each.tax)}"
        f"{category('TaxCategory', each.vat)}</cac:TaxSubtotal>"
        for each in taxes
    )
    text = (
        f'<{root} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{root}-2" {_NAMESPACES}>\n'
        f"<cbc:ID>2026-7</cbc:ID>\n{head}<cbc:DocumentCurrencyCode>{currency}</cbc:DocumentCurrencyCode>\n"
        + "".join(map(deduction, deductions))
        + f"<cac:TaxTotal>{amount('TaxAmount', tax_total)}{subtotals}</cac:TaxTotal>\n{tail}"
        + f"<cac:LegalMonetaryTotal>{''.join(amount(tag, value) for tag, value in totals.items())}"
        + "</cac:LegalMonetaryTotal>\n"
        + "".join(row(number, each) for number, each in enumerate(rows, 1))
        + f"</{root}>\n"
    )
    return text.encode()


def totals(
    net: str,
    exclusive: str,
    inclusive: str,
    payable: str,
    *,
    allowances: str = "",
    charges: str = "",
    prepaid: str = "",
) -> dict[str, str]:
    """LegalMonetaryTotal in the schema's order, without what is empty."""
    stated = {
        "LineExtensionAmount": net,
        "TaxExclusiveAmount": exclusive,
        "TaxInclusiveAmount": inclusive,
        "AllowanceTotalAmount": allowances,
        "ChargeTotalAmount": charges,
        "PrepaidAmount": prepaid,
        "PayableAmount": payable,
    }
    return {tag: value for tag, value in stated.items() if value}
