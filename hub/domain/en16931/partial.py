"""Parts of a document settled one by one, and its reversal.

Every part is rounded on its own, so the parts may differ from the whole by units of the currency; `rounding` states by
how many, per VAT group. Absolute allowances and charges are divided without remainder, so that only products and VAT
are rounded anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

from msgspec.structs import replace

from hub.domain.en16931.document import ONE, ZERO, Document, DocumentAdjustment, Line, Vat
from hub.domain.en16931.totals import Totals, line_total
from hub.domain.en16931.vat import group, group_order
from hub.domain.model import Adjustment, Frozen
from hub.domain.money import allocate, exact

A = TypeVar("A", Adjustment, DocumentAdjustment)


class VatRounding(Frozen):
    """What the parts lack in one VAT group of the whole; negative when they have too much."""

    vat: Vat
    taxable_amount: Decimal
    tax_amount: Decimal


class Rounding(Frozen):
    """What to add to the parts' totals to reach the whole's: the rounding line of the last settlement."""

    groups: tuple[VatRounding, ...]
    """Groups that differ, in the breakdown's order; none when the parts add up."""
    payable: Decimal


def split(document: Document, deliveries: Sequence[Mapping[str, Decimal]]) -> tuple[Document, ...]:
    """One document for each delivery: a mapping of line identifiers to the quantities delivered.

    The document has no findings, its line identifiers are unique and the deliveries add up to its quantities; anything
    else raises ValueError, as the caller's ledger is wrong. Amounts of a line's allowances and charges are divided by
    quantity, those of the document by the net amounts of their VAT group. What is paid or rounded once (prepaid,
    third party payments, rounding) goes to the last part.
    """
    parts = range(len(deliveries))
    portions = {line.line_id: _portions(line, deliveries, document.currency) for line in document.lines}
    if len(portions) < len(document.lines):
        raise ValueError("lines of a document to be split share an identifier")
    lines = [
        tuple(portions[line.line_id][part] for line in document.lines if part in portions[line.line_id])
        for part in parts
    ]
    adjustments = [
        _divide(each, _weights(each, lines, document.currency), document.currency) for each in document.adjustments
    ]
    once = {"prepaid": ZERO, "third_party": ZERO, "rounding": ZERO, "rounding_step": None}
    return tuple(
        replace(
            document,
            lines=lines[part],
            adjustments=tuple(shares[part] for shares in adjustments if part in shares),
            **({} if part == parts[-1] else once),
        )
        for part in parts
    )


def rounding(whole: Totals, parts: Sequence[Totals]) -> Rounding:
    """How much the whole's totals are above the sum of the parts'."""
    with exact():
        lacking = {row.vat: (row.taxable_amount, row.tax_amount) for row in whole.vat}
        for row in (row for part in parts for row in part.vat):
            taxable, tax = lacking.get(row.vat, (ZERO, ZERO))
            lacking[row.vat] = taxable - row.taxable_amount, tax - row.tax_amount
        groups = (VatRounding(vat, *lacking[vat]) for vat in sorted(lacking, key=group_order))
        return Rounding(
            groups=tuple(each for each in groups if each.taxable_amount != 0 or each.tax_amount != 0),
            payable=whole.payable - sum((part.payable for part in parts), ZERO),
        )


def negated(document: Document) -> Document:
    """The document that takes everything back: its totals are the document's, every amount negated.

    The quantities and amounts change sign, the prices do not (BR-27). A credit note states them without the sign.
    """
    return replace(
        document,
        lines=tuple(
            replace(line, quantity=-line.quantity, adjustments=tuple(map(_negated, line.adjustments)))
            for line in document.lines
        ),
        adjustments=tuple(map(_negated, document.adjustments)),
        prepaid=-document.prepaid,
        third_party=-document.third_party,
        rounding=-document.rounding,
    )


def _negated(adjustment: A) -> A:
    amount, base = adjustment.amount, adjustment.base_amount
    return replace(adjustment, amount=None if amount is None else -amount, base_amount=None if base is None else -base)


def _portions(line: Line, deliveries: Sequence[Mapping[str, Decimal]], currency: str) -> dict[int, Line]:
    """The line's share in each delivery that has one; a line of nothing is the last's."""
    quantities = {
        part: delivery[line.line_id]
        for part, delivery in enumerate(deliveries)
        if delivery.get(line.line_id, ZERO) != 0
    }
    if sum(quantities.values(), ZERO) != line.quantity:
        raise ValueError(f"deliveries of line {line.line_id!r} do not add up to its quantity {line.quantity}")
    quantities = quantities or {len(deliveries) - 1: ZERO}
    adjustments = [_divide(each, quantities, currency) for each in line.adjustments]
    return {
        part: replace(line, quantity=quantity, adjustments=tuple(shares[part] for shares in adjustments))
        for part, quantity in quantities.items()
    }


def _weights(adjustment: DocumentAdjustment, parts: Sequence[tuple[Line, ...]], currency: str) -> dict[int, Decimal]:
    """Net amounts of the adjustment's VAT group in each part."""
    vat = group(adjustment.vat)
    with exact():
        return {
            part: sum((line_total(line, currency).net_amount for line in lines if group(line.vat) == vat), ZERO)
            for part, lines in enumerate(parts)
        }


def _divide(adjustment: A, weights: Mapping[int, Decimal], currency: str) -> dict[int, A]:
    """An adjustment by parts: its amount and base amount divided; a percentage of what is there stays as it is.

    Where the weights cancel out there is no proportion to divide by, and the last part has all of it.
    """
    if sum(weights.values()) == 0:
        last = max(weights)
        weights = {part: ONE if part == last else ZERO for part in weights}
    amounts = None if adjustment.amount is None else allocate(adjustment.amount, weights, currency)
    bases = None if adjustment.base_amount is None else allocate(adjustment.base_amount, weights, currency)
    return {
        part: replace(
            adjustment,
            amount=None if amounts is None else amounts[part],
            base_amount=None if bases is None else bases[part],
        )
        for part in weights
    }
