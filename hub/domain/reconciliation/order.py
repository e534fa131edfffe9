"""One order reconciled: ordered, delivered, settled and paid, and what lists of others say of its deliveries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from hub.domain.accounts import Accounts
from hub.domain.events import Fact
from hub.domain.model import Frozen
from hub.domain.order import ZERO
from hub.domain.reconciliation.behind import NAMED, reports_of, with_events
from hub.domain.reconciliation.discrepancy import Discrepancy, Tolerances
from hub.domain.reconciliation.document import signed
from hub.domain.reconciliation.dossier import Dossier, Period
from hub.domain.reconciliation.findings import Findings
from hub.domain.reconciliation.goods import Matched, match_goods
from hub.domain.reconciliation.lists import Spans, match_lists
from hub.domain.reconciliation.payments import Books, match_payments
from hub.domain.statements import ItemStated


class Grounds(Frozen, kw_only=True):
    """What a reconciliation goes by."""

    period: Period
    tolerances: Tolerances
    accounts: Accounts
    over_delivery_percent: Decimal
    lists: Spans = msgspec.field(default_factory=dict)
    """Lists of goods."""

    def lists_everything(self, dossier: Dossier) -> bool:
        """Whether a department's list has to have what was delivered of this order."""
        day = None if dossier.state is None else dossier.state.delivered_on
        return day is not None and any(
            subject == "deliveries" and first <= day <= last for (subject, _), (first, last) in self.lists.items()
        )


class Outcome(Frozen, kw_only=True):
    """One order, reconciled."""

    order_id: str
    customer_id: str
    currency: str
    lines: int
    matched: Matched
    books: Books
    discrepancies: tuple[Discrepancy, ...]

    @property
    def asks_for_events(self) -> bool:
        """Whether the order's journal has events of differences that name none."""
        return any(each.cause in NAMED and not each.event_ids for each in self.discrepancies)


def reconcile(dossier: Dossier, grounds: Grounds) -> Outcome | None:
    """The order's differences, each with its cause; None if nothing was ordered and nothing settled.

    In its currency ordered + the differences of side `order` = settled, and settled + those of side `payment` = paid.
    """
    dossier, later = dossier.split(grounds.period)
    state, settlements = dossier.state, dossier.settlements
    terms = None if state is None else state.terms
    if state is None or terms is None:
        return _without_order(dossier, grounds) if settlements else None
    findings = Findings(terms.currency, dossier.order_id, terms.customer_id)
    matched = match_goods(
        findings, state, terms, settlements, later=later, over_delivery_percent=grounds.over_delivery_percent
    )
    books = match_payments(findings, settlements, dossier.postings, grounds.accounts, grounds.period.as_of)
    items = {line.line.line_id: line.line.item_id for line in state.lines}
    return Outcome(
        order_id=dossier.order_id,
        customer_id=terms.customer_id,
        currency=terms.currency,
        lines=len(state.lines),
        matched=matched,
        books=books,
        discrepancies=tuple(findings.discrepancies(grounds.tolerances, items)),
    )


def in_full(
    outcome: Outcome, dossier: Dossier, events: Sequence[Fact], stated: Sequence[ItemStated], grounds: Grounds
) -> tuple[Outcome, Counter[str]]:
    """The outcome with the events behind it, and with what lists of goods say; how often which match was found.

    `events` are those the order's journal has as applied, in order.
    """
    state = dossier.state
    found, shapes = list(outcome.discrepancies), Counter[str]()
    if state is not None and (stated or grounds.lists_everything(dossier)):
        findings = Findings(outcome.currency, outcome.order_id, outcome.customer_id)
        lines = [line.line for line in state.lines]
        shapes = match_lists(
            findings,
            lines,
            outcome.currency,
            items=stated,
            reports=reports_of(events, state),
            period=grounds.period,
            spans=grounds.lists,
        )
        found += findings.discrepancies(grounds.tolerances, {line.line_id: line.item_id for line in lines})
    return replace(outcome, discrepancies=tuple(with_events(found, events))), shapes


def _without_order(dossier: Dossier, grounds: Grounds) -> Outcome:
    """Settlements of an order that nobody placed."""
    first = dossier.settlements[0]
    findings = Findings(first.currency, dossier.order_id, first.customer_id)
    for each in dossier.settlements:
        amount = signed(each)
        findings.note(
            "no-such-order", amount, apart=each.currency, currency=each.currency, settlements=(each.settlement_id,)
        )
    books = match_payments(findings, dossier.settlements, dossier.postings, grounds.accounts, grounds.period.as_of)
    settled = sum((signed(each) for each in dossier.settlements if each.currency == first.currency), ZERO)
    return Outcome(
        order_id=dossier.order_id,
        customer_id=first.customer_id,
        currency=first.currency,
        lines=0,
        matched=Matched(ZERO, settled),
        books=books,
        discrepancies=tuple(findings.discrepancies(grounds.tolerances)),
    )
