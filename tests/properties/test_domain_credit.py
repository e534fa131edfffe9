"""Many orders of one customer on one account: totals are the sum of the parts, and a limit is a limit."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.domain.credit import CreditAccount, Reservation, in_currency, merged, overdue
from hub.domain.credit_terms import CreditTerms
from hub.domain.decide_credit import decide_credit, decide_customer
from hub.domain.events import CreditDecided, CreditRequested, CurrencyLimit, CustomerUpdated
from hub.domain.flow.crediting import CreditAction
from hub.domain.policy import Policy
from tests.support.effort import examples
from tests.support.orders import CUSTOMER, START

LIMIT = Decimal(1000)
AMOUNTS = st.integers(0, 700).map(Decimal)
ORDERS = st.sampled_from([f"O{number}" for number in range(6)])
ACTIONS: st.SearchStrategy[CreditAction] = st.sampled_from(["reserve", "adjust", "adjust", "settle", "release"])
BOOKINGS: st.SearchStrategy[CreditAction] = st.sampled_from(["settle", "owe", "credit", "pay", "pay"])


@st.composite
def requests(draw: st.DrawFn, actions: st.SearchStrategy[CreditAction] = ACTIONS) -> list[CreditRequested]:
    """What orders ask; some of it again, some under an older revision."""
    asked: list[CreditRequested] = []
    for number in range(draw(st.integers(1, 30))):
        if asked and draw(st.integers(0, 4)) == 0:
            asked.append(draw(st.sampled_from(asked)))
            continue
        asked.append(
            CreditRequested(
                event_id=f"r{number}",
                source="/test",
                occurred_at=START,
                customer_id=CUSTOMER,
                order_id=draw(ORDERS),
                revision=draw(st.integers(0, 3)),
                action=draw(actions),
                amount=draw(AMOUNTS),
                currency="EUR",
                due=START.date() + timedelta(days=draw(st.integers(0, 5))),
            )
        )
    return asked


@settings(max_examples=examples(400))
@given(requests())
def test_reservations_add_up_and_never_exceed_the_limit(asked: list[CreditRequested]) -> None:
    account = CreditAccount(customer_id=CUSTOMER, known=True, currency="EUR", terms=CreditTerms(limit=LIMIT))
    reservations: dict[str, Reservation | None] = {}
    answers: dict[str, CreditDecided] = {}
    settled: dict[str, Decimal] = {}
    for request in asked:
        before = account.reserved + account.receivable
        decision = decide_credit(account, reservations.get(request.order_id), request, START, Policy())
        assert decision.account is not None
        account, reservations[request.order_id] = decision.account, decision.reservation
        held = [each for each in reservations.values() if each is not None]
        assert account.reserved == sum((each.reserved for each in held), Decimal(0))
        assert account.receivable == sum((each.settled for each in held), Decimal(0))
        assert all(each.reserved >= 0 for each in held)
        if request.action == "settle" and decision.outcome == "applied":
            assert request.event_id not in settled
            settled[request.event_id] = request.amount
        elif account.reserved + account.receivable > before:
            assert account.reserved + account.receivable <= LIMIT
        if decision.decided is not None:
            assert answers.setdefault(request.event_id, decision.decided) == decision.decided
    assert account.receivable == sum(settled.values(), Decimal(0))


@settings(max_examples=examples(400))
@given(requests(st.one_of(ACTIONS, BOOKINGS)))
def test_an_account_in_two_currencies_is_two_accounts(asked: list[CreditRequested]) -> None:
    """What is decided in one currency is what would be if the customer had no other."""

    def opened(currency: str, *others: CurrencyLimit) -> CreditAccount:
        event = CustomerUpdated(
            event_id="c",
            source="/test",
            occurred_at=START,
            customer_id=CUSTOMER,
            name="Weserland",
            currency=currency,
            credit_limit=LIMIT,
            other_limits=others,
        )
        account = decide_customer(None, event, Policy()).account
        assert account is not None
        return account

    both, apart = opened("EUR", CurrencyLimit("USD", LIMIT)), {each: opened(each) for each in ("EUR", "USD")}
    held: dict[str, Reservation | None] = {}
    held_apart: dict[str, Reservation | None] = {}
    for each in asked:
        currency = "EUR" if each.order_id < "O3" else "USD"
        request = replace(each, currency=currency)
        decision = decide_credit(both, held.get(each.order_id), request, START, Policy())
        alone = decide_credit(apart[currency], held_apart.get(each.order_id), request, START, Policy())
        assert (decision.outcome, decision.decided, decision.reservation) == (
            alone.outcome,
            alone.decided,
            alone.reservation,
        )
        assert decision.account is not None
        assert alone.account is not None
        both, held[each.order_id] = decision.account, decision.reservation
        apart[currency], held_apart[each.order_id] = alone.account, alone.reservation
    for currency, account in apart.items():
        seen = in_currency(both, currency)
        assert (seen.reserved, seen.receivable, seen.due) == (account.reserved, account.receivable, account.due)


@settings(max_examples=examples(400))
@given(requests(BOOKINGS), st.integers(0, 700))
def test_what_is_due_is_what_is_owed_by_order_and_in_all(asked: list[CreditRequested], on_account: int) -> None:
    account = CreditAccount(customer_id=CUSTOMER, known=True, currency="EUR", receivable=Decimal(-on_account))
    reservations: dict[str, Reservation | None] = {}
    for request in asked:
        decision = decide_credit(account, reservations.get(request.order_id), request, START, Policy())
        assert decision.account is not None
        account, reservations[request.order_id] = decision.account, decision.reservation
        held = [each for each in reservations.values() if each is not None]
        for each in held:
            assert all(claim.amount > 0 for claim in each.claims)
            assert sum(claim.amount for claim in each.claims) == max(each.settled - each.paid, Decimal(0))
        assert account.due == merged(claim for each in held for claim in each.claims)
        assert account.receivable == sum((each.settled - each.paid for each in held), Decimal(-on_account))
    never = START.date() - timedelta(days=1)
    assert overdue(account, never) == (0, 0)
    at_last, days = overdue(account, START.date() + timedelta(days=30))
    assert at_last == max(account.receivable, Decimal(0))
    assert (days > 0) == (at_last > 0)
