"""The customer's credit account: limit, reservations, receivables.

The account keeps totals; each order's reservation is a value of its own, so a decision costs the same however
many orders are open. Exposure = reserved + receivable.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from msgspec.structs import replace

from hub.domain.credit_terms import NO_TERMS, CreditTerms
from hub.domain.customer import CustomerFacts, NotificationKind
from hub.domain.events import CreditDecided, CurrencyLimit
from hub.domain.model import Frozen
from hub.domain.order import ZERO
from hub.domain.party import Party
from hub.domain.seen import NOTHING_SEEN, Seen


class Claim(Frozen):
    """An amount that is owed, and the last day to pay it."""

    due: date
    amount: Decimal


class OtherCurrency(Frozen, kw_only=True):
    """What a customer has on credit in a currency beside the account's own: a limit and totals apart, in it."""

    currency: str
    limit: Decimal
    reserved: Decimal = ZERO
    receivable: Decimal = ZERO
    due: tuple[Claim, ...] = ()


class CreditAccount(Frozen, kw_only=True):
    """A customer's terms and totals, in the account's currency but for `others`. Stored under customer_id."""

    customer_id: str
    known: bool
    """False until the customer's terms arrive."""
    name: str = ""
    currency: str
    group: str = ""
    terms: CreditTerms = NO_TERMS
    """The customer's own; what they leave open its group or the company decides."""
    blocked: bool = False
    confirmation: Literal["automatic", "required"] = "automatic"
    payment_days: int = 30
    party: Party | None = None
    """Who the customer is on an invoice, if anyone said."""
    reserved: Decimal = ZERO
    """For open orders, the sum of all reservations."""
    receivable: Decimal = ZERO
    """Settled and not yet paid; negative when the customer paid in advance."""
    due: tuple[Claim, ...] = ()
    """What is owed by the day it is due, oldest first; payments on account are not taken off yet."""
    terms_from: datetime | None = None
    """When the terms in force were set; older ones do not replace them."""
    locale: str = ""
    notifications: tuple[NotificationKind, ...] | None = None
    over_delivery_percent: Decimal | None = None
    under_delivery_percent: Decimal | None = None
    seen: Seen = NOTHING_SEEN
    """Payments and terms that took effect."""
    others: tuple[OtherCurrency, ...] = ()
    """Currencies beside the account's own in which the customer buys on credit."""

    def facts(self) -> CustomerFacts:
        """What an order may know of the customer."""
        return CustomerFacts(
            known=self.known,
            group=self.group,
            locale=self.locale,
            notifications=self.notifications,
            over_delivery_percent=self.over_delivery_percent,
            under_delivery_percent=self.under_delivery_percent,
        )


def in_currency(account: CreditAccount, currency: str) -> CreditAccount:
    """The account as an order in this currency finds it; as it is if the customer has no credit in that currency.

    The customer's own amounts other than the limit are in its own currency and do not hold in another.
    """
    for part in account.others:
        if part.currency == currency:
            return replace(
                account,
                currency=currency,
                terms=replace(account.terms, limit=part.limit, max_order_amount=None, max_overdue_amount=None),
                reserved=part.reserved,
                receivable=part.receivable,
                due=part.due,
            )
    return account


def with_currency(account: CreditAccount, seen: CreditAccount) -> CreditAccount:
    """The account after what became of it as `in_currency` shows it."""
    if seen.currency == account.currency:
        return seen
    others = tuple(
        replace(part, reserved=seen.reserved, receivable=seen.receivable, due=seen.due)
        if part.currency == seen.currency
        else part
        for part in account.others
    )
    return replace(account, others=others)


def with_limits(account: CreditAccount, limits: Iterable[CurrencyLimit]) -> CreditAccount:
    """The account with these limits in other currencies; where none is named any more only what is open is kept."""
    known = {part.currency: part for part in account.others}
    parts = {
        limit.currency: replace(known.get(limit.currency) or _NOTHING, currency=limit.currency, limit=limit.limit)
        for limit in limits
    }
    for currency, part in known.items():
        if currency not in parts and (part.reserved or part.receivable):
            parts[currency] = replace(part, limit=ZERO)
    return replace(account, others=tuple(parts[currency] for currency in sorted(parts)))


_NOTHING = OtherCurrency(currency="", limit=ZERO)


class Reservation(Frozen, kw_only=True):
    """What an account holds for one order, and its last answer. Stored under customer_id|order_id.

    It is kept when nothing is reserved any more, so that a late or repeated request is recognised.
    """

    customer_id: str
    order_id: str
    revision: int
    reserved: Decimal
    settled: Decimal = ZERO
    """What became receivable, less what was credited."""
    paid: Decimal = ZERO
    """What of the order was paid."""
    claims: tuple[Claim, ...] = ()
    """What of `settled` is neither paid nor credited, by the day it is due, oldest first."""
    answer: CreditDecided | None = None
    """To the last reserve or adjust, in case it is asked again; None once settled or released."""
    seen: Seen = NOTHING_SEEN
    """Requests that were carried out."""


def overdue(account: CreditAccount, today: date) -> tuple[Decimal, int]:
    """What is owed past its due date, and for how many days the oldest of it.

    What was paid on account, beyond the claims of any order, pays the oldest claims first.
    """
    if not account.due:
        return ZERO, 0
    unallocated = sum((claim.amount for claim in account.due), ZERO) - account.receivable
    amount, days = ZERO, 0
    for claim in account.due:
        if claim.due >= today:
            break
        open_amount = claim.amount - max(unallocated, ZERO)
        unallocated -= claim.amount
        if open_amount > ZERO:
            amount += open_amount
            days = days or (today - claim.due).days
    return amount, days


def reduced(claims: Iterable[Claim], total: Decimal) -> tuple[Claim, ...]:
    """The claims with the oldest paid off until no more than `total` is left."""
    kept = list(claims)
    excess = sum((claim.amount for claim in kept), ZERO) - max(total, ZERO)
    while kept and excess > ZERO:
        oldest = kept[0]
        paid = min(oldest.amount, excess)
        excess -= paid
        kept[0] = Claim(oldest.due, oldest.amount - paid)
        if kept[0].amount == ZERO:
            del kept[0]
    return tuple(kept)


def merged(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """One claim for each due date, oldest first, none of nothing."""
    by_date: dict[date, Decimal] = {}
    for claim in claims:
        by_date[claim.due] = by_date.get(claim.due, ZERO) + claim.amount
    return tuple(Claim(due, amount) for due, amount in sorted(by_date.items()) if amount)
