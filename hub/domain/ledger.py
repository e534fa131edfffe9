"""Arithmetic of one line's ledger: every function takes a `LineState` and gives the next one.

Quantities are in the line's unit. What the ledger promises (see `LineState`) is checked by `conserved`.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from msgspec.structs import replace

from hub.domain.model import Department, OrderLine
from hub.domain.order import ZERO, Allocation, LineState

NAMED_REPORTS = 100
"""How many of the last reports of a delivery a line names; their quantities all count."""


def new_line(line: OrderLine) -> LineState:
    """A line as it enters the order: nothing of it is allocated."""
    return LineState(line, line.quantity)


def wanted(line: LineState) -> Decimal:
    """What the customer still expects in all: ordered less cancelled and short."""
    return line.line.quantity - line.cancelled - line.short


def asked(line: LineState) -> tuple[Decimal, Decimal, Decimal]:
    """What the work orders of production, procurement and logistics (`DEPARTMENTS`) ask of the line in all."""
    made = bought = ready = ZERO
    for allocation in line.allocations:
        quantity = allocation.quantity
        if allocation.department == "logistics":
            ready += quantity
        else:
            ready += min(allocation.made, quantity)
            if allocation.department == "production":
                made = quantity
            else:
                bought = quantity
    return made, bought, ready


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
    return line.delivered < wanted(line)


def allocation_of(line: LineState, department: Department) -> Allocation | None:
    """What `department` supplies of the line."""
    for allocation in line.allocations:
        if allocation.department == department:
            return allocation
    return None


def allocate(line: LineState, department: Department, rule: str) -> LineState:
    """Gives all that is unallocated to `department`."""
    existing = allocation_of(line, department)
    if existing is None:
        allocations = (*line.allocations, Allocation(department, rule, line.unallocated, ZERO))
    else:
        grown = replace(existing, quantity=existing.quantity + line.unallocated, rule=rule)
        allocations = _with(line.allocations, grown)
    return replace(line, allocations=allocations, unallocated=ZERO)


def unmade(line: LineState, department: Department) -> Decimal:
    """What `department` was given and can still give back: neither made nor, from stock, shipped."""
    allocation = allocation_of(line, department)
    if allocation is None:
        return ZERO
    if department == "logistics":
        return min(allocation.quantity, max(_allocated(line) - line.shipped, ZERO))
    return max(allocation.quantity - allocation.made, ZERO)


def take_back(line: LineState, department: Department, quantity: Decimal) -> LineState:
    """Makes `quantity` of what `department` was given unallocated again; at most `unmade`."""
    allocation = allocation_of(line, department)
    if allocation is None:
        return line
    left = allocation.quantity - quantity
    if left == 0 and allocation.made == 0:
        allocations = tuple(each for each in line.allocations if each.department != department)
    else:
        allocations = _with(line.allocations, replace(allocation, quantity=left))
    return replace(line, allocations=allocations, unallocated=line.unallocated + quantity)


def withdrawable(line: LineState) -> Decimal:
    """What can still be cancelled: everything wanted that has not been shipped."""
    return max(wanted(line) - line.shipped, ZERO)


def withdraw(line: LineState, quantity: Decimal) -> LineState:
    """Takes `quantity`, at most `withdrawable`, out of the plan; the caller books it as cancelled or less ordered.

    The units that cost least to give up go first: unallocated, then not yet made, then made or in stock.
    """
    taken = min(quantity, line.unallocated)
    left = quantity - taken
    allocations = line.allocations
    if left:
        for give in (_not_made, _any):
            for allocation in reversed(allocations):
                part = min(left, give(allocation))
                if part:
                    allocations = _with(allocations, replace(allocation, quantity=allocation.quantity - part))
                    left -= part
    return replace(line, unallocated=line.unallocated - taken, allocations=allocations)


def make(line: LineState, allocation: Allocation, quantity: Decimal, event_id: str = "") -> LineState:
    """`quantity` of an allocation was produced or received, as the report `event_id` says if it is to be named."""
    made = replace(allocation, made=allocation.made + quantity)
    if event_id:
        made = replace(made, made_by=(*allocation.made_by[1 - NAMED_REPORTS :], event_id))
    return replace(line, allocations=_with(line.allocations, made))


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
        planned = line.unallocated + _allocated(line) + line.cancelled + line.short
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
        for allocation in line.allocations:
            if allocation.quantity < ZERO or allocation.made < ZERO:
                return f"line {line.line.line_id}: a negative allocation"
    return None


def _revive(line: LineState, excess: Decimal) -> LineState:
    if excess <= 0 or not line.allocations or not (line.cancelled or line.short):
        return line
    revived = min(excess, line.cancelled)
    found = min(excess - revived, line.short)
    first = line.allocations[0]
    return replace(
        line,
        cancelled=line.cancelled - revived,
        short=line.short - found,
        allocations=_with(line.allocations, replace(first, quantity=first.quantity + revived + found)),
    )


def _allocated(line: LineState) -> Decimal:
    total = ZERO
    for allocation in line.allocations:
        total += allocation.quantity
    return total


def _not_made(allocation: Allocation) -> Decimal:
    return ZERO if allocation.department == "logistics" else max(allocation.quantity - allocation.made, ZERO)


def _any(allocation: Allocation) -> Decimal:
    return allocation.quantity


def _with(allocations: tuple[Allocation, ...], changed: Allocation) -> tuple[Allocation, ...]:
    return tuple(changed if each.department == changed.department else each for each in allocations)
