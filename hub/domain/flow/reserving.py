"""What an order asks of nodes with a limited capacity: all it wants of one, whenever that changes."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from hub.domain import ledger
from hub.domain.events import CapacityLine, CapacityRequested
from hub.domain.flow.choosing import wanted_by
from hub.domain.flow.turn import SOURCE, Turn
from hub.domain.node import Node, first_ready_on, last_begin
from hub.domain.order import Allocation, CapacityQuestion, LineState


def ask_nodes(turn: Turn, names: Iterable[str], before: tuple[LineState, ...]) -> None:
    """Tells the nodes whose capacity is limited what the order wants of them, if it is not what it was in `before`."""
    for name in sorted(set(names)):
        node = turn.context.router.node(name)
        if node is not None and node.capacity is not None and _given(before, name) != _given(turn.state.lines, name):
            _ask(turn, node)


def _given(lines: tuple[LineState, ...], name: str) -> dict[str, Decimal]:
    """What is with the node, by line; what is made has had its capacity, and is no reason to ask."""
    return {
        line.line.line_id: part.quantity
        for line in lines
        if (part := ledger.part_of(line, name)) and (part.awaiting or part.made < part.quantity)
    }


def _ask(turn: Turn, node: Node) -> None:
    state = turn.state
    request = CapacityRequested(
        event_id=turn.next_id(),
        source=SOURCE,
        occurred_at=turn.now,
        node=node.name,
        order_id=state.order_id,
        entry=state.entries + 1,
        lines=tuple(
            _capacity_line(turn, node, line, part)
            for line in state.lines
            if (part := ledger.part_of(line, node.name)) is not None
        ),
    )
    turn.emit(request)
    others = tuple(each for each in state.capacity if each.node != node.name)
    turn.update(capacity=(*others, CapacityQuestion(node.name, request.event_id, turn.now)))


def _capacity_line(turn: Turn, node: Node, line: LineState, part: Allocation) -> CapacityLine:
    wanted = wanted_by(turn.terms, line)
    in_time = wanted is not None and first_ready_on(node, turn.now) <= wanted
    group = line.line.group
    whole = node.smallest_part is None or (group is not None and group.together == "shipped")
    return CapacityLine(
        line_id=line.line.line_id,
        quantity=part.quantity,
        unit=line.line.unit,
        firm=part.quantity - part.awaiting,
        smallest_part=part.quantity if whole or node.smallest_part is None else node.smallest_part,
        latest=last_begin(node, wanted) if in_time and wanted is not None else None,
    )
