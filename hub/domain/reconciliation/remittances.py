"""What customers say they paid, held against what settlements claim of them and what payments are booked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from hub.domain.effects import SettledLine
from hub.domain.en16931 import Vat
from hub.domain.en16931.totals import vat_amount
from hub.domain.model import Frozen
from hub.domain.money import exact, quantum
from hub.domain.order import ZERO
from hub.domain.reconciliation.dossier import Period, day_of
from hub.domain.reconciliation.findings import Findings
from hub.domain.reconciliation.lists import name_of, repetitions
from hub.domain.reconciliation.matching import Entry, Group, match, total
from hub.domain.reconciliation.payments import Claim
from hub.domain.statements import ItemStated


class Payment(Frozen):
    """What a customer's list pays of one order and no payment is booked of."""

    order_id: str
    amount: Decimal
    currency: str
    paid_on: date
    items: tuple[str, ...]
    """The items of the list it comes from."""


class Remitted(Frozen):
    """What came of one customer's lists in one currency."""

    shapes: Counter[str]
    payments: tuple[Payment, ...]
    """The allocation: oldest claims first; what is paid beyond them goes to the newest order."""


def match_remittances(
    findings: Findings, currency: str, items: Sequence[ItemStated], claims: Sequence[Claim], period: Period
) -> Remitted:
    """Notes how a customer's lists differ from the claims, all in one currency."""
    with exact():
        known = {claim.settlement.settlement_id: claim for claim in claims}
        left = [_stated(item) for item in items if item.amount is not None]
        groups = match(left, [_claimed(claim) for claim in claims])
        last = max((entry.on for entry in left), default=period.as_of)
        notes = _Notes(findings, currency, repetitions(left), known, min(last, period.as_of))
        payments: list[Payment] = []
        shapes: Counter[str] = Counter()
        for group in groups:
            if group.left:
                shapes[group.shape] += 1
                notes.paid(group)
                payments += notes.unbooked(group)
            else:
                notes.not_remitted(known[group.right[0].key])
        return Remitted(shapes, tuple(payments))


class _Notes:
    """Says what the groups of one customer differ in."""

    def __init__(
        self, findings: Findings, currency: str, again: set[str], claims: dict[str, Claim], last: date
    ) -> None:
        self._findings = findings
        self._currency = currency
        self._again = again
        self._claims = claims
        self._last = last

    def paid(self, group: Group) -> None:
        """Notes by how much, and why, what was paid is not what was claimed."""
        if not group.off:
            return
        cause, line_id = self._cause(group)
        self._note(cause, group.off, group, line_id)

    def not_remitted(self, claim: Claim) -> None:
        """Notes a claim that is on no list; what is paid already need not be."""
        due = claim.settlement.payment_due
        if claim.open > ZERO:
            cause = "not-remitted" if due is not None and due <= self._last else "claim-not-due"
            about = claim.settlement.settlement_id
            self._findings.note(cause, -claim.open, apart=about, settlements=(about,))

    def unbooked(self, group: Group) -> Iterable[Payment]:
        """What was paid of the group's claims and no payment is booked of, order by order."""
        claims = sorted(
            (self._claims[entry.key] for entry in group.right), key=lambda each: each.settlement.occurred_at
        )
        left = total(group.left) - sum((claim.paid for claim in claims), ZERO)
        if not claims or left <= ZERO:
            return ()
        self._note("not-booked", -left, group)
        shares: dict[str, Decimal] = {}
        for claim in claims:
            share = max(min(claim.open, left), ZERO)
            left -= share
            shares[claim.settlement.order_id] = shares.get(claim.settlement.order_id, ZERO) + share
        shares[claims[-1].settlement.order_id] += left
        items = tuple(entry.key for entry in group.left)
        paid_on = max(entry.on for entry in group.left)
        return [Payment(order_id, share, self._currency, paid_on, items) for order_id, share in shares.items() if share]

    def _cause(self, group: Group) -> tuple[str, str]:  # noqa: PLR0911 - one line for each cause
        """Why, and which line if it is about one."""
        off = group.off
        twice = [entry for entry in group.left if entry.key in self._again]
        if twice and total(twice) == off:
            return "paid-twice", ""
        if not group.right:
            return "no-such-claim", ""
        if abs(off) <= quantum(self._currency) * len(group.left):
            return "paid-rounded", ""
        if off > ZERO:
            return ("paid-twice" if off == total(group.right) else "paid-more"), ""
        settled = [self._claims[entry.key].settlement for entry in group.right]
        if -off == sum((each.tax_total for each in settled), ZERO):
            return "vat-not-paid", ""
        for each in settled:
            for line in each.lines:
                if -off == _with_vat(line, self._currency):
                    return "line-not-paid", line.line_id
        return "paid-less", ""

    def _note(self, cause: str, amount: Decimal, group: Group, line_id: str = "") -> None:
        self._findings.note(
            cause,
            amount,
            line_id=line_id,
            apart=(group.left or group.right)[0].key,
            expected=total(group.right),
            settlements=[entry.key for entry in group.right],
            stated=[entry.key for entry in group.left],
        )


def _stated(item: ItemStated) -> Entry:
    references = {*item.references, item.order_id} - {""}
    return Entry(name_of(item), item.amount or ZERO, day_of(item.occurred_at), frozenset(references))


def _claimed(claim: Claim) -> Entry:
    settled = claim.settlement
    references = {settled.settlement_id, settled.order_id, settled.purchase_order} - {""}
    return Entry(settled.settlement_id, claim.claimed, day_of(settled.occurred_at), frozenset(references))


def _with_vat(line: SettledLine, currency: str) -> Decimal:
    return line.net_amount + vat_amount(line.net_amount, Vat(line.vat_category, line.vat_rate), currency)
