"""Arithmetic of one line's ledger: every function takes a `LineState` and gives the next one.

Quantities are in the line's unit. What the ledger promises (see `LineState`) is checked by `conserved`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from hub.domain.model import Department, OrderLine
from hub.domain.money import exact, round_to
from hub.domain.order import ZERO, Allocation, LineState

Asked = tuple[Decimal, Decimal, Decimal]
"""Of production, procurement and logistics: the order of `DEPARTMENTS`."""

_NO_NODES: frozenset[str] = frozenset()
_FINEST = Decimal("0.000001")
NAMED_REPORTS = 100
"""How many of the last reports of a delivery a line names; their quantities all count."""


def new_line(line: OrderLine) -> LineState:
    """A line as it enters the order: nothing of it is allocated."""
    return LineState(line, line.quantity)


def resized(line: OrderLine, quantity: Decimal) -> OrderLine:
    """The line for another quantity: what it allows and charges by amount goes with it."""
    if not line.adjustments or quantity == line.quantity:
        return replace(line, quantity=quantity)
    with exact():
        factor = quantity / line.quantity
        adjustments = tuple(
            replace(each, amount=_times(each.amount, factor), base_amount=_times(each.base_amount, factor))
            for each in line.adjustments
        )
    return replace(line, quantity=quantity, adjustments=adjustments)


def _times(amount: Decimal | None, factor: Decimal) -> Decimal | None:
    return None if amount is None else round_to(amount * factor, _FINEST)


def wanted(line: LineState) -> Decimal:
    """What the customer still expects in all: ordered less cancelled and short."""
    return line.line.quantity - line.cancelled - line.short


def asked(line: LineState) -> Asked:
    """What the work orders ask of the line in all."""
    made = bought = ready = ZERO
    for allocation in line.allocations:
        quantity = allocation.quantity
        if allocation.awaiting:
            quantity -= allocation.awaiting
        if allocation.department == "logistics":
            ready += quantity
        else:
            ready += min(allocation.made, quantity)
            if allocation.department == "production":
                made += quantity
            else:
                bought += quantity
    return made, bought, ready


def nodes_of(line: LineState) -> frozenset[str]:
    """The nodes that supply the line, if any are named."""
    for allocation in line.allocations:
        if allocation.node:
            return frozenset(each.node for each in line.allocations if each.node)
    return _NO_NODES


def asked_of_nodes(line: LineState, department: Department) -> list[tuple[Allocation, Decimal]]:
    """The same of one department, for each allocation it has a part in."""
    parts = []
    for allocation in line.allocations:
        quantity = allocation.quantity - allocation.awaiting
        if allocation.department != department:
            quantity = min(allocation.made, quantity) if department == "logistics" else ZERO
        if quantity > ZERO:
            parts.append((allocation, quantity))
    return parts


def ready(line: LineState) -> Decimal:
    """What logistics may ship in all, shipped units included: stock at once, the rest as far as it is made."""
    return asked(line)[2]


def kept(line: LineState) -> Decimal:
    """What the customer has of the line: delivered, and neither sent back nor missing after all."""
    return line.delivered - line.returned - line.missing


def billed(line: LineState) -> Decimal:
    """What settlements bill of the line, less what was credited."""
    total = ZERO
    for part in line.billed:
        total += part.quantity
    return total


def is_open(line: LineState) -> bool:
    """Whether anything the customer wants has not been delivered."""
    return line.delivered < line.line.quantity - line.cancelled - line.short


def allocations_of(line: LineState, department: Department, node: str | None = None) -> tuple[Allocation, ...]:
    """What `department` supplies of the line, or one node of it (empty: what no node was named for)."""
    return tuple(
        [each for each in line.allocations if each.department == department and (node is None or each.node == node)]
    )


def part_of(line: LineState, node: str) -> Allocation | None:
    """What one node supplies of the line, if it does."""
    return next((each for each in line.allocations if each.node == node), None)


def lacking(allocations: Iterable[Allocation]) -> Decimal:
    """What was asked for by these allocations and has not been made."""
    total = ZERO
    for allocation in allocations:
        total += max(_not_made(allocation) - allocation.awaiting, ZERO)
    return total


def allocate(
    line: LineState,
    department: Department,
    rule: str,
    *,
    node: str = "",
    ready_on: date | None = None,
    awaiting: bool = False,
) -> LineState:
    """Gives all that is unallocated to `department`, or to one node of it, whose capacity it may be `awaiting`."""
    given = line.unallocated
    asked_for = given if awaiting else ZERO
    for each in line.allocations:
        if each.department == department and each.node == node:
            grown = replace(
                each,
                rule=rule,
                quantity=each.quantity + given,
                taken=max(each.taken - given, ZERO),
                awaiting=each.awaiting + asked_for,
                ready_on=ready_on,
            )
            return replace(line, allocations=_with(line.allocations, grown), unallocated=ZERO)
    new = Allocation(department, rule, given, ZERO, (), node, asked_for, ready_on)
    return replace(line, allocations=(*line.allocations, new), unallocated=ZERO)


def unmade(line: LineState, department: Department, node: str | None = None) -> Decimal:
    """What `department` (or its `node`) was given and can still give back: neither made nor, from stock, shipped."""
    total = ZERO
    for allocation in allocations_of(line, department, node):
        total += allocation.quantity if department == "logistics" else _not_made(allocation)
    return min(total, max(_allocated(line) - line.shipped, ZERO)) if department == "logistics" else total


def take_back(line: LineState, department: Department, quantity: Decimal, node: str | None = None) -> LineState:
    """Makes `quantity` of what `department` (or its `node`) was given unallocated again; at most `unmade`."""
    allocations = line.allocations
    left = quantity
    for allocation in reversed(allocations_of(line, department, node)):
        part = min(left, allocation.quantity if department == "logistics" else _not_made(allocation))
        if part:
            allocations = _with(allocations, _less(allocation, part))
            left -= part
    kept = tuple(each for each in allocations if each.quantity or each.made or each.department != department)
    return replace(line, allocations=kept, unallocated=line.unallocated + quantity - left)


def withdrawable(line: LineState, fixed: Collection[Department] = ()) -> Decimal:
    """What can still be cancelled: all that is wanted, not shipped, and not with a `fixed` department."""
    total = max(wanted(line) - line.shipped, ZERO)
    if not fixed:
        return total
    free = line.unallocated
    for allocation in line.allocations:
        free += ZERO if allocation.department in fixed else _free(allocation, fixed)
    return min(total, free)


def withdraw(line: LineState, quantity: Decimal, fixed: Collection[Department] = ()) -> LineState:
    """Takes `quantity`, at most `withdrawable`, out of the plan; the caller books it as cancelled or less ordered.

    The units that cost least to give up go first: unallocated, then not yet made, then made or in stock. None of what
    `fixed` departments have.
    """
    taken = min(quantity, line.unallocated)
    left = quantity - taken
    allocations = line.allocations
    if left:
        for give in (_not_made, lambda allocation: _free(allocation, fixed)):
            for allocation in reversed(allocations):
                part = ZERO if allocation.department in fixed else min(left, give(allocation))
                if part:
                    less = _less(allocation, part)
                    told = part - allocation.awaiting + less.awaiting
                    allocations = _with(allocations, replace(less, taken=less.taken + told))
                    left -= part
    return replace(line, unallocated=line.unallocated - taken, allocations=allocations)


def taken(line: LineState, department: Department, node: str | None = None) -> Decimal:
    """What was taken back from `department` (or its `node`) because the order became less."""
    total = ZERO
    for allocation in allocations_of(line, department, node):
        total += allocation.taken
    return total


def put_back(line: LineState, department: Department, quantity: Decimal, node: str | None = None) -> LineState:
    """`quantity`, at most `taken`, is with `department` (or its `node`) after all, and the customer gets it.

    It was cancelled, else given up as short, else the line was ordered less by it.
    """
    revived = min(quantity, line.cancelled)
    found = min(quantity - revived, line.short)
    allocations, left = line.allocations, quantity
    for allocation in allocations_of(line, department, node):
        part = min(left, allocation.taken)
        grown = replace(allocation, quantity=allocation.quantity + part, taken=allocation.taken - part)
        allocations = _with(allocations, grown)
        left -= part
    return replace(
        line,
        line=resized(line.line, line.line.quantity + quantity - revived - found),
        cancelled=line.cancelled - revived,
        short=line.short - found,
        allocations=allocations,
    )


def shorten(line: LineState) -> LineState:
    """The line without what has not been delivered: the seller will not deliver it."""
    missing = wanted(line) - line.delivered
    if missing <= ZERO:
        return line
    withdrawn = withdraw(line, missing)
    return replace(withdrawn, short=withdrawn.short + missing)


def make(line: LineState, among: Sequence[Allocation], quantity: Decimal, event_id: str = "") -> LineState:
    """`quantity` was produced or received, as the report `event_id` says if it is to be named.

    It counts for the first of the allocations `among` that lacks it, and what none lacks for the last.
    """
    allocations, left = line.allocations, quantity
    for allocation in among:
        part = left if allocation is among[-1] else min(left, _not_made(allocation))
        if part:
            made = replace(allocation, made=allocation.made + part)
            if event_id:
                made = replace(made, made_by=(*allocation.made_by[1 - NAMED_REPORTS :], event_id))
            allocations = _with(allocations, made)
            left -= part
    return replace(line, allocations=allocations)


def ship(line: LineState, quantity: Decimal) -> LineState:
    """`quantity` left the house. Units that were cancelled or given up count as wanted again: they are on the way."""
    shipped = line.shipped + quantity
    return replace(_revive(line, shipped - wanted(line)), shipped=shipped)


def deliver(line: LineState, quantity: Decimal, event_id: str) -> LineState:
    """`quantity` arrived, as the report `event_id` says. Units that were given up as lost count as wanted again."""
    delivered = line.delivered + quantity
    return replace(
        _revive(line, delivered - wanted(line)),
        delivered=delivered,
        delivered_by=(*line.delivered_by[1 - NAMED_REPORTS :], event_id),
    )


def conserved(lines: Iterable[LineState]) -> str | None:
    """None, or which line breaks which promise of the ledger."""
    for line in lines:
        planned = line.unallocated + line.cancelled + line.short
        for allocation in line.allocations:
            quantity = allocation.quantity
            if allocation.made < ZERO or allocation.taken < ZERO or not ZERO <= allocation.awaiting <= quantity:
                return f"line {line.line.line_id}: a negative allocation"
            planned += quantity
        if planned != line.line.quantity:
            return f"line {line.line.line_id}: ordered {line.line.quantity} but {planned} is accounted for"
        back = line.returned if line.missing == ZERO else line.returned + line.missing
        if not ZERO <= back <= line.delivered <= line.shipped:
            return (
                f"line {line.line.line_id}: returned or missing {back}, delivered {line.delivered} and "
                f"shipped {line.shipped} do not follow from one another"
            )
        if line.billed and billed(line) > line.delivered - back:
            return f"line {line.line.line_id}: {billed(line)} are billed of which the customer has {kept(line)}"
        if line.unallocated < ZERO or line.cancelled < ZERO or line.short < ZERO or line.missing < ZERO:
            return f"line {line.line.line_id}: a negative quantity"
    return None


def _revive(line: LineState, excess: Decimal) -> LineState:
    if excess <= 0 or not line.allocations or not (line.cancelled or line.short):
        return line
    revived = min(excess, line.cancelled)
    found = min(excess - revived, line.short)
    first = line.allocations[0]
    left = revived + found
    allocations = _with(line.allocations, replace(first, quantity=first.quantity + left))
    for allocation in allocations:
        part = min(left, allocation.taken)
        if part:
            allocations = _with(allocations, replace(allocation, taken=allocation.taken - part))
            left -= part
    return replace(
        line,
        cancelled=line.cancelled - revived,
        short=line.short - found,
        allocations=allocations,
    )


def _allocated(line: LineState) -> Decimal:
    total = ZERO
    for allocation in line.allocations:
        total += allocation.quantity
    return total


def _not_made(allocation: Allocation) -> Decimal:
    return ZERO if allocation.department == "logistics" else max(allocation.quantity - allocation.made, ZERO)


def _free(allocation: Allocation, fixed: Collection[Department]) -> Decimal:
    """All of it; but what is made is with logistics, and not free if that is fixed."""
    return _not_made(allocation) if "logistics" in fixed else allocation.quantity


def _less(allocation: Allocation, part: Decimal) -> Allocation:
    """Without `part` of it; what the node has not granted yet goes first."""
    awaiting = allocation.awaiting and max(allocation.awaiting - part, ZERO)
    return replace(allocation, quantity=allocation.quantity - part, awaiting=awaiting)


def _with(allocations: tuple[Allocation, ...], changed: Allocation) -> tuple[Allocation, ...]:
    department, node = changed.department, changed.node
    return tuple([changed if each.department == department and each.node == node else each for each in allocations])
