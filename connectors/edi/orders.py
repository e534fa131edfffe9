"""What X12 and EDIFACT orders have in common: how they are divided, who buys, what is taxed and allowed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple, cast, get_args

from connectors.amounts import exact_percent
from connectors.defaults import Defaults, Vat, plain
from connectors.edi.message import Fields, Trader
from connectors.edi.segments import Segment
from connectors.findings import MAX_PROBLEMS, Findings
from hub.domain.model import VatCategory
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


def each_line(lines: Iterable[list[Segment]], findings: Findings) -> Iterator[list[Segment]]:
    """The lines, as long as there are not too many problems."""
    for line in lines:
        if len(findings.errors) >= MAX_PROBLEMS:
            return
        yield line


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


def percent_of(amount: Decimal, whole: Decimal, segment: Segment, element: int, component: int = 1) -> Decimal:
    """The percentage an allowance by amount is of what it is taken from, when that is exact: right for every part."""
    percent = exact_percent(amount, whole)
    if percent is None or not 0 <= percent <= 100:
        segment.fail(
            element,
            f"an allowance of {plain(amount)} is no exact percentage of {plain(whole)}; state one",
            component=component,
        )
    return percent


def percentage(segment: Segment, element: int, component: int = 1) -> Decimal:
    """An allowance in percent, 0 to 100."""
    value = segment.decimal(element, component)
    if not 0 <= value <= 100:
        segment.fail(
            element, f"an allowance of {plain(value)}% is not between nothing and the whole", component=component
        )
    return value


def net(line: Fields) -> Decimal:
    """What a line comes to, unrounded."""
    gross: Decimal = line["quantity"] * line["price"] / line["base_quantity"]
    reduced: Decimal = gross * (100 - line["discount_percent"]) / 100
    return reduced
