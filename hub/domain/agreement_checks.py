"""What lines and orders may allow and charge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from msgspec.structs import replace

from hub.domain.agreeing import agreed
from hub.domain.amounts import Order, allowed_percent, fixed, is_once
from hub.domain.en16931 import Vat
from hub.domain.en16931.reasons import REASON_CODES
from hub.domain.finding import VAT_REMEDY, Finding, is_number, is_percentage, is_vat
from hub.domain.model import Adjustment, OrderLine, VatCategory
from hub.domain.money import exact, is_whole
from hub.domain.order import ZERO

_HUNDRED = Decimal(100)
_HIGHEST_CHARGE = Decimal(1000)
"""Percent that may be charged at most."""


def discount_out_of_range(percent: Decimal) -> Finding:
    """That an order's discount is none."""
    return Finding("discount-out-of-range", "discount_percent", str(percent), "give 0 to 100")


def check_agreement(order: Order, lines: Sequence[OrderLine]) -> list[Finding]:
    """What is wrong with what an order allows and charges on these lines, which passed their checks."""
    if not is_percentage(order.discount_percent):
        return [discount_out_of_range(order.discount_percent)]
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
        if not is_vat(each.vat_category, each.vat_rate):
            findings.append(Finding("vat-inconsistent", f"{field}.vat_rate", str(each.vat_rate), VAT_REMEDY))
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


def check_line_agreement(line: OrderLine) -> list[Finding]:
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
        if amount is not None and not (is_number(amount) and amount >= ZERO):
            remedy = "give a number of 0 or more and below 10**12; kind says whether it is an allowance or a charge"
            yield Finding("adjustment-invalid", f"{field}.{name}", str(amount), remedy)
    limit = _HUNDRED if each.kind == "allowance" else _HIGHEST_CHARGE
    if each.percent is not None and not (is_number(each.percent) and ZERO <= each.percent <= limit):
        remedy = f"give 0 to {limit} percent (HUB-PCT-01)"
        yield Finding("adjustment-invalid", f"{field}.percent", str(each.percent), remedy)
