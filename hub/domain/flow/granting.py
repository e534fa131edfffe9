"""A node answers what it has the capacity for: it gets that, and the rest goes to the next candidate."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from hub.domain import ledger
from hub.domain.events import CapacityDecided, CapacityGrant
from hub.domain.flow.allocating import allocate_lines
from hub.domain.flow.turn import Turn
from hub.domain.groups import shipped_together
from hub.domain.order import ZERO, Allocation, LineState
from hub.domain.verdict import Ignore, Verdict


def on_capacity_decided(turn: Turn, event: CapacityDecided) -> Verdict:
    """A node answered."""
    state, node = turn.state, event.node
    if all(each.request_id != event.request_id for each in state.capacity):
        return Ignore("superseded", f"The order no longer waits for the answer to request {event.request_id}")
    turn.update(capacity=tuple(each for each in state.capacity if each.request_id != event.request_id))
    before = state.lines
    grants = {grant.line_id: grant for grant in event.lines}
    short = [_shortfall(line, node, grants) for line in before]
    lines = list(before)
    for index, line in enumerate(before):
        part = ledger.part_of(line, node)
        if part is None or part.awaiting == ZERO:
            continue
        together = shipped_together(before, index)
        torn = len(together) > 1 and any(short[place] for place in together)
        lines[index] = _answered(
            turn, line, part, grants.get(line.line.line_id), part.awaiting if torn else short[index]
        )
    turn.update(lines=tuple(lines))
    turn.moved = turn.moved or tuple(lines) != before
    turn.explain(f"{node} answered what it has the capacity for")
    allocate_lines(turn, before, granted=tuple(_as_granted(line, node, grants) for line in before))
    return None


def _as_granted(line: LineState, node: str, grants: dict[str, CapacityGrant]) -> LineState:
    """The line as the node knows it."""
    part, grant = ledger.part_of(line, node), grants.get(line.line.line_id)
    if part is None:
        return line
    known = replace(part, quantity=grant.quantity if grant else ZERO, awaiting=ZERO)
    return replace(line, allocations=tuple(known if each is part else each for each in line.allocations))


def _shortfall(line: LineState, node: str, grants: dict[str, CapacityGrant]) -> Decimal:
    """What the node does not take on of what it was asked for."""
    part = ledger.part_of(line, node)
    if part is None or part.awaiting == ZERO:
        return ZERO
    grant = grants.get(line.line.line_id)
    return min(part.awaiting, max(part.quantity - (grant.quantity if grant else ZERO), ZERO))


def _answered(
    turn: Turn, line: LineState, part: Allocation, grant: CapacityGrant | None, missing: Decimal
) -> LineState:
    line_id, node = line.line.line_id, part.node
    settled = replace(part, awaiting=ZERO, ready_on=grant.ready_on if grant and grant.quantity else part.ready_on)
    line = replace(line, allocations=tuple(settled if each is part else each for each in line.allocations))
    if missing == ZERO:
        turn.explain(f"line {line_id}: {node} takes on {part.quantity}, ready {settled.ready_on}")
        return line
    turn.explain(f"line {line_id}: {node} has no capacity for {missing} of {part.quantity}")
    line = ledger.take_back(line, part.department, missing, node)
    return line if node in line.rejected_by else replace(line, rejected_by=(*line.rejected_by, node))
