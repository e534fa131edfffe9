"""Corrections are new documents: a credit note takes a settlement back whole, and an invoice stands in for it.

So all that is billed of an order is billed at its terms as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import partial

from msgspec.structs import replace

from hub.domain.amounts import fixed
from hub.domain.effects import SettlementRecorded
from hub.domain.events import OperatorCommanded
from hub.domain.flow.balancing import settle_up
from hub.domain.flow.billing import credit, invoice
from hub.domain.flow.bills import charges_due, pieces_of
from hub.domain.flow.drafting import Piece
from hub.domain.flow.recording import Occasion
from hub.domain.flow.turn import Turn
from hub.domain.model import Adjustment, OrderLine
from hub.domain.money import exact
from hub.domain.order import Bill, LineState, OrderState
from hub.domain.verdict import Refuse, Verdict

Reversed = list[tuple[Bill, list[Piece]]]
"""Bills that were taken back, with what each of them billed."""


def on_correct_settlement(turn: Turn, event: OperatorCommanded) -> Verdict:
    """An operator wants a settlement reversed and stated anew, at the order's terms as they are."""
    before = turn.state
    numbers = [number for number, bill in enumerate(before.bills) if bill.settlement_id == event.target]
    if not numbers:
        return Refuse("no-such-settlement", f"No settlement {event.target!r} of this order bills anything")
    if not in_force(before, numbers[0]):
        return Refuse("settlement-over", f"All that settlement {event.target} billed has been credited")
    restate_all(turn, reverse_all(turn, numbers))
    turn.moved = True
    settle_up(turn, before)
    return None


def in_force(state: OrderState, number: int) -> bool:
    """Whether the bill still bills anything."""
    bill = state.bills[number]
    return bool(bill.fees or bill.charges) or any(part.bill == number for line in state.lines for part in line.billed)


def repriced(before: Iterable[LineState], after: Iterable[LineState]) -> list[int]:
    """The bills that bill lines whose price terms differ between two states."""
    now = {line.line.line_id: line.line for line in after}
    return sorted(
        {
            part.bill
            for line in before
            if line.billed and price_terms(line.line) != price_terms(now[line.line.line_id])
            for part in line.billed
        }
    )


def price_terms(line: OrderLine) -> tuple[object, ...]:
    """All of a line that what is billed of it depends on, beside the quantity."""
    adjusted = tuple(map(partial(_per_unit, line.quantity), line.adjustments))
    return line.price, line.base_quantity, line.discount_percent, line.vat_category, line.vat_rate, adjusted


def _per_unit(quantity: Decimal, each: Adjustment) -> tuple[object, ...]:
    """An allowance or charge of a line, whatever the quantity it is for."""
    with exact():
        amount = fixed(each)
    return each.kind, each.percent if amount is None else Fraction(amount) / Fraction(quantity), each.reason_code


def reverse_all(turn: Turn, numbers: Sequence[int]) -> Reversed:
    """Takes these bills back, at the terms they were billed at: before the lines get others."""
    taken = [(turn.state.bills[number], pieces_of(turn.state, number)) for number in numbers]
    for number in numbers:
        reverse(turn, number)
    return taken


def reverse(turn: Turn, number: int) -> SettlementRecorded:
    """The credit note over all that is left of a bill."""
    state = turn.state
    occasion = Occasion(cause="reversal", before=state)
    bill = state.bills[number]
    pieces = pieces_of(state, number, (turn.event_id,))
    note = credit(turn, occasion, number, pieces, fees=bill.fees, charges=bill.charges)
    turn.explain(f"reversed {note.preceding[0]}: {note.tax_inclusive} {note.currency} with VAT")
    return note


def restate_all(turn: Turn, taken: Reversed) -> None:
    """Bills again what was taken back, at the terms of now."""
    for bill, pieces in taken:
        lines = turn.state.lines
        restate(turn, bill, [replace(piece, event_ids=lines[piece.place].delivered_by) for piece in pieces])


def restate(turn: Turn, bill: Bill, pieces: Sequence[Piece]) -> None:
    """The invoice that stands in for `bill`, unless nothing is left to bill: the goods are back, the charges gone."""
    if not (pieces or bill.fees or (bill.charges and charges_due(turn.state))):
        turn.explain(f"nothing is left to be billed in the place of {bill.settlement_id}")
        return
    occasion = Occasion(cause="replacement", before=turn.state, preceding=(bill.settlement_id,))
    record = invoice(turn, occasion, pieces, bill.fees, replaced=bill)
    turn.explain(f"replaced {bill.settlement_id}: {record.tax_inclusive} {record.currency} with VAT")
