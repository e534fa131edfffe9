"""Who an X12 order is from and where it goes: its N1 loops."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.defaults import Defaults
from connectors.edi.message import Fields, Message, Trader
from connectors.edi.orders import Parts, country, global_id, loops
from connectors.edi.segments import Segment
from connectors.findings import Findings
from connectors.x12.codes import SCHEMES

_INSIDE = frozenset({"N2", "N3", "N4", "REF", "PER", "FOB", "TD5", "DTM", "G61", "LM", "NX1", "NX2"})
BUYERS = ("BY", "BT", "OB")
SELLERS = ("SE", "VN", "SU", "SF")
SHIP_TO, BILL_TO = "ST", "BT"


def parties(parts: Parts) -> dict[str, list[Segment]]:
    """Each N1 loop of the head by what the party is (element 98); the first of each."""
    found: dict[str, list[Segment]] = {}
    for loop in loops(parts.head, "N1", _INSIDE):
        found.setdefault(loop[0].get(1), loop)
    return found


def customer_of(found: dict[str, list[Segment]], message: Message) -> str:
    """Our own number for the buyer (91), its DUNS number or GLN, or else whoever sent the interchange.

    The numbers a buyer gives its own places (92) say nothing outside of it.
    """
    for code in BUYERS:
        if code in found:
            name = found[code][0]
            trader = Trader(name.get(3), name.get(4))
            if trader.number and trader.qualifier in SCHEMES:
                return global_id(trader, SCHEMES)
    return global_id(message.sender, SCHEMES)


def seller_of(found: dict[str, list[Segment]]) -> str:
    """The seller's identifier, if the order names one."""
    names = (found[code][0] for code in SELLERS if code in found)
    name = next((name for name in names if name.get(4)), None)
    return global_id(Trader(name.get(3), name.get(4)), SCHEMES) if name else ""


def deliver_to(found: dict[str, list[Segment]], head: Segment, defaults: Defaults, findings: Findings) -> Fields:
    """The ship-to address, or the buyer's own when the order names none."""
    loop = found.get(SHIP_TO)
    if loop is None:
        loop = next((found[code] for code in BUYERS if code in found and _has(found[code], "N4")), None)
        if loop is None:
            head.fail(0, "neither a place to ship to (N1 ST) nor the buyer has an address", "segment-missing")
        findings.assumed.append("delivery to the buyer's own address; the order has no ship-to (N1 ST)")
    return address(loop, defaults, findings)


def address(loop: Sequence[Segment], defaults: Defaults, findings: Findings) -> Fields:
    """The address of an N1 loop."""
    name = loop[0]
    place = next((each for each in loop if each.tag == "N4"), None)
    streets = [each.get(element) for each in loop if each.tag == "N3" for element in (1, 2)]
    names = [name.get(2), *(each.get(element) for each in loop if each.tag == "N2" for element in (1, 2))]
    if place is None:
        code = name.require(4, "the ship-to has neither an address (N3, N4) nor a code")
        findings.assumed.append(f"delivery to location {code}; the order has no address for it")
        streets.append(f"Location {code}")
    return {
        "name": ", ".join(filter(None, names)) or name.require(4, "the ship-to has neither a name nor a code"),
        "street": ", ".join(filter(None, streets)),
        "city": ", ".join(filter(None, (place.get(1), place.get(2)))) if place else "",
        "postal_code": place.get(3) if place else "",
        "country": country(place or name, 4 if place else 0, defaults, findings),
    }


def _has(loop: Sequence[Segment], tag: str) -> bool:
    return any(each.tag == tag for each in loop)
