"""Payments: each pays the order's open claims, the oldest first; what is left waits for the next, or is to go back.

A claim that is less when paid early is paid by that less if it arrives in time: what it saves is credited. Money
that is sent back to the customer is a payment of less than nothing.
"""

from __future__ import annotations

from datetime import date

from hub.domain.checks import is_amount
from hub.domain.events import OrderPaid
from hub.domain.flow.balancing import owed_back, settle_up
from hub.domain.flow.billing import grant_early_payment, reduce_open
from hub.domain.flow.bills import saving_of
from hub.domain.flow.crediting import tell_account
from hub.domain.flow.drafting import Draft
from hub.domain.flow.posting import Entry, post_payment
from hub.domain.flow.turn import Turn
from hub.domain.order import ZERO
from hub.domain.verdict import Park, Refuse, Verdict

_BEFORE_THE_END = frozenset(("received", "confirming", "confirmed"))


def on_paid(turn: Turn, event: OrderPaid) -> Verdict:
    """A payment arrived, or money was sent back."""
    currency = turn.terms.currency
    amount = event.amount
    if event.currency != currency:
        return Refuse(
            "wrong-currency", f"The payment is in {event.currency} and the order in {currency}; book it by hand"
        )
    if not is_amount(amount.copy_abs(), currency):
        return Refuse("amount-invalid", f"{amount} {currency} is no amount in the currency's minor unit")
    if amount < ZERO:
        return _send_back(turn, event)
    before = turn.state
    turn.update(paid=before.paid + amount)
    turn.explain(f"paid: {amount} {currency}, {turn.state.paid} in all")
    turn.move_billing("pay")
    granted = _allocate(turn, event)
    tell_account(turn, "pay", amount)
    for number, saving in granted:
        grant_early_payment(turn, number, saving)
        turn.explain(f"credited (early-payment): {saving.totals.tax_inclusive} {currency} with VAT")
    settle_up(turn, before, "paid")
    return None


def _send_back(turn: Turn, event: OrderPaid) -> Verdict:
    """The customer got money back: no more than the order, which will claim no more, has of it."""
    before, amount, currency = turn.state, -event.amount, turn.terms.currency
    held = owed_back(before)
    if amount > held:
        return Park("nothing-to-send-back", f"The order has {held} {currency} that are to go back, not {amount}")
    from_credit = min(before.credit_balance, amount)
    from_prepaid = amount - from_credit
    turn.update(
        paid=before.paid - amount,
        credit_balance=before.credit_balance - from_credit,
        prepaid=before.prepaid - from_prepaid,
    )
    turn.moved = True
    turn.explain(f"sent back: {amount} {currency}, {turn.state.paid} paid in all")
    accounts = turn.policy.accounts
    entries = [(accounts.customer_credit, "", from_credit), (accounts.prepayments, "", from_prepaid)]
    post_payment(turn, entries, event.amount)
    tell_account(turn, "pay", event.amount)
    settle_up(turn, before)
    return None


def _allocate(turn: Turn, event: OrderPaid) -> list[tuple[int, Draft]]:
    """Pays what is open, oldest first; gives the bills that are thereby paid early, and what each of them saves."""
    left = event.amount
    entries: list[Entry] = []
    granted: list[tuple[int, Draft]] = []
    for number, bill in enumerate(turn.state.bills):
        if left > ZERO and bill.open > ZERO:
            asked = min(bill.open, left)
            saving = _saving(turn, number, event.occurred_at.date())
            if saving is not None and left >= bill.open - saving.totals.tax_inclusive:
                asked = max(bill.open - saving.totals.tax_inclusive, ZERO)
                granted.append((number, saving))
            paid, _ = reduce_open(turn, (number,), asked)
            entries += paid
            left -= asked
    accounts = turn.policy.accounts
    if turn.state.commercial in _BEFORE_THE_END:
        turn.update(prepaid=turn.state.prepaid + left)
        entries.append((accounts.prepayments, "", -left))
    else:
        turn.update(credit_balance=turn.state.credit_balance + left)
        entries.append((accounts.customer_credit, "", -left))
    post_payment(turn, entries, event.amount)
    return granted


def _saving(turn: Turn, number: int, paid_on: date) -> Draft | None:
    """What the bill saves if it is paid on that day."""
    bill = turn.state.bills[number]
    if bill.early_until is None or bill.early_taken or paid_on > bill.early_until:
        return None
    return saving_of(turn, number)
