"""`Delivery` of UBL orders and their lines: where to, and by when."""

from __future__ import annotations

import re
from datetime import date

from connectors.findings import Findings
from connectors.xmldoc import Node
from hub.domain.model import Address

_PLACES = ("cac:Delivery/cac:DeliveryLocation/cac:Address", "cac:Delivery/cac:DeliveryAddress")
_NAMES = (
    "cac:Delivery/cac:DeliveryParty/cac:PartyName/cbc:Name",
    "cac:Delivery/cac:DeliveryLocation/cbc:Name",
    "cac:BuyerCustomerParty/cac:Party/cac:PartyName/cbc:Name",
    "cac:BuyerCustomerParty/cac:Party/cac:PartyLegalEntity/cbc:RegistrationName",
)


def deliver_to(order: Node, findings: Findings) -> Address:
    """Where to: the delivery's address, or the buyer's own when the order leaves it open."""
    stated = stated_address(order)
    if stated:
        return stated
    address = order.one("cac:BuyerCustomerParty/cac:Party/cac:PostalAddress")
    if address is None:
        order.fail("neither the delivery nor the buyer has an address", below="cac:Delivery/cac:DeliveryLocation")
    findings.assumed.append("delivery to the buyer's own address; the order has no delivery address")
    return _address(order, address)


def stated_address(document: Node) -> Address | None:
    """The delivery's address, if the document says one."""
    address = document.first(*_PLACES)
    return _address(document, address) if address else None


def check_places(document: Node, address: Address | None, findings: Findings) -> None:
    """Lines go where the order goes, in the order `address`: one that names another place is left in the findings."""
    for item in findings.bounded(document.all("cac:OrderLine/cac:LineItem")):
        with findings:
            place = item.first(*_PLACES)
            if place and (address is None or _place(_address(item, place)) != _place(address)):
                place.fail(
                    "the line goes elsewhere than its order, and an order goes to one place: send an order for each "
                    "place, or leave the line's address out if it is the order's"
                )


def _place(address: Address) -> tuple[str, ...]:
    """Where it is, whoever is there."""
    return address.street, address.city, address.postal_code, address.country


def requested_delivery(node: Node) -> date | None:
    """The last day asked for: the requested period's end, else its start."""
    deliveries = list(node.all("cac:Delivery"))
    if len(deliveries) > 1:
        deliveries[1].fail("an order or line is delivered to one place in one period; split it")
    period = "cac:Delivery/cac:RequestedDeliveryPeriod"
    found = node.first(f"{period}/cbc:EndDate", f"{period}/cbc:StartDate")
    return found.date() if found else None


def _address(document: Node, address: Node) -> Address:
    name = document.first(*_NAMES)
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
