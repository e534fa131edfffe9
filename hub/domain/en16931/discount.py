"""A discount on the whole order, brought to where VAT can be computed: its VAT groups, or its lines.

One discount over goods of several VAT rates is several document level allowances (BG-20), as each has one category and
rate; or an allowance on every line (BG-27), where the line amounts shall be final. Either way the parts add up to the
discount, rounded once, by largest remainder over the net amounts, and do not depend on the order of the lines.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from hub.domain.en16931.document import ZERO, Document, DocumentAdjustment, Vat
from hub.domain.en16931.rules import Finding, Refusal, number
from hub.domain.en16931.totals import line_total, totals
from hub.domain.en16931.vat import group, group_order
from hub.domain.model import Adjustment, Frozen
from hub.domain.money import allocate, exact, is_whole, round_half_up


class Discount(Frozen):
    """An order discount: a percentage of the sum of line net amounts (BT-106), or an amount; exactly one of them."""

    percent: Decimal | None = None
    amount: Decimal | None = None
    reason: str = "Discount"
    reason_code: str = "95"
    """UNCL 5189: 95 is discount."""
    spread: Literal["vat", "lines"] = "vat"


def discounted(document: Document, discount: Discount) -> Document | Refusal:
    """The document with the discount as allowances. Refused for what `totals` refuses, and with

    HUB-DSC-01  when the discount is not one percentage from 0 to 100, or one amount in the currency's minor unit,
    HUB-DSC-02  when line net amounts add up to zero, so that there is nothing to spread an amount over,
    HUB-DSC-03  when it is to be spread to lines that share an identifier.
    """
    found = totals(document)
    if isinstance(found, Refusal):
        return found
    with exact():
        amount = _amount(discount, found.line_total, document.currency)
        if amount is None:
            return _refused("HUB-DSC-01", "A discount is one percentage from 0 to 100, or one amount in minor units")
        if amount == 0:
            return document
        if found.line_total == 0:
            return _refused("HUB-DSC-02", f"The discount {amount} cannot be spread: line net amounts add up to zero")
        return _by_vat(document, discount, amount) if discount.spread == "vat" else _by_line(document, discount, amount)


def _refused(rule: str, message: str) -> Refusal:
    return Refusal((Finding(rule, "$.discount", message),))


def _amount(discount: Discount, line_sum: Decimal, currency: str) -> Decimal | None:
    if (discount.percent is None) == (discount.amount is None):
        return None
    given = discount.percent if discount.amount is None else discount.amount
    if given is None or tuple(number(given, "")):
        return None
    if discount.amount is not None:
        return given if is_whole(given, currency) else None
    return round_half_up(line_sum * given / 100, currency) if 0 <= given <= 100 else None


def _by_vat(document: Document, discount: Discount, amount: Decimal) -> Document:
    sums: dict[Vat, Decimal] = {}
    for line in document.lines:
        vat = group(line.vat)
        sums[vat] = sums.get(vat, ZERO) + line_total(line, document.currency).net_amount
    groups = sorted(sums, key=group_order)
    shares = allocate(amount, {place: sums[vat] for place, vat in enumerate(groups)}, document.currency)
    allowances = tuple(
        DocumentAdjustment(
            "allowance", shares[place], reason=discount.reason, reason_code=discount.reason_code, vat=groups[place]
        )
        for place in range(len(groups))
        if shares[place] != 0
    )
    return msgspec.structs.replace(document, adjustments=document.adjustments + allowances)


def _by_line(document: Document, discount: Discount, amount: Decimal) -> Document | Refusal:
    if len({line.line_id for line in document.lines}) < len(document.lines):
        return _refused("HUB-DSC-03", "A discount is spread to lines by their identifiers, and two lines share one")
    nets = {line.line_id: line_total(line, document.currency).net_amount for line in document.lines}
    shares = allocate(amount, nets, document.currency)
    lines = tuple(
        msgspec.structs.replace(
            line,
            adjustments=(
                *line.adjustments,
                Adjustment("allowance", shares[line.line_id], reason=discount.reason, reason_code=discount.reason_code),
            ),
        )
        if shares[line.line_id] != 0
        else line
        for line in document.lines
    )
    return msgspec.structs.replace(document, lines=lines)
