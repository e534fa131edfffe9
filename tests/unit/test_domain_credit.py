"""The credit account: what it reserves, refuses, and remembers."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from hub.domain.credit import CreditAccount, Reservation
from hub.domain.credit_terms import CreditTerms
from hub.domain.decide_credit import CreditDecision, decide_credit, decide_customer
from hub.domain.events import CreditRequested, CurrencyLimit, CustomerUpdated, PaymentReceived
from hub.domain.policy import Policy
from tests.support.orders import START

POLICY = Policy()


class Account:
    """An account with its reservations, as the shell keeps them."""

    def __init__(self, limit: str | None = "1000", **terms: Any) -> None:
        self.account: CreditAccount | None = None
        self.reservations: dict[str, Reservation | None] = {}
        self.count = 0
        if limit is not None:
            self.update(credit_limit=Decimal(limit), **terms)

    def update(self, **terms: Any) -> CreditDecision:
        values: dict[str, Any] = (
            {"name": "Weserland", "currency": "EUR", "credit_limit": Decimal(1000)} | self._head() | terms
        )
        return self._keep(decide_customer(self.account, CustomerUpdated(**values), POLICY))

    def receive(self, amount: str, **fields: Any) -> CreditDecision:
        values: dict[str, Any] = {"amount": Decimal(amount), "currency": "EUR"} | self._head() | fields
        return self._keep(decide_customer(self.account, PaymentReceived(**values), POLICY))

    def ask(self, order_id: str, action: str, amount: str = "0", **fields: Any) -> CreditDecision:
        values = {"order_id": order_id, "action": action, "amount": Decimal(amount), "currency": "EUR", "revision": 0}
        return self.request(CreditRequested(**(values | self._head() | fields)))  # type: ignore[arg-type]

    def request(self, request: CreditRequested, policy: Policy = POLICY) -> CreditDecision:
        decision = decide_credit(self.account, self.reservations.get(request.order_id), request, START, policy)
        self.reservations[request.order_id] = decision.reservation
        return self._keep(decision)

    def _keep(self, decision: CreditDecision) -> CreditDecision:
        self.account = decision.account
        return decision

    def _head(self) -> dict[str, Any]:
        self.count += 1
        at = START + timedelta(minutes=self.count)
        return {"event_id": f"e{self.count}", "source": "/test", "occurred_at": at, "customer_id": "C-1"}

    @property
    def totals(self) -> tuple[Decimal, Decimal]:
        assert self.account is not None
        return self.account.reserved, self.account.receivable


def granted(decision: CreditDecision) -> bool:
    assert decision.decided is not None
    return decision.decided.granted


def test_orders_share_one_limit_and_cannot_overdraw_it() -> None:
    account = Account("1000")
    answers = [granted(account.ask(f"O{number}", "reserve", "300")) for number in range(20)]
    assert answers == [True] * 3 + [False] * 17
    assert account.totals == (900, 0)


def test_the_limit_itself_can_be_used_to_the_cent() -> None:
    account = Account("1000")
    assert granted(account.ask("O1", "reserve", "1000.00"))
    assert not granted(account.ask("O2", "reserve", "0.01"))


def test_an_order_under_check_is_not_counted_twice() -> None:
    account = Account("1000")
    account.ask("O1", "reserve", "600")
    decision = account.ask("O1", "adjust", "1000", revision=1)
    assert granted(decision)
    assert account.totals == (1000, 0)


def test_a_refused_adjustment_keeps_what_was_reserved() -> None:
    account = Account("1000")
    account.ask("O1", "reserve", "600")
    decision = account.ask("O1", "adjust", "1000.01", revision=1)
    assert not granted(decision)
    assert decision.decided is not None
    assert (decision.decided.reserved, account.totals) == (600, (600, 0))


def test_needing_less_is_granted_even_to_a_blocked_customer() -> None:
    account = Account("1000")
    account.ask("O1", "reserve", "600")
    account.update(blocked=True, credit_limit=Decimal(0))
    assert granted(account.ask("O1", "adjust", "400", revision=1))
    assert not granted(account.ask("O1", "adjust", "500", revision=2))
    assert account.totals == (400, 0)


def test_to_reserve_what_is_reserved_already_is_checked_by_every_rule() -> None:
    account = Account("1000")
    account.ask("O1", "reserve", "600")
    account.update(blocked=True)
    assert granted(account.ask("O1", "adjust", "600"))
    assert not granted(account.ask("O1", "reserve", "600"))
    assert account.totals == (600, 0), "it keeps what it has"
    account.update(blocked=False)
    assert granted(account.ask("O1", "reserve", "600")), "and is not counted twice"


def test_a_blocked_customer_gets_nothing_new_not_even_for_free() -> None:
    account = Account("1000", blocked=True)
    assert not granted(account.ask("O1", "reserve", "0"))


def test_every_check_is_listed_with_value_threshold_and_verdict() -> None:
    account = Account("1000", blocked=True)
    account.ask("O1", "reserve", "400", override_by="ines")
    decision = account.ask("O2", "reserve", "700")
    assert decision.decided is not None
    assert [(check.rule, check.value, check.threshold, check.passed) for check in decision.decided.checks] == [
        ("customer-known", "known", "known, or a default limit", True),
        ("currency", "EUR", "EUR", True),
        ("account-status", "blocked", "free", False),
        ("limit-valid", "2025-03-03", "any", True),
        ("credit-limit", "1100", "1000", False),
        ("limit-used", "110.0 %", "any", True),
        ("order-amount", "700", "any", True),
        ("payment-terms", "30 days", "any", True),
        ("overdue-amount", "0", "any", True),
        ("days-overdue", "0 days", "any", True),
    ]


def test_an_unknown_customer_has_the_default_limit_which_is_none() -> None:
    account = Account(None)
    request = CreditRequested(
        event_id="e", source="/s", occurred_at=START, customer_id="C-9", order_id="O1", revision=0, action="reserve",
        amount=Decimal(5), currency="EUR",
    )  # fmt: skip
    decision = account.request(request)
    assert not granted(decision)
    assert decision.decided is not None
    assert [check.rule for check in decision.decided.checks if not check.passed] == ["customer-known", "credit-limit"]
    trusting = Account(None)
    assert granted(trusting.request(request, Policy(credit=CreditTerms(limit=Decimal(5)))))


def test_another_currency_is_refused_whoever_answers_for_it() -> None:
    account = Account("1000")
    decision = account.ask("O1", "reserve", "5", currency="USD", override_by="ines")
    assert not granted(decision)
    assert account.totals == (0, 0)


def test_each_currency_has_a_limit_and_an_exposure_of_its_own() -> None:
    account = Account("1000", other_limits=(CurrencyLimit("USD", Decimal(500)),))
    assert granted(account.ask("O1", "reserve", "900"))
    assert granted(account.ask("O2", "reserve", "500", currency="USD"))
    decided = account.ask("O3", "reserve", "0.01", currency="USD").decided
    assert decided is not None
    failed = [(each.rule, each.value, each.threshold) for each in decided.checks if not each.passed]
    assert failed == [("credit-limit", "500.01", "500")]
    assert not granted(account.ask("O4", "reserve", "1", currency="CHF"))
    account.ask("O2", "settle", "500", currency="USD", due=START.date())
    account.receive("200", currency="USD")
    assert granted(account.ask("O3", "adjust", "200", currency="USD"))
    assert not granted(account.ask("O3", "adjust", "200.01", currency="USD"))
    assert account.totals == (900, 0), "in the account's own currency"


def test_a_currency_that_is_taken_away_is_kept_as_long_as_anything_in_it_is_open() -> None:
    account = Account("1000", other_limits=(CurrencyLimit("USD", Decimal(500)),))
    account.ask("O1", "reserve", "500", currency="USD")
    account.update()
    assert account.account is not None
    assert not granted(account.ask("O2", "reserve", "1", currency="USD"))
    assert account.update(currency="USD").code == "currency-in-use"
    account.ask("O1", "release", currency="USD")
    account.update()
    assert account.account.others == ()
    assert account.update(currency="USD").outcome == "applied"


def test_someone_can_answer_for_what_the_limit_does_not_cover() -> None:
    account = Account("10")
    decision = account.ask("O1", "reserve", "500", override_by="ines")
    assert granted(decision)
    assert decision.decided is not None
    assert decision.decided.checks[-1].value == "ines"
    assert account.totals == (500, 0)


def test_a_settlement_turns_reserved_into_receivable_and_a_release_frees_the_rest() -> None:
    account = Account("1000")
    account.ask("O1", "reserve", "600")
    account.ask("O1", "settle", "450")
    assert account.totals == (150, 450)
    account.ask("O1", "release")
    assert account.totals == (0, 450)
    account.ask("O1", "pay", "450")
    assert account.totals == (0, 0)


def test_what_is_owed_credited_and_paid_beside_the_reservation_moves_the_receivables_alone() -> None:
    account = Account("1000")
    account.ask("O1", "reserve", "600")
    totals = []
    for action, amount in (("pay", "50"), ("owe", "120"), ("credit", "30")):
        account.ask("O1", action, amount)
        totals.append(account.totals)
    assert totals == [(600, -50), (600, 70), (600, 40)]


def test_a_payment_on_account_that_names_an_order_is_refused_for_the_order_tells_it() -> None:
    account = Account("1000")
    decision = account.receive("450", order_id="O1")
    assert (decision.outcome, decision.code) == ("refused", "paid-for-order")
    account.receive("450")
    assert account.totals == (0, -450)


def test_settling_more_than_was_reserved_takes_nothing_from_other_orders() -> None:
    account = Account("1000")
    account.ask("O1", "reserve", "100")
    account.ask("O2", "reserve", "100")
    account.ask("O1", "settle", "150")
    assert account.totals == (100, 150)


def test_closing_and_opening_an_order_again_does_not_get_round_the_limit() -> None:
    account = Account("1000")
    account.ask("O1", "reserve", "900")
    account.ask("O1", "release")
    assert granted(account.ask("O2", "reserve", "900"))
    assert not granted(account.ask("O1", "reserve", "900", revision=1))
    assert account.totals == (900, 0)


def test_a_repeated_request_is_answered_as_it_was_and_moves_nothing() -> None:
    account = Account("1000")
    first = account.ask("O1", "reserve", "600", event_id="r1")
    account.update(credit_limit=Decimal(0))
    again = account.ask("O1", "reserve", "600", event_id="r1")
    assert (again.outcome, again.decided) == ("duplicate", first.decided)
    assert account.totals == (600, 0)


@pytest.mark.parametrize(("action", "totals"), [("settle", (0, 600)), ("release", (0, 0))])
def test_a_repeated_settlement_or_release_counts_once(action: str, totals: tuple[int, int]) -> None:
    account = Account("1000")
    for event_id, asked in (("r", "reserve"), ("s", action), ("s", action), ("r", "reserve")):
        decision = account.ask("O1", asked, "600", event_id=event_id)
    assert (decision.outcome, decision.decided) == ("duplicate", None)
    assert account.totals == totals


def test_a_request_of_an_older_revision_is_ignored() -> None:
    account = Account("1000")
    account.ask("O1", "reserve", "300", revision=2)
    decision = account.ask("O1", "adjust", "900", revision=1)
    assert (decision.outcome, decision.code, decision.decided) == ("ignored", "revision-over", None)
    assert account.totals == (300, 0)


def test_the_latest_terms_count_however_they_arrive() -> None:
    account = Account("1000")
    decision = account.update(credit_limit=Decimal(1), occurred_at=START)
    assert (decision.outcome, decision.code) == ("ignored", "overtaken")
    assert account.account is not None
    assert account.account.terms.limit == 1000


def test_a_payment_counts_once_and_may_come_in_advance() -> None:
    account = Account("100")
    account.receive("50", event_id="p")
    assert account.receive("50", event_id="p").outcome == "duplicate"
    assert account.totals == (0, -50)
    assert granted(account.ask("O1", "reserve", "150"))


def test_a_payment_of_a_customer_nobody_has_told_of_is_kept() -> None:
    account = Account(None)
    account.receive("50")
    account.update(credit_limit=Decimal(10))
    assert granted(account.ask("O1", "reserve", "60"))


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"currency": "XXX"}, "unknown-currency"),
        ({"credit_limit": Decimal(-1)}, "credit-terms-invalid"),
        ({"credit_limit": Decimal("Infinity")}, "credit-terms-invalid"),
        ({"credit_limit": Decimal("sNaN")}, "credit-terms-invalid"),
        ({"credit_limit": Decimal("1E+99")}, "credit-terms-invalid"),
        ({"currency": "USD"}, "currency-in-use"),
        ({"other_limits": (CurrencyLimit("EUR", Decimal(1)),)}, "credit-terms-invalid"),
        ({"other_limits": (CurrencyLimit("XXX", Decimal(1)),)}, "credit-terms-invalid"),
        ({"other_limits": (CurrencyLimit("JPY", Decimal("0.5")),)}, "credit-terms-invalid"),
    ],
)
def test_terms_that_make_no_sense_are_refused(terms: dict[str, Any], code: str) -> None:
    account = Account("1000")
    account.ask("O1", "reserve", "5")
    before = account.account
    decision = account.update(**terms)
    assert (decision.outcome, decision.code, decision.account) == ("refused", code, before)


def test_a_customer_whose_id_would_be_the_key_of_an_order_is_refused() -> None:
    account = Account("1000")
    assert account.update(customer_id="C-1\x1fO1").code == "id-invalid"


@pytest.mark.parametrize(
    ("amount", "currency"), [("0", "EUR"), ("NaN", "EUR"), ("1E+99", "EUR"), ("0.001", "EUR"), ("5", "USD")]
)
def test_a_payment_that_is_no_amount_of_the_accounts_currency_is_refused(amount: str, currency: str) -> None:
    account = Account("1000")
    assert account.receive(amount, currency=currency).outcome == "refused"
    assert account.totals == (0, 0)


def test_what_is_decided_does_not_depend_on_how_many_orders_are_open() -> None:
    """Only the account and the order's own reservation go in: here is the same decision with and without others."""
    lonely, busy = Account("1000"), Account("1000")
    for number in range(50):
        busy.ask(f"B{number}", "reserve", "1")
    assert lonely.account is not None
    assert busy.account is not None
    alike = replace(busy.account, reserved=Decimal(0), seen=lonely.account.seen)
    assert alike == lonely.account
