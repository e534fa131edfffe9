"""Who supplies a line: the best candidate that has not refused it and can be in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from hub.domain.flow.turn import Turn
from hub.domain.node import first_ready_on
from hub.domain.order import LineState, OrderState, Terms
from hub.domain.routing import Candidate, LineFacts
from hub.domain.units import convert

_ONE = Decimal(1)


class Chosen(NamedTuple):
    """A candidate, and when it can have a line ready, if it is a node."""

    candidate: Candidate
    ready_on: date | None


def choose(turn: Turn, lines: Sequence[LineState]) -> Chosen | None:
    """The best candidate for all of the lines; one that would be late only if none is in time.

    What candidates were passed over for, and why, is explained.
    """
    late: Chosen | None = None
    for candidate in _common(turn, lines):
        if _was_refused(candidate, lines):
            continue
        node = candidate.node
        if node is None:
            return Chosen(candidate, None)
        chosen = Chosen(candidate, first_ready_on(node, turn.now))
        objection = _objection(turn, chosen, lines)
        if not objection:
            return chosen
        turn.explain(f"{_named(lines)}: {node.name} passed over, {objection}")
        if late is None and _is_countable(candidate, lines):
            late = chosen
    return late


def _was_refused(candidate: Candidate, lines: Sequence[LineState]) -> bool:
    """Whether the candidate, or its department for all of its nodes, has refused one of the lines."""
    for line in lines:
        refused = line.rejected_by
        if refused and (candidate.supplier in refused or candidate.department in refused):
            return True
    return False


def wanted_by(terms: Terms, line: LineState) -> date | None:
    """The date the customer wants a line by."""
    return line.line.requested_delivery or terms.requested_delivery


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
        priority=state.priority or terms.priority,
        order_class=state.order_class,
        currency=terms.currency,
        group="" if state.customer is None else state.customer.group,
        region=state.region,
        item_class="" if line.item is None else line.item.item_class,
        supply=line.supply,
    )


def _common(turn: Turn, lines: Sequence[LineState]) -> Sequence[Candidate]:
    """The candidates of the first line that are some of every other one too."""
    router, state, terms = turn.context.router, turn.state, turn.terms
    common = router.candidates(facts(state, terms, lines[0]))
    for line in lines[1:]:
        known = {each.supplier for each in router.candidates(facts(state, terms, line))}
        common = tuple(each for each in common if each.supplier in known)
    return common


def _objection(turn: Turn, chosen: Chosen, lines: Sequence[LineState]) -> str:
    """Why a node should not be given the lines; empty if it may."""
    candidate, ready_on = chosen
    if not _is_countable(candidate, lines) and candidate.node is not None and candidate.node.capacity is not None:
        return f"its capacity is in {candidate.node.capacity.unit}, which {lines[0].line.unit} does not convert to"
    dates = [wanted for line in lines if (wanted := wanted_by(turn.terms, line)) is not None]
    if ready_on is not None and dates and ready_on > min(dates):
        return f"ready {ready_on}, wanted by {min(dates)}"
    return ""


def _is_countable(candidate: Candidate, lines: Sequence[LineState]) -> bool:
    """Whether the lines can be counted against the node's capacity."""
    capacity = None if candidate.node is None else candidate.node.capacity
    return capacity is None or all(convert(_ONE, line.line.unit, capacity.unit) is not None for line in lines)


def _named(lines: Sequence[LineState]) -> str:
    return f"line {', '.join(line.line.line_id for line in lines)}"
