"""What was settled and booked must be what was delivered and paid, worked out anew from the reports and payments.

Nothing of the hub's arithmetic is used: quantities are added up from the departments' reports, amounts are fractions
rounded half up, and the books are added up from their entries.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

from hub.codec import Codec
from hub.domain.effects import SettlementPosted, SettlementRecorded
from hub.domain.events import OrderEvent, OrderPaid, StatusReported
from hub.domain.money import quantum
from hub.domain.order import LineState, OrderState
from hub.domain.policy import Policy
from hub.domain.reconciliation.discrepancy import Tolerances
from hub.domain.reconciliation.dossier import Dossier, Period
from hub.domain.reconciliation.order import Grounds, reconcile
from hub.domain.reconciliation.summary import Summary
from hub.errors import CodecError
from hub.runtime.spec import Record
from hub.topics import (
    HUB_DEAD_LETTER,
    HUB_REKEYED,
    LOGISTICS_STATUS,
    ORDERS_EVENTS,
    ORDERS_STATE,
    SETTLEMENTS,
    SETTLEMENTS_JOURNAL,
)
from tests.chaos.scenario import Records
from tests.chaos.verdict import Verdict
from tests.support.places import Place, dead_letters, place_of

_NOTHING = Decimal(0)
T = TypeVar("T", SettlementRecorded, SettlementPosted)


class SettlementOracle:
    """Examines settlements and their journal."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def examine(self, verdict: Verdict, records: Records) -> None:
        """Hold settlements and postings against deliveries, returns and payments."""
        states = self._states(records)
        settlements = [self._codec.decode_as(SettlementRecorded, each.value) for each in records[SETTLEMENTS]]
        postings = [self._codec.decode_as(SettlementPosted, each.value) for each in records[SETTLEMENTS_JOURNAL]]
        events = list(self._taken(records, states))
        _examine_quantities(verdict, states, settlements, events)
        _examine_amounts(verdict, states, settlements)
        _examine_books(verdict, states, settlements, postings, events)
        _examine_reconciliation(verdict, states, settlements, postings)

    def _states(self, records: Records) -> dict[str, OrderState]:
        latest = {record.key: record.value for record in records[ORDERS_STATE]}
        decoded = (self._codec.decode_as(OrderState, value) for value in latest.values() if value is not None)
        return {state.order_id: state for state in decoded}

    def _taken(self, records: Records, states: dict[str, OrderState]) -> Iterator[OrderEvent]:
        """Each event once that was neither refused nor waits still."""
        nowhere: set[Place] = {letter.origin for letter in dead_letters(records[HUB_DEAD_LETTER])}
        nowhere |= {(each.topic, each.partition, each.offset) for state in states.values() for each in state.parked}
        seen: set[tuple[str, str]] = set()
        for topic in (LOGISTICS_STATUS, ORDERS_EVENTS, HUB_REKEYED):
            for record in records[topic]:
                event = None if place_of(record) in nowhere else self._read(record)
                if event is not None and (event.source, event.event_id) not in seen:
                    seen.add((event.source, event.event_id))
                    yield event

    def _read(self, record: Record) -> Any:
        try:
            return self._codec.decode(record.value)
        except CodecError:
            return None


def _examine_quantities(
    verdict: Verdict, states: dict[str, OrderState], settlements: list[SettlementRecorded], events: list[OrderEvent]
) -> None:
    """Settled by line = delivered less returned, at most what is wanted, for every order that is settled."""
    settled: Counter[tuple[str, str]] = Counter()
    for each in settlements:
        for line in each.lines:
            settled[each.order_id, line.line_id] += line.quantity if each.kind == "invoice" else -line.quantity  # type: ignore[assignment]
    in_hand: Counter[tuple[str, str]] = Counter()
    for event in events:
        if isinstance(event, StatusReported) and event.kind in ("delivered", "returned"):
            for part in event.lines:
                sign = 1 if event.kind == "delivered" else -1
                in_hand[event.order_id, part.line_id] += sign * part.quantity  # type: ignore[assignment]
    expected = {
        (state.order_id, line.line.line_id): min(in_hand[state.order_id, line.line.line_id], _wanted(line))
        for state in states.values()
        for line in state.lines
        if _bills_by_now(state)
    }
    verdict.expect_equal(
        "settled quantity",
        {where: quantity for where, quantity in expected.items() if quantity != 0},
        {where: quantity for where, quantity in settled.items() if quantity != 0},
    )


def _examine_amounts(verdict: Verdict, states: dict[str, OrderState], settlements: list[SettlementRecorded]) -> None:
    """What the settlements of an order come to, with the rounding they state, is what its goods come to as a whole."""
    by_order = _by_order(settlements)
    verdict.expect_once(
        "settlement", {each.settlement_id for each in settlements}, [e.settlement_id for e in settlements]
    )
    for order_id, mine in by_order.items():
        state = states[order_id]
        if state.settlement_id:
            total = sum((_signed(each) for each in mine), _NOTHING)
            stated = sum((d.amount for each in mine for d in each.differences if d.kind == "rounding"), _NOTHING)
            if total + stated != _claim(state):
                verdict.mismatch(f"{order_id} is settled at {total} and {stated} rounding, not at {_claim(state)}")


def _examine_books(
    verdict: Verdict,
    states: dict[str, OrderState],
    settlements: list[SettlementRecorded],
    postings: list[SettlementPosted],
    events: list[OrderEvent],
) -> None:
    """One balanced posting for each settlement and each payment, and balances that are what is owed and was paid."""
    payments = [event for event in events if isinstance(event, OrderPaid)]
    verdict.expect_once(
        "posting",
        [*(each.settlement_id for each in settlements), *(each.event_id for each in payments)],
        [each.settlement_id or each.event_ids[0] for each in postings],
    )
    books: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for posting in postings:
        if sum((entry.debit - entry.credit for entry in posting.entries), _NOTHING) != 0:
            verdict.mismatch(f"the posting {posting.event_id} of {posting.order_id} does not balance")
        for entry in posting.entries:
            books[posting.order_id][entry.account] += entry.debit - entry.credit  # type: ignore[assignment]
    owed: Counter[str] = Counter()
    for settlement in settlements:
        owed[settlement.order_id] += _signed(settlement)  # type: ignore[assignment]
    paid: Counter[str] = Counter()
    for payment in payments:
        paid[payment.order_id] += payment.amount  # type: ignore[assignment]
    touched = owed.keys() | paid.keys()
    claims = ("receivables", "prepayments", "customer-credit")
    verdict.expect_equal(
        "bank and claims of",
        {order_id: (paid[order_id], owed[order_id] - paid[order_id]) for order_id in touched},
        {
            order_id: (books[order_id]["bank"], sum(books[order_id][account] for account in claims))
            for order_id in books
        },
    )
    verdict.expect_equal(
        "open claims of",
        {order_id: books[order_id]["receivables"] for order_id in touched},
        {order_id: sum(bill.open for bill in states[order_id].bills) for order_id in touched},
    )


def _examine_reconciliation(
    verdict: Verdict,
    states: dict[str, OrderState],
    settlements: list[SettlementRecorded],
    postings: list[SettlementPosted],
) -> None:
    """A reconciliation has nothing to complain of, and accounts for every cent."""
    policy = Policy()
    grounds = Grounds(
        period=Period(today=datetime.now(UTC).date()),
        tolerances=Tolerances(),
        accounts=policy.accounts,
        over_delivery_percent=policy.over_delivery_percent,
    )
    settled, posted = _by_order(settlements), _by_order(postings)
    summary = Summary()
    for order_id in {*states, *settled, *posted}:
        dossier = Dossier(
            order_id=order_id,
            state=states.get(order_id),
            settlements=tuple(settled[order_id]),
            postings=tuple(posted[order_id]),
        )
        if (outcome := reconcile(dossier, grounds)) is not None:
            summary.add(outcome)
            for each in outcome.discrepancies:
                if each.open:
                    verdict.mismatch(f"{order_id} does not reconcile: {each.cause} {each.amount} {each.currency}")
    for currency in summary.currencies:
        if left := summary.unexplained(currency):
            verdict.mismatch(f"{left} {currency} are not explained by any difference")


def _by_order(records: list[T]) -> defaultdict[str, list[T]]:
    found: defaultdict[str, list[T]] = defaultdict(list)
    for each in records:
        found[each.order_id].append(each)
    return found


def _bills_by_now(state: OrderState) -> bool:
    by_delivery = state.terms is not None and state.terms.settlement == "per-delivery"
    return bool(state.settlement_id) or by_delivery


def _wanted(line: LineState) -> Decimal:
    return line.line.quantity - line.cancelled - line.short


def _signed(settlement: SettlementRecorded) -> Decimal:
    return settlement.tax_inclusive if settlement.kind == "invoice" else -settlement.tax_inclusive


def _claim(state: OrderState) -> Decimal:
    """What was delivered and kept comes to with VAT, in fractions of the currency's smallest unit."""
    assert state.terms is not None
    scale = int(1 / quantum(state.terms.currency))
    taxable: defaultdict[tuple[str, Decimal], int] = defaultdict(int)
    for line in state.lines:
        item = line.line
        quantity = Fraction(min(line.delivered - line.returned, _wanted(line)))
        base = _half_up(quantity * Fraction(item.price) / Fraction(item.base_quantity) * scale)
        net = base - _half_up(base * Fraction(item.discount_percent) / 100)
        taxable[item.vat_category, item.vat_rate] += net
    percents = [-state.terms.discount_percent]
    once: defaultdict[tuple[str, Decimal], Decimal] = defaultdict(Decimal)
    for each in state.terms.adjustments:
        if each.amount is None:
            assert each.percent is not None
            percents.append(each.percent if each.kind == "charge" else -each.percent)
        else:
            once[str(each.vat_category), each.vat_rate] += each.amount
    charged = any(line.delivered > line.returned and _wanted(line) > 0 for line in state.lines)
    total = 0
    for group in {*taxable, *once} if charged else ():
        amount = taxable[group]
        left = amount + sum(_half_up(amount * Fraction(percent) / 100) for percent in percents)
        left += int(once[group] * scale)
        total += left + _half_up(left * Fraction(group[1]) / 100)
    return Decimal(total) / scale


def _half_up(units: Fraction) -> int:
    rounded = math.floor(abs(units) + Fraction(1, 2))
    return rounded if units >= 0 else -rounded
