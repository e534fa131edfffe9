"""Why what is settled is not what was ordered, as the settlement that closes the order and later ones state it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from hub.domain import amounts
from hub.domain.effects import Difference, DifferenceKind, VatBreakdown
from hub.domain.flow.bills import savings_of
from hub.domain.flow.drafting import Piece, breakdown, draft
from hub.domain.flow.turn import Turn
from hub.domain.ledger import billed, wanted
from hub.domain.model import VatCategory
from hub.domain.order import ZERO, LineState, OrderState

VatSums = tuple[VatBreakdown, ...]

_DETAILS: tuple[tuple[DifferenceKind, str], ...] = (
    ("short", "not delivered by the seller"),
    ("over", "delivered beyond what was ordered"),
    ("cancelled", "cancelled before it was shipped"),
    ("returned", "sent back by the customer"),
)
_NOTHING = (ZERO,) * len(_DETAILS)


def line_differences(turn: Turn, before: OrderState | None) -> Iterator[Difference]:
    """What of each line differs from the order, less what did in the state `before`, which stated it."""
    known = {} if before is None else {line.line.line_id: line for line in before.lines}
    for line in turn.state.lines:
        old = known.get(line.line.line_id)
        if old is line:
            continue
        then, now = _NOTHING if old is None else _quantities(old), _quantities(line)
        if then == now:
            continue
        for (kind, detail), is_now, stated in zip(_DETAILS, now, then, strict=True):
            change = is_now - stated
            if change:
                amount = amounts.net(line.line, change, turn.terms.currency)
                yield Difference(line.line.line_id, kind, change, amount, detail)


def _quantities(line: LineState) -> tuple[Decimal, ...]:
    """In the order of `_DETAILS`. Of what was delivered beyond what is wanted only what is not billed differs."""
    over = max(line.delivered - wanted(line), ZERO)
    return line.short + line.missing, over, line.cancelled, line.returned


def rounding(turn: Turn) -> VatSums:
    """How much one document over all that is billed now would come to above the settlements, by VAT group.

    Every settlement rounds by itself; none of them is wrong.
    """
    lacking = {(row.category, row.rate): (-row.taxable_amount, -row.tax_amount) for row in turn.state.vat}
    for row in _whole(turn):
        taxable, tax = lacking.get((row.category, row.rate), (ZERO, ZERO))
        lacking[row.category, row.rate] = taxable + row.taxable_amount, tax + row.tax_amount
    return tuple(VatBreakdown(*group, *amount) for group, amount in lacking.items() if any(amount))


def rounding_differences(now: VatSums, stated: VatSums) -> Iterator[Difference]:
    """What of the rounding has not been stated yet."""
    changes: dict[tuple[VatCategory, Decimal], list[Decimal]] = {}
    for sign, rows in ((1, now), (-1, stated)):
        for row in rows:
            change = changes.setdefault((row.category, row.rate), [ZERO, ZERO])
            change[0] += sign * row.taxable_amount
            change[1] += sign * row.tax_amount
    for (category, rate), (taxable, tax) in changes.items():
        if taxable:
            yield Difference("", "rounding", ZERO, taxable, f"taxable amount of {category} {rate:f}%, rounded in parts")
        if tax:
            yield Difference("", "rounding", ZERO, tax, f"VAT of {category} {rate:f}%, rounded in parts")


def _whole(turn: Turn) -> VatSums:
    state = turn.state
    pieces = [
        Piece(place, billed(line), tuple(late for part in line.billed for late in part.late))
        for place, line in enumerate(state.lines)
        if line.billed
    ]
    fees = [fee for bill in state.bills for fee in bill.fees]
    charges = [charge for bill in state.bills for charge in bill.charges]
    if not (pieces or fees or charges):
        return ()
    saved = [each for number, bill in enumerate(state.bills) if bill.early_taken for each in savings_of(turn, number)]
    return breakdown(draft(turn, pieces, fees=fees, charges=charges, beside=saved).totals)
