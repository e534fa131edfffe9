"""A department gives work back: the next candidate gets it, never one that has rejected the line before."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from hub.domain import ledger
from hub.domain.events import StatusReported
from hub.domain.flow.allocating import advance, allocate_lines, has_work
from hub.domain.flow.problems import open_exception
from hub.domain.flow.reporting import Reported, in_words, reported, set_lines
from hub.domain.flow.turn import Turn
from hub.domain.groups import shipped_together
from hub.domain.model import Department
from hub.domain.order import ZERO, LineState
from hub.domain.verdict import Ignore, Refuse, Verdict


def on_rejected(turn: Turn, event: StatusReported) -> Verdict:
    """A department will not supply the lines it names, or none of its work order.

    What it has made or shipped already is not given back. Goods that were made for the order can only be shipped, so
    when logistics will not, a person has to see to it.
    """
    department, node = event.department, event.node or None
    parts = reported(turn, event, lambda line: _outstanding(line, department, node))
    if isinstance(parts, Refuse):
        return parts
    given_back: list[Reported] = []
    stuck: list[Reported] = []
    for part in parts:
        quantity = min(part.quantity, ledger.unmade(part.line, department, node))
        if quantity > ZERO:
            given_back.append(Reported(part.place, part.line, quantity))
        elif department == "logistics" and _outstanding(part.line, department, node) > ZERO:
            stuck.append(part)
    if not given_back and not stuck:
        return Ignore("nothing-to-reject", f"{department} has nothing left of this that it could reject")
    because = event.reason or "no reason given"
    if stuck:
        detail = f"Logistics will not ship {in_words(stuck)}: {because}"
        open_exception(turn, "shipment-rejected", detail, severity="critical", since=event.occurred_at)
    if given_back:
        turn.explain(f"{node or department} rejected {in_words(given_back)}: {because}")
        before = turn.state.lines
        set_lines(turn, [(part.place, _reject(part.line, department, node, part.quantity)) for part in given_back])
        rejected = turn.state.lines
        _take_back_companions(turn, department, [part.place for part in given_back])
        _move(turn, department)
        allocate_lines(turn, rejected, granted=before)
    return None


def _outstanding(line: LineState, department: Department, node: str | None) -> Decimal:
    if department == "logistics" and node is None:
        return ledger.ready(line) - line.shipped
    return ledger.unmade(line, department, node)


def _reject(line: LineState, department: Department, node: str | None, quantity: Decimal) -> LineState:
    taken = ledger.take_back(line, department, quantity, node)
    supplier = node or department
    if supplier in line.rejected_by:
        return taken
    return replace(taken, rejected_by=(*line.rejected_by, supplier))


def _take_back_companions(turn: Turn, department: Department, places: list[int]) -> None:
    """Lines that have to be shipped together with those given back go with them to the next candidate."""
    lines = turn.state.lines
    companions = {other for place in places for other in shipped_together(lines, place)}.difference(places)
    for place in sorted(companions):
        quantity = ledger.unmade(lines[place], department)
        if quantity > ZERO:
            turn.set_line(place, ledger.take_back(lines[place], department, quantity))


def _move(turn: Turn, department: Department) -> None:
    if not has_work(turn.state, department):
        turn.move_work(department, "reject")
    elif turn.work(department).status == "started":
        advance(turn, department)
    turn.moved = True
