"""What an ORDCHG says of the order beyond its lines: taken, known to change nothing, or refused by its name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from connectors.defaults import Defaults
from connectors.edi.message import Fields, Trader
from connectors.edi.orders import Parts, global_id
from connectors.edi.segments import Segment
from connectors.edifact.agreement import outside
from connectors.edifact.codes import AGENCIES
from connectors.edifact.line import WANTED, requested_delivery
from connectors.edifact.parties import BUYERS, INVOICEE, PLACES, SELLERS, address, place_of
from connectors.findings import NOT_TAKEN, Findings

_READ = frozenset({"BGM", "DTM", "FTX", "RFF", "NAD", "CUX"})
_WITHOUT_EFFECT = frozenset({"IMD", "CTA", "COM", "DOC", "GIR"})
"""References, contacts and descriptions: the hub keeps none of it of the order either."""
_WITHOUT_EFFECT_DATES = frozenset({"137", "171", "4"})
"""2005: of the document, of a reference, of the order."""
_MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "PAT": "terms of payment",
        "PAI": "means of payment",
        "TOD": "terms of delivery",
        "TDT": "transport",
        "LOC": "place",
        "TAX": "tax of the whole order",
        "MOA": "amount of the whole order",
        "PCD": "percentage of the whole order",
        "ALI": "conditions",
        "PAC": "packages",
        "SCC": "schedule",
    }
)


def changed_head(parts: Parts, customer_id: str, defaults: Defaults, findings: Findings) -> Fields:
    """Where the order shall go and when it is wanted, as fields, as far as the change says so.

    What else the change says and the hub cannot take is left in the findings.
    """
    for segment in findings.bounded(outside(parts.head)):
        with findings:
            _check(segment, customer_id)
    fields: Fields = {}
    if place := place_of(parts):
        others = [each for each in parts.head if each.tag == "NAD" and each.get(1) == place.get(1)]
        if len(others) > 1:
            others[1].fail(1, "an order is delivered to one place; send an order for each place to deliver to")
        fields["deliver_to"] = address(place, defaults, findings)
    if wanted := requested_delivery(parts.head):
        fields["requested_delivery"] = wanted
    return fields


def _check(segment: Segment, customer_id: str) -> None:
    code = segment.get(1)
    if segment.tag == "DTM":
        if code not in {*WANTED, *_WITHOUT_EFFECT_DATES}:
            segment.fail(1, f"date {code[:40]!r}: {NOT_TAKEN}")
    elif segment.tag == "NAD":
        if code not in {*BUYERS, *SELLERS, *PLACES}:
            segment.fail(1, f"party {code[:40]!r}: {NOT_TAKEN}")
        billed = Trader(segment.get(2, 3), segment.get(2))
        if code == INVOICEE and billed.qualifier in AGENCIES and global_id(billed, AGENCIES) != customer_id:
            segment.fail(2, f"who is billed is not the customer, {customer_id}: {NOT_TAKEN}")
    elif segment.tag not in _READ | _WITHOUT_EFFECT:
        meaning = _MEANINGS.get(segment.tag)
        segment.fail(0, f"{meaning}: {NOT_TAKEN}" if meaning else NOT_TAKEN, "unexpected")
