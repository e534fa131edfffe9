"""What the credit agent must have made of its inputs: every request answered once, every amount counted once.

The order in which requests and customers' events met is not written down, so which requests were granted is taken
from the answers; everything else is worked out anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hub.codec import Codec
from hub.domain.credit import CreditAccount, Reservation
from hub.domain.events import CreditDecided, CreditRequested, CustomerUpdated, PaymentReceived
from hub.errors import CodecError
from hub.runtime.spec import Record
from hub.topics import (
    CREDIT_DECISIONS,
    CREDIT_REQUESTS,
    CREDIT_STATE,
    CUSTOMERS_EVENTS,
    HUB_DEAD_LETTER,
    HUB_REKEYED_CUSTOMERS,
)
from tests.chaos.scenario import Records
from tests.chaos.verdict import Verdict
from tests.support.places import dead_letters, forwarded_from, place_of

_SOURCES = (CREDIT_REQUESTS, CUSTOMERS_EVENTS, HUB_REKEYED_CUSTOMERS)
_NOTHING = Decimal(0)


class _OrderCredit:
    """What the requests of one order come to."""

    def __init__(self) -> None:
        self.reserved = _NOTHING
        self.settled = _NOTHING
        self.paid = _NOTHING
        self._seen: set[str] = set()
        self._revision = 0
        self._answered = ""
        """The request whose answer is given again when it is repeated."""

    def take(self, request: CreditRequested, *, granted: bool) -> bool:
        """Carry a request out; says whether it is answered."""
        if request.event_id in self._seen:
            return request.event_id == self._answered
        if request.revision < self._revision:
            return False
        self._seen.add(request.event_id)
        self._revision = request.revision
        self._answered = request.event_id if request.action in ("reserve", "adjust") else ""
        match request.action:
            case "reserve" | "adjust":
                self.reserved = request.amount if granted else self.reserved
            case "settle":
                self.reserved -= min(self.reserved, request.amount)
                self.settled += request.amount
            case "release":
                self.reserved = _NOTHING
            case "owe":
                self.settled += request.amount
            case "credit":
                self.settled -= request.amount
            case "pay":
                self.paid += request.amount
        return bool(self._answered)


class CreditOracle:
    """Examines the credit agent's part."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def examine(self, verdict: Verdict, records: Records) -> None:
        """Hold dead letters, answers, reservations and accounts against the requests and the customers' events."""
        self._examine_fates(verdict, records)
        events = [self._codec.decode(record.value) for record in _taken(records)]
        orders = self._examine_answers(verdict, records, [each for each in events if isinstance(each, CreditRequested)])
        self._examine_states(verdict, records, orders, events)

    def _examine_fates(self, verdict: Verdict, records: Records) -> None:
        """What cannot be read is a dead letter, once; anything else is a dead letter or forwarded at most once."""
        inputs = {place_of(record): record for topic in _SOURCES for record in records[topic]}
        verdict.events += len(inputs)
        letters = [each for each in dead_letters(records[HUB_DEAD_LETTER]) if each.origin[0] in _SOURCES]
        unreadable = {place for place, record in inputs.items() if not self._is_readable(record)}
        ends = [each.origin for each in letters] + [forwarded_from(each) for each in records[HUB_REKEYED_CUSTOMERS]]
        verdict.expect_once("refused or forwarded input of the credit agent", {*ends, *unreadable}, ends)
        for letter in letters:
            source = inputs.get(letter.origin)
            if source is None or (source.key, source.value) != (letter.key, letter.value) or letter.code == "poison":
                verdict.mismatch(f"the dead letter of {letter.origin}, {letter.code}, is not what was refused")

    def _examine_answers(
        self, verdict: Verdict, records: Records, requests: list[CreditRequested]
    ) -> dict[tuple[str, str], _OrderCredit]:
        answers: defaultdict[str, list[CreditDecided]] = defaultdict(list)
        for record in records[CREDIT_DECISIONS]:
            answer = self._codec.decode(record.value)
            if isinstance(answer, CreditDecided):
                answers[answer.request_id].append(answer)
        orders: defaultdict[tuple[str, str], _OrderCredit] = defaultdict(_OrderCredit)
        due = []
        for request in requests:
            granted = any(answer.granted for answer in answers[request.event_id])
            if orders[request.customer_id, request.order_id].take(request, granted=granted):
                due.append(request.event_id)
        verdict.expect_once("answer to request", due, [each for each, given in answers.items() for _ in given])
        for request_id, given in answers.items():
            if any(answer != given[0] for answer in given):
                verdict.mismatch(f"request {request_id} is answered one way and another")
        return orders

    def _examine_states(
        self, verdict: Verdict, records: Records, orders: dict[tuple[str, str], _OrderCredit], events: list[Any]
    ) -> None:
        terms: dict[str, CustomerUpdated] = {}
        payments: dict[tuple[str, str], PaymentReceived] = {}
        for event in events:
            match event:
                case PaymentReceived():
                    payments[event.customer_id, event.event_id] = event
                case CustomerUpdated(customer_id=customer_id, occurred_at=since):
                    if customer_id not in terms or terms[customer_id].occurred_at <= since:
                        terms[customer_id] = event
        totals: defaultdict[str, list[Decimal]] = defaultdict(lambda: [_NOTHING, _NOTHING])
        for (customer_id, _), order in orders.items():
            totals[customer_id][0] += order.reserved
            totals[customer_id][1] += order.settled - order.paid
        for payment in payments.values():
            totals[payment.customer_id][1] -= payment.amount
        latest = {record.key: record.value for record in records[CREDIT_STATE]}
        states = [self._codec.decode(value) for value in latest.values() if value is not None]
        verdict.expect_equal(
            "reservation",
            {where: (order.reserved, order.settled, order.paid) for where, order in orders.items()},
            {
                (s.customer_id, s.order_id): (s.reserved, s.settled, s.paid)
                for s in states
                if isinstance(s, Reservation)
            },
        )
        verdict.expect_equal(
            "account",
            {who: (*totals[who], terms[who].credit_limit if who in terms else None) for who in {*totals, *terms}},
            {s.customer_id: (s.reserved, s.receivable, s.terms.limit) for s in states if isinstance(s, CreditAccount)},
        )

    def _is_readable(self, record: Record) -> bool:
        try:
            self._codec.decode(record.value)
        except CodecError:
            return False
        return True


def _taken(records: Records) -> Iterator[Record]:
    """Everything that took effect: not what was refused, and what was forwarded only where it was taken."""
    elsewhere = {letter.origin for letter in dead_letters(records[HUB_DEAD_LETTER])}
    elsewhere |= {forwarded_from(record) for record in records[HUB_REKEYED_CUSTOMERS]}
    for topic in _SOURCES:
        for record in records[topic]:
            if place_of(record) not in elsewhere:
                yield record
