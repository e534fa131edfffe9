"""Payments: counted towards the settlement, before it (prepaid) or after; the last one closes the order."""

from __future__ import annotations

from hub.domain.checks import is_amount
from hub.domain.events import OrderPaid
from hub.domain.flow.problems import open_exception
from hub.domain.flow.settling import close_paid
from hub.domain.flow.turn import Turn
from hub.domain.verdict import Refuse, Verdict


def on_paid(turn: Turn, event: OrderPaid) -> Verdict:
    """A payment arrived."""
    currency = turn.terms.currency
    amount = event.amount
    if event.currency != currency:
        return Refuse(
            "wrong-currency", f"The payment is in {event.currency} and the order in {currency}; book it by hand"
        )
    if not is_amount(amount, currency):
        return Refuse("amount-invalid", f"{amount} {currency} is not a positive amount in the currency's minor unit")
    paid = turn.state.paid + amount
    turn.update(paid=paid)
    turn.explain(f"paid: {amount} {currency}, {paid} in all")
    commercial = turn.state.commercial
    if commercial == "fulfilled" and paid >= turn.state.payable:
        close_paid(turn)
        return None
    turn.move_billing("pay")
    if commercial == "closed":
        excess = paid - turn.state.payable
        open_exception(turn, "overpaid", f"{excess} {currency} were paid beyond what was settled")
    elif commercial == "cancelled":
        open_exception(turn, "refund-due", f"{paid} {currency} were paid for a cancelled order", severity="critical")
    return None
