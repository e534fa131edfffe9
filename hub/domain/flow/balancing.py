"""What is open after a settlement or a payment: the order is closed or due again, and the customer's money is seen."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from hub.domain.flow.problems import close_exception, open_exception
from hub.domain.flow.turn import Turn
from hub.domain.order import ZERO, OrderState

_OVER = frozenset(("fulfilled", "closed", "cancelled"))


def settle_up(turn: Turn, before: OrderState, because: Literal["credited", "paid"] = "credited") -> None:
    """Moves the axes to where the claims of the order put them, and opens an exception when money is to go back.

    `before` is the order before what made the difference, which is a payment or a credit note.
    """
    _move(turn)
    held = owed_back(turn.state)
    if held > owed_back(before):
        _tell(turn, because)
    elif held == ZERO and turn.state.exceptions:
        close_exception(turn, "overpaid", "Nothing is to go back any more")
        close_exception(turn, "refund-due", "Nothing is to go back any more")


def _move(turn: Turn) -> None:
    state = turn.state
    is_open = any(bill.open > ZERO for bill in state.bills)
    if state.commercial == "fulfilled" and not is_open:
        turn.move_billing("clear")
        turn.move_commercial("close")
    elif state.commercial == "closed" and is_open:
        turn.move_billing("settle")
        turn.move_commercial("owe")
    elif state.commercial == "cancelled" and state.bills:
        if not is_open:
            turn.move_billing("clear")
        elif state.billing in ("none", "prepaid", "paid"):
            turn.move_billing("settle")


def _tell(turn: Turn, because: Literal["credited", "paid"]) -> None:
    state, currency = turn.state, turn.terms.currency
    held = f"{owed_back(state)} {currency}"
    if state.commercial == "cancelled":
        open_exception(turn, "refund-due", f"{held} were paid for a cancelled order", severity="critical")
    elif because == "paid":
        open_exception(turn, "overpaid", f"{held} were paid beyond what was settled")
    else:
        open_exception(turn, "refund-due", f"{held} were credited after they had been paid", severity="critical")


def owed_back(state: OrderState) -> Decimal:
    """The customer's money in an order that will claim no more: what can be sent back to it."""
    if state.commercial not in _OVER:
        return ZERO
    return state.credit_balance + (state.prepaid if state.commercial == "cancelled" else ZERO)
