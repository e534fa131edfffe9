"""The chart of accounts of settlements.journal, and the rule that every posting obeys: debits equal credits."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from hub.domain.effects import PostedEntry
from hub.domain.en16931 import Vat
from hub.domain.model import Frozen
from hub.domain.money import exact
from hub.domain.order import ZERO
from hub.errors import InvariantError

Balances = Mapping[tuple[str, str], Decimal]
"""What a posting adds to each account for each settlement (empty: none): a debit is positive, a credit negative."""


class Accounts(Frozen, kw_only=True, forbid_unknown_fields=True):
    """Names or numbers of the accounts that settlements and payments are posted to."""

    receivables: str = "receivables"
    revenue: str = "revenue"
    """Line net amounts, before what is allowed or charged on the document."""
    output_vat: str = "output-vat"
    """VAT owed. Each category and rate has an account of its own: this name, category and rate (`output-vat S 19`)."""
    output_vat_by_rate: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Other names for some of them, by category and rate: `S 19`."""
    discounts: str = "discounts"
    """Allowed by the order's terms."""
    charges: str = "charges"
    """For what was cancelled."""
    ordered_charges: str = "ordered-charges"
    """By the order's terms: freight, packaging, insurance. What a line charges is revenue, as its price is."""
    penalties: str = "penalties"
    """Allowed for late delivery."""
    early_payment: str = "early-payment"
    """Allowed for paying early."""
    prepayments: str = "prepayments"
    """Received before there was a claim to pay."""
    customer_credit: str = "customer-credit"
    """Owed to customers: paid beyond their claims, or credited after they had paid."""
    bank: str = "bank"

    def vat(self, vat: Vat) -> str:
        """The account of one VAT category and rate."""
        group = f"{vat.category} {(vat.rate or ZERO).normalize():f}"
        return self.output_vat_by_rate.get(group, f"{self.output_vat} {group}")


def balanced(balances: Balances, what: str) -> tuple[PostedEntry, ...]:
    """The entries of one posting, accounts that nothing is added to left out.

    Raises InvariantError when debits and credits differ: `what` is posted was computed wrongly.
    """
    with exact():
        difference = sum(balances.values(), ZERO)
    if difference != ZERO:
        raise InvariantError(f"{what}: debits exceed credits by {difference}")
    entries = [
        PostedEntry(account, max(amount, ZERO), max(-amount, ZERO), settlement_id)
        for (account, settlement_id), amount in balances.items()
        if amount != ZERO
    ]
    return tuple(entries)
