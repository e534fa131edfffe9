"""What the head of every UBL ordering document says: its number, currency, moment and parties."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import sha256

from lxml.etree import _Element as Element

from connectors.findings import Findings
from connectors.xmldoc import Node, canonical
from hub.domain.money import CURRENCIES

NAMESPACES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}

_AMOUNTS = (".//cbc:PriceAmount", ".//cbc:LineExtensionAmount", ".//cbc:Amount", "cac:AnticipatedMonetaryTotal/*")
_TIME = re.compile(r"\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def event_id(root: Element) -> str:
    """An event id that follows from a document's content alone."""
    return "ubl-" + sha256(canonical(root)).hexdigest()[:32]


def customer_of(document: Node) -> str:
    """The buyer: our own number for them, else an identifier with its scheme."""
    customer_id = party_id(document.one("cac:BuyerCustomerParty"), "cbc:SupplierAssignedAccountID")
    if not customer_id:
        document.fail(
            "the buyer has no identifier; give the party an EndpointID", below="cac:BuyerCustomerParty/cac:Party"
        )
    return customer_id


def currency_of(order: Node, findings: Findings) -> str:
    """The one currency of the order (R003): declared, or else that of all its amounts."""
    declared = order.first("cbc:DocumentCurrencyCode")
    currency = _known_currency(declared, declared.text) if declared else ""
    for path in _AMOUNTS:
        for amount in order.all(path):
            stated = amount.attribute("currencyID")
            if not currency:
                currency = _known_currency(amount, stated)
            elif stated not in {"", currency}:
                amount.fail(f"the amount is in {stated} in an order in {currency}; one order has one currency")
    if not currency:
        order.fail("the order names no currency", below="cbc:DocumentCurrencyCode")
    if not declared:
        findings.assumed.append(f"currency {currency}, of the amounts; the order has no DocumentCurrencyCode")
    return currency


def _known_currency(node: Node, code: str) -> str:
    if code and code not in CURRENCIES:
        node.fail(f"{code[:40]!r} is not an active currency of ISO 4217, like EUR")
    return code


def issued(order: Node) -> datetime:
    """IssueDate and IssueTime; a time without zone is taken as UTC, none as midnight."""
    day = order.require("cbc:IssueDate", "an order needs its date of issue").date()
    node = order.one("cbc:IssueTime") or order
    clock = node.text if node is not order else "00:00:00"
    if not _TIME.fullmatch(clock):
        node.fail(f"{clock[:40]!r} is not a time like 14:30:00 or 14:30:00+02:00")
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        node.fail(f"there is no time {clock} on {day}")


def party_id(party: Node | None, ours: str = "") -> str:
    """Who a party is: our own number for it, else an identifier with its scheme, `0088:7300010000001`."""
    if party is None:
        return ""
    places = (
        "cac:Party/cac:PartyIdentification/cbc:ID",
        "cac:Party/cbc:EndpointID",
        "cac:Party/cac:PartyLegalEntity/cbc:CompanyID",
        "cac:Party/cac:PartyTaxScheme/cbc:CompanyID",
    )
    node = party.first(*((ours,) if ours else ()), *places)
    if node is None:
        return ""
    scheme = node.attribute("schemeID")
    return f"{scheme}:{node.text}" if scheme else node.text
