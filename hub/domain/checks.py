"""Completeness and accuracy of what the buyer sent: named checks, each with field, value and remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

from msgspec.structs import replace

from hub.domain.agreeing import agreed
from hub.domain.amounts import Order, allowed_percent, fixed, is_once
from hub.domain.countries import COUNTRIES
from hub.domain.en16931 import Vat
from hub.domain.en16931.reasons import REASON_CODES
from hub.domain.en16931.vat import CATEGORIES, rate_is_legal
from hub.domain.events import OrderChanged, OrderFact, OrderPlaced
from hub.domain.model import Address, Adjustment, Frozen, OrderLine, VatCategory
from hub.domain.money import CURRENCIES, exact, is_whole
from hub.domain.order import ZERO
from hub.domain.policy import Policy
from hub.domain.verdict import Refuse

_MICRO = Decimal("0.000001")
_HUNDRED = Decimal(100)
LARGEST_VALUE = Decimal(10) ** 13
"""An order is worth less than this with VAT, so that every total has at most 18 digits in any currency."""
_HIGHEST_CHARGE = Decimal(1000)
"""Percent that may be charged at most."""
_VAT_REMEDY = "VAT category S has a rate above 0, every other category has rate 0 (BR-S-05, BR-Z-05 and their kin)"
_MAX_MAGNITUDE = 11
"""Powers of ten: a number is below 10**12, so that with six decimals it has at most 18 digits."""


FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""Between them working time can be reckoned whatever is added. Beyond lie mistakes, and days that stand for `never`."""
_DAYS = "give a day from 1900-01-01 to 8999-12-31, or none at all"

Severity = Literal["refuse", "hold", "warn"]
"""refuse: it cannot be carried out. hold: a person has to look at it first. warn: it is noted and goes on."""


class Finding(Frozen):
    """What a check found wrong."""

    check: str
    field: str
    value: str
    remedy: str
    severity: Severity = "refuse"
    hold: str = "review"
    """The kind of hold, if it is one."""
    whole_order: bool = True
    """Whether a hold is on the order, not only on the line it was found in."""

    def __str__(self) -> str:
        """For a person."""
        return f"{self.check}: {self.field} is {self.value!r}: {self.remedy}"


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


def check_times(event: OrderFact) -> Iterator[Finding]:
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
        if not passes(line)
    ]
    if line.adjustments and not findings:
        findings = _line_adjustments(line)
    if not findings and line.quantity * line.price >= LARGEST_VALUE * line.base_quantity:
        remedy = f"a line comes to less than {LARGEST_VALUE:,} (HUB-NUM-02)"
        return [Finding("line-too-large", f"lines[{line.line_id}].price", str(line.price), remedy)]
    return findings


def check_agreement(order: Order, lines: Sequence[OrderLine]) -> list[Finding]:
    """What is wrong with what an order allows and charges on these lines, which passed their checks."""
    if not _is_percentage(order.discount_percent):
        return [_discount(order.discount_percent)]
    groups = {(line.vat_category, line.vat_rate) for line in lines}
    categories = {category for category, _ in groups} | {each.vat_category for each in order.adjustments} - {None}
    findings: list[Finding] = []
    for place, each in enumerate(order.adjustments):
        field = f"adjustments[{place}]"
        findings += check_adjustment(each, field)
        if each.amount is not None and each.amount.is_finite() and not is_whole(each.amount, order.currency):
            remedy = f"an amount has no more decimals than {order.currency} (BR-DEC-01, BR-DEC-05)"
            findings.append(Finding("adjustment-invalid", f"{field}.amount", str(each.amount), remedy))
        if each.vat_category is None:
            continue
        if not _is_vat(each.vat_category, each.vat_rate):
            findings.append(Finding("vat-inconsistent", f"{field}.vat_rate", str(each.vat_rate), _VAT_REMEDY))
        elif "O" in categories and len(categories) > 1:
            remedy = "category O cannot be mixed with others in one order (BR-O-13, BR-O-14)"
            findings.append(Finding("vat-mixed", f"{field}.vat_category", each.vat_category, remedy))
        elif (each.vat_category, each.vat_rate) not in groups and not is_once(each):
            remedy = "it goes with goods of its VAT category and rate, and no line is of these; name that of lines"
            findings.append(Finding("adjustment-of-nothing", field, f"{each.vat_category} {each.vat_rate}", remedy))
    return findings or _allowed(order, lines, groups)


def _allowed(order: Order, lines: Sequence[OrderLine], groups: set[tuple[VatCategory, Decimal]]) -> list[Finding]:
    """More cannot be allowed than the goods come to."""
    with exact():
        order = replace(order, adjustments=agreed(order.adjustments, order.currency, lines))
        nothing = any(each.kind == "allowance" and each.base_amount == ZERO for each in order.adjustments)
        percents = [allowed_percent(order, Vat(*group)) for group in groups]
    if nothing or max(percents) > _HUNDRED:
        remedy = "the order allows more than the goods come to; allow less"
        return [Finding("allowances-exceed-goods", "adjustments", f"{max(percents):.2f}%", remedy)]
    return []


def _line_adjustments(line: OrderLine) -> list[Finding]:
    """What is wrong with a line's allowances and charges; its other fields passed their checks."""
    where = f"lines[{line.line_id}].adjustments"
    findings = [
        found for place, each in enumerate(line.adjustments) for found in check_adjustment(each, f"{where}[{place}]")
    ]
    if findings:
        return findings
    with exact():
        gross = line.quantity * line.price / line.base_quantity
        room = gross * (_HUNDRED - line.discount_percent) / _HUNDRED
        for each in line.adjustments:
            amount = fixed(each)
            amount = gross * (each.percent or ZERO) / _HUNDRED if amount is None else amount
            room += amount if each.kind == "charge" else -amount
    if room < ZERO:
        remedy = "the line allows more than it comes to; allow less"
        return [Finding("allowances-exceed-line", where, f"{-room:.2f} too much", remedy)]
    return []


def check_adjustment(each: Adjustment, field: str) -> Iterator[Finding]:
    """What is wrong with one allowance or charge by itself."""
    if each.amount is None and each.percent is None:
        yield Finding("adjustment-invalid", field, "", "give its amount or its percent (HUB-ADJ-01)")
    if not (each.reason or each.reason_code):
        remedy = "give a reason or its code (BR-33, BR-38, BR-42, BR-44)"
        yield Finding("adjustment-invalid", f"{field}.reason", "", remedy)
    elif each.reason_code and each.reason_code not in REASON_CODES[each.kind]:
        codes = "UNCL 5189 (BR-CL-19)" if each.kind == "allowance" else "UNCL 7161 (BR-CL-20)"
        remedy = f"give a code of {codes}, or say it in reason"
        yield Finding("adjustment-invalid", f"{field}.reason_code", each.reason_code, remedy)
    for name in ("amount", "base_amount"):
        amount = getattr(each, name)
        if amount is not None and not (_is_number(amount) and amount >= ZERO):
            remedy = "give a number of 0 or more and below 10**12; kind says whether it is an allowance or a charge"
            yield Finding("adjustment-invalid", f"{field}.{name}", str(amount), remedy)
    limit = _HUNDRED if each.kind == "allowance" else _HIGHEST_CHARGE
    if each.percent is not None and not (_is_number(each.percent) and ZERO <= each.percent <= limit):
        remedy = f"give 0 to {limit} percent (HUB-PCT-01)"
        yield Finding("adjustment-invalid", f"{field}.percent", str(each.percent), remedy)


def is_quantity(value: Decimal) -> bool:
    """Whether `value` is a positive number below 10**12 with at most 6 decimals."""
    return _is_number(value) and value > ZERO


def is_amount(value: Decimal, currency: str) -> bool:
    """Whether `value` is a positive amount in the currency's minor unit, below `LARGEST_VALUE`."""
    return value.is_finite() and ZERO < value < LARGEST_VALUE and is_whole(value, currency)


def _is_number(value: Decimal) -> bool:
    return value.is_finite() and value.adjusted() <= _MAX_MAGNITUDE and value == value.quantize(_MICRO)


def _is_percentage(value: Decimal) -> bool:
    return _is_number(value) and ZERO <= value <= _HUNDRED


def _header(order: OrderPlaced) -> Iterator[Finding]:
    if not order.order_id:
        yield Finding("order-id-missing", "order_id", "", "give every order an id of its own")
    if not order.customer_id:
        yield Finding("customer-missing", "customer_id", "", "say who buys")
    if order.currency not in CURRENCIES:
        yield Finding("unknown-currency", "currency", order.currency, "give an ISO 4217 code, e.g. EUR (BR-CL-04)")
    yield from _address(order.deliver_to)
    yield from _wanted(order.requested_delivery)
    if not _is_percentage(order.discount_percent):
        yield _discount(order.discount_percent)


def _discount(percent: Decimal) -> Finding:
    return Finding("discount-out-of-range", "discount_percent", str(percent), "give 0 to 100")


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


def _is_vat(category: VatCategory, rate: Decimal) -> bool:
    return category in CATEGORIES and _is_percentage(rate) and rate_is_legal(Vat(category, rate))


_LINE_CHECKS: tuple[tuple[str, str, Callable[[OrderLine], bool], str], ...] = (
    ("line-id-missing", "line_id", lambda line: line.line_id != "", "give every line an id"),
    ("item-missing", "item_id", lambda line: line.item_id != "", "give the seller's item identifier"),
    ("unit-missing", "unit", lambda line: line.unit != "", "give a UN/ECE Recommendation 20 code, e.g. C62 for pieces"),
    (
        "quantity-not-positive",
        "quantity",
        lambda line: is_quantity(line.quantity),
        "give a number above 0 and below 10**12 with at most 6 decimals (HUB-NUM-02, HUB-NUM-03)",
    ),
    (
        "price-invalid",
        "price",
        lambda line: _is_number(line.price) and line.price >= ZERO,
        "give a number of 0 or more and below 10**12 with at most 6 decimals (BR-27, HUB-NUM-02)",
    ),
    (
        "base-quantity-not-positive",
        "base_quantity",
        lambda line: is_quantity(line.base_quantity),
        "give the quantity the price is for, above 0 (PEPPOL-EN16931-R121)",
    ),
    (
        "discount-out-of-range",
        "discount_percent",
        lambda line: _is_percentage(line.discount_percent),
        "give 0 to 100",
    ),
    ("date-out-of-range", "requested_delivery", lambda line: _is_day(line.requested_delivery), _DAYS),
    (
        "vat-inconsistent",
        "vat_rate",
        lambda line: _is_vat(line.vat_category, line.vat_rate),
        _VAT_REMEDY,
    ),
)
"""Name, field, what must hold, remedy."""
