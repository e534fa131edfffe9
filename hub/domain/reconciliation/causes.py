"""Why two sides of a reconciliation differ: every cause, its kind, and whether it asks for action."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from hub.domain.model import Frozen

Kind = Literal["short", "over", "price", "tax", "rounding", "duplicate", "missing", "timing", "unexplained"]
KINDS: tuple[Kind, ...] = ("short", "over", "price", "tax", "rounding", "duplicate", "missing", "timing", "unexplained")

Side = Literal["order", "payment", "books", "statement"]
"""order: from what was ordered to what is settled. payment: from that, by the journal, to what was paid. books:
settlements and the journal in themselves. statement: what somebody outside states, and what the hub recorded."""


class Cause(Frozen):
    """One reason for a difference."""

    side: Side
    kind: Kind
    explained: bool
    """Whether it follows from what happened. Otherwise somebody has to find out, unless it is within tolerance."""
    text: str


CAUSES: Mapping[str, Cause] = {
    "cancelled": Cause("order", "short", True, "cancelled before it was shipped"),
    "given-up": Cause("order", "short", True, "the seller will not deliver it"),
    "not-delivered-yet": Cause("order", "timing", True, "still to be delivered"),
    "over-delivered": Cause("order", "over", True, "delivered beyond what is wanted"),
    "never-arrived": Cause("order", "missing", True, "reported as delivered and found never to have arrived"),
    "returned": Cause("order", "short", True, "sent back by the customer"),
    "not-billed": Cause("order", "over", True, "delivered beyond what is wanted and the policy bills"),
    "not-settled-yet": Cause("order", "timing", True, "delivered, and settled with the next delivery or when all is"),
    "held-back": Cause("order", "timing", True, "delivered, and a hold keeps it from being settled"),
    "settled-later": Cause("order", "timing", True, "settled after the period"),
    "not-settled": Cause("order", "missing", False, "delivered, and no settlement bills it"),
    "settled-not-delivered": Cause("order", "over", False, "settled beyond what the customer has"),
    "settled-twice": Cause("order", "duplicate", False, "settled once more for the same delivery"),
    "price-differs": Cause("order", "price", False, "settled at another price than the order's"),
    "amount-wrong": Cause("order", "price", False, "a line's amount does not follow from its quantity and price"),
    "discount-differs": Cause("order", "price", False, "settled with another discount than the order's"),
    "charge-not-billed": Cause("order", "timing", True, "charged once, with goods of which nothing is billed"),
    "charge-differs": Cause("order", "price", False, "charged once, and settled at another amount than the order's"),
    "vat-differs": Cause("order", "tax", False, "settled under another VAT category or rate than the order's"),
    "vat-wrong": Cause("order", "tax", False, "the VAT does not follow from the taxable amount"),
    "cancellation-charge": Cause("order", "over", True, "charged for what was cancelled too late"),
    "late-delivery": Cause("order", "short", True, "taken off for late delivery"),
    "early-payment": Cause("order", "short", True, "taken off for paying early"),
    "settled-in-parts": Cause("order", "rounding", True, "every settlement is rounded by itself"),
    "no-such-line": Cause("order", "missing", False, "settled, and the order has no such line"),
    "no-such-order": Cause("order", "missing", False, "settled, and there is no such order"),
    "other-currency": Cause("order", "price", False, "settled in another currency than the order's"),
    "sums-wrong": Cause("order", "unexplained", False, "a settlement's total is not the sum of its parts"),
    "not-due": Cause("payment", "timing", True, "not due yet"),
    "unpaid": Cause("payment", "missing", True, "due, and nothing of it is paid"),
    "underpaid": Cause("payment", "short", True, "due, and paid in part: the rest stays open"),
    "prepaid": Cause("payment", "timing", True, "paid before there was a claim"),
    "overpaid": Cause("payment", "over", True, "paid beyond the claims: kept for the customer"),
    "paid-unexplained": Cause("payment", "unexplained", False, "the books do not say what it was paid for"),
    "not-posted": Cause("payment", "missing", False, "settled, and not in the journal"),
    "not-recorded": Cause("payment", "missing", False, "in the journal, and no such settlement is recorded"),
    "recorded-twice": Cause("books", "duplicate", False, "the settlement is recorded more than once"),
    "posted-twice": Cause("books", "duplicate", False, "in the journal more than once"),
    "posted-less": Cause("payment", "short", False, "the journal claims less than the settlement"),
    "posted-more": Cause("payment", "over", False, "the journal claims more than the settlement"),
    "unbalanced": Cause("books", "unexplained", False, "debits and credits of a posting differ"),
    "stated-less": Cause("statement", "short", False, "the list has less than was reported"),
    "stated-more": Cause("statement", "over", False, "the list has more than was reported"),
    "stated-price": Cause("statement", "price", False, "the list has another price than the order"),
    "stated-twice": Cause("statement", "duplicate", False, "the list has it once more"),
    "not-reported": Cause("statement", "missing", False, "on the list, and never reported to the hub"),
    "not-stated": Cause("statement", "missing", False, "reported to the hub, and not on the list"),
    "reported-later": Cause("statement", "timing", True, "on the list, and reported after the period"),
    "paid-less": Cause("statement", "short", False, "paid less than was claimed"),
    "line-not-paid": Cause("statement", "short", False, "paid all but one line"),
    "vat-not-paid": Cause("statement", "tax", False, "paid without the VAT"),
    "paid-more": Cause("statement", "over", False, "paid more than was claimed"),
    "paid-rounded": Cause("statement", "rounding", True, "paid to another cent"),
    "paid-twice": Cause("statement", "duplicate", False, "paid once more"),
    "no-such-claim": Cause("statement", "missing", False, "paid for what nobody claims"),
    "not-remitted": Cause("statement", "missing", False, "due and open, and not among what was paid"),
    "claim-not-due": Cause("statement", "timing", True, "open and not due yet, and not among what was paid"),
    "not-booked": Cause("statement", "timing", True, "the customer has paid, and no payment is booked yet"),
}
"""By a stable code. The text completes: this amount was ..."""
