"""Every credit rule by itself: what it looks at, where its threshold comes from, and when it blocks."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from hub.domain.credit import Claim, CreditAccount, Reservation, merged, overdue, reduced
from hub.domain.credit_terms import CREDIT_RULES, EXCLUDABLE, CreditTerms
from hub.domain.decide_credit import decide_credit, decide_customer
from hub.domain.events import CreditCheck, CreditDecided, CreditRequested, CustomerUpdated, PaymentReceived
from hub.domain.model import LineChange
from hub.domain.policy import Policy
from tests.support.orders import START, Story, line

TODAY = START.date()
OVERDUE_RULES = {"overdue-amount": {"max_overdue_amount": Decimal(99)}, "days-overdue": {"max_days_overdue": 9}}


class Books:
    """One customer's account; `day` moves the clock."""

    def __init__(self, policy: Policy | None = None, **terms: Any) -> None:
        self.policy = policy or Policy()
        self.account: CreditAccount | None = None
        self.reservations: dict[str, Reservation | None] = {}
        self.now: datetime = START
        self._events = 0
        values: dict[str, Any] = {"name": "Weserland", "currency": "EUR", "credit_limit": Decimal(1000), **terms}
        decision = decide_customer(None, CustomerUpdated(**self._head(), **values), self.policy)
        assert decision.outcome == "applied", decision.detail
        self.account = decision.account

    def day(self, number: int) -> None:
        self.now = START + timedelta(days=number)

    def tell(self, order_id: str, action: Any, amount: str, *, due: int | None = None, **fields: Any) -> None:
        """`due`: the day it is to be paid by."""
        on = None if due is None else TODAY + timedelta(days=due)
        self._request(order_id, action, amount, due=on, **fields)

    def ask(self, amount: str, order_id: str = "NEW", **fields: Any) -> CreditDecided:
        decided = self._request(order_id, "reserve", amount, **fields)
        assert decided is not None
        return decided

    def receive(self, amount: str) -> None:
        payment = PaymentReceived(amount=Decimal(amount), currency="EUR", **self._head())
        self.account = decide_customer(self.account, payment, self.policy).account

    def _request(self, order_id: str, action: Any, amount: str, **fields: Any) -> CreditDecided | None:
        request = CreditRequested(
            order_id=order_id,
            revision=0,
            action=action,
            amount=Decimal(amount),
            currency="EUR",
            **self._head(),
            **fields,
        )
        decision = decide_credit(self.account, self.reservations.get(order_id), request, self.now, self.policy)
        self.account = decision.account
        self.reservations[order_id] = decision.reservation
        return decision.decided

    def _head(self) -> dict[str, Any]:
        self._events += 1
        return {"event_id": f"e{self._events}", "source": "/test", "occurred_at": self.now, "customer_id": "C-1"}


def _failed(decided: CreditDecided) -> list[CreditCheck]:
    assert decided.granted == all(check.passed for check in decided.checks)
    return [check for check in decided.checks if not check.passed]


def _failed_rules(decided: CreditDecided) -> list[str]:
    return [check.rule for check in _failed(decided)]


def _overdue_books(**terms: Any) -> Books:
    """100 was due ten days ago, and 50 is due in ten."""
    books = Books(**terms)
    books.tell("A", "owe", "100", due=0)
    books.tell("B", "owe", "50", due=20)
    books.day(10)
    return books


def _blocked(rule: str) -> tuple[Books, str, CreditCheck]:
    """An account on which the rule, and no other, blocks an order of so much."""
    cases = {
        "account-status": (Books(blocked=True), "1", CreditCheck("account-status", "blocked", "free", passed=False)),
        "limit-valid": (
            Books(credit_terms=CreditTerms(limit_until=TODAY - timedelta(days=1))),
            "1",
            CreditCheck("limit-valid", "2025-03-03", "2025-03-02", passed=False),
        ),
        "credit-limit": (Books(), "1000.01", CreditCheck("credit-limit", "1000.01", "1000", passed=False)),
        "limit-used": (
            Books(credit_terms=CreditTerms(max_limit_used_percent=Decimal(80))),
            "801",
            CreditCheck("limit-used", "80.1 %", "80 %", passed=False),
        ),
        "order-amount": (
            Books(credit_terms=CreditTerms(max_order_amount=Decimal(500))),
            "500.01",
            CreditCheck("order-amount", "500.01", "500", passed=False),
        ),
        "payment-terms": (
            Books(payment_days=90, credit_terms=CreditTerms(max_payment_days=60)),
            "1",
            CreditCheck("payment-terms", "90 days", "60 days", passed=False),
        ),
        "overdue-amount": (
            _overdue_books(credit_terms=CreditTerms(max_overdue_amount=Decimal(99))),
            "1",
            CreditCheck("overdue-amount", "100", "99", passed=False),
        ),
        "days-overdue": (
            _overdue_books(credit_terms=CreditTerms(max_days_overdue=9)),
            "1",
            CreditCheck("days-overdue", "10 days", "9 days", passed=False),
        ),
    }
    return cases[rule]


@pytest.mark.parametrize("rule", sorted(EXCLUDABLE))
def test_a_rule_blocks_by_itself_and_says_value_and_threshold(rule: str) -> None:
    books, amount, check = _blocked(rule)
    decided = books.ask(amount)
    assert _failed(decided) == [check]
    assert [each.rule for each in decided.checks] == list(CREDIT_RULES)


def test_at_its_threshold_a_rule_lets_pass() -> None:
    terms = CreditTerms(
        limit_until=TODAY + timedelta(days=10),
        max_limit_used_percent=Decimal(80),
        max_order_amount=Decimal(650),
        max_payment_days=30,
        max_overdue_amount=Decimal(100),
        max_days_overdue=10,
    )
    assert _failed(_overdue_books(credit_terms=terms).ask("650")) == []


@pytest.mark.parametrize("rule", sorted(EXCLUDABLE))
def test_an_excluded_rule_is_told_and_does_not_block(rule: str) -> None:
    books, amount, check = _blocked(rule)
    own = books.account.terms if books.account else CreditTerms()
    values = {name: getattr(own, name) for name in CreditTerms.__struct_fields__} | {"exclude": (rule,)}
    excluding = Books(
        blocked=rule == "account-status",
        payment_days=books.account.payment_days if books.account else 0,
        credit_terms=CreditTerms(**values),
    )
    if rule in OVERDUE_RULES:
        excluding.tell("A", "owe", "100", due=0)
        excluding.day(10)
    decided = excluding.ask(amount)
    assert decided.granted
    (told,) = (each for each in decided.checks if each.rule == rule)
    assert (told.value, told.threshold) == (check.value, f"{check.threshold} (excluded)")


def test_a_threshold_is_the_customers_else_the_groups_else_the_companys() -> None:
    policy = Policy(
        credit=CreditTerms(limit=Decimal(100), max_order_amount=Decimal(70), max_days_overdue=5),
        credit_groups={"retail": CreditTerms(limit=Decimal(200), max_order_amount=Decimal(80))},
    )

    def thresholds(**terms: Any) -> tuple[str, str, str]:
        checks = {check.rule: check.threshold for check in Books(policy, **terms).ask("1").checks}
        return checks["credit-limit"], checks["order-amount"], checks["days-overdue"]

    assert thresholds(credit_limit=None) == ("100", "70", "5 days")
    assert thresholds(credit_limit=None, group="retail") == ("200", "80", "5 days")
    own = CreditTerms(max_order_amount=Decimal(90))
    assert thresholds(credit_limit=Decimal(300), group="retail", credit_terms=own) == ("300", "90", "5 days")


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"group": "nobody"}, "unknown-group"),
        ({"credit_terms": CreditTerms(max_order_amount=Decimal("0.001"))}, "credit-terms-invalid"),
        ({"credit_terms": CreditTerms(max_limit_used_percent=Decimal(101))}, "credit-terms-invalid"),
        ({"credit_terms": CreditTerms(max_days_overdue=-1)}, "credit-terms-invalid"),
        ({"credit_terms": CreditTerms(exclude=("customer-known",))}, "credit-terms-invalid"),
        ({"credit_terms": CreditTerms(exclude=("weather",))}, "credit-terms-invalid"),
    ],
)
def test_terms_that_make_no_sense_are_refused(terms: dict[str, Any], code: str) -> None:
    values: dict[str, Any] = {"name": "W", "currency": "EUR", "credit_limit": None, **terms}
    event = CustomerUpdated(event_id="e", source="/test", occurred_at=START, customer_id="C-1", **values)
    decision = decide_customer(None, event, Policy())
    assert (decision.outcome, decision.code) == ("refused", code)


def test_what_is_paid_for_an_order_pays_that_orders_claims_the_oldest_first() -> None:
    books = _overdue_books()
    books.tell("A", "owe", "30", due=40)
    books.tell("B", "pay", "50")
    assert books.account is not None
    assert overdue(books.account, books.now.date()) == (100, 10)
    books.tell("A", "pay", "110")
    assert overdue(books.account, books.now.date()) == (0, 0)
    assert books.account.due == (Claim(TODAY + timedelta(days=40), Decimal(20)),)
    assert books.account.receivable == 20


def test_what_is_paid_on_account_pays_the_oldest_claims_of_the_customer() -> None:
    books = _overdue_books()
    books.receive("60")
    assert books.account is not None
    assert overdue(books.account, books.now.date()) == (40, 10)
    books.receive("70")
    assert overdue(books.account, books.now.date()) == (0, 0)
    books.day(31)
    assert overdue(books.account, books.now.date()) == (20, 11)


def test_a_claim_that_was_paid_in_advance_or_credited_is_not_overdue() -> None:
    books = Books()
    books.tell("A", "pay", "80")
    books.tell("A", "settle", "100", due=0)
    books.day(3)
    assert books.account is not None
    assert overdue(books.account, books.now.date()) == (20, 3)
    books.tell("A", "credit", "20")
    assert overdue(books.account, books.now.date()) == (0, 0)
    assert books.account.due == ()


def test_an_override_reserves_and_names_who_answers_for_it() -> None:
    books = Books(blocked=True)
    decided = books.ask("5000", override_by="ines")
    assert decided.granted
    assert [check.rule for check in decided.checks if not check.passed] == ["account-status", "credit-limit"]
    assert decided.checks[-1] == CreditCheck("override", "ines", "a person answers for it", passed=True)
    assert books.account is not None
    assert books.account.reserved == 5000


def test_the_order_under_check_is_not_counted_twice() -> None:
    books = Books()
    assert books.ask("900", "A").granted
    assert books.ask("1000", "A").granted
    assert _failed_rules(books.ask("1", "B")) == ["credit-limit"]


def test_claims_are_merged_by_date_and_reduced_from_the_oldest() -> None:
    first, second = date(2026, 1, 1), date(2026, 2, 1)
    claims = merged([Claim(second, Decimal(5)), Claim(first, Decimal(3)), Claim(second, Decimal(2))])
    assert claims == (Claim(first, Decimal(3)), Claim(second, Decimal(7)))
    assert reduced(claims, Decimal(8)) == (Claim(first, Decimal(1)), Claim(second, Decimal(7)))
    assert reduced(claims, Decimal(7)) == (Claim(second, Decimal(7)),)
    assert reduced(claims, Decimal(-1)) == ()
    assert merged([Claim(first, Decimal(3)), Claim(first, Decimal(-3))]) == ()


# --- blanket orders ------------------------------------------------------------------------------


def _blanket(**policy: Any) -> Story:
    """100 EUR wanted in ten days, and twice as much in sixty and in ninety."""
    story = Story(Policy(credit_horizon=timedelta(days=30), **policy), limit="1000000")
    lines = (line(str(place), "ST-1", quantity) for place, quantity in ((1, 10), (2, 20), (3, 20)))
    days = (10, 60, 90)
    story.place(
        *(replace(each, requested_delivery=TODAY + timedelta(days=day)) for each, day in zip(lines, days, strict=True))
    )
    return story


def test_a_blanket_order_needs_credit_only_for_what_is_wanted_soon() -> None:
    story = _blanket()
    whole = story.order.reserved
    plain = Story(limit="1000000")
    plain.place(line("1", "ST-1", 10))
    assert whole == plain.order.reserved > 0


def test_what_was_delivered_before_its_horizon_is_counted_until_it_is_billed() -> None:
    story = _blanket()
    assert story.order.reserved == 119
    story.report("logistics", "accepted")
    story.report("logistics", "shipped", {"3": 20})
    story.report("logistics", "delivered", {"3": 20})
    story.change(1, LineChange("change", "1", replace(story.line("1").line, description="the same in blue")))
    assert story.order.reserved == 119 + 238, "it came before its time, and is owed all the same"


def test_lines_that_come_within_the_horizon_are_asked_for_when_their_time_has_come() -> None:
    story = _blanket()
    reserved = [story.order.reserved]
    for days in (31, 30):
        story.wait(timedelta(days=days))
        reserved.append(story.order.reserved)
    assert reserved == [reserved[0], 3 * reserved[0], 5 * reserved[0]]
    assert story.order.horizon_due is None
