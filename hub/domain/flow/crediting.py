"""What an order asks of its customer's credit account."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from hub.domain.events import CreditRequested
from hub.domain.flow.turn import SOURCE, Turn
from hub.domain.order import ZERO

CreditAction = Literal["reserve", "adjust", "settle", "release"]


def request_credit(turn: Turn, amount: Decimal, *, override_by: str = "") -> None:
    """Asks for `amount`, all that the order needs reserved in all. A question still open is thereby withdrawn."""
    asked_before = turn.state.credit != "none"
    request = _request(turn, "adjust" if asked_before else "reserve", amount, override_by)
    turn.move_credit("ask")
    turn.update(credit_request=request, credit_due=turn.now + turn.policy.credit_wait)
    turn.explain(f"credit requested: {request.action} {amount} {request.currency}")


def ask_again(turn: Turn, request: CreditRequested) -> None:
    """Sends the open question once more under its own id, so that the account answers what it answered then."""
    turn.emit(request)
    turn.update(credit_due=turn.now + turn.policy.credit_wait)
    turn.explain("credit requested again: no answer came")


def release_credit(turn: Turn) -> None:
    """Gives back everything the account still holds for the order, if it ever was asked."""
    if turn.state.credit in ("requested", "granted", "refused"):
        _request(turn, "release", ZERO)
        turn.move_credit("release")
    turn.update(credit_request=None, credit_due=None, reserved=ZERO)


def settle_credit(turn: Turn, amount: Decimal) -> None:
    """Turns `amount` from reserved into receivable, and gives back what is left of the reservation."""
    _request(turn, "settle", amount)
    if turn.state.credit_request is not None or turn.state.reserved > amount:
        _request(turn, "release", ZERO)
    turn.move_credit("settle")
    turn.update(credit_request=None, credit_due=None, reserved=ZERO)


def _request(turn: Turn, action: CreditAction, amount: Decimal, override_by: str = "") -> CreditRequested:
    terms = turn.terms
    request = CreditRequested(
        event_id=turn.next_id(),
        source=SOURCE,
        occurred_at=turn.now,
        customer_id=terms.customer_id,
        order_id=turn.state.order_id,
        revision=turn.state.revision,
        action=action,
        amount=amount,
        currency=terms.currency,
        override_by=override_by,
    )
    turn.emit(request)
    return request
