"""The review of an order: what its rules may read, what they say, and who may say it (`hub.rules.review` does).

An order is reviewed when its customer's account has answered, so that everything the company knows about customer and
items is at hand; again, as far as its lines changed, after every amendment.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from hub.domain.finding import Finding
from hub.domain.items import Supply
from hub.domain.model import Frozen


class OrderFacts(Frozen, kw_only=True):
    """What a rule may read about an order; the names are the variables of the rules' conditions."""

    customer_id: str
    customer_known: bool
    """Whether anyone has told the hub about the customer."""
    group: str
    """The customer's."""
    seller_id: str
    purchase_order: str
    currency: str
    country: str
    postal_code: str
    priority: str
    """As the buyer said."""
    note: str
    value: Decimal
    """Of all that is wanted, with VAT."""
    lines: int
    revision: int
    dated: bool
    """Whether the buyer said when the order shall arrive."""
    days: int
    """From today until then, negative when it is past; 0 where the buyer did not say."""


class ItemFacts(Frozen):
    """What a rule may read about a line: first what all lines of an order share, then the line's own, then the item.

    Made by position: with so many fields that takes a tenth of the time.
    """

    customer_id: str
    group: str
    seller_id: str
    currency: str
    country: str
    order_class: str
    priority: str
    """As the rules say."""
    region: str
    item_id: str
    quantity: Decimal
    """In `unit`."""
    unit: str
    price: Decimal
    """Of one `unit`."""
    discount_percent: Decimal
    dated: bool
    days: int
    item_known: bool
    """Whether anyone has told the hub about the item; what follows is empty or 0 where not, or where nobody said."""
    item_class: str
    item_supply: str
    item_status: str
    replaced_by: str
    lead_days: int
    sold_in: bool
    """Whether the item is sold in the line's unit."""
    below_minimum: bool
    """Whether it is less than the least that can be ordered."""
    off_multiple: bool
    """Whether it is no multiple of what can be ordered."""
    list_percent: Decimal
    """The price in percent of the list price, rounded to whole percent; 100 where none is known in the currency."""


class OrderReview(Frozen):
    """What the rules make of an order as a whole."""

    order_class: str
    priority: str
    region: str
    because: tuple[str, str, str] = ("", "", "")
    """The rule that said so of each; empty where none did."""
    findings: tuple[Finding, ...] = ()


class LineReview(Frozen):
    """What the rules make of a line."""

    supply: Supply
    because: str = ""
    """The rule that said so."""
    findings: tuple[Finding, ...] = ()


class Reviewer(Protocol):
    """Classifies and checks. Pure."""

    def order(self, facts: OrderFacts) -> OrderReview:
        """The order's classes, and what is wrong with it as a whole."""
        ...

    def line(self, facts: ItemFacts) -> LineReview:
        """How the line is come by, and what is wrong with it."""
        ...
