"""What the customer owes for work done in vain: units given up after a department had made or started them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from msgspec.structs import replace

from hub.domain.flow.balancing import settle_up
from hub.domain.flow.billing import invoice
from hub.domain.flow.correcting import restate, reverse
from hub.domain.flow.recording import Occasion
from hub.domain.flow.turn import Turn
from hub.domain.ledger import allocations_of
from hub.domain.model import Department
from hub.domain.order import ZERO, Allocation, Fee, LineState

_BEGUN = frozenset(("started", "done"))
"""Statuses of a work order whose units count as made or started."""


def charged_departments(turn: Turn) -> tuple[Department, ...]:
    """The departments whose units would be charged for if the buyer gave them up now."""
    return tuple(
        department
        for department, percent in turn.policy.cancellation_charges.items()
        if percent > ZERO and turn.work(department).status in _BEGUN
    )


def charge_cancelled(turn: Turn, before: tuple[LineState, ...], departments: tuple[Department, ...]) -> None:
    """Bills what the policy charges for the units these departments have lost since the lines `before`."""
    fees = tuple(_fees(turn, before, departments)) if departments else ()
    if fees:
        record = invoice(turn, Occasion(cause="cancellation", before=turn.state), (), fees)
        turn.explain(f"charged for the cancellation: {record.tax_inclusive} {record.currency} with VAT")
        turn.move_billing("settle")


def charge_less(turn: Turn, before: tuple[LineState, ...]) -> None:
    """Units that the order has again since the lines `before` are not charged for: the charge is reversed and replaced.

    They left although they were given up, their department goes on with them, or the buyer ordered them again.
    """
    if not any(bill.fees for bill in turn.state.bills):
        return
    was = {line.line.line_id: line.line.quantity - line.cancelled for line in before}
    again = {
        line_id: line.line.quantity - line.cancelled - was[line_id]
        for line in turn.state.lines
        if (line_id := line.line.line_id) in was
    }
    state = turn.state
    for number, bill in enumerate(state.bills):
        left: list[Fee] = []
        for fee in bill.fees:
            less = max(min(fee.quantity, again[fee.line_id]), ZERO)
            again[fee.line_id] -= less
            if less < fee.quantity:
                left.append(replace(fee, quantity=fee.quantity - less))
        if tuple(left) != bill.fees:
            reverse(turn, number)
            if left:
                restate(turn, replace(bill, fees=tuple(left)), ())
    settle_up(turn, state)


def _fees(turn: Turn, before: tuple[LineState, ...], departments: tuple[Department, ...]) -> Iterator[Fee]:
    for old, new in zip(before, turn.state.lines, strict=False):  # lines that were added are the last
        for department in departments:
            had, has = allocations_of(old, department), allocations_of(new, department)
            lost = _granted(had) - _granted(has)
            if lost > ZERO:
                percent = turn.policy.cancellation_charges[department]
                reports = (turn.event_id, *(event_id for each in had for event_id in each.made_by))
                yield Fee(old.line.line_id, department, lost, percent, reports)


def _granted(allocations: Iterable[Allocation]) -> Decimal:
    return sum((each.quantity - each.awaiting for each in allocations), ZERO)
