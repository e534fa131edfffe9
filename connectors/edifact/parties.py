"""Who an EDIFACT order is from and where it goes: its NAD segments."""

from __future__ import annotations

from connectors.defaults import Defaults
from connectors.edi.message import Fields, Message, Trader
from connectors.edi.orders import Parts, country, global_id
from connectors.edi.segments import Segment
from connectors.edifact.codes import AGENCIES, INTERCHANGE_SCHEMES
from connectors.findings import Findings

INVOICEE = "IV"
BUYERS = ("BY", "OB", INVOICEE)
PLACES = ("DP", "ST", "CN", "UC")
SELLERS = ("SU", "SE")


def customer_of(parts: Parts, message: Message) -> str:
    """Our own number for the buyer (91), its GLN or DUNS number, or else whoever sent the interchange."""
    buyer = parts.first("NAD", *BUYERS[:2])
    if buyer and buyer.get(2) and buyer.get(2, 3) in AGENCIES:
        return global_id(Trader(buyer.get(2, 3), buyer.get(2)), AGENCIES)
    return global_id(message.sender, INTERCHANGE_SCHEMES)


def seller_of(parts: Parts) -> str:
    """The seller's identifier, if the order names one."""
    seller = parts.first("NAD", *SELLERS)
    return global_id(Trader(seller.get(2, 3), seller.get(2)), AGENCIES) if seller and seller.get(2) else ""


def deliver_to(parts: Parts, head: Segment, defaults: Defaults, findings: Findings) -> Fields:
    """Where to: the delivery party, or the buyer's own address when the order names none."""
    place = place_of(parts)
    if place is None:
        buyers = (found for code in BUYERS if (found := parts.first("NAD", code)) and found.get(6))
        place = next(buyers, None) or head.fail(
            0, "neither a delivery party (NAD+DP) nor the buyer has an address", "segment-missing"
        )
        findings.assumed.append("delivery to the buyer's own address; the order has no delivery party (NAD+DP)")
    return address(place, defaults, findings)


def place_of(parts: Parts) -> Segment | None:
    """The delivery party, if the document names one."""
    return next((found for code in PLACES if (found := parts.first("NAD", code))), None)


def address(place: Segment, defaults: Defaults, findings: Findings) -> Fields:
    """The address of a NAD segment."""
    name, street, city = _text(place, 4), _text(place, 5), place.get(6)
    free = _texts(place, 3)
    if free and not (name or street):
        name, street = free[0], ", ".join(free[1:])
    if not (street or city):
        code = place.require(2, "the delivery party has neither an address nor a number")
        findings.assumed.append(f"delivery to location {code}; the order has no address for it")
        name, street = name or code, f"Location {code}"
    return {
        "name": name or place.get(2),
        "street": street,
        "city": ", ".join(filter(None, (city, place.get(7)))),
        "postal_code": place.get(8),
        "country": country(place, 9, defaults, findings),
    }


def _texts(segment: Segment, element: int) -> list[str]:
    texts = (segment.get(element, each) for each in range(1, segment.components(element) + 1))
    return [text for text in texts if text]


def _text(segment: Segment, element: int) -> str:
    return ", ".join(_texts(segment, element))
