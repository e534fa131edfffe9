"""PO1 and POC loops: quantity, price, item, tax and allowances of one line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from connectors.defaults import Defaults, Vat
from connectors.edi.message import Fields
from connectors.edi.orders import default_vat, first, price, quantity, vat
from connectors.edi.segments import Segment
from connectors.findings import Findings
from connectors.x12.agreement import on_line
from connectors.x12.codes import ITEM_QUALIFIERS, PRICED_FOR, UNITS

DELIVERY = ("002", "106", "063", "067")
"""Element 374: delivery requested, required by, do not deliver after, current schedule delivery."""
_VALUE_ADDED = "VA"
_SALES = frozenset({"LS", "ST", "SU", "TX", "CS", "CT"})
"""Element 963: local, state, sales and use, all taxes, city, county."""
_NO_CHARGE = "NC"


def read_line(
    segments: Sequence[Segment],
    line_id: str,
    places: tuple[int, int],
    defaults: Defaults,
    findings: Findings,
    *,
    currency: str,
) -> Fields:
    """One line as an order has it. `places`: the elements of its quantity and unit; price, basis, and pairs of
    qualifier and item number follow the unit.
    """
    line = segments[0]
    at_quantity, at_unit = places
    priced_for = line.get(at_unit + 2)
    if priced_for not in {*PRICED_FOR, _NO_CHARGE}:
        line.fail(at_unit + 2, f"the price is on basis {priced_for!r}; use PE (each), HP (hundred) or TP (thousand)")
    for segment in segments:
        if segment.tag in _REFUSED:
            segment.fail(0, _REFUSED[segment.tag], "unexpected")
    unit = line.require(at_unit, "the quantity has no unit, like EA or LB")
    fields: Fields = {
        "line_id": line_id,
        "item_id": _item(line, at_unit + 3, findings, segments),
        "description": _description(segments),
        "quantity": quantity(line, at_quantity),
        "unit": UNITS.get(unit, unit),
        "price": Decimal(0) if priced_for == _NO_CHARGE else price(line, at_unit + 1),
        "base_quantity": PRICED_FOR.get(priced_for, Decimal(1)),
    }
    fields |= on_line(segments, fields, currency)
    taxed = _tax(segments) or default_vat(line, line_id, defaults, findings)
    fields["vat_category"], fields["vat_rate"] = taxed
    fields["requested_delivery"] = requested_delivery(segments)
    return fields


_REFUSED = {
    "SDQ": "quantities for several places are not accepted; send an order for each place to ship to",
    "N1": "a line of its own destination is not accepted; send an order for each place to ship to",
    "CTP": "prices by CTP are not accepted; give the line's price in PO104 or POC06",
}


def requested_delivery(segments: Iterable[Segment]) -> str | None:
    """The day goods are asked for (DTM)."""
    found = next((each for code in DELIVERY if (each := first(segments, "DTM", code))), None)
    return found.date(2).isoformat() if found else None


def _tax(segments: Iterable[Segment]) -> Vat | None:
    """TXI: value added tax by its percentage. Sales tax is another thing and cannot be taken for it."""
    found = first(segments, "TXI")
    if found is None:
        return None
    if found.get(1) != _VALUE_ADDED:
        found.fail(1, f"tax {found.get(1)[:40]!r} is not accepted; the hub knows VAT (VA) only")
    rate = found.decimal(3) if found.get(3) else Decimal(0)
    return vat("S" if rate else "Z", rate, found, 3)


def _item(line: Segment, start: int, findings: Findings, segments: Sequence[Segment]) -> str:
    """The item by the most telling of its numbers; by its description if it has none."""
    numbers: dict[str, str] = {}
    for at in range(start, line.size, 2):
        numbers.setdefault(line.get(at), line.get(at + 1))
    for qualifiers in ITEM_QUALIFIERS:
        for qualifier in qualifiers:
            if numbers.get(qualifier):
                return numbers[qualifier]
    name = _description(segments)
    if not name:
        line.fail(start, "the item has neither a number the hub knows (VN, UP, EN, ...) nor a description", "missing")
    findings.assumed.append(f"item {name!r} by its description; the line has no item number")
    return name


def _description(segments: Iterable[Segment]) -> str:
    return " ".join(filter(None, (each.get(5) for each in segments if each.tag == "PID" and each.get(1) == "F")))
