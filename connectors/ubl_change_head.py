"""What an `OrderChange` says of the order beyond its lines: taken, known to change nothing, or refused by its name."""

from __future__ import annotations

from datetime import date

from connectors.findings import NOT_TAKEN, Findings
from connectors.ubl_delivery import requested_delivery, stated_address
from connectors.ubl_head import party_id
from connectors.xmldoc import Node
from hub.domain.model import Address

_READ = frozenset(
    {
        "ID",
        "IssueDate",
        "IssueTime",
        "SequenceNumberID",
        "Note",
        "DocumentCurrencyCode",
        "OrderReference",
        "BuyerCustomerParty",
        "Delivery",
        "AllowanceCharge",
        "OrderLine",
    }
)
_WITHOUT_EFFECT = frozenset(
    {
        "UBLExtensions",
        "UBLVersionID",
        "CustomizationID",
        "ProfileID",
        "ProfileExecutionID",
        "SalesOrderID",
        "CopyIndicator",
        "UUID",
        "CustomerReference",
        "AccountingCostCode",
        "AccountingCost",
        "LineCountNumeric",
        "ValidityPeriod",
        "QuotationDocumentReference",
        "OriginatorDocumentReference",
        "AdditionalDocumentReference",
        "Contract",
        "Signature",
        "SellerSupplierParty",
        "OriginatorCustomerParty",
        "TaxTotal",
        "AnticipatedMonetaryTotal",
    }
)
"""What identifies documents and people, and sums of what is taken: the hub keeps none of it of the order either."""
_CURRENCIES = frozenset({"RequestedInvoiceCurrencyCode", "TaxCurrencyCode", "PricingCurrencyCode"})
_SAME_AS = {"AccountingCustomerParty": "BuyerCustomerParty", "AccountingSupplierParty": "SellerSupplierParty"}
_OURS = "cbc:SupplierAssignedAccountID"
_OF_DELIVERY = frozenset({"ID", "DeliveryAddress", "DeliveryLocation", "DeliveryParty", "RequestedDeliveryPeriod"})


def changed_head(change: Node, currency: str, findings: Findings) -> tuple[Address | None, date | None]:
    """Where the order shall go and when it is wanted, None where the change does not say.

    What else the change says and the hub cannot take is left in the findings.
    """
    for node in findings.bounded(change.all("*")):
        with findings:
            _check(node, change, currency)
    wanted = requested_delivery(change)
    address = stated_address(change)
    delivery = change.one("cac:Delivery")
    if delivery:
        _check_delivery(delivery, address, wanted, findings)
    return address, wanted


def _check(node: Node, change: Node, currency: str) -> None:
    if node.name in _CURRENCIES:
        if node.text not in {"", currency}:
            node.fail(f"the change is in {currency}, and an order has one currency: {NOT_TAKEN}")
    elif node.name in _SAME_AS:
        if not _same(node, change.one(f"cac:{_SAME_AS[node.name]}")):
            node.fail(f"it is not the {_SAME_AS[node.name]}: {NOT_TAKEN}")
    elif node.name not in _READ | _WITHOUT_EFFECT:
        node.fail(NOT_TAKEN)


def _same(party: Node, other: Node | None) -> bool:
    return any((found := party_id(party, ours)) and found == party_id(other, ours) for ours in ("", _OURS))


def _check_delivery(delivery: Node, address: Address | None, wanted: date | None, findings: Findings) -> None:
    for node in findings.bounded(delivery.all("*")):
        with findings:
            if node.name not in _OF_DELIVERY:
                node.fail(NOT_TAKEN)
            if node.name == "RequestedDeliveryPeriod" and wanted is None:
                node.fail("it has neither an end nor a start; add its EndDate, or leave it out if it is as it was")
            if node.name in {"DeliveryLocation", "DeliveryParty"} and address is None:
                node.fail("it says where to without an address; add DeliveryLocation/Address, or leave it out")
