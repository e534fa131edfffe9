"""What an order asks of its customer's credit account, and what it tells it: owed, credited, paid."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Literal

from msgspec.structs import replace

from hub.domain import amounts, ledger
from hub.domain.events import CreditRequested
from hub.domain.flow.bills import charges_due
from hub.domain.flow.turn import SOURCE, Turn
from hub.domain.holds import blocking
from hub.domain.order import ZERO, LineState

CreditAction = Literal["reserve", "adjust", "settle", "release", "owe", "credit", "pay"]


def request_credit(turn: Turn, value: Decimal, *, override_by: str = "", anew: bool = False) -> None:
    """Asks for `value`, what is wanted in all comes to, with VAT. A question still open is thereby withdrawn.

    `anew`: every credit rule is applied even if no more is needed than is reserved.

    What settlements bill already, charges among it, is not asked for: the account counts it as owed. Neither is what is
    wanted beyond the policy's horizon: it is asked for when its time has come. Nor is what a hold has given back: it is
    asked for when the hold ends.
    """
    due, counted = _within_horizon(turn)
    holds = tuple(hold for hold in turn.state.holds if hold.freed)
    if holds:
        counted = [_in_work(line) if blocking(holds, "allocate", line.line.line_id) else line for line in counted]
    if turn.state.bills or due is not None or holds:
        value = _value(turn, (_unbilled(line) for line in counted))
    amount = value
    asked_before = turn.state.credit != "none"
    unreviewed = turn.state.unreviewed
    request = _request(
        turn,
        "adjust" if asked_before and not anew else "reserve",
        amount,
        override_by,
        purchase_order="" if turn.state.customer else turn.terms.purchase_order,
        items=_items_of(turn.state.lines, unreviewed) if unreviewed else (),
    )
    turn.move_credit("ask", credit_request=request, credit_due=turn.now + turn.policy.credit_wait, horizon_due=due)
    turn.explain(f"credit requested: {request.action} {amount} {request.currency}")


def ask_again(turn: Turn, request: CreditRequested) -> None:
    """Sends the open question once more under its own id, so that the account answers what it answered then."""
    turn.emit(request)
    turn.update(credit_due=turn.now + turn.policy.credit_wait)
    turn.explain("credit requested again: no answer came")


def on_horizon(turn: Turn) -> None:
    """More lines have come within the horizon: they need credit now."""
    turn.update(horizon_due=None)
    if turn.state.credit in ("requested", "granted"):
        turn.explain("lines wanted later have come within the credit horizon")
        request_remaining_credit(turn)


def release_credit(turn: Turn) -> None:
    """Gives back everything the account still holds for the order, if it ever was asked."""
    if turn.state.credit in ("requested", "granted", "refused"):
        _request(turn, "release", ZERO, purchase_order=turn.terms.purchase_order)
        turn.move_credit("release")
    turn.update(credit_request=None, credit_due=None, horizon_due=None, reserved=ZERO)


def settle_credit(turn: Turn, amount: Decimal, due: date | None) -> None:
    """Turns `amount` from reserved into receivable, to be paid by `due`."""
    _request(turn, "settle", amount, due=due)
    turn.update(reserved=max(turn.state.reserved - amount, ZERO))


def finish_credit(turn: Turn) -> None:
    """Everything is settled: gives back what is left of the reservation."""
    if turn.state.credit_request is not None or turn.state.reserved > ZERO:
        _request(turn, "release", ZERO)
    turn.move_credit("settle", credit_request=None, credit_due=None, horizon_due=None, reserved=ZERO)


def ask_for_the_rest(turn: Turn) -> None:
    """What is billed needs no reservation any more: an open question, asked for more, is replaced."""
    request = turn.state.credit_request
    if request is not None:
        request_remaining_credit(turn, override_by=request.override_by)


def tell_account(turn: Turn, action: Literal["owe", "credit", "pay"], amount: Decimal, due: date | None = None) -> None:
    """Tells the account what is owed (and by when), credited or paid beside what had been reserved."""
    _request(turn, action, amount, due=due)


def request_remaining_credit(turn: Turn, *, override_by: str = "", anew: bool = False) -> None:
    """Asks for what is wanted now; see `request_credit`."""
    request_credit(turn, _value(turn, turn.state.lines), override_by=override_by, anew=anew)


def _value(turn: Turn, lines: Iterable[LineState]) -> Decimal:
    return amounts.value(turn.terms, lines, charges_due(turn.state))


def _within_horizon(turn: Turn) -> tuple[datetime | None, Sequence[LineState]]:
    """The lines that need credit now, and when the next of the others will; None if there are none."""
    horizon, lines = turn.policy.credit_horizon, turn.state.lines
    if horizon is None:
        return None, lines
    later: list[datetime] = []
    counted = []
    for line in lines:
        wanted_on = line.line.requested_delivery or turn.terms.requested_delivery
        begins = None if wanted_on is None else datetime.combine(wanted_on, time.min, UTC) - horizon
        if begins is not None and begins > turn.now and ledger.is_open(line):
            later.append(begins)
        else:
            counted.append(line)
    return min(later, default=None), counted


def _in_work(line: LineState) -> LineState:
    """The line with only what has been given to departments."""
    return replace(line, cancelled=line.cancelled + line.unallocated, unallocated=ZERO)


def _unbilled(line: LineState) -> LineState:
    """The line with only what is wanted and neither billed nor come and gone."""
    left = max(ledger.wanted(line) - ledger.billed(line) - line.returned - line.missing, ZERO)
    return replace(line, cancelled=line.line.quantity - left, short=ZERO)


def _items_of(lines: Iterable[LineState], line_ids: Collection[str]) -> tuple[str, ...]:
    named = frozenset(line_ids)
    return tuple({line.line.item_id: None for line in lines if line.line.line_id in named})


def _request(
    turn: Turn,
    action: CreditAction,
    amount: Decimal,
    override_by: str = "",
    due: date | None = None,
    *,
    purchase_order: str = "",
    items: tuple[str, ...] = (),
) -> CreditRequested:
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
        due=due,
        purchase_order=purchase_order,
        items=items,
    )
    turn.emit(request)
    return request
