"""Completeness and accuracy of what the buyer sent: named checks, each with field, value and remedy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hub.domain.agreement_checks import (
    check_adjustment,
    check_agreement,
    check_line_agreement,
    discount_out_of_range,
)
from hub.domain.countries import COUNTRIES
from hub.domain.events import Fact, OrderChanged, OrderPlaced
from hub.domain.finding import VAT_REMEDY, Finding, is_number, is_percentage, is_vat
from hub.domain.model import Address, OrderLine
from hub.domain.money import CURRENCIES, is_whole
from hub.domain.order import ZERO
from hub.domain.policy import Policy
from hub.domain.verdict import Refuse

_CONTROL = re.compile(r"[\x00-\x1f\x7f]").search
_HUNDRED = Decimal(100)
LARGEST_VALUE = Decimal(10) ** 13
"""An order is worth less than this with VAT, so that every total has at most 18 digits in any currency."""


FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""Between them working time can be reckoned whatever is added. Beyond lie mistakes, and days that stand for `never`."""
_DAYS = "give a day from 1900-01-01 to 8999-12-31, or none at all"


def refusal(findings: list[Finding]) -> Refuse:
    """The findings as one refusal, named by the first check that failed."""
    details = "; ".join(f"{each.field} is {each.value!r}: {each.remedy}" for each in findings)
    return Refuse(findings[0].check, details)


def check_order(order: OrderPlaced, policy: Policy) -> list[Finding]:
    """Everything wrong with an order as placed; empty if nothing is."""
    findings = [*_header(order), *check_lines(order.lines, policy)]
    return findings or (check_agreement(order, order.lines) if order.adjustments else [])


def check_change(change: OrderChanged) -> list[Finding]:
    """What is wrong with an amendment by itself, apart from its lines."""
    said = (change.deliver_to, change.requested_delivery, change.discount_percent, change.adjustments)
    if not change.changes and all(each is None for each in said):
        remedy = "name at least one line, an address, a date, an allowance or a charge that changes"
        return [Finding("no-changes", "changes", "empty", remedy)]
    findings = [] if change.deliver_to is None else list(_address(change.deliver_to))
    findings += _wanted(change.requested_delivery)
    for place, each in enumerate(change.adjustments or ()):
        findings += check_adjustment(each, f"adjustments[{place}]")
    return findings


def check_times(event: Fact) -> Iterator[Finding]:
    """Moments of an event with which nothing can be reckoned."""
    moments = {"occurred_at": event.occurred_at, "expected_at": getattr(event, "expected_at", None)}
    for field, moment in moments.items():
        if moment is not None and not FIRST <= moment < LAST:
            yield Finding("time-out-of-range", field, f"{moment.isoformat()}", "give a time in the years 1900 to 8999")


def check_lines(lines: tuple[OrderLine, ...], policy: Policy) -> list[Finding]:
    """Everything wrong with the lines, their number and their ids."""
    findings: list[Finding] = []
    if not lines:
        findings.append(Finding("no-lines", "lines", "empty", "send at least one line"))
    if len(lines) > policy.max_lines:
        remedy = f"send at most {policy.max_lines} lines, and the rest as another order"
        return [Finding("too-many-lines", "lines", str(len(lines)), remedy)]
    if len({line.line_id for line in lines}) < len(lines):
        findings.extend(_repeated(lines))
    for line in lines:
        findings.extend(check_line(line))
    return findings or check_vat(lines)


def check_vat(lines: Iterable[OrderLine]) -> list[Finding]:
    """An order that is not subject to VAT (O) is so as a whole (EN 16931 BR-O-11 to -14)."""
    categories = {line.vat_category for line in lines}
    if "O" not in categories or len(categories) == 1:
        return []
    shown = ", ".join(sorted(categories))
    return [
        Finding(
            "vat-mixed", "lines.vat_category", shown, "category O cannot be mixed with others in one order (BR-O-11)"
        )
    ]


def too_large(value: Decimal) -> Refuse:
    """The refusal of an order of `LARGEST_VALUE` or more."""
    return Refuse("value-too-large", f"The order comes to {value}; amounts are below {LARGEST_VALUE:,} (HUB-NUM-02)")


def check_line(line: OrderLine) -> list[Finding]:
    """What is wrong with one line by itself."""
    findings = [
        Finding(check, f"lines[{line.line_id}].{field}", str(getattr(line, field)), remedy)
        for check, field, passes, remedy in _LINE_CHECKS
        if not passes(getattr(line, field))
    ]
    if not is_vat(line.vat_category, line.vat_rate):
        field = f"lines[{line.line_id}].vat_rate"
        findings.append(Finding("vat-inconsistent", field, str(line.vat_rate), VAT_REMEDY))
    if line.adjustments and not findings:
        findings = check_line_agreement(line)
    if not findings and line.quantity * line.price >= LARGEST_VALUE * line.base_quantity:
        remedy = f"a line comes to less than {LARGEST_VALUE:,} (HUB-NUM-02)"
        return [Finding("line-too-large", f"lines[{line.line_id}].price", str(line.price), remedy)]
    return findings


def is_id(text: str) -> bool:
    """Whether a text can name anything: control characters separate the parts of a key."""
    return _CONTROL(text) is None


def is_quantity(value: Decimal) -> bool:
    """Whether `value` is a positive number below 10**12 with at most 6 decimals."""
    return is_number(value) and value > ZERO


def is_amount(value: Decimal, currency: str) -> bool:
    """Whether `value` is a positive amount in the currency's minor unit, below `LARGEST_VALUE`."""
    return value.is_finite() and ZERO < value < LARGEST_VALUE and is_whole(value, currency)


def _header(order: OrderPlaced) -> Iterator[Finding]:
    if not order.order_id:
        yield Finding("order-id-missing", "order_id", "", "give every order an id of its own")
    if not order.customer_id:
        yield Finding("customer-missing", "customer_id", "", "say who buys")
    for field in ("order_id", "customer_id"):
        if not is_id(getattr(order, field)):
            yield Finding("id-invalid", field, getattr(order, field), "give an id without control characters")
    if order.currency not in CURRENCIES:
        yield Finding("unknown-currency", "currency", order.currency, "give an ISO 4217 code, e.g. EUR (BR-CL-04)")
    yield from _address(order.deliver_to)
    yield from _wanted(order.requested_delivery)
    if not is_percentage(order.discount_percent):
        yield discount_out_of_range(order.discount_percent)


def _address(address: Address) -> Iterator[Finding]:
    if address.country not in COUNTRIES:
        yield Finding("unknown-country", "deliver_to.country", address.country, "give an ISO 3166-1 code, e.g. DE")


def _wanted(day: date | None) -> Iterator[Finding]:
    if not _is_day(day):
        yield Finding("date-out-of-range", "requested_delivery", str(day), _DAYS)


def _is_day(day: date | None) -> bool:
    return day is None or FIRST.date() <= day < LAST.date()


def _repeated(lines: tuple[OrderLine, ...]) -> Iterator[Finding]:
    known: set[str] = set()
    for line in lines:
        if line.line_id in known:
            yield Finding("line-id-repeated", "lines", line.line_id, "give every line an id of its own")
        known.add(line.line_id)


_LINE_CHECKS: tuple[tuple[str, str, Callable[[Any], bool], str], ...] = (
    ("line-id-missing", "line_id", bool, "give every line an id"),
    ("item-missing", "item_id", bool, "give the seller's item identifier"),
    ("unit-missing", "unit", bool, "give a UN/ECE Recommendation 20 code, e.g. C62 for pieces"),
    (
        "quantity-not-positive",
        "quantity",
        is_quantity,
        "give a number above 0 and below 10**12 with at most 6 decimals (HUB-NUM-02, HUB-NUM-03)",
    ),
    (
        "price-invalid",
        "price",
        lambda price: is_number(price) and price >= ZERO,
        "give a number of 0 or more and below 10**12 with at most 6 decimals (BR-27, HUB-NUM-02)",
    ),
    (
        "base-quantity-not-positive",
        "base_quantity",
        is_quantity,
        "give the quantity the price is for, above 0 (PEPPOL-EN16931-R121)",
    ),
    ("discount-out-of-range", "discount_percent", is_percentage, "give 0 to 100"),
    ("date-out-of-range", "requested_delivery", _is_day, _DAYS),
)
"""Name, field, what must hold of its value, remedy."""
