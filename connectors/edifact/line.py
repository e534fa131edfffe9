"""LIN groups: quantity, price, item, tax and allowances of one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from connectors.amounts import agree
from connectors.defaults import Defaults, plain
from connectors.edi.message import Fields
from connectors.edi.orders import default_vat, first, net, price, quantity
from connectors.edi.segments import Segment
from connectors.edifact.agreement import on_line, outside, tax
from connectors.edifact.codes import ITEM_TYPES, UNITS
from connectors.findings import Findings

_ORDERED = ("21", "1")
"""6063: ordered quantity, discrete quantity."""
_NET, _GROSS = ("AAA", "NTP"), ("AAB", "GRP")
"""5125. A net price includes the line's allowances, which then only inform; from a gross one they are taken off."""
_LINE_AMOUNT = "203"
WANTED = ("2", "63", "69", "64")
"""2005: delivery requested, latest, promised for, earliest."""
_FORMATS = {"101": ("%y%m%d", 6), "102": ("%Y%m%d", 8), "203": ("%Y%m%d%H%M", 12), "204": ("%Y%m%d%H%M%S", 14)}
"""2379: how a moment is written, and in how many digits."""


def read_line(
    segments: Sequence[Segment], line_id: str, currency: str, defaults: Defaults, findings: Findings
) -> Fields:
    """One line as an order has it."""
    line = segments[0]
    ordered = first(segments, "QTY", *_ORDERED) or line.fail(0, "the line has no quantity (QTY+21)", "segment-missing")
    unit = ordered.get(1, 3)
    if not unit:
        findings.assumed.append(f"pieces (C62) for line {line_id}, whose quantity has no unit")
    priced = first(segments, "PRI", *_NET)
    gross = priced is None
    priced = priced or first(segments, "PRI", *_GROSS)
    if priced is None:
        line.fail(0, "the line has no price (PRI+AAA), and the hub knows no other", "segment-missing")
    if priced.get(1, 6) not in {"", unit}:
        priced.fail(1, f"the price is per {priced.get(1, 6)}, but the quantity is in {unit or 'pieces'}", component=6)
    fields: Fields = {
        "line_id": line_id,
        "item_id": _item(segments, findings),
        "description": _description(segments),
        "quantity": quantity(ordered, 1, 2),
        "unit": UNITS.get(unit, unit),
        "price": price(priced, 1, 2),
        "base_quantity": quantity(priced, 1, 5) if priced.get(1, 5) else Decimal(1),
        "discount_percent": Decimal(0),
        "requested_delivery": requested_delivery(segments),
    }
    taxed = tax(outside(segments)) or tax(segments) or default_vat(line, line_id, defaults, findings)
    fields["vat_category"], fields["vat_rate"] = taxed
    return _agreed(segments, fields, currency, findings, net_price=not gross)


def _agreed(
    segments: Sequence[Segment], fields: Fields, currency: str, findings: Findings, *, net_price: bool
) -> Fields:
    """The fields with what the line allows and charges: a net price has it in it, unless the line's amount says not."""
    stated = first(segments, "MOA", _LINE_AMOUNT)
    amount = stated.decimal(1, 2) if stated else None
    plainly = net(fields, currency)
    if net_price and (amount is None or agree(amount, plainly, currency)):
        if first(segments, "ALC", "C"):
            findings.assumed.append(f"the net price of line {fields['line_id']} has its charges in it")
        return fields
    agreed = fields | on_line(segments, fields, currency)
    computed = net(agreed, currency)
    if stated and amount is not None and not agree(amount, computed, currency):
        shown = " or ".join(dict.fromkeys(map(plain, (plainly, computed) if net_price else (computed,))))
        reason = f"the line says {stated.get(1, 2)}, but it comes to {shown}; ask the buyer which is meant"
        stated.fail(1, reason, component=2)
    return agreed


def requested_delivery(segments: Iterable[Segment]) -> str | None:
    """The day goods are asked for (DTM)."""
    found = next((each for code in WANTED if (each := first(segments, "DTM", code))), None)
    return day(found).isoformat() if found else None


def day(segment: Segment) -> date:
    """The date of a DTM segment."""
    return moment(segment).date()


def moment(segment: Segment) -> datetime:
    """The moment of a DTM segment; a date's is its midnight, and the time is taken as UTC."""
    text, code = segment.get(1, 2), segment.get(1, 3) or "102"
    pattern, length = _FORMATS.get(code, ("", 0))
    try:
        digits = text if len(text) == length and text.isascii() and text.isdecimal() else ""
        return datetime.strptime(digits, pattern or "%Y").replace(tzinfo=UTC)
    except ValueError:
        segment.fail(1, f"{text[:40]!r} is not a date in format {code[:40]}, like 20260331:102", "date", 2)


def _item(segments: Sequence[Segment], findings: Findings) -> str:
    """The item by the most telling of its numbers; by its description if it has none."""
    numbers: dict[str, str] = {}
    for kind, number in _numbers(segments):
        numbers.setdefault(kind, number)
    for kinds in ITEM_TYPES:
        for kind in kinds:
            if numbers.get(kind):
                return numbers[kind]
    name = _description(segments)
    if not name:
        segments[0].fail(
            3, "the item has neither a number the hub knows (SA, EN, SRV, ...) nor a description", "missing"
        )
    findings.assumed.append(f"item {name!r} by its description; the line has no item number")
    return name


def _numbers(segments: Sequence[Segment]) -> Iterator[tuple[str, str]]:
    yield segments[0].get(3, 2) or "EN", segments[0].get(3)
    for segment in segments:
        if segment.tag == "PIA":
            for element in range(2, segment.size + 1):
                yield segment.get(element, 2), segment.get(element)


def _description(segments: Iterable[Segment]) -> str:
    texts = (each.get(3, part) for each in segments if each.tag == "IMD" for part in (4, 5))
    return " ".join(filter(None, texts))
