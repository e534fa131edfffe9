"""Amendments: each is the next revision of the order, taken as a whole or not at all.

What settlements have billed is reversed and replaced when its price, discount or VAT changes; once everything was
delivered nothing else can change. A quantity cannot go below what has been shipped, or what a department cannot give up
any more by the policy: it is reduced as far as it goes, and the customer is told. Units that are added wait for the
credit they need; units that are given up are taken back from the departments at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial

from msgspec.structs import replace

from hub.domain import amounts, ledger
from hub.domain.checks import (
    LARGEST_VALUE,
    check_change,
    check_line,
    check_vat,
    refusal,
    too_large,
)
from hub.domain.events import OrderChanged
from hub.domain.flow.allocating import issue_changed_work
from hub.domain.flow.balancing import settle_up
from hub.domain.flow.cancelling import cancel_line
from hub.domain.flow.changeable import fixed_departments
from hub.domain.flow.charging import charge_cancelled, charge_less, charged_departments
from hub.domain.flow.confirming import agrees_by_changing
from hub.domain.flow.correcting import restate_all, reverse_all
from hub.domain.flow.crediting import request_credit
from hub.domain.flow.notifying import notify
from hub.domain.flow.reagreeing import agreement_after, restated_by, told_agreed
from hub.domain.flow.settling import end_if_complete
from hub.domain.flow.turn import Turn
from hub.domain.headline import UNFINISHED
from hub.domain.ledger import new_line, wanted
from hub.domain.model import DEPARTMENTS, Department, LineChange, OrderLine
from hub.domain.order import ZERO, LineState, Terms
from hub.domain.phrases import Phrase, listed
from hub.domain.verdict import Park, Refuse, Verdict

_OVER = Refuse(
    "already-delivered",
    "Everything has been delivered and settled; only price, discount, charges and VAT can be corrected",
)


def on_changed(turn: Turn, event: OrderChanged) -> Verdict:
    """The buyer amended the order."""
    expected = turn.state.revision + 1
    if event.revision > expected:
        return Park("revision-gap", f"Revision {event.revision} came before revision {expected}")
    if event.revision < expected:
        return Refuse("revision-over", f"Revision {event.revision} was sent already; the next one is {expected}")
    lines = _amended_lines(turn, event)
    if isinstance(lines, Refuse):
        return lines
    agreement = agreement_after(turn.terms, event, lines)
    if isinstance(agreement, Refuse):
        return agreement
    value = amounts.value(agreement, lines, amounts.once(agreement.adjustments))
    unacceptable = _check_whole(turn, lines, value)
    if unacceptable is not None:
        return unacceptable
    _take_effect(turn, event, agreement, lines, value)
    return None


def _amended_lines(turn: Turn, event: OrderChanged) -> tuple[LineState, ...] | Refuse:
    """The lines after the amendment, or what is wrong with it."""
    if findings := check_change(event):
        return refusal(findings)
    if event.currency not in ("", turn.terms.currency):
        mine = turn.terms.currency
        return Refuse("currency-changed", f"The change is in {event.currency}, the order in {mine}; state it in {mine}")
    if turn.state.settlement_id == "":
        return _amended(turn.state.lines, event.changes, partial(_apply, fixed_departments(turn)))
    if _new_terms(turn.terms, event) != turn.terms:
        return _OVER
    return _amended(turn.state.lines, event.changes, _reprice)


def _check_whole(turn: Turn, lines: tuple[LineState, ...], value: Decimal) -> Refuse | None:
    """What is wrong with the amended order beyond its single lines."""
    if len(lines) > turn.policy.max_lines:
        return Refuse("too-many-lines", f"The order would have {len(lines)} lines; {turn.policy.max_lines} are allowed")
    if value >= LARGEST_VALUE:
        return too_large(value)
    findings = check_vat(line.line for line in lines)
    return refusal(findings) if findings else None


def _take_effect(
    turn: Turn, event: OrderChanged, agreement: Terms, lines: tuple[LineState, ...], value: Decimal
) -> None:
    before, known, terms = turn.state, turn.terms, _amended_terms(turn, event)
    charged = charged_departments(turn)
    told = listed((*_told(event.changes, lines), *_told_of_terms(turn, event, terms), *told_agreed(event, known)))
    turn.explain(f"revision {event.revision}: {told or 'nothing is other than it was'}")
    taken = reverse_all(turn, restated_by(before, agreement, lines))
    turn.update(
        revision=event.revision,
        terms=replace(terms, discount_percent=agreement.discount_percent, adjustments=agreement.adjustments),
        lines=_billed_as(lines, turn.state.lines) if taken else lines,
    )
    restate_all(turn, taken)
    if before.settlement_id:
        turn.moved = True
        _tell(turn, told)
        settle_up(turn, before)
        return
    concerned = _still_there(event.changes) if terms == known else (line.line.line_id for line in lines)
    unreviewed = tuple(dict.fromkeys((*turn.state.unreviewed, *concerned)))
    turn.update(confirm_due=None, consent=agrees_by_changing(turn), unreviewed=unreviewed)
    turn.move_commercial("amend")
    issue_changed_work(turn, before.lines, anew=_concerned(turn, terms, known))
    charge_less(turn, before.lines)
    charge_cancelled(turn, before.lines, charged)
    if end_if_complete(turn, before.lines, Phrase("every line was deleted")):
        return
    _tell(turn, told)
    request_credit(turn, value)


def _tell(turn: Turn, told: str) -> None:
    if told:
        notify(turn, "changed", reason=told)


def _new_terms(terms: Terms, event: OrderChanged) -> Terms:
    """The terms as the buyer wants them from now on."""
    return replace(
        terms,
        deliver_to=event.deliver_to or terms.deliver_to,
        requested_delivery=event.requested_delivery or terms.requested_delivery,
    )


def _amended_terms(turn: Turn, event: OrderChanged) -> Terms:
    """The order's terms as amended; what is on its way, or fixed with logistics, goes where it was to go."""
    terms = _new_terms(turn.terms, event)
    on_its_way = all(line.shipped >= wanted(line) for line in turn.state.lines)
    if on_its_way or "logistics" in fixed_departments(turn):
        return replace(terms, deliver_to=turn.terms.deliver_to)
    return terms


def _concerned(turn: Turn, terms: Terms, before: Terms) -> tuple[Department, ...]:
    """The departments whose work orders say something else of the order as a whole than they did."""
    if terms == before:
        return ()
    of_all = DEPARTMENTS if terms.requested_delivery != before.requested_delivery else ("logistics",)
    return tuple(each for each in of_all if turn.work(each).status in UNFINISHED)


def _still_there(changes: tuple[LineChange, ...]) -> Iterator[str]:
    """The lines that are to be reviewed, for they are not what they were."""
    return (change.line_id for change in changes if change.action != "delete")


def _billed_as(lines: tuple[LineState, ...], known: tuple[LineState, ...]) -> tuple[LineState, ...]:
    """The amended lines, billed as `known` has it; lines that were added are the last."""
    return tuple(
        replace(line, billed=known[place].billed) if place < len(known) else line for place, line in enumerate(lines)
    )


def _amended(
    lines: tuple[LineState, ...],
    changes: tuple[LineChange, ...],
    apply: Callable[[LineState | None, LineChange], LineState | Refuse],
) -> tuple[LineState, ...] | Refuse:
    """The lines after all changes, or the first change that makes no sense."""
    amended = {line.line.line_id: line for line in lines}
    for change in changes:
        line = apply(amended.get(change.line_id), change)
        if isinstance(line, Refuse):
            return line
        amended[change.line_id] = line
    return tuple(amended.values())


def _apply(fixed: frozenset[Department], line: LineState | None, change: LineChange) -> LineState | Refuse:
    if change.action == "delete":
        return _unknown(change) if line is None else cancel_line(line, fixed)
    new = change.line
    if new is None or new.line_id != change.line_id:
        return Refuse("line-missing", f"The change of line {change.line_id} does not say how the line shall be")
    if findings := check_line(new):
        return refusal(findings)
    if change.action == "add":
        if line is not None:
            return Refuse(
                "line-id-repeated", f"The order has a line {change.line_id} already; give the new one its own id"
            )
        return new_line(new)
    return _unknown(change) if line is None else _change(line, new, fixed)


def _reprice(line: LineState | None, change: LineChange) -> LineState | Refuse:
    """Of an order that was settled, only what the goods cost can change."""
    new = change.line
    if line is None or new is None or new.line_id != change.line_id or _goods(new) != _goods(line.line):
        return _OVER
    findings = check_line(new)
    return refusal(findings) if findings else replace(line, line=new)


def _goods(line: OrderLine) -> tuple[object, ...]:
    return line.item_id, line.unit, line.quantity


def _change(line: LineState, new: OrderLine, fixed: frozenset[Department]) -> LineState | Refuse:
    old = line.line
    if line.allocations and (new.item_id, new.unit) != (old.item_id, old.unit):
        return Refuse(
            "item-changed",
            f"Line {old.line_id} is being supplied; delete it and add a line with the other item or unit",
        )
    target = max(new.quantity, line.shipped, wanted(line) - ledger.withdrawable(line, fixed))
    difference = target - wanted(line)
    if difference < ZERO:
        line = ledger.withdraw(line, -difference, fixed)
        difference = ZERO
    return replace(
        line,
        line=ledger.resized(new, target),
        unallocated=line.unallocated + difference,
        cancelled=ZERO,
        short=ZERO,
        rejected_by=(),
    )


def _unknown(change: LineChange) -> Refuse:
    return Refuse("unknown-line", f"The order has no line {change.line_id} to {change.action}")


def _told(changes: tuple[LineChange, ...], lines: tuple[LineState, ...]) -> Iterator[str]:
    """What became of each change, for a person."""
    after = {line.line.line_id: line for line in lines}
    return (_outcome(change, after[change.line_id]) for change in changes)


def _told_of_terms(turn: Turn, event: OrderChanged, terms: Terms) -> Iterator[str]:
    """What became of the changes to the order as a whole, for a person."""
    before, address, day = turn.terms, terms.deliver_to, terms.requested_delivery
    if address != before.deliver_to:
        place = f"{address.name}, {address.street}, {address.postal_code} {address.city}"
        if any(line.shipped for line in turn.state.lines):
            yield Phrase("what is not on its way yet goes to {place}", place=place)
        else:
            yield Phrase("it goes to {place}", place=place)
    elif event.deliver_to not in (None, address):
        yield Phrase("the delivery address cannot be changed any more")
    if day is not None and day != before.requested_delivery:
        yield Phrase("it is wanted by {day}", day=f"{day:%Y-%m-%d}")


def _outcome(change: LineChange, line: LineState) -> str:
    goods = f"{wanted(line)} {line.line.unit}"
    if change.action == "add":
        return Phrase("line {line} is added with {goods}", line=change.line_id, goods=goods)
    asked = ZERO if change.line is None else change.line.quantity
    if wanted(line) > asked:
        if wanted(line) <= line.shipped:
            return Phrase("line {line} stays at {goods}, which are on their way", line=change.line_id, goods=goods)
        return Phrase(
            "line {line} stays at {goods}, which cannot be changed any more", line=change.line_id, goods=goods
        )
    if change.action == "delete":
        return Phrase("line {line} is deleted", line=change.line_id)
    return Phrase("line {line} is now {goods}", line=change.line_id, goods=goods)
