"""The customer's credit account decides: check and reserve are one decision, so that orders cannot overdraw a limit.

A request is about one order and touches two values, the account's totals and the order's reservation.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from hub.domain.checks import is_amount, is_id
from hub.domain.credit import (
    Claim,
    CreditAccount,
    Reservation,
    in_currency,
    merged,
    reduced,
    with_currency,
    with_limits,
)
from hub.domain.credit_rules import Situation, check_credit
from hub.domain.credit_terms import NO_TERMS, CreditTerms, resolve
from hub.domain.decision import Outcome
from hub.domain.events import CreditCheck, CreditDecided, CreditRequested, CustomerUpdated, Fact, PaymentReceived
from hub.domain.ids import effect_id
from hub.domain.master_data import ACCOUNTS, NOTHING_KNOWN, Knowledge
from hub.domain.model import Frozen
from hub.domain.money import CURRENCIES
from hub.domain.order import ZERO
from hub.domain.policy import MAX_PAYMENT_DAYS, Policy
from hub.domain.seen import already_seen, mark_of, remember

_HUNDRED = 100


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
    *,
    knowledge: Knowledge = NOTHING_KNOWN,
) -> CreditDecision:
    """Carries out one request of an order, once: repeated, it gets the answer it got.

    A request of an older revision than the reservation's is ignored, for the order no longer waits for its answer.
    `knowledge` is what lies beside the account about what the request asks; it goes into the answer.
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
    whole = account if account is not None else _stranger(request.customer_id, request.currency, policy)
    known = in_currency(whole, request.currency)
    if request.currency != known.currency and request.action not in _ANSWERED:
        detail = f"The account is in {known.currency}; nothing of order {request.order_id} was ever reserved in it"
        return CreditDecision(account, reservation, None, "ignored", "wrong-currency", detail)
    seen = remember(held.seen, mark, request, policy.duplicate_window)
    held = replace(held, revision=request.revision, seen=seen)
    if request.action in _ANSWERED:
        decision = _reserve(known, held, request, now, policy, knowledge=knowledge)
    else:
        decision = _book(known, held, request)
    return _folded(decision, whole)


def _folded(decision: CreditDecision, whole: CreditAccount) -> CreditDecision:
    """The decision on one currency of an account as one on the whole of it."""
    account = decision.account
    return decision if account is None else replace(decision, account=with_currency(whole, account))


def _reserve(
    account: CreditAccount,
    held: Reservation,
    request: CreditRequested,
    now: datetime,
    policy: Policy,
    *,
    knowledge: Knowledge,
) -> CreditDecision:
    """Reserves the amount in place of what is reserved for the order, if every rule passes or someone answers for it.

    What the order has reserved already is not counted against it. To adjust it to no more than it is, is always
    granted; to reserve it asks every rule, for what was true when it was reserved may not be so any more.
    """
    situation = Situation(account, held, request, terms_in_force(account, policy), now.date())
    checks = check_credit(situation)
    granted = all(check.passed for check in checks) or _is_less(account, held, request)
    if request.override_by and account.currency == request.currency:
        granted = True
        checks = (*checks, CreditCheck("override", request.override_by, "a person answers for it", passed=True))
    reserved = request.amount if granted else held.reserved
    answer = CreditDecided(
        event_id=effect_id(request.order_id, request.source, request.event_id, 0),
        source=ACCOUNTS,
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
        customer=account.facts(),
        items=knowledge.items,
        duplicate_of=knowledge.duplicate_of,
    )
    return CreditDecision(
        replace(account, reserved=account.reserved - held.reserved + reserved),
        replace(held, reserved=reserved, answer=answer),
        answer,
        "applied",
    )


def terms_in_force(account: CreditAccount, policy: Policy) -> CreditTerms:
    """The customer's own terms, else its group's, else the company's."""
    return resolve((account.terms, policy.credit_groups.get(account.group, NO_TERMS), policy.credit))


def _book(account: CreditAccount, held: Reservation, request: CreditRequested) -> CreditDecision:
    """Moves what a request says between reserved, owed and paid.

    settle: what was delivered is now owed, whether or not so much had been reserved. release: whatever is still
    reserved is free again. owe: more is owed than was reserved for. credit: less is. pay: the order was paid; paying
    in advance makes room beyond the limit.
    """
    amount, action = request.amount, request.action
    freed = {"settle": min(held.reserved, amount), "release": held.reserved}.get(action, ZERO)
    settled = {"settle": amount, "owe": amount, "credit": -amount}.get(action, ZERO)
    paid = amount if action == "pay" else ZERO
    after = replace(
        held,
        reserved=held.reserved - freed,
        settled=held.settled + settled,
        paid=held.paid + paid,
        answer=None if action in ("settle", "release") else held.answer,
    )
    claimed = (Claim(request.due, amount),) if request.due is not None and settled > ZERO else ()
    claims = reduced(merged((*held.claims, *claimed)), after.settled - after.paid)
    gone = (Claim(claim.due, -claim.amount) for claim in held.claims)
    return CreditDecision(
        replace(
            account,
            reserved=account.reserved - freed,
            receivable=account.receivable + settled - paid,
            due=account.due if claims == held.claims else merged((*account.due, *gone, *claims)),
        ),
        replace(after, claims=claims),
        None,
        "applied",
    )


_ANSWERED = frozenset(("reserve", "adjust"))


def _is_less(account: CreditAccount, held: Reservation, request: CreditRequested) -> bool:
    less = request.action == "adjust" and ZERO < held.reserved >= request.amount
    return less and account.currency == request.currency


def decide_customer(
    account: CreditAccount | None, event: CustomerUpdated | PaymentReceived, policy: Policy
) -> CreditDecision:
    """What a customer's event makes of the account."""
    if not is_id(event.customer_id):
        refused = _refused(
            event, "id-invalid", f"{event.customer_id!r} has control characters and can name no customer"
        )
        return replace(refused, account=account)
    mark = mark_of(event)
    if account is not None and already_seen(account.seen, mark, event):
        return CreditDecision(account, None, None, "duplicate", "duplicate", f"{event.event_id} came before")
    before = account if account is not None else _stranger(event.customer_id, event.currency, policy)
    decision = _update(before, event, policy) if isinstance(event, CustomerUpdated) else _pay(before, event)
    if decision.outcome == "refused" or decision.account is None:
        return replace(decision, account=account)
    seen = remember(before.seen, mark, event, policy.duplicate_window)
    return replace(decision, account=replace(decision.account, seen=seen))


def _update(account: CreditAccount, event: CustomerUpdated, policy: Policy) -> CreditDecision:
    """The latest terms replace the ones before; reservations and receivables stay."""
    own = event.credit_terms if event.credit_limit is None else replace(event.credit_terms, limit=event.credit_limit)
    if mistake := _mistake(event, own, policy):
        return _refused(event, *mistake)
    if account.terms_from is not None and event.occurred_at < account.terms_from:
        return CreditDecision(account, None, None, "ignored", "overtaken", "Later terms are in force already")
    if event.currency != account.currency and (account.reserved or account.receivable):
        return _refused(
            event, "currency-in-use", f"The account has open amounts in {account.currency}; settle them first"
        )
    if any(part.currency == event.currency and (part.reserved or part.receivable) for part in account.others):
        return _refused(
            event, "currency-in-use", f"The account has open amounts in {event.currency}; settle them first"
        )
    terms = replace(
        with_limits(account, event.other_limits),
        known=True,
        name=event.name,
        currency=event.currency,
        group=event.group,
        terms=own,
        blocked=event.blocked,
        confirmation=event.confirmation,
        payment_days=event.payment_days,
        party=event.party or account.party,
        locale=event.locale,
        notifications=event.notifications,
        over_delivery_percent=event.over_delivery_percent,
        under_delivery_percent=event.under_delivery_percent,
        terms_from=event.occurred_at,
    )
    return CreditDecision(terms, None, None, "applied")


def _mistake(event: CustomerUpdated, own: CreditTerms, policy: Policy) -> tuple[str, str] | None:
    """Code and detail of what makes no sense by itself."""
    if event.currency not in CURRENCIES:
        return "unknown-currency", f"{event.currency!r} is no ISO 4217 currency"
    if mistake := own.mistake(event.currency) or _mistake_elsewhere(event):
        return "credit-terms-invalid", f"The credit terms make no sense: {mistake}"
    if event.group and event.group not in policy.credit_groups:
        known = ", ".join(sorted(policy.credit_groups)) or "none"
        return "unknown-group", f"{event.group!r} is no credit group of the policy; there are: {known}"
    for name in ("over_delivery_percent", "under_delivery_percent"):
        percent = getattr(event, name)
        if percent is not None and not (percent.is_finite() and 0 <= percent <= _HUNDRED):
            return "tolerance-invalid", f"{name} is {percent}; give 0 to 100"
    if not 0 <= event.payment_days <= MAX_PAYMENT_DAYS:
        return "payment-days-invalid", f"{event.payment_days} days to pay; give 0 to {MAX_PAYMENT_DAYS}"
    return None


def _mistake_elsewhere(event: CustomerUpdated) -> str:
    """What makes no sense of the limits in other currencies, empty if nothing."""
    for other in event.other_limits:
        if other.currency == event.currency or other.currency not in CURRENCIES:
            return f"other_limits: {other.currency!r} is no ISO 4217 currency other than {event.currency}"
        if mistake := CreditTerms(limit=other.limit).mistake(other.currency):
            return f"other_limits: {mistake}"
    return ""


def _pay(account: CreditAccount, event: PaymentReceived) -> CreditDecision:
    """The customer owes that much less; paying in advance makes room beyond the limit."""
    amount, whole, account = event.amount, account, in_currency(account, event.currency)
    if event.order_id:
        return _refused(
            event, "paid-for-order", f"Send an OrderPaid for order {event.order_id}: it tells the account of it as well"
        )
    if event.currency != account.currency:
        return _refused(event, "wrong-currency", f"The account is in {account.currency}; book the payment by hand")
    if not is_amount(amount, account.currency):
        return _refused(event, "amount-invalid", f"{amount} is not a positive amount of {account.currency}")
    paid = CreditDecision(replace(account, receivable=account.receivable - amount), None, None, "applied")
    return _folded(paid, whole)


def _refused(event: Fact, code: str, detail: str) -> CreditDecision:
    return CreditDecision(None, None, None, "refused", code, f"{event.event_id}: {detail}")


def _stranger(customer_id: str, currency: str, policy: Policy) -> CreditAccount:
    """The account of a customer nobody has told the hub about."""
    return CreditAccount(
        customer_id=customer_id,
        known=False,
        currency=currency,
        payment_days=policy.payment_days,
    )
