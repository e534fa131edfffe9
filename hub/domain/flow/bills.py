"""What settlements have billed and not credited: the pieces of each, newest first when goods come back."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec.structs import replace

from hub.domain import amounts
from hub.domain.flow.drafting import Beside, Draft, Piece, draft, early_payment
from hub.domain.flow.lateness import late_among
from hub.domain.flow.turn import Turn
from hub.domain.model import OrderAdjustment
from hub.domain.order import ZERO, Billed, Fee, LineState, OrderState


def pieces_of(state: OrderState, number: int, event_ids: tuple[str, ...] = ()) -> list[Piece]:
    """All that the bill `number` still bills; `event_ids` is why one asks."""
    return [
        Piece(place, part.quantity, part.late, event_ids)
        for place, line in enumerate(state.lines)
        for part in line.billed
        if part.bill == number
    ]


def charges_due(state: OrderState) -> tuple[OrderAdjustment, ...]:
    """The order's charges that are billed once, with the first goods; none while a settlement bills them."""
    if state.terms is None or not state.terms.adjustments or any(bill.charges for bill in state.bills):
        return ()
    return amounts.once(state.terms.adjustments)


def draft_of(
    turn: Turn, number: int, pieces: Sequence[Piece], fees: Sequence[Fee], charges: Sequence[OrderAdjustment] = ()
) -> Draft:
    """What pieces, fees and charges of the bill `number` come to, with what early payment has taken off it."""
    bill = turn.state.bills[number]
    early_percent = bill.early_percent if bill.early_taken else ZERO
    return draft(turn, pieces, fees=fees, charges=charges, early_percent=early_percent)


def savings_of(turn: Turn, number: int) -> list[Beside]:
    """What early payment has taken off what is left of the bill `number`."""
    bill, pieces = turn.state.bills[number], pieces_of(turn.state, number)
    if not (pieces or bill.fees or bill.charges):
        return []
    drawn = draft_of(turn, number, pieces, bill.fees, bill.charges)
    return [each for each in drawn.beside if each.role == "early-payment"]


def saving_of(turn: Turn, number: int) -> Draft | None:
    """The credit note for paying the bill `number` early, None if it saves nothing.

    It names the bill's lines without crediting any of their goods.
    """
    pieces = pieces_of(turn.state, number)
    if not pieces:
        return None
    bill = turn.state.bills[number]
    vat = draft(turn, pieces, charges=bill.charges).totals.vat
    named = [replace(piece, quantity=ZERO, late=(), event_ids=(turn.event_id,)) for piece in pieces]
    saving = draft(turn, named, beside=early_payment("charge", vat, bill.early_percent, (turn.event_id,)))
    return saving if saving.totals.tax_inclusive > ZERO else None


def newest_first(line: LineState, place: int, quantity: Decimal, event_ids: tuple[str, ...]) -> list[tuple[int, Piece]]:
    """Which bills `quantity` of a line is credited to: the newest, and of its units those that came in time first."""
    found: list[tuple[int, Piece]] = []
    for part in reversed(line.billed):
        given = min(part.quantity, quantity)
        if given > ZERO:
            _, late = late_among(part.late, part.quantity - given)
            found.append((part.bill, Piece(place, given, late, event_ids)))
            quantity -= given
    return found


def without(line: LineState, number: int, piece: Piece) -> LineState:
    """The line after `piece` of the bill `number` was credited."""
    left: list[Billed] = []
    for part in line.billed:
        if part.bill != number:
            left.append(part)
        elif part.quantity > piece.quantity:
            quantity = part.quantity - piece.quantity
            left.append(replace(part, quantity=quantity, late=late_among(part.late, quantity)[0]))
    return replace(line, billed=tuple(left))
