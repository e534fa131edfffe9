"""Which department supplies what, and the work orders that follow.

An order has one work order per department. Production and procurement make available what they were given;
logistics ships what is available: stock at once, the rest as it is reported produced or received.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from msgspec.structs import replace

from hub.domain import ledger
from hub.domain.effects import WorkOrderIssued, WorkOrderLine
from hub.domain.flow.problems import open_exception
from hub.domain.flow.turn import SOURCE, Turn
from hub.domain.holds import blocking
from hub.domain.ids import work_order_id
from hub.domain.model import DEPARTMENTS, Department, OrderLine
from hub.domain.order import ZERO, LineState, OrderState, Terms
from hub.domain.routing import LineFacts

_STANDING = frozenset(("ordered", "accepted", "scheduled", "started"))
"""Statuses in which a work order can be cancelled."""
_NO_CREDIT = frozenset(("requested", "refused"))
_WITHOUT_WORK = frozenset(("none", "rejected", "cancelled"))
"""Statuses from which a work order is created rather than changed."""


def allocate_lines(turn: Turn, before: tuple[LineState, ...] | None = None) -> None:
    """Gives every unallocated quantity to the best department that has not rejected the line, and issues the work.

    Not what a hold keeps back, and nothing while the credit is checked or refused: it is given when that is over.
    `before`: the lines as the departments know them, if not as they are now.
    """
    current = turn.state.lines
    if turn.state.credit not in _NO_CREDIT:
        turn.update(lines=tuple(_allocate(turn, line) if line.unallocated > ZERO else line for line in current))
    issue_changed_work(turn, current if before is None else before)


def _allocate(turn: Turn, line: LineState) -> LineState:
    line_id = line.line.line_id
    if turn.state.holds and (held := blocking(turn.state.holds, "allocate", line_id)):
        turn.explain(f"line {line_id}: {line.unallocated} not allocated yet: held by {held}")
        return line
    rejected = line.rejected_by
    for candidate in turn.context.router.candidates(facts(turn.state, turn.terms, line)):
        if candidate.department not in rejected:
            turn.explain(f"line {line_id}: {line.unallocated} to {candidate.department} by rule {candidate.rule}")
            return ledger.allocate(line, candidate.department, candidate.rule)
    because = f"rejected by {', '.join(rejected)}" if rejected else "no rule matches it"
    detail = f"No department supplies line {line_id}: {because}"
    root = f"item {line.line.item_id}"
    open_exception(turn, "no-candidate", detail, subject=line_id, severity="critical", root=root)
    return line


def facts(state: OrderState, terms: Terms, line: LineState) -> LineFacts:
    """What the rules may read about a line."""
    item = line.line
    return LineFacts(
        item_id=item.item_id,
        quantity=line.unallocated,
        unit=item.unit,
        price=item.price,
        country=terms.deliver_to.country,
        postal_code=terms.deliver_to.postal_code,
        customer_id=terms.customer_id,
        seller_id=terms.seller_id,
        priority=terms.priority,
        order_class=state.order_class,
        currency=terms.currency,
    )


def issue_changed_work(turn: Turn, before: tuple[LineState, ...]) -> None:
    """Tells every department whose part of the order is no longer what it was in the lines `before`."""
    changed = [False, False, False]
    for index, line in enumerate(turn.state.lines):
        old = before[index] if index < len(before) else None
        if old is not line:
            for place, differs in enumerate(_differences(old, line)):
                changed[place] = changed[place] or differs
    for department, differs in zip(DEPARTMENTS, changed, strict=True):
        if differs:
            issue_work(turn, department)


def _differences(old: LineState | None, new: LineState) -> Iterator[bool]:
    """For each department whether its work differs between two states of a line."""
    if old is None:
        return (quantity > ZERO for quantity in ledger.asked(new))
    was, shall = old.line, new.line
    same_text = was is shall or (was.description, was.requested_delivery) == (
        shall.description,
        shall.requested_delivery,
    )
    quantities = zip(ledger.asked(old), ledger.asked(new), strict=True)
    return (before != after or (after > ZERO and not same_text) for before, after in quantities)


def issue_work(turn: Turn, department: Department) -> None:
    """Creates, changes or cancels the department's work order so that it asks for what the lines say now."""
    place = DEPARTMENTS.index(department)
    work = turn.work(department)
    wanted = [(line, quantity) for line in turn.state.lines if (quantity := _asked(turn.state, line, place)) > ZERO]
    if not wanted:
        if work.status in _STANDING:
            turn.set_work(department, replace(work, revision=work.revision + 1))
            turn.move_work(department, "cancel")
            _emit(turn, department, "cancel", (), "")
        return
    created = work.status in _WITHOUT_WORK
    turn.set_work(department, replace(work, revision=work.revision + 1))
    turn.move_work(department, "issue")
    rules = {
        allocation.rule: None
        for line, _ in wanted
        for allocation in line.allocations
        if department in (allocation.department, "logistics")
    }
    lines = tuple(_work_order_line(line.line, quantity) for line, quantity in wanted)
    _emit(turn, department, "create" if created else "change", lines, ", ".join(rules))
    if not created and turn.work(department).status == "started":
        advance(turn, department)


def advance(turn: Turn, department: Department) -> None:
    """Moves the department's axis to done or started, by what the ledger says it has done."""
    turn.move_work(department, "finish" if _is_done(turn.state, department) else "advance")


def has_work(state: OrderState, department: Department) -> bool:
    """Whether the department's work order asks for anything."""
    place = DEPARTMENTS.index(department)
    return any(ledger.asked(line)[place] > ZERO for line in state.lines)


def _is_done(state: OrderState, department: Department) -> bool:
    if department == "logistics":
        return all(line.delivered >= ledger.ready(line) for line in state.lines)
    return all(
        allocation.made >= allocation.quantity
        for line in state.lines
        for allocation in line.allocations
        if allocation.department == department
    )


def _asked(state: OrderState, line: LineState, place: int) -> Decimal:
    """What the department at this place is asked for: to ship, only what has been shipped of a line that is held."""
    quantity = ledger.asked(line)[place]
    if state.holds and DEPARTMENTS[place] == "logistics" and blocking(state.holds, "ship", line.line.line_id):
        return min(quantity, line.shipped)
    return quantity


def _work_order_line(item: OrderLine, quantity: Decimal) -> WorkOrderLine:
    return WorkOrderLine(item.line_id, item.item_id, item.description, quantity, item.unit, item.requested_delivery)


def _emit(
    turn: Turn,
    department: Department,
    action: Literal["create", "change", "cancel"],
    lines: tuple[WorkOrderLine, ...],
    rule: str,
) -> None:
    state, terms = turn.state, turn.terms
    turn.emit(
        WorkOrderIssued(
            event_id=turn.next_id(),
            source=SOURCE,
            occurred_at=turn.now,
            order_id=state.order_id,
            work_order_id=work_order_id(state.order_id, department),
            department=department,
            action=action,
            revision=turn.work(department).revision,
            lines=lines,
            deliver_to=terms.deliver_to if department == "logistics" else None,
            due=terms.requested_delivery,
            priority=terms.priority,
            rule=rule,
        )
    )
