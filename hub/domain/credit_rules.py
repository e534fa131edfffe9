"""The credit rules: what each looks at, against what, and whether it lets the order pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from hub.domain.credit import CreditAccount, Reservation, overdue
from hub.domain.credit_terms import CREDIT_RULES, CreditRule, CreditTerms
from hub.domain.events import CreditCheck, CreditRequested
from hub.domain.model import Frozen
from hub.domain.order import ZERO

_HUNDRED = Decimal(100)
_ANY = "any"
"""Shown as the threshold of a rule for which none is set."""


class Situation(Frozen):
    """What the rules look at: an account, the terms in force for it, and a request on a day."""

    account: CreditAccount
    held: Reservation
    request: CreditRequested
    terms: CreditTerms
    today: date

    @property
    def limit(self) -> Decimal:
        """The credit limit; nobody grants an unknown customer one, unless the company's default does."""
        return ZERO if self.terms.limit is None else self.terms.limit

    @property
    def exposure(self) -> Decimal:
        """Open orders and deliveries (both reserved) plus what is owed, this order counted as the request has it."""
        account = self.account
        return account.reserved - self.held.reserved + account.receivable + self.request.amount


Checked = tuple[str, str, bool]
"""Value, threshold, verdict."""


def _known(at: Situation) -> Checked:
    known = at.account.known
    return "known" if known else "unknown", "known, or a default limit", known or at.limit > ZERO


def _currency(at: Situation) -> Checked:
    asked, kept = at.request.currency, at.account.currency
    return asked, kept, asked == kept


def _status(at: Situation) -> Checked:
    return "blocked" if at.account.blocked else "free", "free", not at.account.blocked


def _limit_valid(at: Situation) -> Checked:
    until = at.terms.limit_until
    return f"{at.today}", _ANY if until is None else f"{until}", until is None or at.today <= until


def _credit_limit(at: Situation) -> Checked:
    return f"{at.exposure:f}", f"{at.limit:f}", at.exposure <= at.limit


def _limit_used(at: Situation) -> Checked:
    most, exposure, limit = at.terms.max_limit_used_percent, _HUNDRED * at.exposure, at.limit
    used = f"{exposure / limit:.1f} %" if limit else "no limit"
    if most is None:
        return used, _ANY, True
    return used, f"{most:f} %", exposure <= most * limit


def _order_amount(at: Situation) -> Checked:
    return _at_most(at.request.amount, at.terms.max_order_amount)


def _payment_terms(at: Situation) -> Checked:
    days, most = at.account.payment_days, at.terms.max_payment_days
    return f"{days} days", _ANY if most is None else f"{most} days", most is None or days <= most


def _overdue_amount(at: Situation) -> Checked:
    return _at_most(overdue(at.account, at.today)[0], at.terms.max_overdue_amount)


def _days_overdue(at: Situation) -> Checked:
    days, most = overdue(at.account, at.today)[1], at.terms.max_days_overdue
    return f"{days} days", _ANY if most is None else f"{most} days", most is None or days <= most


def _at_most(value: Decimal, most: Decimal | None) -> Checked:
    return f"{value:f}", _ANY if most is None else f"{most:f}", most is None or value <= most


_APPLY: Mapping[CreditRule, Callable[[Situation], Checked]] = {
    "customer-known": _known,
    "currency": _currency,
    "account-status": _status,
    "limit-valid": _limit_valid,
    "credit-limit": _credit_limit,
    "limit-used": _limit_used,
    "order-amount": _order_amount,
    "payment-terms": _payment_terms,
    "overdue-amount": _overdue_amount,
    "days-overdue": _days_overdue,
}


def check_credit(situation: Situation) -> tuple[CreditCheck, ...]:
    """Every rule with what it saw; one that is excluded says so and passes."""
    checks, excluded = [], situation.terms.exclude or ()
    for rule in CREDIT_RULES:
        value, threshold, passed = _APPLY[rule](situation)
        if rule in excluded:
            threshold, passed = f"{threshold} (excluded)", True
        checks.append(CreditCheck(rule, value, threshold, passed))
    return tuple(checks)
