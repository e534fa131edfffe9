"""LIN groups: quantity, price, item, tax and allowances of one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from connectors.amounts import agree
from connectors.defaults import Defaults, Vat, plain
from connectors.edi.message import Fields
from connectors.edi.orders import default_vat, first, loops, net, percent_of, percentage, price, quantity, vat
from connectors.edi.segments import Segment
from connectors.edifact.codes import ITEM_TYPES, UNITS
from connectors.findings import Findings
from hub.domain.money import round_half_up

_ORDERED = ("21", "1")
"""6063: ordered quantity, discrete quantity."""
_NET, _GROSS = ("AAA", "NTP"), ("AAB", "GRP")
"""5125. A net price includes the line's allowances, which then only inform; from a gross one they are taken off."""
_LINE_AMOUNT = "203"
_ALLOWANCE_AMOUNTS = ("8", "204")
_WANTED = ("2", "63", "69", "64")
"""2005: delivery requested, latest, promised for, earliest."""
_IN_ALLOWANCE = frozenset({"PCD", "MOA", "QTY", "RTE", "TAX", "CUX", "DTM"})
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
    if gross:
        fields["discount_percent"] = allowances(segments, net(fields))
    _check_amount(segments, net(fields), currency)
    taxed = _tax(segments) or default_vat(line, line_id, defaults, findings)
    fields["vat_category"], fields["vat_rate"] = taxed
    return fields


def allowances(segments: Iterable[Segment], whole: Decimal) -> Decimal:
    """ALC groups as one percentage of `whole`. A charge is refused, as nothing says what becomes of it in parts."""
    total = Decimal(0)
    for group in loops(segments, "ALC", _IN_ALLOWANCE):
        head = group[0]
        if head.get(1) == "C":
            reason = head.get(5, 4) or head.get(5) or "no reason given"
            head.fail(1, f"a charge ({reason[:40]}) is not accepted; order it as a line or agree a net price")
        percent, amount = first(group, "PCD"), first(group, "MOA", *_ALLOWANCE_AMOUNTS)
        if percent:
            total += percentage(percent, 1, 2)
        elif amount:
            total += percent_of(amount.decimal(1, 2), whole, amount, 1, 2)
        else:
            head.fail(0, "an allowance needs its percentage (PCD) or its amount (MOA+8)", "segment-missing")
    return total


def requested_delivery(segments: Iterable[Segment]) -> str | None:
    """The day goods are asked for (DTM)."""
    found = next((each for code in _WANTED if (each := first(segments, "DTM", code))), None)
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


def _check_amount(segments: Iterable[Segment], computed: Decimal, currency: str) -> None:
    stated = first(segments, "MOA", _LINE_AMOUNT)
    amount = round_half_up(computed, currency)
    if stated and not agree(stated.decimal(1, 2), amount, currency):
        reason = f"the line says {stated.get(1, 2)}, but it comes to {plain(amount)}; ask the buyer which is meant"
        stated.fail(1, reason, component=2)


def _tax(segments: Iterable[Segment]) -> Vat | None:
    """TAX+7+VAT: category (5305) and rate (5278)."""
    found = next((each for each in segments if each.tag == "TAX" and each.get(2) == "VAT"), None)
    if found is None:
        return None
    rate = found.decimal(5, 4) if found.get(5, 4) else Decimal(0)
    return vat(found.get(6) or ("S" if rate else "Z"), rate, found, 6)


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
