"""The double entry of settlements and payments: one posting each, names of the accounts by the policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import chain

from hub.domain.accounts import Accounts, balanced
from hub.domain.effects import AdjustmentRole, PostingCause, SettlementPosted, SettlementRecorded
from hub.domain.flow.drafting import Draft
from hub.domain.flow.turn import SOURCE, Turn
from hub.domain.order import ZERO

Entry = tuple[str, str, Decimal]
"""Account, settlement it is about or empty, amount: a debit is positive, a credit negative."""


def post_settlement(turn: Turn, record: SettlementRecorded, drawn: Draft, claim: Iterable[Entry]) -> None:
    """Posts one settlement: `claim` is what becomes of the claim (or credit), the rest is what it is for."""
    sign = 1 if record.kind == "invoice" else -1
    entries: list[Entry] = [*claim, (turn.policy.accounts.revenue, record.settlement_id, -sign * record.line_total)]
    entries += _beside(turn, record, drawn, sign)
    entries += [
        (turn.policy.accounts.vat(row.vat), record.settlement_id, -sign * row.tax_amount) for row in drawn.totals.vat
    ]
    events = chain(
        (turn.event_id,),
        (event_id for line in record.lines for event_id in line.event_ids),
        (event_id for each in record.adjustments for event_id in each.event_ids),
    )
    _post(turn, record.settlement_id, record.cause, entries, tuple(dict.fromkeys(events)))


def post_payment(turn: Turn, entries: Iterable[Entry], amount: Decimal) -> None:
    """Posts one payment: money in the bank, and the claims it pays."""
    _post(turn, "", "payment", [(turn.policy.accounts.bank, "", amount), *entries], (turn.event_id,))


def _beside(turn: Turn, record: SettlementRecorded, drawn: Draft, sign: int) -> Iterable[Entry]:
    for each, settled in zip(drawn.beside, record.adjustments, strict=True):
        role = each.role
        if role == "agreed":
            role = "discount" if settled.kind == "allowance" else "once"
        signed = settled.amount if settled.kind == "allowance" else -settled.amount
        yield _account(turn.policy.accounts, role), record.settlement_id, sign * signed


def _account(accounts: Accounts, role: AdjustmentRole) -> str:
    """The account of what is allowed or charged for a purpose."""
    names: Mapping[AdjustmentRole, str] = {
        "discount": accounts.discounts,
        "once": accounts.ordered_charges,
        "penalty": accounts.penalties,
        "charge": accounts.charges,
        "early-payment": accounts.early_payment,
    }
    return names[role]


def _post(
    turn: Turn,
    settlement_id: str,
    cause: PostingCause,
    entries: Iterable[Entry],
    event_ids: tuple[str, ...],
) -> None:
    balances: dict[tuple[str, str], Decimal] = {}
    for account, about, amount in entries:
        balances[account, about] = balances.get((account, about), ZERO) + amount
    turn.emit(
        SettlementPosted(
            event_id=turn.next_id(),
            source=SOURCE,
            occurred_at=turn.now,
            order_id=turn.state.order_id,
            customer_id=turn.terms.customer_id,
            settlement_id=settlement_id,
            cause=cause,
            currency=turn.terms.currency,
            entries=balanced(balances, f"Order {turn.state.order_id}, {cause} {settlement_id or turn.event_id}"),
            event_ids=event_ids,
        )
    )
