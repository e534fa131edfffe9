"""Under which conditions a customer buys on credit: thresholds of the credit rules, and who sets them.

Each threshold is the customer's own if it has one, else its group's, else the company's default; where nobody sets
one, the rule does not apply.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Literal, get_args

from hub.domain.model import Frozen
from hub.domain.money import is_whole

CreditRule = Literal[
    "customer-known",
    "currency",
    "account-status",
    "limit-valid",
    "credit-limit",
    "limit-used",
    "order-amount",
    "payment-terms",
    "overdue-amount",
    "days-overdue",
]
"""In the order in which they are applied and told. The first two are no matter of opinion: they cannot be excluded."""

CREDIT_RULES: tuple[CreditRule, ...] = get_args(CreditRule)
EXCLUDABLE = frozenset(CREDIT_RULES) - {"customer-known", "currency"}
_HUNDRED = Decimal(100)
_MAX_DAYS = 3_650


class CreditTerms(Frozen, kw_only=True, forbid_unknown_fields=True):
    """Thresholds, in the currency of the account; None: not set here."""

    limit: Decimal | None = None
    """Most the customer may owe and have on order, with VAT."""
    limit_until: date | None = None
    """The last day on which the limit allows new orders."""
    max_limit_used_percent: Decimal | None = None
    """Block before the limit is reached: at so many percent of it."""
    max_order_amount: Decimal | None = None
    """Most that one order may need reserved."""
    max_payment_days: int | None = None
    """Customers who have longer to pay are not served without a person's consent."""
    max_overdue_amount: Decimal | None = None
    """Most that may be unpaid past its due date."""
    max_days_overdue: int | None = None
    """Days since the oldest unpaid claim was due."""
    exclude: tuple[str, ...] | None = None
    """Rules that do not apply."""

    def mistake(self, currency: str = "") -> str:
        """What makes no sense, empty if nothing; amounts are checked against the currency if it is given."""
        for name in ("limit", "max_order_amount", "max_overdue_amount"):
            amount = getattr(self, name)
            if amount is not None and not _is_claim(amount, currency):
                return f"{name} is {amount}; give an amount of {currency or 'the account'}, 0 or more"
        percent = self.max_limit_used_percent
        if percent is not None and not (percent.is_finite() and 0 <= percent <= _HUNDRED):
            return f"max_limit_used_percent is {percent}; give 0 to 100"
        for name in ("max_payment_days", "max_days_overdue"):
            days = getattr(self, name)
            if days is not None and not 0 <= days <= _MAX_DAYS:
                return f"{name} is {days}; give 0 to {_MAX_DAYS}"
        unknown = sorted(set(self.exclude or ()) - EXCLUDABLE)
        if unknown:
            return f"exclude names {', '.join(unknown)}; there are {', '.join(sorted(EXCLUDABLE))}"
        return ""


NO_TERMS = CreditTerms()
"""Nothing is set."""


def resolve(terms: Iterable[CreditTerms]) -> CreditTerms:
    """The terms in force: each threshold from the first that sets it."""
    in_force: dict[str, Any] = {}
    for each in terms:
        for name in CreditTerms.__struct_fields__:
            if in_force.get(name) is None:
                in_force[name] = getattr(each, name)
    return CreditTerms(**in_force)


def _is_claim(amount: Decimal, currency: str) -> bool:
    if not (amount.is_finite() and 0 <= amount < Decimal(10) ** 13):
        return False
    return not currency or is_whole(amount, currency)
