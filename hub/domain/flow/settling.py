"""When an order is settled: with each delivery or when all is delivered, as its terms say, and after every change.

A settlement bills the difference between what is billable now and what is billed already; what is billed and not
billable any more is credited. So however the goods come and go, the customer is billed for what was delivered and kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from hub.domain.effects import SettlementRecorded
from hub.domain.flow.balancing import settle_up
from hub.domain.flow.billing import credit, invoice
from hub.domain.flow.bills import newest_first
from hub.domain.flow.crediting import ask_for_the_rest, finish_credit, release_credit
from hub.domain.flow.drafting import Piece
from hub.domain.flow.lateness import late_among
from hub.domain.flow.notifying import notify
from hub.domain.flow.problems import close_one
from hub.domain.flow.recording import Occasion
from hub.domain.flow.turn import Turn
from hub.domain.holds import blocking
from hub.domain.ledger import billed, is_open, kept, wanted
from hub.domain.model import OrderAdjustment
from hub.domain.order import ZERO, LineState, OrderState
from hub.domain.phrases import Phrase
from hub.domain.tolerance import over_tolerance


def settle_delivery(turn: Turn, before: OrderState) -> None:
    """Goods arrived: settles the order if that was the last of them, else the delivery if the terms say so.

    `before` is the order before they did.
    """
    if turn.state.commercial == "confirmed":
        if not end_if_complete(turn, before.lines) and turn.terms.settlement == "per-delivery":
            pieces = _billable_pieces(turn)
            if pieces:
                record = invoice(turn, Occasion(cause="delivery"), pieces)
                _explain(turn, record)
                _tell(turn, record)
                ask_for_the_rest(turn)
                turn.move_billing("settle")
    else:
        settle_change(turn, before)


def settle_change(turn: Turn, before: OrderState) -> None:
    """Credits what is billed and not billable any more; bills what has become so since the order was settled."""
    percent = turn.policy.over_delivery_percent
    occasion = Occasion(cause="return", before=before)
    credited: dict[int, list[Piece]] = {}
    for place, line in enumerate(turn.state.lines):
        if line.billed and (excess := billed(line) - billable(turn.state, line, percent)) > ZERO:
            for number, piece in newest_first(line, place, excess, (turn.event_id,)):
                credited.setdefault(number, []).append(piece)
    charges = _charges_back(turn, credited)
    for number in sorted({*credited, *charges}, reverse=True):
        note = credit(turn, occasion, number, credited.get(number, ()), charges=charges.get(number, ()))
        occasion = Occasion(cause="return", before=turn.state)
        _explain(turn, note)
    if turn.state.settlement_id and (pieces := _billable_pieces(turn)):
        record = invoice(turn, Occasion(cause="supplement", before=occasion.before), pieces)
        _explain(turn, record)
        _tell(turn, record)
    settle_up(turn, before)


def _charges_back(turn: Turn, credited: Mapping[int, Sequence[Piece]]) -> dict[int, tuple[OrderAdjustment, ...]]:
    """What is charged once, by bill, if nothing is left that it was charged for and the policy gives it back."""
    state = turn.state
    bills = {number: bill.charges for number, bill in enumerate(state.bills) if bill.charges}
    if not bills or not credited or turn.policy.charges_when_returned == "kept":
        return {}
    back = sum((piece.quantity for pieces in credited.values() for piece in pieces), ZERO)
    return bills if back == sum(map(billed, state.lines), ZERO) else {}


def end_if_complete(turn: Turn, before: tuple[LineState, ...], reason: str = "") -> bool:
    """Settles the order if everything wanted was delivered, or ends it as cancelled if nothing was and nothing is.

    The customer is told that it is delivered, unless it was so in the lines `before`, or why it is cancelled: `reason`.
    """
    if any(is_open(line) for line in turn.state.lines):
        return False
    if any(line.delivered for line in turn.state.lines):
        if any(is_open(line) for line in before):
            notify(turn, "delivered")
        if held := ", ".join(hold.name for hold in turn.state.holds if "settle" in hold.blocks):
            turn.explain(f"not settled yet: held by {held}")
            return False
        _close(turn)
    else:
        _end_cancelled(turn, reason)
    return True


def billable(state: OrderState, line: LineState, over_delivery_percent: Decimal) -> Decimal:
    """What of a line is billed: delivered and kept, beyond what was wanted only within the tolerance.

    `over_delivery_percent`: the company's, for where neither item nor customer say.
    """
    has = kept(line)
    limit = wanted(line)
    if has > limit:
        limit += over_tolerance(state, line, over_delivery_percent, limit)
    return min(has, limit)


def _end_cancelled(turn: Turn, reason: str) -> None:
    before = turn.state
    turn.move_commercial("cancel")
    turn.update(confirm_due=None, consent=False, holds=())
    release_credit(turn)
    for exception in turn.state.exceptions:
        close_one(turn, exception, "The order was cancelled")
    notify(turn, "cancelled", reason=reason)
    settle_up(turn, before)


def _close(turn: Turn) -> None:
    """The settlement of all that no other has billed; it states every difference from the order."""
    before = turn.state
    pieces = _billable_pieces(turn) or [
        Piece(place, ZERO, (), line.delivered_by) for place, line in enumerate(turn.state.lines) if line.delivered
    ]
    record = invoice(turn, Occasion(cause="close", closing=True), pieces)
    _explain(turn, record)
    turn.move_commercial("fulfil", settlement_id=record.settlement_id, holds=())
    finish_credit(turn)
    _tell(turn, record)
    turn.move_billing("settle")
    settle_up(turn, before, "paid")


def _tell(turn: Turn, record: SettlementRecorded) -> None:
    amount = f"{record.payable} {record.currency}"
    partial = record.cause == "delivery"
    notify(turn, "settled", reason=Phrase("{amount} for this delivery", amount=amount) if partial else amount)


def _billable_pieces(turn: Turn) -> list[Piece]:
    percent, holds = turn.policy.over_delivery_percent, turn.state.holds
    return [
        Piece(place, quantity, late_among(line.late, quantity)[0] if line.late else (), _reports(line))
        for place, line in enumerate(turn.state.lines)
        if line.delivered
        and not (holds and blocking(holds, "settle", line.line.line_id))
        and (quantity := billable(turn.state, line, percent) - billed(line)) > ZERO
    ]


def _reports(line: LineState) -> tuple[str, ...]:
    """The reports of what no settlement has named; all of them when the quantity grew for another reason."""
    if line.billed_to in line.delivered_by:
        return line.delivered_by[line.delivered_by.index(line.billed_to) + 1 :] or line.delivered_by
    return line.delivered_by


def _explain(turn: Turn, record: SettlementRecorded) -> None:
    if record.kind == "credit-note":
        turn.explain(f"credited ({record.cause}): {record.tax_inclusive} {record.currency} with VAT")
    else:
        turn.explain(f"settled: {record.tax_inclusive} {record.currency} with VAT, {record.payable} to pay")
