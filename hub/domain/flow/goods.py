"""Goods that moved: made or bought, shipped, delivered, returned. Each is a fact and counts, even a late one."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from hub.domain import ledger
from hub.domain.events import StatusReported
from hub.domain.flow.allocating import advance, issue_changed_work, issue_work
from hub.domain.flow.charging import charge_less
from hub.domain.flow.crediting import request_remaining_credit
from hub.domain.flow.lateness import lateness
from hub.domain.flow.notifying import notify
from hub.domain.flow.problems import open_exception
from hub.domain.flow.reporting import Reported, in_words, note_progress, reported, set_lines, told
from hub.domain.flow.settling import settle_change, settle_delivery
from hub.domain.flow.turn import Turn
from hub.domain.groups import held_back, is_in
from hub.domain.holds import blocking
from hub.domain.order import ZERO, LineState
from hub.domain.tolerance import over_tolerance, under_tolerance
from hub.domain.verdict import Ignore, Park, Refuse, Verdict


def on_made(turn: Turn, event: StatusReported) -> Verdict:
    """Production produced or procurement received: logistics may ship it."""
    department, node = event.department, event.node or None
    parts = reported(turn, event, lambda line: ledger.lacking(ledger.allocations_of(line, department, node)))
    if isinstance(parts, Refuse):
        return parts
    if not parts:
        return Ignore("nothing-lacking", f"Everything {department} was given is {event.kind} already")
    named = event.event_id if department in turn.policy.cancellation_charges else ""
    changed: list[tuple[int, LineState]] = []
    more_ready = False
    for part in parts:
        line, quantity = part.line, part.quantity
        among = ledger.allocations_of(line, department, node)
        if not among:
            return Refuse("not-allocated", f"Line {line.line.line_id} is not with {node or department}")
        if (more := quantity - ledger.lacking(among)) > ZERO:
            turn.explain(f"line {line.line.line_id}: {more} {line.line.unit} more than asked are {event.kind}")
        made = ledger.make(line, among, quantity, named)
        more_ready = more_ready or ledger.ready(made) != ledger.ready(line)
        changed.append((part.place, made))
    set_lines(turn, changed)
    turn.explain(f"{event.kind}: {in_words(parts)}")
    advance(turn, department)
    note_progress(turn, event)
    if more_ready:
        issue_work(turn, "logistics")
    return None


def on_shipped(turn: Turn, event: StatusReported) -> Verdict:
    """Goods left the house. More than ordered may have; what is still being made cannot have."""
    waiting = held_back(turn.state.lines)
    parts = reported(turn, event, lambda line: ZERO if is_in(line, waiting) else ledger.ready(line) - line.shipped)
    if isinstance(parts, Refuse):
        return parts
    for part in parts:
        line = part.line
        available = ledger.ready(line)
        if line.shipped + part.quantity > available and ledger.wanted(line) > available:
            return Park("not-ready", f"Line {line.line.line_id} has {available} ready; more is still to be made")
    if not parts:
        return _nothing(turn, Park("not-ready", "Nothing is ready that was not shipped already"))
    before = turn.state.lines
    set_lines(turn, [(part.place, ledger.ship(part.line, part.quantity)) for part in parts])
    goods = told(parts)
    turn.explain(f"shipped: {goods}")
    _reopen(turn, event, parts)
    _note_overshipment(turn, parts, event)
    _note_held(turn, parts, event)
    _note_parting(turn, parts, event, waiting)
    charge_less(turn, before)
    advance(turn, "logistics")
    note_progress(turn, event)
    all_of_it = all(line.shipped >= ledger.wanted(line) for line in turn.state.lines)
    notify(turn, "shipped" if all_of_it else "partly-shipped", reason=goods)
    return None


def on_delivered(turn: Turn, event: StatusReported) -> Verdict:
    """Goods arrived; the last delivery settles the order, or each settles itself."""
    parts = reported(turn, event, lambda line: line.shipped - line.delivered)
    if isinstance(parts, Refuse):
        return parts
    for part in parts:
        line = part.line
        if line.delivered + part.quantity > line.shipped:
            return Park("not-shipped", f"Line {line.line.line_id} has {line.shipped} shipped; more cannot have arrived")
    if not parts:
        return _nothing(turn, Park("not-shipped", "Nothing is on its way that has not arrived already"))
    before = turn.state
    set_lines(turn, [(part.place, _deliver(turn, event, part.line, part.quantity)) for part in parts])
    arrived = turn.day_of(event.occurred_at)
    turn.update(delivered_on=max(before.delivered_on or arrived, arrived))
    turn.explain(f"delivered: {in_words(parts)}")
    _reopen(turn, event, parts)
    charge_less(turn, before.lines)
    advance(turn, "logistics")
    note_progress(turn, event)
    _close_tolerated(turn, parts)
    settle_delivery(turn, before)
    return None


def on_returned(turn: Turn, event: StatusReported) -> Verdict:
    """The customer sent goods back; what is billed of them is credited."""
    parts = reported(turn, event, ledger.kept)
    if isinstance(parts, Refuse):
        return parts
    for part in parts:
        line = part.line
        if part.quantity > ledger.kept(line):
            return Park("not-delivered", f"Line {line.line.line_id} has {line.delivered} delivered; no more can return")
    if not parts:
        return _nothing(turn, Park("not-delivered", "Nothing has been delivered that has not come back already"))
    before = turn.state
    back = [(part.place, replace(part.line, returned=part.line.returned + part.quantity)) for part in parts]
    set_lines(turn, back)
    turn.explain(f"returned: {in_words(parts)}")
    turn.moved = True
    note_progress(turn, event)
    settle_change(turn, before)
    return None


def _deliver(turn: Turn, event: StatusReported, line: LineState, quantity: Decimal) -> LineState:
    delivered = ledger.deliver(line, quantity, event.event_id)
    late = lateness(turn, event, line.line, quantity)
    return replace(delivered, late=(*delivered.late, *late)) if late else delivered


def _close_tolerated(turn: Turn, parts: list[Reported]) -> None:
    """Of a line that lacks no more than the tolerance, and of which nothing is on its way, the rest is given up."""
    before = turn.state.lines
    closed: list[tuple[int, LineState]] = []
    for part in parts:
        line = before[part.place]
        lacking = ledger.wanted(line) - line.delivered
        if (
            ZERO < lacking <= under_tolerance(turn.state, line, turn.policy.under_delivery_percent)
            and line.delivered == line.shipped
        ):
            closed.append((part.place, ledger.shorten(line)))
            item = line.line
            turn.explain(f"line {item.line_id}: {lacking} {item.unit} less is within the tolerance and counts as all")
    if closed:
        set_lines(turn, closed)
        issue_changed_work(turn, before)


def _nothing(turn: Turn, too_early: Park) -> Park | Ignore:
    """A report without quantities when nothing is lacking: early while the order is open, else a repetition."""
    if any(ledger.is_open(line) for line in turn.state.lines):
        return too_early
    return Ignore("nothing-lacking", "Everything the order asks for has been delivered")


def _reopen(turn: Turn, event: StatusReported, parts: list[Reported]) -> None:
    """Goods on their way to the customer after all: the order is not over."""
    if turn.state.commercial == "cancelled":
        turn.move_commercial("reopen")
        request_remaining_credit(turn)
        detail = f"{event.kind} although the order was cancelled: {in_words(parts)}"
        open_exception(turn, "moved-after-cancel", detail, since=event.occurred_at)


def _note_held(turn: Turn, parts: list[Reported], event: StatusReported) -> None:
    for part in parts if turn.state.holds else ():
        line_id = part.line.line.line_id
        if held := blocking(turn.state.holds, "ship", line_id):
            detail = f"{part.quantity} of line {line_id} were shipped although held by {held}"
            open_exception(turn, "shipped-on-hold", detail, subject=line_id, since=event.occurred_at)


def _note_parting(turn: Turn, parts: list[Reported], event: StatusReported, waiting: frozenset[str]) -> None:
    """Goods left without the rest of their group, which was not ready and not asked for."""
    for part in parts if waiting else ():
        line = part.line
        group = line.line.group
        if group is not None and is_in(line, waiting):
            detail = f"Line {line.line.line_id} was shipped before the rest of group {group.name} was ready"
            open_exception(turn, "group-parted", detail, subject=group.name, since=event.occurred_at)


def _note_overshipment(turn: Turn, parts: list[Reported], event: StatusReported) -> None:
    for part in parts:
        line = turn.state.lines[part.place]
        ordered = line.line.quantity
        excess = line.shipped - ordered
        if excess > ZERO and excess > over_tolerance(turn.state, line, turn.policy.over_delivery_percent, ordered):
            line_id = line.line.line_id
            detail = f"{excess} more than the {line.line.quantity} ordered of line {line_id} were shipped"
            open_exception(turn, "over-delivered", detail, subject=line_id, since=event.occurred_at)
