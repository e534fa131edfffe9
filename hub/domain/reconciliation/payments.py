"""What is settled and what was paid of one order, claim by claim, as the journal of settlements has it.

settled + all differences = paid, always.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from hub.domain.accounts import Accounts
from hub.domain.effects import SettlementPosted, SettlementRecorded
from hub.domain.model import Frozen
from hub.domain.money import exact
from hub.domain.order import ZERO
from hub.domain.reconciliation.document import signed
from hub.domain.reconciliation.findings import Findings


class Claim(Frozen):
    """What a settlement claims of its customer, and what has become of it."""

    settlement: SettlementRecorded
    claimed: Decimal
    """What it claims, less what was paid in advance (BT-115) and what credit notes took off it."""
    paid: Decimal
    """Booked payments for it."""

    @property
    def open(self) -> Decimal:
        """What is still to be paid."""
        return self.claimed - self.paid


class Books(Frozen):
    """What the journal says of one order."""

    claims: tuple[Claim, ...]
    paid: Decimal
    """All payments, in the order's currency."""


def match_payments(
    findings: Findings,
    settlements: Sequence[SettlementRecorded],
    postings: Sequence[SettlementPosted],
    accounts: Accounts,
    as_of: date,
) -> Books:
    """Notes what was not paid as it was settled, and every settlement that is not posted as it is."""
    with exact():
        unique = {each.settlement_id: each for each in settlements}
        postings, claimed = _each_once(findings, unique, postings, accounts)
        claims = [_claim(each, postings, accounts) for each in unique.values() if each.kind == "invoice"]
        for claim in claims:
            _note_open(findings, claim, as_of)
        balances: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        open_ = sum((claim.open for claim in claims), ZERO)
        payments: list[str] = []
        for posting in postings:
            payments += posting.event_ids if posting.cause == "payment" else ()
            for entry in posting.entries:
                balances[entry.account] += entry.debit - entry.credit
        if (unknown := balances[accounts.receivables] - open_) != ZERO:
            findings.note("not-due", -unknown, apart="not recorded")
            open_ += unknown
        prepaid, held = -balances[accounts.prepayments], -balances[accounts.customer_credit]
        findings.note("prepaid", prepaid, event_ids=payments)
        findings.note("overpaid", held, event_ids=payments)
        paid = balances[accounts.bank]
        findings.note("paid-unexplained", paid - (claimed - open_ + prepaid + held), event_ids=payments)
        return Books(tuple(claims), paid)


def _each_once(
    findings: Findings,
    settlements: dict[str, SettlementRecorded],
    postings: Sequence[SettlementPosted],
    accounts: Accounts,
) -> tuple[list[SettlementPosted], Decimal]:
    """Every posting once, and what they claim in all.

    What is posted twice, not balanced, not as it is settled, not at all, or of no settlement, is noted.
    """
    once: dict[str, SettlementPosted] = {}
    in_all = ZERO
    for posting in postings:
        settlement_id = posting.settlement_id
        name, claimed = settlement_id or posting.event_id, _claimed_by(posting, accounts)
        if name in once:
            findings.note("posted-twice", claimed, settlements=(settlement_id,), event_ids=posting.event_ids)
            continue
        once[name] = posting
        balance = sum((each.debit - each.credit for each in posting.entries), ZERO)
        findings.note("unbalanced", balance, settlements=(settlement_id,), event_ids=posting.event_ids)
        if not settlement_id:
            continue
        in_all += claimed
        settled = settlements.get(settlement_id)
        if settled is None:
            findings.note("not-recorded", claimed, settlements=(settlement_id,), event_ids=posting.event_ids)
        elif off := claimed - signed(settled):
            cause = "posted-less" if off < ZERO else "posted-more"
            findings.note(cause, off, expected=signed(settled), settlements=(settlement_id,))
    for settlement_id, settled in settlements.items():
        if settlement_id not in once:
            findings.note("not-posted", -signed(settled), settlements=(settlement_id,))
    return list(once.values()), in_all


def _claimed_by(posting: SettlementPosted, accounts: Accounts) -> Decimal:
    """What a settlement's posting claims of the customer."""
    claims = (accounts.receivables, accounts.prepayments, accounts.customer_credit)
    return sum((each.debit - each.credit for each in posting.entries if each.account in claims), ZERO)


def _claim(settlement: SettlementRecorded, postings: Sequence[SettlementPosted], accounts: Accounts) -> Claim:
    claimed = paid = ZERO
    for posting in postings:
        for entry in posting.entries:
            if entry.account == accounts.receivables and entry.settlement_id == settlement.settlement_id:
                if posting.cause == "payment":
                    paid += entry.credit - entry.debit
                else:
                    claimed += entry.debit - entry.credit
    return Claim(settlement, claimed, paid)


def _note_open(findings: Findings, claim: Claim, as_of: date) -> None:
    settled = claim.settlement
    if settled.payment_due is None or settled.payment_due >= as_of:
        cause = "not-due"
    else:
        cause = "underpaid" if claim.paid else "unpaid"
    findings.note(cause, -claim.open, apart=settled.settlement_id, settlements=(settled.settlement_id,), event_ids=())
