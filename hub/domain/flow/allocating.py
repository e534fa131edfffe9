"""Which department supplies what, and the work orders that follow.

An order has one work order per department. Production and procurement make available what they were given;
logistics ships what is available: stock at once, the rest as it is reported produced or received.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from hub.domain import ledger
from hub.domain.effects import WorkOrderIssued, WorkOrderLine
from hub.domain.flow.choosing import Chosen, choose
from hub.domain.flow.problems import open_exception
from hub.domain.flow.reserving import ask_nodes
from hub.domain.flow.turn import SOURCE, Turn
from hub.domain.groups import held_back, is_in, shipped_together
from hub.domain.holds import blocking
from hub.domain.ids import work_order_id
from hub.domain.model import DEPARTMENTS, Department, OrderLine
from hub.domain.order import ZERO, LineState, OrderState

_STANDING = frozenset(("ordered", "accepted", "scheduled", "started"))
"""Statuses in which a work order can be cancelled."""
_NO_CREDIT = frozenset(("requested", "refused"))
_WITHOUT_WORK = frozenset(("none", "rejected", "cancelled"))
"""Statuses from which a work order is created rather than changed."""


def allocate_lines(
    turn: Turn, before: tuple[LineState, ...] | None = None, *, granted: tuple[LineState, ...] | None = None
) -> None:
    """Gives every unallocated quantity to the best department or node that has not refused it, and issues the work.

    Not what a hold keeps back, and nothing while the credit is checked or refused: it is given when that is over.
    `before`: the lines as the departments know them, if not as they are now; `granted`: as the nodes know them, if
    not the same.
    """
    current = turn.state.lines
    if turn.state.credit not in _NO_CREDIT:
        turn.update(lines=_allocated(turn, current))
    issue_changed_work(turn, current if before is None else before, granted=granted)


def _allocated(turn: Turn, current: tuple[LineState, ...]) -> tuple[LineState, ...]:
    if not any(line.unallocated > ZERO for line in current):
        return current
    if turn.state.routed != turn.state.revision:
        turn.update(routed=turn.state.revision)
        turn.explain(f"revision {turn.state.revision} is routed")
    lines = list(current)
    seen_to: set[int] = set()
    for first, line in enumerate(current):
        if line.unallocated <= ZERO or first in seen_to:
            continue
        together = {
            place: current[place] for place in shipped_together(current, first) if current[place].unallocated > ZERO
        }
        seen_to.update(together)
        wanting = list(together.values())
        if not _are_held(turn, wanting):
            chosen = choose(turn, wanting)
            for place, each in together.items():
                lines[place] = _give(turn, each, chosen)
    return tuple(lines)


def _are_held(turn: Turn, lines: Sequence[LineState]) -> bool:
    """Whether a hold keeps any of the lines from being allocated, and with it those it is to be shipped with."""
    for line in lines if turn.state.holds else ():
        if held := why_unallocated(turn, line):
            turn.explain(f"line {line.line.line_id}: {line.unallocated} not allocated yet: {held}")
            return True
    return False


def why_unallocated(turn: Turn, line: LineState) -> str:
    """Why nothing of the line may be given away now, for a person; empty if it may."""
    if turn.state.credit in _NO_CREDIT:
        return f"the credit is {turn.state.credit}"
    held = blocking(turn.state.holds, "allocate", line.line.line_id)
    return f"held by {held}" if held else ""


def _give(turn: Turn, line: LineState, chosen: Chosen | None) -> LineState:
    line_id = line.line.line_id
    if chosen is None:
        because = f"rejected by {', '.join(line.rejected_by)}" if line.rejected_by else "no rule matches it"
        detail = f"No department supplies line {line_id}: {because}"
        root = f"item {line.line.item_id}"
        open_exception(turn, "no-candidate", detail, subject=line_id, severity="critical", root=root)
        return line
    candidate, ready_on = chosen
    department, rule, node = candidate.department, candidate.rule, candidate.node
    if node is None:
        turn.explain(f"line {line_id}: {line.unallocated} to {department} by rule {rule}")
        return ledger.allocate(line, department, rule)
    turn.explain(f"line {line_id}: {line.unallocated} to {node.name} ({department}) by rule {rule}, ready {ready_on}")
    return ledger.allocate(
        line, department, rule, node=node.name, ready_on=ready_on, awaiting=node.capacity is not None
    )


def issue_changed_work(
    turn: Turn,
    before: tuple[LineState, ...],
    *,
    granted: tuple[LineState, ...] | None = None,
    anew: Collection[Department] = (),
) -> None:
    """Tells every department and node whose part of the order is no longer what it was in the lines `before`.

    `granted`: the lines as nodes with limited capacity know them, if not as `before`. `anew`: departments that are told
    whatever the lines say.
    """
    lines = turn.state.lines
    asked = [ledger.asked(line) for line in lines]
    changed = [department in anew for department in DEPARTMENTS]
    nodes: set[str] = set()
    for index, line in enumerate(lines):
        old = before[index] if index < len(before) else None
        if granted is not None and granted[index] is not line:
            nodes |= ledger.nodes_of(granted[index])
        if old is not line:
            named = ledger.nodes_of(line) if old is None else ledger.nodes_of(line) | ledger.nodes_of(old)
            nodes |= named
            for place, differs in enumerate(_differences(old, line, asked[index], by_node=bool(named))):
                changed[place] = changed[place] or differs
    if held_back(before) != held_back(lines):
        changed[DEPARTMENTS.index("logistics")] = True
    if nodes:
        ask_nodes(turn, nodes, before if granted is None else granted)
    for department, differs in zip(DEPARTMENTS, changed, strict=True):
        if differs:
            issue_work(turn, department, asked)


def _differences(old: LineState | None, new: LineState, asked: ledger.Asked, *, by_node: bool) -> list[bool]:
    """For each department whether its work, `by_node` of it, differs between two states of a line.

    `asked`: of the new one.
    """
    if old is None or not old.allocations:
        return [quantity > ZERO for quantity in asked]
    was, shall = old.line, new.line
    same_text = was is shall or _text(was) == _text(shall)
    if by_node:
        pairs: Iterable[tuple[Any, Any]] = ((_by_node(old, each), _by_node(new, each)) for each in DEPARTMENTS)
    else:
        pairs = zip(ledger.asked(old), asked, strict=True)
    return [before != after or (not same_text and bool(after)) for before, after in pairs]


def _text(item: OrderLine) -> tuple[object, ...]:
    return item.description, item.requested_delivery, item.group


def _by_node(line: LineState, department: Department) -> list[tuple[str, Decimal]]:
    return [(part.node, quantity) for part, quantity in ledger.asked_of_nodes(line, department)]


def issue_work(turn: Turn, department: Department, asked: Sequence[ledger.Asked] = ()) -> None:
    """Creates, changes or cancels the department's work order so that it asks for what the lines say now.

    `asked`: of each line, by department, if the caller knows already.
    """
    work = turn.work(department)
    asked = asked or [ledger.asked(line) for line in turn.state.lines]
    lines, rules = _work_order_lines(turn.state, department, asked)
    if not lines:
        if work.status in _STANDING:
            turn.move_work(department, "cancel", revision=work.revision + 1)
            _emit(turn, department, "cancel", (), "")
        return
    created = work.status in _WITHOUT_WORK
    turn.move_work(department, "issue", revision=work.revision + 1)
    _emit(turn, department, "create" if created else "change", lines, ", ".join(rules))
    if not created and turn.work(department).status == "started":
        advance(turn, department)


def _work_order_lines(
    state: OrderState, department: Department, asked: Sequence[ledger.Asked]
) -> tuple[tuple[WorkOrderLine, ...], Iterable[str]]:
    """What the department is asked for, and by which rules; to ship, of what is kept back only what was shipped."""
    place = DEPARTMENTS.index(department)
    kept_back = _kept_back(state) if department == "logistics" else frozenset()
    wanted: list[WorkOrderLine] = []
    rules: dict[str, None] = {}
    for line, quantities in zip(state.lines, asked, strict=True):
        item, quantity = line.line, quantities[place]
        if kept_back and item.line_id in kept_back:
            quantity = min(quantity, line.shipped)
        if not quantity:
            continue
        if ledger.nodes_of(line) and not (kept_back and item.line_id in kept_back):
            parts = ledger.asked_of_nodes(line, department)
            wanted += [_work_order_line(item, part, at.node, at.ready_on) for at, part in parts]
        else:
            wanted.append(_work_order_line(item, quantity))
        for allocation in line.allocations:
            if department in (allocation.department, "logistics"):
                rules[allocation.rule] = None
    return tuple(wanted), rules


def _kept_back(state: OrderState) -> frozenset[str]:
    """The lines that a hold, or the rest of their group, keeps from being shipped."""
    waiting = held_back(state.lines)
    if not (waiting or state.holds):
        return waiting
    return frozenset(
        line.line.line_id
        for line in state.lines
        if is_in(line, waiting) or blocking(state.holds, "ship", line.line.line_id)
    )


def advance(turn: Turn, department: Department) -> None:
    """Moves the department's axis to done or started, by what the ledger says it has done."""
    turn.move_work(department, "finish" if _is_done(turn.state, department) else "advance")


def has_work(state: OrderState, department: Department) -> bool:
    """Whether the department's work order asks for anything."""
    place = DEPARTMENTS.index(department)
    return any(ledger.asked(line)[place] > ZERO for line in state.lines)


def _is_done(state: OrderState, department: Department) -> bool:
    for line in state.lines:
        if department == "logistics":
            if ledger.is_open(line) and line.delivered < ledger.ready(line):
                return False
        else:
            for allocation in line.allocations:
                if allocation.department == department and allocation.made < allocation.quantity:
                    return False
    return True


def _work_order_line(item: OrderLine, quantity: Decimal, node: str = "", ready_on: date | None = None) -> WorkOrderLine:
    return WorkOrderLine(
        item.line_id,
        item.item_id,
        item.description,
        quantity,
        item.unit,
        item.requested_delivery,
        node,
        ready_on,
        item.group,
    )


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
            priority=state.priority or terms.priority,
            rule=rule,
        )
    )
