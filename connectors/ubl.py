"""UBL 2.x and Peppol BIS orders: `Order` XML to `OrderPlaced`.

Element names are those of UBL 2.1; checks cite Peppol's rules for the order transaction (PEPPOL-T01-Rnnn).
`docs/input.md` tells the mapping and every decision about what an order may leave open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import BinaryIO

import msgspec

from connectors.base import Accepted, Event, Refusal
from connectors.defaults import Vat
from connectors.findings import MAX_DOCUMENT_BYTES, MAX_PROBLEMS, DocumentError, Findings, checked
from connectors.ubl_line import document_discount, read_line, requested_delivery
from connectors.xmldoc import Node, canonical, parse
from hub.domain.events import OrderPlaced
from hub.domain.model import Address, OrderLine
from hub.domain.money import CURRENCIES, exact

ORDER = "{urn:oasis:names:specification:ubl:schema:xsd:Order-2}Order"
NAMESPACES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
ORDER_TYPES = frozenset({"", "105", "220", "221", "226", "227", "402"})
"""UNCL 1001 codes that Peppol (transaction T01, order type code) says to process like 220, an order."""
URGENT = frozenset({"1", "2"})
"""UNCL 4219 express and high speed, in Delivery/Shipment/ShippingPriorityLevelCode."""

_AMOUNTS = (".//cbc:PriceAmount", ".//cbc:LineExtensionAmount", ".//cbc:Amount", "cac:AnticipatedMonetaryTotal/*")
_TIME = re.compile(r"\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class UblOrders:
    """Reads one UBL order a stream."""

    default_vat: Vat | None = None
    """How a line without a VAT category is taxed; without it an order with such a line is refused."""

    def read(self, stream: BinaryIO, name: str) -> Iterator[Accepted | Refusal]:
        """The order; or the first problem of its head, of each of its lines and of its totals."""
        raw = stream.read(MAX_DOCUMENT_BYTES + 1)
        findings = Findings()
        event: Event | None = None
        with findings, exact():
            order = _order(raw, self.default_vat, findings)
            event = None if findings.errors else checked({"type": "OrderPlaced", **msgspec.to_builtins(order)})
        if event is None:
            yield Refusal(name, findings.problems, raw[:MAX_DOCUMENT_BYTES])
        else:
            yield Accepted(name, event, tuple(findings.assumed))


def _order(raw: bytes, default_vat: Vat | None, findings: Findings) -> OrderPlaced:
    root = parse(raw)
    if root.tag != ORDER:
        raise DocumentError("", f"this is not a UBL Order but {root.tag}; convert it to a UBL 2.1 Order first")
    order = Node(root, NAMESPACES)
    currency = _currency(order, findings)
    lines: list[OrderLine] = []
    for line in order.all("cac:OrderLine"):
        with findings:
            lines.append(read_line(line, currency, default_vat, findings))
        if len(findings.errors) >= MAX_PROBLEMS:
            break
    if not lines and not findings.errors:
        order.fail("an order needs at least one line", below="cac:OrderLine")
    discount = Decimal(0)
    if not findings.errors:
        discount = document_discount(order, lines, currency)
    purchase_order = order.require("cbc:ID", "an order needs its number").text
    customer_id = _party_id(order.one("cac:BuyerCustomerParty"), "cbc:SupplierAssignedAccountID")
    if not customer_id:
        order.fail(
            "the buyer has no identifier; give the party an EndpointID", below="cac:BuyerCustomerParty/cac:Party"
        )
    type_code = order.one("cbc:OrderTypeCode")
    if type_code and type_code.text not in ORDER_TYPES:
        type_code.fail(f"order type {type_code.text!r} is not an order to be delivered and billed; use 220")
    level = order.value("cac:Delivery/cac:Shipment/cbc:ShippingPriorityLevelCode")
    notes = [note for note in order.all("cbc:Note") if note.text]
    return OrderPlaced(
        event_id="ubl-" + sha256(canonical(root)).hexdigest()[:32],
        source=f"ubl:{customer_id}",
        occurred_at=_issued(order),
        order_id=f"{customer_id}/{purchase_order}",
        customer_id=customer_id,
        purchase_order=purchase_order,
        currency=currency,
        lines=tuple(lines),
        deliver_to=_deliver_to(order, findings),
        discount_percent=discount,
        requested_delivery=requested_delivery(order),
        seller_id=_party_id(order.one("cac:SellerSupplierParty")),
        priority="urgent" if level in URGENT else "normal",
        locale=next((language for note in notes if (language := note.attribute("languageID"))), "en").lower(),
        note="\n".join([*(note.text for note in notes), *(f"Assumed: {text}" for text in findings.assumed)]),
    )


def _currency(order: Node, findings: Findings) -> str:
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


def _issued(order: Node) -> datetime:
    """IssueDate and IssueTime; a time without zone is taken as UTC, none as midnight."""
    day = order.require("cbc:IssueDate", "an order needs its date of issue").date()
    node = order.one("cbc:IssueTime") or order
    clock = node.text if node is not order else "00:00:00"
    if not _TIME.fullmatch(clock):
        node.fail(f"{clock[:40]!r} is not a time like 14:30:00 or 14:30:00+02:00")
    try:
        issued = datetime.fromisoformat(f"{day}T{clock}")
        return (issued if issued.tzinfo else issued.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        node.fail(f"there is no time {clock} on {day}")


def _party_id(party: Node | None, ours: str = "") -> str:
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


def _deliver_to(order: Node, findings: Findings) -> Address:
    """Where to: the delivery's address, or the buyer's own when the order leaves it open."""
    address = order.first("cac:Delivery/cac:DeliveryLocation/cac:Address", "cac:Delivery/cac:DeliveryAddress")
    if address is None:
        address = order.one("cac:BuyerCustomerParty/cac:Party/cac:PostalAddress")
        if address is None:
            order.fail("neither the delivery nor the buyer has an address", below="cac:Delivery/cac:DeliveryLocation")
        findings.assumed.append("delivery to the buyer's own address; the order has no delivery address")
    name = order.first(
        "cac:Delivery/cac:DeliveryParty/cac:PartyName/cbc:Name",
        "cac:Delivery/cac:DeliveryLocation/cbc:Name",
        "cac:BuyerCustomerParty/cac:Party/cac:PartyName/cbc:Name",
        "cac:BuyerCustomerParty/cac:Party/cac:PartyLegalEntity/cbc:RegistrationName",
    )
    country = address.require("cac:Country/cbc:IdentificationCode", "a delivery address needs its country")
    if not re.fullmatch("[A-Z]{2}", country.text):
        country.fail(f"{country.text[:40]!r} is not a country code of ISO 3166-1 alpha-2, like DE")
    house = " ".join(filter(None, (address.value("cbc:StreetName"), address.value("cbc:BuildingNumber"))))
    more = [address.value("cbc:AdditionalStreetName"), *(line.text for line in address.all("cac:AddressLine/cbc:Line"))]
    return Address(
        name=name.text if name else "",
        street=", ".join(filter(None, (house, *more))),
        city=address.value("cbc:CityName"),
        postal_code=address.value("cbc:PostalZone"),
        country=country.text,
    )
