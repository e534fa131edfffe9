"""Three-way match of one order: what was ordered, what was delivered, what is settled, line by line and to the cent.

The order's value with VAT is led from what was ordered to what is settled in steps, each for one cause, so that
ordered + all differences = settled, always.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from hub.domain import amounts
from hub.domain.effects import SettledLine, SettlementRecorded
from hub.domain.en16931 import Vat
from hub.domain.flow.settling import billable
from hub.domain.holds import blocking
from hub.domain.ledger import kept, wanted
from hub.domain.model import Frozen, OrderLine
from hub.domain.money import exact
from hub.domain.order import ZERO, LineState, OrderState, Terms
from hub.domain.reconciliation.bridge import Bridge
from hub.domain.reconciliation.document import Off, audit, once_of, signed
from hub.domain.reconciliation.findings import Findings

_IN_WORK = frozenset(("received", "confirming", "confirmed"))
Quantities = dict[str, Decimal]
Sums = dict[Vat, Decimal]


class Matched(Frozen):
    """What an order comes to on either side, with VAT in its currency."""

    ordered: Decimal
    """As the buyer has it now."""
    settled: Decimal
    """All settlements of the period and before, credit notes deducted."""


def match_goods(
    findings: Findings,
    state: OrderState,
    terms: Terms,
    settlements: Sequence[SettlementRecorded],
    *,
    later: Sequence[SettlementRecorded] = (),
    over_delivery_percent: Decimal = ZERO,
) -> Matched:
    """Notes every difference between what was ordered and the `settlements`; `later` ones came after the period."""
    with exact():
        bridge = Bridge(terms)
        for line in state.lines:
            bridge.add(_vat(line.line), amounts.net(line.line, line.line.quantity, terms.currency))
        charges = _ordered_once(terms)
        for vat, amount in charges.items():
            bridge.allow(vat, amount)
        ordered = bridge.total
        once, total = _each_once(findings, settlements, terms.currency)
        now, all_of = _quantities(once), _quantities([*once, *later]) if later else None
        for line in state.lines:
            line_id = line.line.line_id
            settled = now.pop(line_id, ZERO)
            finally_settled = settled if all_of is None else all_of.get(line_id, ZERO)
            walk = _Walk(findings, bridge, line, terms.currency, once)
            walk.to_kept()
            due = billable(state, line, over_delivery_percent)
            walk.to_settled(settled, finally_settled, due, _why_not(state, line_id))
        if charges or any(map(once_of, once)):
            _match_charges(findings, bridge, state, charges, settlements=once, later=later)
        parts = _audited(findings, once, state, terms)
        findings.note("settled-in-parts", parts - bridge.total, settlements=[each.settlement_id for each in once])
        return Matched(ordered, total)


class _Walk:
    """One line, from what was ordered of it to what is settled."""

    def __init__(
        self,
        findings: Findings,
        bridge: Bridge,
        state: LineState,
        currency: str,
        settlements: Sequence[SettlementRecorded],
    ) -> None:
        self._findings = findings
        self._bridge = bridge
        self._state = state
        self._line = state.line
        self._currency = currency
        self._settlements = settlements
        self._quantity = state.line.quantity

    def to_kept(self) -> None:
        """To what the customer has."""
        line = self._state
        self._step("cancelled", -line.cancelled)
        self._step("given-up", -line.short)
        open_ = wanted(line) - line.delivered
        if open_ > ZERO:
            self._step("not-delivered-yet", -open_)
        else:
            self._step("over-delivered", -open_, line.delivered_by)
        self._step("never-arrived", -line.missing)
        self._step("returned", -line.returned)

    def to_settled(self, settled: Decimal, finally_settled: Decimal, due: Decimal, why_not: str) -> None:
        """To what is settled of it now; `finally_settled` counts what is settled after the period too.

        `due`: what could be settled. `why_not`: the cause if less is than that.
        """
        line = self._state
        self._step("not-billed", due - kept(line), line.delivered_by)
        if settled == due:
            return
        later = finally_settled - settled
        within = min(later, due - settled) if due > settled else max(later, due - settled)
        self._step("settled-later", -within if (within > ZERO) == (due > settled) else ZERO, line.delivered_by)
        left = settled - self._quantity
        if left < ZERO:
            self._step(why_not, left, line.delivered_by)
        elif left > ZERO:
            about = [each for each in self._settlements if any(_bills(part, self._line) for part in each.lines)]
            reports = [report for each in about for part in _lines_of(each, self._line) for report in part.event_ids]
            cause = "settled-twice" if _bills_one_report_twice(about, self._line) else "settled-not-delivered"
            self._step(cause, left, reports, [each.settlement_id for each in about])

    def _step(
        self, cause: str, change: Decimal, event_ids: Iterable[str] = (), settlements: Iterable[str] = ()
    ) -> None:
        if change == ZERO:
            return
        before, self._quantity = self._quantity, self._quantity + change
        net = amounts.net(self._line, self._quantity, self._currency) - amounts.net(self._line, before, self._currency)
        self._findings.note(
            cause,
            self._bridge.add(_vat(self._line), net),
            line_id=self._line.line_id,
            quantity=change,
            expected=self._line.quantity,
            settlements=settlements,
            event_ids=event_ids,
        )


def _ordered_once(terms: Terms) -> Sums:
    """What the order charges once, by VAT category and rate."""
    found: Sums = {}
    for each in amounts.once(terms.adjustments):
        vat = Vat(each.vat_category or "S", each.vat_rate)
        found[vat] = found.get(vat, ZERO) + (each.amount or ZERO)
    return found


def _match_charges(
    findings: Findings,
    bridge: Bridge,
    state: OrderState,
    ordered: Sums,
    *,
    settlements: Sequence[SettlementRecorded],
    later: Sequence[SettlementRecorded],
) -> None:
    """From what the order charges once to what of it is settled now."""
    settled, finally_settled = _charged(settlements), _charged([*settlements, *later])
    due = ordered if any(bill.charges for bill in state.bills) else {}
    about = [each.settlement_id for each in settlements if once_of(each)]
    for vat in {**ordered, **finally_settled}:
        steps = (
            ("charge-not-billed", due.get(vat, ZERO) - ordered.get(vat, ZERO)),
            ("charge-differs", finally_settled.get(vat, ZERO) - due.get(vat, ZERO)),
            ("settled-later", settled.get(vat, ZERO) - finally_settled.get(vat, ZERO)),
        )
        for cause, change in steps:
            if change:
                findings.note(cause, bridge.allow(vat, change), settlements=about)


def _charged(settlements: Iterable[SettlementRecorded]) -> Sums:
    """What settlements charge once, credit notes deducted."""
    found: Sums = {}
    for each in settlements:
        for vat, amount in once_of(each).items():
            found[vat] = found.get(vat, ZERO) + (amount if each.kind == "invoice" else -amount)
    return found


def _each_once(
    findings: Findings, settlements: Sequence[SettlementRecorded], currency: str
) -> tuple[list[SettlementRecorded], Decimal]:
    """Every settlement in the order's currency once, and what they come to."""
    once: dict[str, SettlementRecorded] = {}
    total = ZERO
    for each in settlements:
        amount = signed(each)
        if each.currency != currency:
            about = [each.settlement_id]
            findings.note("other-currency", amount, apart=each.settlement_id, currency=each.currency, settlements=about)
            continue
        if each.settlement_id in once:
            findings.note("recorded-twice", amount, settlements=[each.settlement_id], expected=amount)
        else:
            total += amount
            once[each.settlement_id] = each
    return list(once.values()), total


def _quantities(settlements: Iterable[SettlementRecorded]) -> Quantities:
    """What is settled of each line, credit notes deducted."""
    found: Quantities = {}
    for each in settlements:
        for line in each.lines:
            quantity = line.quantity if each.kind == "invoice" else -line.quantity
            found[line.line_id] = found.get(line.line_id, ZERO) + quantity
    return found


def _audited(findings: Findings, settlements: Iterable[SettlementRecorded], state: OrderState, terms: Terms) -> Decimal:
    """What the settlements come to by the order's terms alone; what else is on them is noted."""
    lines: Mapping[str, OrderLine] = {line.line.line_id: line.line for line in state.lines}
    off: Off = set()
    return sum((audit(findings, each, lines, terms, off) for each in settlements), ZERO)


def _why_not(state: OrderState, line_id: str) -> str:
    """Why what is delivered of a line may not be settled: a hold, or because the order is not complete.

    By contract a delivery is settled at once, but what came before the order was confirmed only with the next one.
    """
    if blocking(state.holds, "settle", line_id):
        return "held-back"
    yet = not state.settlement_id and state.commercial in _IN_WORK
    return "not-settled-yet" if yet else "not-settled"


def _bills_one_report_twice(settlements: Sequence[SettlementRecorded], line: OrderLine) -> bool:
    named: set[str] = set()
    for each in settlements:
        if each.kind == "invoice" and each.cause != "replacement":
            reports = {report for part in _lines_of(each, line) for report in part.event_ids}
            if named & reports:
                return True
            named |= reports
    return False


def _lines_of(settlement: SettlementRecorded, line: OrderLine) -> list[SettledLine]:
    return [part for part in settlement.lines if _bills(part, line)]


def _bills(part: SettledLine, line: OrderLine) -> bool:
    return part.line_id == line.line_id and part.quantity > ZERO


def _vat(line: OrderLine) -> Vat:
    return Vat(line.vat_category, line.vat_rate)
