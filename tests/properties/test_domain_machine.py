"""Any events in any order, a third of them displaced and a fifth repeated: what holds for an order all the while.

`pytest tests/properties --hypothesis-profile=thorough` tries ten thousand orders of fifty steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from hub.domain import lifecycle
from hub.domain.decide import decide, fold
from hub.domain.decision import Decision, Received
from hub.domain.effects import DeadLettered, SettlementPosted, SettlementRecorded
from hub.domain.events import (
    OrderCancelled,
    OrderChanged,
    OrderConfirmed,
    OrderEvent,
    OrderPaid,
    StatusKind,
    StatusReported,
)
from hub.domain.flow.balancing import owed_back
from hub.domain.flow.joining import KINDS
from hub.domain.headline import headline
from hub.domain.holds import HoldRule
from hub.domain.ledger import billed, ready, unmade, wanted
from hub.domain.model import DEPARTMENTS, Address, Adjustment, Department, LineChange, OrderAdjustment
from hub.domain.node import Node
from hub.domain.order import LineState, OrderState
from hub.domain.policy import EarlyPayment, LateDelivery, Policy
from tests.support.effort import examples
from tests.support.nodes import node
from tests.support.orders import ADDRESS, ORDER, START, Story, line
from tests.support.reconciliation import reconciled

LINES = st.sampled_from(["1", "2", "3"])
QUANTITIES = st.integers(1, 8)
AGREED: list[tuple[OrderAdjustment, ...]] = [
    (OrderAdjustment("charge", amount=Decimal("12.34"), reason_code="FC"),),
    (
        OrderAdjustment("charge", percent=Decimal("1.7"), reason="Insurance"),
        OrderAdjustment("charge", amount=Decimal("3.01"), reason="Packaging", vat_category="S", vat_rate=Decimal(7)),
        OrderAdjustment("allowance", amount=Decimal("0.17"), reason="Voucher"),
    ),
]
"""What an order allows and charges beside its discount."""
ON_LINES = [
    (),
    (),
    (Adjustment("charge", amount=Decimal("1.07"), reason="Engraving"), Adjustment("allowance", percent=Decimal(3))),
]
ELSEWHERE = Address("Weserland", "Bund 1", "Shanghai", "200002", "CN")
WANTED_BY = [None, START.date() - timedelta(days=2)]
PRICES = [Decimal(10), Decimal("9.97"), Decimal("0.335")]
ITEMS = st.sampled_from(["MK-1", "MK-1", "BU-1", "ST-1", "ST-1", "XX-1"])
REPORTS: list[tuple[Department, StatusKind]] = sorted((each, kind) for each in DEPARTMENTS for kind in KINDS[each])
MADE: dict[Department, StatusKind] = {"production": "produced", "procurement": "received"}
NODES = (
    node("works", per_day=3, horizon=2, smallest_part=2),
    node("mill", per_day=2, lead_days=1),
    node("store", "logistics"),
)
Fate = tuple[int, int]
FATES = st.tuples(st.integers(0, 9), st.integers(0, 4))
"""What happens to an event on its way."""
COMMANDS = [
    "hold", "release-hold", "override-credit", "reroute", "assign", "resolve", "close-short", "cancel",
    "correct-settlement",
]  # fmt: skip
HOLDS = {
    "work": HoldRule(blocks=("confirm", "allocate")),
    "free": HoldRule(keeps_reservation=timedelta(hours=20)),
    "way": HoldRule(blocks=("ship", "settle"), ends_when=("paid", "work")),
    "short": HoldRule(ends_after=timedelta(hours=30), then="cancel"),
}
CONTRACTS = st.builds(
    Policy,
    holds=st.just(HOLDS),
    changeable_until=st.sampled_from(
        [{}, {"production": "started", "procurement": "accepted", "logistics": "scheduled"}]
    ),
    settlement=st.sampled_from(["at-close", "per-delivery"]),
    cancellation_charges=st.sampled_from([{}, {"production": Decimal(40), "procurement": Decimal("12.5")}]),
    late_delivery=st.sampled_from([None, LateDelivery(percent=Decimal("1.5"), per="day", cap=Decimal(5))]),
    early_payment=st.sampled_from([None, EarlyPayment(percent=Decimal(3), days=14)]),
    vat_currency=st.sampled_from(["", "CHF"]),
    exchange_rates=st.just({"EUR": Decimal("0.94")}),
    charges_when_returned=st.sampled_from(["credited", "kept"]),
)


def _lacking(each: LineState, department: Department, kind: StatusKind) -> Decimal:
    if kind == "delivered":
        return each.shipped - each.delivered
    if kind == "shipped":
        return ready(each) - each.shipped
    return unmade(each, department)


def _axes(state: OrderState | None) -> dict[str, str]:
    """Where each axis stands."""
    if state is None:
        return {axis: next(iter(table)) for axis, table in TABLES.items()}
    works = {str(department): getattr(state, department).status for department in DEPARTMENTS}
    return {"commercial": state.commercial, "credit": state.credit, "billing": state.billing, **works}


def _within_reach(table: Mapping[str, Mapping[str, str]], status: str) -> frozenset[str]:
    """Where the transitions of a table lead from a status, which one decision may follow several of."""
    found, waiting = {status}, [status]
    while waiting:
        new = set(table[waiting.pop()].values()) - found - {lifecycle.EARLY, lifecycle.LATE}
        found |= new
        waiting += new
    return frozenset(found)


TABLES: dict[str, Mapping[Any, Mapping[Any, str]]] = {
    "commercial": lifecycle.COMMERCIAL,
    "credit": lifecycle.CREDIT,
    "billing": lifecycle.BILLING,
    **dict.fromkeys(map(str, DEPARTMENTS), lifecycle.WORK),
}
_WITHIN_REACH = {axis: {status: _within_reach(table, status) for status in table} for axis, table in TABLES.items()}


class OrderMachine(RuleBasedStateMachine):
    """One order and its account under everything that can happen to them."""

    @initialize(
        confirmation=st.sampled_from(["automatic", "automatic", "required"]),
        silence=st.sampled_from(["accept", "cancel", "escalate"]),
        limit=st.sampled_from(["100000", "100000", "200", "0"]),
        items=st.lists(st.tuples(ITEMS, QUANTITIES), min_size=1, max_size=3),
        early=st.booleans(),
        contract=CONTRACTS,
        discount=st.sampled_from(["0", "0", "7.5"]),
        agreed=st.sampled_from([(), *AGREED]),
        on_lines=st.sampled_from(ON_LINES),
        nodes=st.sampled_from([(), (), NODES]),
    )
    def open_account(
        self,
        confirmation: Any,
        silence: Any,
        limit: str,
        items: list[tuple[str, int]],
        contract: Policy,
        *,
        nodes: tuple[Node, ...],
        discount: str,
        agreed: tuple[OrderAdjustment, ...],
        on_lines: tuple[Adjustment, ...],
        early: bool,
    ) -> None:
        policy = replace(contract, confirmation=confirmation, confirmation_silence=silence, duplicate_window=64)
        self.story = Story(policy, limit=limit, nodes=nodes)
        self.bag: list[OrderEvent] = []
        self.sent: dict[str, OrderEvent] = {}
        self.waiting: set[str] = set()
        self.joined: set[str] = set()
        self.overridden = False
        self.revision = 0
        self.limit = Decimal(limit)
        self.axes = _axes(None)
        placed = self.story.placed(
            *(
                line(
                    str(place),
                    item,
                    quantity,
                    price=PRICES[place % 3],
                    requested_delivery=WANTED_BY[place % 2],
                    adjustments=on_lines,
                )
                for place, (item, quantity) in enumerate(items, 1)
            ),
            discount_percent=Decimal(discount),
            adjustments=agreed,
        )
        self._send(placed, (0, 4) if early else (9, 4))

    # --- what may happen ----------------------------------------------------------------------

    @rule(department=st.sampled_from(DEPARTMENTS), share=st.integers(1, 4), fate=FATES)
    def work(self, department: Department, share: int, fate: Fate) -> None:
        """A department does the next thing it has to: accept, make, ship, deliver; all of a line or part of it."""
        report = self._next_report(department, share)
        if report is not None:
            self._send(report, fate)

    @rule(fates=st.lists(FATES, min_size=1, max_size=6))
    def carry_on(self, fates: list[Fate]) -> None:
        """Whoever has something to do does it whole, several times over."""
        for fate in fates:
            reports = (self._next_report(department, 1) for department in DEPARTMENTS)
            report = next((each for each in reports if each is not None), None)
            if report is not None:
                self._send(report, fate)

    @rule(
        reported=st.sampled_from(REPORTS),
        line_id=LINES,
        quantity=QUANTITIES,
        at=st.sampled_from(["", "works"]),
        fate=FATES,
    )
    def report(self, reported: tuple[Department, StatusKind], line_id: str, quantity: int, at: str, fate: Fate) -> None:
        """A department, or a node of it, says anything at all."""
        department, kind = reported
        self._send(self.story.status(department, kind, {line_id: quantity}, node=at), fate)

    @precondition(lambda self: self.state is not None and any(each.delivered for each in self.state.lines))
    @rule(line_id=LINES, quantity=st.integers(1, 3), fate=FATES)
    def send_back(self, line_id: str, quantity: int, fate: Fate) -> None:
        """The customer returns some of a line."""
        self._send(self.story.status("logistics", "returned", {line_id: quantity}), fate)

    @rule(
        line_id=LINES,
        quantity=QUANTITIES,
        action=st.sampled_from(["add", "change", "delete"]),
        item=ITEMS,
        price=st.sampled_from(PRICES),
        on_line=st.sampled_from(ON_LINES),
        fate=FATES,
    )
    def change(  # noqa: PLR0917
        self, line_id: str, quantity: int, action: Any, item: str, price: Decimal, on_line: Any, fate: Fate
    ) -> None:
        self.revision += 1
        state = self.state
        known = {each.line.line_id: each.line.item_id for each in state.lines} if state else {}
        new = None
        if action != "delete":
            new = line(line_id, known.get(line_id, item), quantity, price=price, adjustments=on_line)
        change = LineChange(action, line_id, new)
        event = OrderChanged(order_id=ORDER, revision=self.revision, changes=(change,), **self.story.head())
        self._send(event, fate)

    @rule(agreed=st.sampled_from([(), *AGREED]), discount=st.sampled_from([None, "0", "7.5"]), fate=FATES)
    def agree(self, agreed: tuple[OrderAdjustment, ...], discount: str | None, fate: Fate) -> None:
        """What is allowed and charged on the order as a whole changes, whatever was billed of it already."""
        self.revision += 1
        percent = None if discount is None else Decimal(discount)
        self._send(
            OrderChanged(
                order_id=ORDER,
                revision=self.revision,
                changes=(),
                discount_percent=percent,
                adjustments=agreed,
                **self.story.head(),
            ),
            fate,
        )

    @rule(address=st.sampled_from([None, ADDRESS, ELSEWHERE]), days=st.sampled_from([None, 2, 9]), fate=FATES)
    def change_terms(self, address: Address | None, days: int | None, fate: Fate) -> None:
        """The buyer wants it elsewhere, or at another time."""
        self.revision += 1
        wanted = None if days is None else START.date() + timedelta(days=days)
        event = OrderChanged(
            order_id=ORDER,
            revision=self.revision,
            deliver_to=address,
            requested_delivery=wanted,
            **self.story.head(),
        )
        self._send(event, fate)

    @precondition(lambda self: self.state is not None)
    @rule(blocked=st.booleans())
    def block(self, *, blocked: bool) -> None:
        """The customer gets no credit any more, or again."""
        self.story.customer(limit=str(self.limit), blocked=blocked)

    @rule(chance=st.integers(1, 20), fate=FATES)
    def cancel(self, chance: int, fate: Fate) -> None:
        if chance == 1:
            self._send(OrderCancelled(order_id=ORDER, **self.story.head()), fate)

    @rule(accepted=st.sampled_from([True] * 9 + [False]), fate=FATES)
    def confirm(self, *, accepted: bool, fate: Fate) -> None:
        self._send(OrderConfirmed(order_id=ORDER, accepted=accepted, **self.story.head()), fate)

    @rule(amount=st.integers(1, 200), fate=FATES)
    def pay(self, amount: int, fate: Fate) -> None:
        self._send(OrderPaid(order_id=ORDER, amount=Decimal(amount), currency="EUR", **self.story.head()), fate)

    @precondition(lambda self: self.state is not None and owed_back(self.state) > 0)
    @rule(share=st.integers(1, 3), fate=FATES)
    def send_money_back(self, share: int, fate: Fate) -> None:
        """Finance sends back what the order has of the customer's, or a part of it."""
        amount = -max((owed_back(self.story.order) / share).quantize(Decimal("0.01")), Decimal("0.01"))
        self._send(OrderPaid(order_id=ORDER, amount=amount, currency="EUR", **self.story.head()), fate)

    @rule(
        command=st.sampled_from(COMMANDS),
        line_id=LINES,
        department=st.sampled_from(["", *DEPARTMENTS, "works"]),
        chance=st.integers(1, 8),
    )
    def command(self, command: str, line_id: str, department: str, chance: int) -> None:
        if command == "cancel" and chance > 1:
            return
        hold = f"{[*HOLDS][chance % 4]}{f':{line_id}' if department else ''}"
        targets = {
            "hold": hold,
            "release-hold": self._some_hold(chance),
            "reroute": f"{line_id}:{department}" if department else line_id,
            "close-short": f"{line_id}:{chance}" if chance > 4 else line_id,
            "correct-settlement": self._some_settlement(chance),
            "assign": "no-candidate",
            "resolve": "credit-refused",
        }
        before = len(self.story.decisions)
        self.story.command(command, targets.get(command, ""))
        self.overridden = self.overridden or command == "override-credit"
        self._check(self.story.decisions[before:])

    @rule(fate=FATES)
    def place_again(self, fate: Fate) -> None:
        self._send(self.story.placed(), fate)

    @precondition(lambda self: self.bag)
    @rule(fate=FATES)
    def arrive(self, fate: Fate) -> None:
        self._arrive(fate)

    @rule(hours=st.integers(1, 40))
    def wait(self, hours: int) -> None:
        before = len(self.story.decisions)
        self.story.wait(timedelta(hours=hours))
        self._check(self.story.decisions[before:])

    @precondition(lambda self: self.state is not None and self.state.settlements)
    @rule(line_id=LINES, price=st.sampled_from(PRICES))
    def reprice(self, line_id: str, price: Decimal) -> None:
        """The buyer and the seller agree on another price for what was ordered."""
        known = [each.line for each in self.story.order.lines if each.line.line_id == line_id]
        if known and self.revision == self.story.order.revision:
            self.revision += 1
            change = LineChange("change", line_id, replace(known[0], price=price))
            event = OrderChanged(order_id=ORDER, revision=self.revision, changes=(change,), **self.story.head())
            self._send(event, (0, 4))

    def _some_hold(self, chance: int) -> str:
        names = ["", *(hold.name for hold in self.state.holds)] if self.state else [""]
        return names[chance % len(names)]

    def _some_settlement(self, chance: int) -> str:
        settlements = [each.settlement_id for each in self.story.sent(SettlementRecorded)]
        return settlements[chance % len(settlements)] if settlements else "none"

    def _next_report(self, department: Department, share: int) -> OrderEvent | None:
        state = self.state
        status = getattr(state, department).status if state else "none"
        if state is None or status in ("none", "rejected", "cancelled"):
            return None
        if status == "ordered":
            return self.story.status(department, "accepted")
        kinds: tuple[StatusKind, ...] = ("delivered", "shipped") if department == "logistics" else (MADE[department],)
        for kind in kinds:
            for each in state.lines:
                lacking = _lacking(each, department, kind)
                if lacking > 0:
                    part = max(Decimal(1), lacking // share)
                    return self.story.status(department, kind, {each.line.line_id: part})
        return None

    def _send(self, event: OrderEvent, fate: Fate) -> None:
        """Puts an event on its way; the one whose turn it is arrives."""
        self.sent[event.event_id] = event
        self.bag.append(event)
        self._arrive(fate)

    def _arrive(self, fate: Fate) -> None:
        """Three in ten are held up and overtaken, one in five comes again later."""
        displaced, again = fate
        if displaced >= 7 and len(self.bag) < 12:
            return
        event = self.bag.pop(displaced % len(self.bag))
        if again == 0:
            self.bag.append(event)
        before = len(self.story.decisions)
        self.story.receive(event)
        self._check(self.story.decisions[before:], event.event_id)

    def _check(self, decisions: list[Decision], event_id: str = "") -> None:
        """No event without effect or reason. Keeps account of what was joined, waits, or was given back."""
        for decision in decisions:
            if decision.outcome == "applied":
                assert decision.effects or decision.explanations
            else:
                assert decision.code
                assert decision.detail
                assert decision.effects == ()
        if decisions and event_id:
            if decisions[0].outcome == "applied":
                self.joined.add(event_id)
            elif decisions[0].outcome == "parked":
                self.waiting.add(event_id)
        letters = self.story.sent(DeadLettered, [effect for decision in decisions for effect in decision.effects])
        self.waiting -= {letter.raw.decode().split()[1] for letter in letters}
        parked = {each.raw.decode().split()[1] for each in self.state.parked} if self.state else set()
        self.joined |= self.waiting - parked
        self.waiting &= parked

    # --- what always holds --------------------------------------------------------------------

    @property
    def state(self) -> OrderState | None:
        return self.story.state if hasattr(self, "story") else None

    @invariant()
    def every_unit_is_accounted_for(self) -> None:
        for each in self.state.lines if self.state else ():
            allocated = sum((allocation.quantity for allocation in each.allocations), Decimal(0))
            assert each.line.quantity == each.cancelled + each.short + each.unallocated + allocated
            assert 0 <= each.returned <= each.delivered <= each.shipped
            assert min(each.cancelled, each.short, each.unallocated) >= 0
            suppliers = [(allocation.department, allocation.node) for allocation in each.allocations]
            assert len(set(suppliers)) == len(suppliers)
            assert all(allocation.awaiting == 0 for allocation in each.allocations)
            assert len(set(each.rejected_by)) == len(each.rejected_by)

    @invariant()
    def nodes_have_booked_what_the_order_gave_them(self) -> None:
        """Less is booked only of what left although it had been cancelled, more only of what was made before."""
        for booking in self.story.bookings.values() if self.state else ():
            booked: Counter[str] = Counter()
            for part in booking.days:
                booked[part.line_id] += part.quantity  # type: ignore[assignment]
            for each in self.story.order.lines:
                there = [part for part in each.allocations if part.node == booking.node]
                given, has = sum((part.quantity for part in there), Decimal(0)), booked[each.line.line_id]
                made = sum((part.made for part in there), Decimal(0))
                assert has == given or given > has <= each.shipped or given < has <= made

    @invariant()
    def the_axes_agree_with_each_other_and_with_the_ledger(self) -> None:
        state = self.state
        if state is None:
            return
        assert headline(state)
        assert (state.terms is None) == (state.commercial == "unknown") == (state.lines == ())
        assert (state.settlement_id != "") == (state.commercial in ("fulfilled", "closed"))
        assert (state.commercial == "closed") <= (state.billing == "paid")
        assert (state.commercial == "fulfilled") == (
            state.settlement_id != "" and any(bill.open for bill in state.bills)
        )
        assert (state.credit_request is not None) == (state.credit == "requested") == (state.credit_due is not None)
        assert (state.commercial == "confirming") >= (state.confirm_due is not None)
        if state.commercial in ("unknown", "received", "confirming"):
            assert all(each.shipped == 0 and not each.allocations for each in state.lines)
        if state.commercial == "cancelled":
            assert all(each.delivered == 0 and wanted(each) == 0 for each in state.lines)
        problems = {each.subject for each in state.exceptions if each.kind == "on-hold"}
        assert problems <= {hold.name for hold in state.holds}
        if state.commercial in ("fulfilled", "closed", "cancelled"):
            assert state.holds == ()
        assert state.consent <= (state.commercial == "confirming")

    @invariant()
    def every_axis_has_moved_as_its_table_allows(self) -> None:
        if not hasattr(self, "axes"):
            return
        now = _axes(self.state)
        for axis, was in self.axes.items():
            assert now[axis] in _WITHIN_REACH[axis][was], (axis, was, now[axis])
        self.axes = now

    @invariant()
    def the_account_reserves_what_its_orders_hold_and_no_more_than_its_limit(self) -> None:
        if self.state is None or self.story.account is None:
            return
        held = Decimal(0) if self.story.reservation is None else self.story.reservation.reserved
        assert self.story.account.reserved == held >= 0
        if self.state.credit != "requested":
            assert self.state.reserved == held
        if not self.overridden:
            assert held <= self.limit + self.state.paid
        if self.state.commercial in ("fulfilled", "closed"):
            assert held == 0
        assert self.story.account.receivable == self.state.payable - self.state.paid
        if self.state.commercial == "cancelled":
            assert held == 0

    @invariant()
    def every_report_of_goods_counts_once_or_waits_or_was_given_back(self) -> None:
        """The ledger against the reports themselves: nothing is lost, nothing is doubled."""
        if self.state is None:
            return
        told: Counter[tuple[StatusKind, str]] = Counter()
        for event_id in self.joined:
            event = self.sent.get(event_id)
            if isinstance(event, StatusReported):
                for part in event.lines:
                    told[event.kind, part.line_id] += part.quantity  # type: ignore[assignment]
        for each in self.state.lines:
            line_id = each.line.line_id
            assert (each.shipped, each.delivered, each.returned) == (
                told["shipped", line_id],
                told["delivered", line_id],
                told["returned", line_id],
            )
            made = sum((allocation.made for allocation in each.allocations), Decimal(0))
            assert made == told["produced", line_id] + told["received", line_id]

    @invariant()
    def what_is_settled_is_what_was_delivered_and_kept(self) -> None:
        """By the settlements alone: their quantities by line, and what they come to, are what the order says."""
        state = self.state
        if state is None:
            return
        settlements = self.story.sent(SettlementRecorded)
        assert len({each.settlement_id for each in settlements}) == len(settlements) == state.settlements
        assert len([each for each in settlements if each.cause == "close"]) == (1 if state.settlement_id else 0)
        settled: Counter[str] = Counter()
        vat: Counter[tuple[str, Decimal]] = Counter()
        for each in settlements:
            sign = 1 if each.kind == "invoice" else -1
            for part in each.lines:
                settled[part.line_id] += sign * part.quantity  # type: ignore[assignment]
            for row in each.vat:
                vat[row.category, row.rate] += sign * (row.taxable_amount + row.tax_amount)  # type: ignore[assignment]
        assert sum(vat.values()) == state.payable
        assert all(vat[row.category, row.rate] == row.taxable_amount + row.tax_amount for row in state.vat)
        for line_state in state.lines:
            in_hand = line_state.delivered - line_state.returned - line_state.missing
            assert settled[line_state.line.line_id] == billed(line_state) <= in_hand
            if state.settlement_id:
                assert billed(line_state) == min(in_hand, wanted(line_state))

    @invariant()
    def what_is_charged_once_is_settled_once_with_goods_or_not_at_all(self) -> None:
        """By the settlements alone: freight and its like are there as often as the order has them, if goods are."""
        state = self.state
        if state is None or state.terms is None:
            return
        settled: Counter[tuple[str, str]] = Counter()
        for each in self.story.sent(SettlementRecorded):
            for part in each.adjustments:
                if part.role == "once":
                    amount = part.amount if each.kind == "invoice" else -part.amount
                    settled[part.reason_code, part.reason] += amount  # type: ignore[assignment]
        ordered: Counter[tuple[str, str]] = Counter()
        for term in state.terms.adjustments:
            if term.kind == "charge" and term.amount is not None:
                ordered[term.reason_code, term.reason] += term.amount  # type: ignore[assignment]
        some_billed = any(billed(each) for each in state.lines)
        kept = self.story.policy.charges_when_returned == "kept" and any(settled.values())
        assert {name: amount for name, amount in settled.items() if amount} == (ordered if some_billed or kept else {})

    @invariant()
    def the_books_balance_and_show_where_the_order_stands(self) -> None:
        state = self.state
        if state is None:
            return
        postings = self.story.sent(SettlementPosted)
        payments = [each for each in postings if each.cause == "payment"]
        assert len(postings) - len(payments) == state.settlements
        accounts: Counter[str] = Counter()
        open_claims: Counter[str] = Counter()
        for posting in postings:
            assert sum(entry.debit - entry.credit for entry in posting.entries) == 0
            for entry in posting.entries:
                assert min(entry.debit, entry.credit) == 0 < max(entry.debit, entry.credit)
                accounts[entry.account] += entry.debit - entry.credit  # type: ignore[assignment]
                if entry.account == "receivables":
                    open_claims[entry.settlement_id] += entry.debit - entry.credit  # type: ignore[assignment]
        assert (accounts["bank"], accounts["prepayments"]) == (state.paid, -state.prepaid)
        assert accounts["customer-credit"] == -state.credit_balance
        assert all(open_claims[bill.settlement_id] == bill.open >= 0 for bill in state.bills)
        assert state.payable - state.paid == sum(open_claims.values()) - state.prepaid - state.credit_balance

    @invariant()
    def a_reconciliation_explains_every_difference_to_the_cent(self) -> None:
        state = self.state
        if state is None or state.terms is None:
            return
        outcome = reconciled(self.story)
        by_side = {
            side: sum((each.amount for each in outcome.discrepancies if each.side == side), Decimal(0))
            for side in ("order", "payment", "books")
        }
        assert outcome.matched.ordered + by_side["order"] == outcome.matched.settled == state.payable
        assert outcome.matched.settled + by_side["payment"] == outcome.books.paid == state.paid
        assert [each for each in outcome.discrepancies if each.open or each.side == "books"] == []

    def teardown(self) -> None:
        """Decided again from the journal, everything comes out the same."""
        if not hasattr(self, "story"):
            return
        ids = Counter(effect.event_id for effect in self.story.effects if not isinstance(effect, DeadLettered))
        asked_again = {request.event_id for request in self.story.requests}
        assert all(count == 1 or event_id in asked_again for event_id, count in ids.items())
        assert fold(self.story.journal, self.story.context()) == self.story.state
        self._replay(self.story.journal, [each for each in self.story.decisions if each.outcome != "refused"])

    def _replay(self, journal: list[tuple[Received, Any]], decisions: list[Decision]) -> None:
        state: OrderState | None = None
        context = self.story.context()
        for received, decided_at in journal:
            decision = decide(state, received, replace(context, now=decided_at))
            state = decision.state
            decided = decisions.pop(0)
            assert (decision.outcome, decision.effects, decision.explanations) == (
                decided.outcome,
                decided.effects,
                decided.explanations,
            )


TestOrderMachine = OrderMachine.TestCase
TestOrderMachine.settings = settings(max_examples=examples(2_000), stateful_step_count=50)
