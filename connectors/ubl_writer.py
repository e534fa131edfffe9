"""Settlements out as UBL 2.1 `Invoice` and `CreditNote` XML in the EN 16931 binding (CEN/TS 16931-3-2).

Where seller and buyer have electronic addresses and nothing is missing, the document follows Peppol BIS Billing 3.
The same settlement, seller and buyer always give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from decimal import Decimal
from itertools import chain

from connectors.ubl_elements import Elements, amount, group, leaf, write
from hub.domain.effects import SettledAdjustment, SettledLine, SettlementCause
from hub.domain.en16931 import Vat
from hub.domain.en16931.reasons import DISCOUNT
from hub.domain.invoicing import Invoice, adjustments_of
from hub.domain.model import Adjustment
from hub.domain.money import exact
from hub.domain.party import Party

EN_16931 = "urn:cen.eu:en16931:2017"
PEPPOL = f"{EN_16931}#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
_PEPPOL_PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
_TYPES = {"invoice": "380", "credit-note": "381"}
"""BT-3, UNCL 1001."""
_SEPA, _TRANSFER, _CLEARING = "58", "30", "97"
"""BT-81, UNCL 4461: SEPA credit transfer, credit transfer, clearing between partners."""
_PEPPOL_SLACK = Decimal("0.02")
_NO_ORDER = "NA"
"""BT-13 where the buyer gave no number and only ours (BT-14) is there: what Peppol says to write."""

CAUSES: dict[SettlementCause, str] = {
    "delivery": "Goods delivered of order {order}.",
    "close": "Order {order}, delivered.",
    "supplement": "Goods delivered of order {order} after it was settled.",
    "return": "Goods of order {order} sent back.",
    "cancellation": "Cancellation of order {order}.",
    "reversal": "Reversal of a document of order {order}.",
    "replacement": "Corrected document of order {order}.",
    "early-payment": "Saved by paying early for order {order}.",
}
"""BT-22, what the document is about."""


def is_peppol(invoice: Invoice) -> bool:
    """Whether the document can go through Peppol: both have an electronic address, and no rule is unmet.

    Peppol compares amounts with a slack of 0.02 (R120, R040), which rounding to whole yen can exceed.
    """
    parties = (invoice.seller.party, invoice.buyer)
    addressed = all(each.electronic_address and each.electronic_scheme for each in parties)
    return addressed and not invoice.gaps and all(abs(each) <= _PEPPOL_SLACK for each in _roundings(invoice))


def _roundings(invoice: Invoice) -> Iterator[Decimal]:
    """By how much each rounded amount differs from what it was rounded from."""
    with exact():
        for line in invoice.settlement.lines:
            yield line.quantity * line.price / line.base_quantity - line.allowance + line.charge - line.net_amount
            yield from filter(None, map(_off, line.adjustments))
        for each in invoice.settlement.adjustments:
            yield from filter(None, [_off(each)])


def _off(each: Adjustment | SettledAdjustment) -> Decimal | None:
    if each.percent is None or each.base_amount is None or each.amount is None:
        return None
    return each.base_amount * each.percent / 100 - each.amount


def to_ubl(invoice: Invoice) -> bytes:
    """The document's XML."""
    settled, peppol = invoice.settlement, is_peppol(invoice)
    root = "Invoice" if settled.kind == "invoice" else "CreditNote"
    return write(
        root,
        leaf("CustomizationID", PEPPOL if peppol else EN_16931),
        leaf("ProfileID", _PEPPOL_PROFILE if peppol else ""),
        leaf("ID", settled.settlement_id),
        leaf("IssueDate", settled.occurred_at.astimezone(UTC).date()),
        leaf("DueDate", settled.payment_due if root == "Invoice" else None),
        leaf(f"{root}TypeCode", _TYPES[settled.kind]),
        leaf("Note", CAUSES[settled.cause].format(order=settled.order_id)),
        leaf("DocumentCurrencyCode", settled.currency),
        leaf("TaxCurrencyCode", settled.tax_currency),
        group(
            "OrderReference", leaf("ID", settled.purchase_order or _NO_ORDER), leaf("SalesOrderID", settled.order_id)
        ),
        chain.from_iterable(
            group("BillingReference", group("InvoiceDocumentReference", leaf("ID", each))) for each in settled.preceding
        ),
        group("AccountingSupplierParty", _party(invoice, invoice.seller.party)),
        group("AccountingCustomerParty", _party(invoice, invoice.buyer, settled.customer_id)),
        _delivery(invoice),
        _payment(invoice),
        group("PaymentTerms", leaf("Note", invoice.terms)),
        chain.from_iterable(_adjustment(each, settled.currency) for each in settled.adjustments),
        _taxes(invoice),
        _totals(invoice),
        _lines(invoice, root),
    )


def _party(invoice: Invoice, party: Party, number: str = "") -> Elements:
    vat_id, scheme = party.vat_id if invoice.names_vat_ids else "", party.electronic_scheme
    return group(
        "Party",
        leaf("EndpointID", party.electronic_address, schemeID=scheme) if scheme else [],
        group("PartyIdentification", leaf("ID", number)),
        group("PartyName", leaf("Name", party.trading_name)),
        group(
            "PostalAddress",
            leaf("StreetName", party.street),
            leaf("AdditionalStreetName", party.additional_street),
            leaf("CityName", party.city),
            leaf("PostalZone", party.postal_code),
            group("Country", leaf("IdentificationCode", party.country)),
        ),
        group("PartyTaxScheme", leaf("CompanyID", vat_id), _scheme()) if vat_id else [],
        group("PartyLegalEntity", leaf("RegistrationName", party.name), leaf("CompanyID", party.registration_id)),
        group(
            "Contact",
            leaf("Name", party.contact_name),
            leaf("Telephone", party.phone),
            leaf("ElectronicMail", party.email),
        ),
    )


def _delivery(invoice: Invoice) -> Elements:
    settled = invoice.settlement
    to = settled.deliver_to
    address = group(
        "Address",
        leaf("StreetName", to.street),
        leaf("CityName", to.city),
        leaf("PostalZone", to.postal_code),
        group("Country", leaf("IdentificationCode", to.country)),
    )
    return group(
        "Delivery",
        leaf("ActualDeliveryDate", settled.delivered_on),
        group("DeliveryLocation", address),
        group("DeliveryParty", group("PartyName", leaf("Name", to.name))),
    )


def _payment(invoice: Invoice) -> Elements:
    """BG-16. A credit note is cleared with what is open; the seller's account is where an invoice is paid."""
    settled, account = invoice.settlement, invoice.seller.account
    if settled.kind == "credit-note":
        return group("PaymentMeans", leaf("PaymentMeansCode", _CLEARING))
    if account is None:
        return []
    return group(
        "PaymentMeans",
        leaf("PaymentMeansCode", _SEPA if settled.currency == "EUR" else _TRANSFER),
        leaf("PaymentID", settled.settlement_id),
        group(
            "PayeeFinancialAccount",
            leaf("ID", account.account),
            leaf("Name", account.holder),
            group("FinancialInstitutionBranch", leaf("ID", account.bank)),
        ),
    )


def _adjustment(given: Adjustment | SettledAdjustment, currency: str) -> Elements:
    """BG-20 and BG-21, which have a VAT category, and BG-27 and BG-28 of a line, which have its line's."""
    relative = given.percent is not None and given.base_amount is not None
    vat = Vat(given.vat_category, given.vat_rate) if isinstance(given, SettledAdjustment) else None
    return group(
        "AllowanceCharge",
        leaf("ChargeIndicator", str(given.kind == "charge").lower()),
        leaf("AllowanceChargeReasonCode", given.reason_code),
        leaf("AllowanceChargeReason", given.reason or ("" if vat else _REASONS.get(given.reason_code, ""))),
        leaf("MultiplierFactorNumeric", given.percent if relative else None),
        amount("Amount", given.amount, currency),
        amount("BaseAmount", given.base_amount if relative else None, currency),
        _category("TaxCategory", vat) if vat else [],
    )


_REASONS = {DISCOUNT: "Discount"}
"""What a line's allowance without a reason of its own is called."""


def _taxes(invoice: Invoice) -> Elements:
    """BG-22 and BG-23; a second total in the VAT accounting currency, which has no breakdown (BR-53)."""
    settled, currency = invoice.settlement, invoice.settlement.currency
    rows = (
        group(
            "TaxSubtotal",
            amount("TaxableAmount", row.taxable_amount, currency),
            amount("TaxAmount", row.tax_amount, currency),
            _category("TaxCategory", row.vat, row.exemption_code, row.exemption_reason),
        )
        for row in invoice.totals.vat
    )
    total = group("TaxTotal", amount("TaxAmount", settled.tax_total, currency), chain.from_iterable(rows))
    accounting = amount("TaxAmount", settled.tax_total_accounting, settled.tax_currency) if settled.tax_currency else []
    return [*total, *group("TaxTotal", accounting)]


def _totals(invoice: Invoice) -> Elements:
    settled, currency = invoice.settlement, invoice.settlement.currency
    kinds = {each.kind for each in settled.adjustments}
    return group(
        "LegalMonetaryTotal",
        amount("LineExtensionAmount", settled.line_total, currency),
        amount("TaxExclusiveAmount", settled.tax_exclusive, currency),
        amount("TaxInclusiveAmount", settled.tax_inclusive, currency),
        amount("AllowanceTotalAmount", settled.allowance_total if "allowance" in kinds else None, currency),
        amount("ChargeTotalAmount", settled.charge_total if "charge" in kinds else None, currency),
        amount("PrepaidAmount", settled.prepaid or None, currency),
        amount("PayableRoundingAmount", settled.rounding or None, currency),
        amount("PayableAmount", settled.payable, currency),
    )


def _lines(invoice: Invoice, root: str) -> Elements:
    settled = invoice.settlement
    if settled.lines:
        return [element for line in settled.lines for element in _line(line, settled.currency, root)]
    return group(
        f"{root}Line",
        leaf("ID", "1"),
        leaf(_QUANTITIES[root], Decimal(0), unitCode="C62"),
        amount("LineExtensionAmount", settled.line_total, settled.currency),
        group("Item", leaf("Name", "No goods"), _category("ClassifiedTaxCategory", invoice.totals.vat[0].vat)),
        group("Price", amount("PriceAmount", settled.line_total, settled.currency)),
    )


_QUANTITIES = {"Invoice": "InvoicedQuantity", "CreditNote": "CreditedQuantity"}


def _line(line: SettledLine, currency: str, root: str) -> Elements:
    return group(
        f"{root}Line",
        leaf("ID", line.line_id),
        leaf(_QUANTITIES[root], line.quantity, unitCode=line.unit),
        amount("LineExtensionAmount", line.net_amount, currency),
        chain.from_iterable(_adjustment(each, currency) for each in adjustments_of(line)),
        group(
            "Item",
            leaf("Name", line.description) or leaf("Name", line.item_id),
            group("SellersItemIdentification", leaf("ID", line.item_id)),
            _category("ClassifiedTaxCategory", Vat(line.vat_category, line.vat_rate)),
        ),
        group(
            "Price",
            leaf("PriceAmount", line.price, currencyID=currency),
            leaf("BaseQuantity", line.base_quantity, unitCode=line.unit),
        ),
    )


def _category(name: str, vat: Vat, code: str = "", reason: str = "") -> Elements:
    """A VAT category with its rate; O has none (BR-O-05)."""
    return group(
        name,
        leaf("ID", vat.category),
        leaf("Percent", None if vat.category == "O" else vat.rate),
        leaf("TaxExemptionReasonCode", code),
        leaf("TaxExemptionReason", reason),
        _scheme(),
    )


def _scheme() -> Elements:
    return group("TaxScheme", leaf("ID", "VAT"))
