"""What an 860 says of the order beyond its lines: taken, known to change nothing, or refused by its name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from connectors.defaults import Defaults
from connectors.edi.message import Fields, Trader
from connectors.edi.orders import Parts, global_id
from connectors.edi.segments import Segment
from connectors.findings import NOT_TAKEN, Findings
from connectors.x12.codes import SCHEMES
from connectors.x12.line import DELIVERY, requested_delivery
from connectors.x12.parties import BILL_TO, BUYERS, SELLERS, SHIP_TO, address, parties

_READ = frozenset({"BCH", "CUR", "DTM", "SAC", "MSG", "NTE", "N1", "N2", "N3", "N4"})
_WITHOUT_EFFECT = frozenset({"REF", "PER", "G61", "N9", "PWK", "EFI", "MAN"})
"""References, contacts, attachments, marks: the hub keeps none of it of the order either."""
_WITHOUT_EFFECT_DATES = frozenset({"004", "097"})
"""Element 374: of the purchase order, of the document."""
_MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "ITD": "terms of payment",
        "DIS": "discount by DIS",
        "INC": "instalments",
        "FOB": "terms of delivery",
        "CSH": "sales requirements",
        "TD5": "routing",
        "TXI": "tax of the whole order",
        "TAX": "tax reference",
        "PO1": "a line by PO1, where an 860 has POC",
    }
)


def changed_head(parts: Parts, customer_id: str, defaults: Defaults, findings: Findings) -> Fields:
    """Where the order shall go and when it is wanted, as fields, as far as the change says so.

    What else the change says and the hub cannot take is left in the findings.
    """
    for segment in findings.bounded(parts.head):
        with findings:
            _check(segment, customer_id)
    fields: Fields = {}
    places = [each for each in parts.head if each.tag == "N1" and each.get(1) == SHIP_TO]
    if len(places) > 1:
        places[1].fail(1, "an order is delivered to one place; send an order for each place to ship to")
    if places:
        fields["deliver_to"] = address(parties(parts)[SHIP_TO], defaults, findings)
    if wanted := requested_delivery(parts.head):
        fields["requested_delivery"] = wanted
    return fields


def _check(segment: Segment, customer_id: str) -> None:
    code = segment.get(1)
    if segment.tag == "DTM":
        if code not in {*DELIVERY, *_WITHOUT_EFFECT_DATES}:
            segment.fail(1, f"date {code[:40]!r}: {NOT_TAKEN}")
    elif segment.tag == "N1":
        if code not in {*BUYERS, *SELLERS, SHIP_TO}:
            segment.fail(1, f"party {code[:40]!r}: {NOT_TAKEN}")
        billed = Trader(segment.get(3), segment.get(4))
        if code == BILL_TO and billed.qualifier in SCHEMES and global_id(billed, SCHEMES) != customer_id:
            segment.fail(4, f"who is billed is not the customer, {customer_id}: {NOT_TAKEN}")
    elif segment.tag not in _READ | _WITHOUT_EFFECT:
        meaning = _MEANINGS.get(segment.tag)
        segment.fail(0, f"{meaning}: {NOT_TAKEN}" if meaning else NOT_TAKEN, "unexpected")
