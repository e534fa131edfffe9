"""Invoices and credit notes: each is recorded, posted, told to the credit account, and never changed again.

What an order has paid without a claim is used up by the next invoice; what a credit note leaves over after the claims
that are open is the customer's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from msgspec.structs import replace

from hub.domain.effects import SettlementCause, SettlementRecorded
from hub.domain.flow.bills import charges_due, draft_of, without
from hub.domain.flow.crediting import settle_credit, tell_account
from hub.domain.flow.drafting import Draft, Piece, draft
from hub.domain.flow.lateness import late_among
from hub.domain.flow.posting import Entry, post_settlement
from hub.domain.flow.recording import Occasion, payment_due, record_settlement
from hub.domain.flow.turn import Turn
from hub.domain.model import Frozen, OrderAdjustment
from hub.domain.money import round_half_up
from hub.domain.order import ZERO, Bill, Billed, Fee, LineState

_RESERVED_FOR: frozenset[SettlementCause] = frozenset(("delivery", "close"))
"""Causes of invoices for which credit had been reserved."""
_NOT_CREDITED_EARLY: frozenset[SettlementCause] = frozenset(("cancellation", "replacement"))
"""Causes of invoices that offer no early payment: a charge has none, a replacement takes over what was granted."""


class _Offer(Frozen):
    """What early payment saves, until when, and whether it was granted already."""

    percent: Decimal = ZERO
    until: date | None = None
    taken: bool = False


def invoice(
    turn: Turn, occasion: Occasion, pieces: Sequence[Piece], fees: Sequence[Fee] = (), *, replaced: Bill | None = None
) -> SettlementRecorded:
    """Bills the pieces and fees, and with the first goods what the order charges once.

    `replaced` is the bill this one stands in for: its early payment is honoured, and what it charged once is charged.
    """
    offer = _offer(turn, occasion.cause) if replaced is None else _inherited(replaced)
    has_goods = any(piece.quantity for piece in pieces)
    charges = charges_due(turn.state) if has_goods or (replaced is not None and replaced.charges) else ()
    drawn = draft(turn, pieces, fees=fees, charges=charges, early_percent=offer.percent if offer.taken else ZERO)
    state, currency = turn.state, turn.terms.currency
    claim = drawn.totals.tax_inclusive
    from_prepaid = max(min(state.prepaid, claim), ZERO)
    from_credit = max(min(state.credit_balance, claim - from_prepaid), ZERO)
    used = round_half_up(from_prepaid + from_credit, currency)
    settlement_id = turn.next_id()
    bill = Bill(
        settlement_id,
        occasion.cause,
        claim - used,
        tuple(fees),
        charges,
        offer.percent,
        offer.until,
        early_taken=offer.taken,
        due=payment_due(turn),
    )
    turn.update(
        bills=(*state.bills, bill),
        prepaid=state.prepaid - from_prepaid,
        credit_balance=state.credit_balance - from_credit,
        lines=_billed(state.lines, pieces, len(state.bills), anew=replaced is not None),
    )
    record = record_settlement(turn, "invoice", occasion, settlement_id, drawn, prepaid=used)
    accounts = turn.policy.accounts
    entries: list[Entry] = [
        (accounts.receivables, settlement_id, claim - used),
        (accounts.prepayments, "", from_prepaid),
        (accounts.customer_credit, "", from_credit),
    ]
    if occasion.closing:
        entries += _close_prepayments(turn)
    turn.emit(record)
    post_settlement(turn, record, drawn, entries)
    if occasion.cause in _RESERVED_FOR:
        settle_credit(turn, claim, record.payment_due)
    else:
        tell_account(turn, "owe", claim, record.payment_due)
    return record


def credit(
    turn: Turn,
    occasion: Occasion,
    number: int,
    pieces: Sequence[Piece],
    *,
    fees: Sequence[Fee] = (),
    charges: Sequence[OrderAdjustment] = (),
) -> SettlementRecorded:
    """Credits pieces, fees and charges of the bill `number`, at what they were billed at."""
    drawn = draft_of(turn, number, pieces, fees, charges)
    for piece in pieces:
        turn.set_line(piece.place, without(turn.state.lines[piece.place], number, piece))
    if fees:
        _set_bill(turn, number, replace(turn.state.bills[number], fees=()))
    if charges:
        _set_bill(turn, number, replace(turn.state.bills[number], charges=()))
    return credit_draft(turn, occasion, number, drawn)


def credit_draft(turn: Turn, occasion: Occasion, number: int, drawn: Draft) -> SettlementRecorded:
    """Issues a credit note on the bill `number`: less is open of it, then of the others, and the rest is owed back."""
    bill = turn.state.bills[number]
    settlement_id = turn.next_id()
    amount = drawn.totals.tax_inclusive
    others = [place for place in range(len(turn.state.bills)) if place != number]
    entries, left = reduce_open(turn, (number, *others), amount)
    turn.update(credit_balance=turn.state.credit_balance + left)
    occasion = replace(occasion, preceding=(bill.settlement_id,))
    record = record_settlement(turn, "credit-note", occasion, settlement_id, drawn)
    turn.emit(record)
    post_settlement(turn, record, drawn, [*entries, (turn.policy.accounts.customer_credit, "", -left)])
    tell_account(turn, "credit", amount)
    return record


def reduce_open(turn: Turn, numbers: Iterable[int], amount: Decimal) -> tuple[list[Entry], Decimal]:
    """Takes `amount` off what is open of these bills, in their order; the entries, and what is left of it."""
    entries: list[Entry] = []
    for number in numbers:
        bill = turn.state.bills[number]
        part = max(min(bill.open, amount), ZERO)
        if part > ZERO:
            _set_bill(turn, number, replace(bill, open=bill.open - part))
            entries.append((turn.policy.accounts.receivables, bill.settlement_id, -part))
            amount -= part
    return entries, amount


def grant_early_payment(turn: Turn, number: int, saving: Draft) -> None:
    """Credits what paying the bill `number` early saves."""
    _set_bill(turn, number, replace(turn.state.bills[number], early_taken=True))
    credit_draft(turn, Occasion(cause="early-payment", before=turn.state), number, saving)


def _set_bill(turn: Turn, number: int, bill: Bill) -> None:
    bills = turn.state.bills
    turn.update(bills=(*bills[:number], bill, *bills[number + 1 :]))


def _billed(
    before: tuple[LineState, ...], pieces: Sequence[Piece], number: int, *, anew: bool
) -> tuple[LineState, ...]:
    """The lines when the bill `number` bills the pieces; `anew`: they were billed before, under another number."""
    lines = list(before)
    for piece in pieces:
        if piece.quantity > ZERO:
            line = lines[piece.place]
            late, billed_to = line.late, line.billed_to
            if not anew:
                late = late_among(late, piece.quantity)[1] if late else ()
                billed_to = line.delivered_by[-1]
            billed = (*line.billed, Billed(number, piece.quantity, piece.late))
            lines[piece.place] = replace(line, billed=billed, late=late, billed_to=billed_to)
    return tuple(lines)


def _close_prepayments(turn: Turn) -> list[Entry]:
    """When an order is over, what no settlement claimed is not paid in advance any more but owed to the customer."""
    left = turn.state.prepaid
    if left == ZERO:
        return []
    turn.update(prepaid=ZERO, credit_balance=turn.state.credit_balance + left)
    accounts = turn.policy.accounts
    return [(accounts.prepayments, "", left), (accounts.customer_credit, "", -left)]


def _offer(turn: Turn, cause: SettlementCause) -> _Offer:
    rule = turn.policy.early_payment
    if rule is None or cause in _NOT_CREDITED_EARLY:
        return _Offer()
    return _Offer(rule.percent, turn.today + timedelta(days=rule.days))


def _inherited(replaced: Bill) -> _Offer:
    return _Offer(replaced.early_percent, replaced.early_until, replaced.early_taken)
