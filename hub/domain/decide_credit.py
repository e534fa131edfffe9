"""The customer's credit account decides: check and reserve are one decision, so that orders cannot overdraw a limit.

A request is about one order and touches two values, the account's totals and the order's reservation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec.structs import replace

from hub.domain.checks import is_amount
from hub.domain.credit import CreditAccount, Reservation
from hub.domain.decision import Outcome
from hub.domain.events import CreditCheck, CreditDecided, CreditRequested, CustomerUpdated, Fact, PaymentReceived
from hub.domain.ids import effect_id
from hub.domain.model import Frozen
from hub.domain.money import CURRENCIES
from hub.domain.order import ZERO
from hub.domain.policy import MAX_PAYMENT_DAYS, Policy
from hub.domain.seen import already_seen, mark_of, remember

SOURCE = "/orderhub/credit"
"""CloudEvents source of every answer."""


class CreditDecision(Frozen):
    """The next account and reservation, and the answer if the request gets one."""

    account: CreditAccount | None
    reservation: Reservation | None
    decided: CreditDecided | None
    outcome: Outcome
    code: str = ""
    detail: str = ""


def decide_credit(
    account: CreditAccount | None,
    reservation: Reservation | None,
    request: CreditRequested,
    now: datetime,
    policy: Policy,
) -> CreditDecision:
    """Carries out one request of an order, once: repeated, it gets the answer it got.

    A request of an older revision than the reservation's is ignored, for the order no longer waits for its answer.
    """
    mark = mark_of(request)
    held = reservation or Reservation(
        customer_id=request.customer_id, order_id=request.order_id, revision=request.revision, reserved=ZERO
    )
    if already_seen(held.seen, mark, request):
        answer = held.answer if held.answer is not None and held.answer.request_id == request.event_id else None
        return CreditDecision(account, reservation, answer, "duplicate", "duplicate", "The request was carried out")
    if request.revision < held.revision:
        detail = f"Revision {request.revision} of order {request.order_id} is older than {held.revision}"
        return CreditDecision(account, reservation, None, "ignored", "revision-over", detail)
    known = account if account is not None else _stranger(request.customer_id, request.currency, policy)
    if request.currency != known.currency and request.action not in _ANSWERED:
        detail = f"The account is in {known.currency}; nothing of order {request.order_id} was ever reserved in it"
        return CreditDecision(account, reservation, None, "ignored", "wrong-currency", detail)
    seen = remember(held.seen, mark, request, policy.duplicate_window)
    return _ACTIONS[request.action](known, replace(held, revision=request.revision, seen=seen), request, now)


def _reserve(account: CreditAccount, held: Reservation, request: CreditRequested, now: datetime) -> CreditDecision:
    """Reserves the amount in place of what is reserved for the order, if every check passes or someone answers for it.

    What the order has reserved already is not counted against it. Needing less is always granted.
    """
    checks = _checks(account, held, request)
    granted = all(check.passed for check in checks) or _is_less(account, held, request)
    if request.override_by and account.currency == request.currency:
        granted = True
        checks = (*checks, CreditCheck("override", request.override_by, "a person answers for it", passed=True))
    reserved = request.amount if granted else held.reserved
    answer = CreditDecided(
        event_id=effect_id(request.order_id, request.source, request.event_id, 0),
        source=SOURCE,
        occurred_at=now,
        order_id=request.order_id,
        customer_id=request.customer_id,
        request_id=request.event_id,
        revision=request.revision,
        granted=granted,
        reserved=reserved,
        currency=request.currency,
        checks=checks,
        confirmation=account.confirmation,
        payment_days=account.payment_days,
    )
    return CreditDecision(
        replace(account, reserved=account.reserved - held.reserved + reserved),
        replace(held, reserved=reserved, answer=answer),
        answer,
        "applied",
    )


def _settle(account: CreditAccount, held: Reservation, request: CreditRequested, _now: datetime) -> CreditDecision:
    """What was delivered is now owed, whether or not so much had been reserved."""
    moved = min(held.reserved, request.amount)
    return CreditDecision(
        replace(account, reserved=account.reserved - moved, receivable=account.receivable + request.amount),
        replace(held, reserved=held.reserved - moved, settled=held.settled + request.amount, answer=None),
        None,
        "applied",
    )


def _release(account: CreditAccount, held: Reservation, _request: CreditRequested, _now: datetime) -> CreditDecision:
    """Whatever is still reserved for the order is free again."""
    return CreditDecision(
        replace(account, reserved=account.reserved - held.reserved),
        replace(held, reserved=ZERO, answer=None),
        None,
        "applied",
    )


def _owe(account: CreditAccount, held: Reservation, request: CreditRequested, _now: datetime) -> CreditDecision:
    """More is owed than was reserved for: a charge, a supplement, a corrected settlement."""
    return CreditDecision(
        replace(account, receivable=account.receivable + request.amount),
        replace(held, settled=held.settled + request.amount),
        None,
        "applied",
    )


def _credit(account: CreditAccount, held: Reservation, request: CreditRequested, _now: datetime) -> CreditDecision:
    """What was owed is credited."""
    return CreditDecision(
        replace(account, receivable=account.receivable - request.amount),
        replace(held, settled=held.settled - request.amount),
        None,
        "applied",
    )


def _paid(account: CreditAccount, held: Reservation, request: CreditRequested, _now: datetime) -> CreditDecision:
    """The order was paid; paying in advance makes room beyond the limit."""
    return CreditDecision(
        replace(account, receivable=account.receivable - request.amount),
        replace(held, paid=held.paid + request.amount),
        None,
        "applied",
    )


_ACTIONS: Mapping[str, Callable[[CreditAccount, Reservation, CreditRequested, datetime], CreditDecision]] = {
    "reserve": _reserve,
    "adjust": _reserve,
    "settle": _settle,
    "release": _release,
    "owe": _owe,
    "credit": _credit,
    "pay": _paid,
}
_ANSWERED = frozenset(("reserve", "adjust"))


def _checks(account: CreditAccount, held: Reservation, request: CreditRequested) -> tuple[CreditCheck, ...]:
    """Every credit rule with what it saw. The exposure is the customer's with this order in the amount asked for."""
    exposure = account.reserved - held.reserved + account.receivable + request.amount
    trusted = account.known or account.credit_limit > ZERO
    return (
        CreditCheck("customer-known", "known" if account.known else "unknown", "known, or a default limit", trusted),
        CreditCheck("currency", request.currency, account.currency, request.currency == account.currency),
        CreditCheck("not-blocked", "blocked" if account.blocked else "free", "free", not account.blocked),
        CreditCheck("credit-limit", f"{exposure:f}", f"{account.credit_limit:f}", exposure <= account.credit_limit),
    )


def _is_less(account: CreditAccount, held: Reservation, request: CreditRequested) -> bool:
    return ZERO < held.reserved >= request.amount and account.currency == request.currency


def decide_customer(
    account: CreditAccount | None, event: CustomerUpdated | PaymentReceived, policy: Policy
) -> CreditDecision:
    """What a customer's event makes of the account."""
    mark = mark_of(event)
    if account is not None and already_seen(account.seen, mark, event):
        return CreditDecision(account, None, None, "duplicate", "duplicate", f"{event.event_id} came before")
    before = account if account is not None else _stranger(event.customer_id, event.currency, policy)
    decision = _update(before, event) if isinstance(event, CustomerUpdated) else _pay(before, event)
    if decision.outcome == "refused" or decision.account is None:
        return replace(decision, account=account)
    seen = remember(before.seen, mark, event, policy.duplicate_window)
    return replace(decision, account=replace(decision.account, seen=seen))


def _update(account: CreditAccount, event: CustomerUpdated) -> CreditDecision:
    """The latest terms replace the ones before; reservations and receivables stay."""
    limit = event.credit_limit
    if event.currency not in CURRENCIES:
        return _refused(event, "unknown-currency", f"{event.currency!r} is no ISO 4217 currency")
    if not (limit.is_zero() or is_amount(limit, event.currency)):
        return _refused(event, "limit-invalid", f"The credit limit {limit} is not an amount of {event.currency}")
    if not 0 <= event.payment_days <= MAX_PAYMENT_DAYS:
        return _refused(
            event, "payment-days-invalid", f"{event.payment_days} days to pay; give 0 to {MAX_PAYMENT_DAYS}"
        )
    if account.terms_from is not None and event.occurred_at < account.terms_from:
        return CreditDecision(account, None, None, "ignored", "overtaken", "Later terms are in force already")
    if event.currency != account.currency and (account.reserved or account.receivable):
        return _refused(
            event, "currency-in-use", f"The account has open amounts in {account.currency}; settle them first"
        )
    terms = replace(
        account,
        known=True,
        name=event.name,
        currency=event.currency,
        credit_limit=limit,
        blocked=event.blocked,
        confirmation=event.confirmation,
        payment_days=event.payment_days,
        terms_from=event.occurred_at,
    )
    return CreditDecision(terms, None, None, "applied")


def _pay(account: CreditAccount, event: PaymentReceived) -> CreditDecision:
    """The customer owes that much less; paying in advance makes room beyond the limit."""
    amount = event.amount
    if event.order_id:
        return _refused(
            event, "paid-for-order", f"Send an OrderPaid for order {event.order_id}: it tells the account of it as well"
        )
    if event.currency != account.currency:
        return _refused(event, "wrong-currency", f"The account is in {account.currency}; book the payment by hand")
    if not is_amount(amount, account.currency):
        return _refused(event, "amount-invalid", f"{amount} is not a positive amount of {account.currency}")
    return CreditDecision(replace(account, receivable=account.receivable - amount), None, None, "applied")


def _refused(event: Fact, code: str, detail: str) -> CreditDecision:
    return CreditDecision(None, None, None, "refused", code, f"{event.event_id}: {detail}")


def _stranger(customer_id: str, currency: str, policy: Policy) -> CreditAccount:
    """The account of a customer nobody has told the hub about."""
    return CreditAccount(
        customer_id=customer_id,
        known=False,
        currency=currency,
        credit_limit=policy.default_credit_limit,
        payment_days=policy.payment_days,
    )
