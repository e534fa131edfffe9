"""What X12 and EDIFACT orders have in common: how they are divided, who buys, what is taxed and allowed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple, cast, get_args

from msgspec.structs import asdict

from connectors.agreements import MAX_PERCENT, Kind, Stated, divided, understood, worth
from connectors.defaults import Defaults, Vat, plain
from connectors.edi.message import Fields, Trader
from connectors.edi.segments import Segment
from connectors.findings import Findings
from hub.domain import amounts
from hub.domain.en16931 import Totals
from hub.domain.model import Adjustment, OrderAdjustment, OrderLine, VatCategory
from hub.domain.money import CURRENCIES


class Parts(NamedTuple):
    """A document, divided."""

    head: list[Segment]
    lines: list[list[Segment]]
    """Each begins with the segment that starts a line."""
    summary: list[Segment]

    def first(self, tag: str, *codes: str) -> Segment | None:
        """The first segment of the head with the tag, and one of the codes as its first element."""
        return first(self.head, tag, *codes)


def divide(segments: Sequence[Segment], line: str, end: frozenset[str]) -> Parts:
    """Head, lines and summary of a document without its header and trailer; `end` begins the summary."""
    parts = Parts([], [], [])
    current = parts.head
    for segment in segments[1:-1]:
        if segment.tag == line:
            current = []
            parts.lines.append(current)
        elif segment.tag in end:
            current = parts.summary
        current.append(segment)
    return parts


def first(segments: Iterable[Segment], tag: str, *codes: str) -> Segment | None:
    """The first segment with the tag, whose first component is one of the codes (any, without codes)."""
    return next((each for each in segments if each.tag == tag and (not codes or each.get(1) in codes)), None)


def loops(segments: Iterable[Segment], start: str, inside: frozenset[str]) -> Iterator[list[Segment]]:
    """Each segment `start` with those of `inside` that follow it at once."""
    loop: list[Segment] | None = None
    for segment in segments:
        if segment.tag == start:
            if loop:
                yield loop
            loop = [segment]
        elif loop and segment.tag in inside:
            loop.append(segment)
        elif loop:
            yield loop
            loop = None
    if loop:
        yield loop


def global_id(trader: Trader, schemes: Mapping[str, str]) -> str:
    """Who a party is all over the world (ISO 6523, as Peppol writes it), or its number with its qualifier."""
    scheme = schemes.get(trader.qualifier, trader.qualifier)
    return f"{scheme}:{trader.number}" if scheme else trader.number


def known_currency(segment: Segment, element: int, component: int = 1) -> str:
    """The currency an element names."""
    code = segment.get(element, component)
    if code not in CURRENCIES:
        segment.fail(element, f"{code[:40]!r} is not an active currency of ISO 4217, like EUR", component=component)
    return code


def default_currency(where: Segment, defaults: Defaults, findings: Findings) -> str:
    """The currency of an order that names none."""
    if not defaults.currency:
        where.fail(
            0, "the order names no currency; add one or name the default, e.g. --currency USD", "segment-missing"
        )
    findings.assumed.append(f"currency {defaults.currency}; the order names none")
    return defaults.currency


def country(where: Segment, element: int, defaults: Defaults, findings: Findings) -> str:
    """The country of an address."""
    code = where.get(element)
    if not code:
        if not defaults.country:
            where.fail(element, "the address has no country; add one or name the default, e.g. --country US", "missing")
        findings.assumed.append(f"country {defaults.country} of the delivery address, which names none")
    return code or defaults.country


def quantity(segment: Segment, element: int, component: int = 1) -> Decimal:
    """An ordered quantity: more than zero."""
    segment.require(element, "a line needs a quantity", component)
    value = segment.decimal(element, component)
    if value <= 0:
        segment.fail(element, f"the ordered quantity is {plain(value)}, not more than zero", component=component)
    return value


def price(segment: Segment, element: int, component: int = 1) -> Decimal:
    """A price: not less than zero."""
    segment.require(element, "the line has no price, and the hub knows no other", component)
    value = segment.decimal(element, component)
    if value < 0:
        segment.fail(element, f"the price is {plain(value)}, less than zero", component=component)
    return value


def vat(code: str, rate: Decimal, where: Segment, element: int) -> Vat:
    """A VAT category and rate: the standard rate is above zero, any other zero."""
    if code not in get_args(VatCategory) or (code == "S") != (rate > 0) or rate > 100:
        where.fail(
            element, f"VAT category {code[:40]!r} with {plain(rate)}%: S has a rate above zero, every other none"
        )
    return Vat(cast("VatCategory", code), rate)


def default_vat(line: Segment, line_id: str, defaults: Defaults, findings: Findings) -> Vat:
    """How a line is taxed that says nothing of it."""
    if defaults.vat is None:
        line.fail(
            0,
            "the line says nothing of VAT or sales tax; add it or name the default, e.g. --vat S:20",
            "segment-missing",
        )
    findings.assumed.append(f"VAT {defaults.vat} for line {line_id}, which says nothing of it")
    return defaults.vat


def read(stated: Stated, whole: Decimal | None, currency: str, where: Segment, element: int = 0) -> Adjustment:
    """An allowance or charge as the hub takes it; what is wrong with it is wrong with this element."""
    try:
        return understood(stated, whole, currency)
    except ValueError as error:
        where.fail(element, str(error))


def percentage(segment: Segment, element: int, kind: Kind, component: int = 1) -> Decimal:
    """An allowance of 0 to 100 percent, or a charge."""
    value = segment.decimal(element, component)
    if not 0 <= value <= MAX_PERCENT[kind]:
        reason = f"a percentage of {plain(value)} is not between 0 and {MAX_PERCENT[kind]}"
        segment.fail(element, reason, component=component)
    return value


def agreement(found: Iterable[Adjustment]) -> Fields:
    """The fields of an order or a line of what it allows and charges."""
    discount, others = divided(found)
    return {"discount_percent": discount, "adjustments": tuple(map(asdict, others))}


def order_line(fields: Fields) -> OrderLine:
    """The line that its fields say, as far as amounts follow from it."""
    adjustments = tuple(Adjustment(**each) for each in fields.get("adjustments", ()))
    return OrderLine(**{**fields, "adjustments": adjustments, "requested_delivery": None})


def net(fields: Fields, currency: str) -> Decimal:
    """What a line comes to (BT-131)."""
    line = order_line(fields)
    return amounts.net(line, line.quantity, currency)


def comes_to(lines: Iterable[Fields], agreed: Fields, currency: str) -> Totals | None:
    """What an order comes to; None where that is not defined, as the hub's checks will say."""
    adjustments = tuple(OrderAdjustment(**each) for each in agreed["adjustments"])
    return worth(currency, [order_line(each) for each in lines], agreed["discount_percent"], adjustments)
