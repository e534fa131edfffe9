"""What somebody outside states: goods that a department or a carrier delivered, money that a customer paid."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from hub.domain.events import Fact
from hub.domain.finding import Finding
from hub.domain.money import CURRENCIES, is_whole

StatedSubject = Literal["deliveries", "proof-of-delivery", "remittance"]
"""deliveries: a department's list of what it delivered. proof-of-delivery: what a carrier has a signature for.
remittance: what a customer says it paid, and for what."""


class ItemStated(Fact, kw_only=True):
    """statements: one item of a list kept outside, which a reconciliation holds against what the hub recorded.

    `occurred_at` is when the goods arrived or the money was paid. It changes no order.
    """

    statement_id: str
    """The list it stands on."""
    subject: StatedSubject
    party: str
    """Whose list it is: the department, the carrier, or the customer's id."""
    order_id: str = ""
    """Of goods; of money if the list says so."""
    line_id: str = ""
    """Of goods."""
    references: tuple[str, ...] = ()
    """Of goods the delivery's own document; of money the settlements, orders or purchase orders it is for."""
    quantity: Decimal | None = None
    """Of goods, negative where they came back."""
    unit: str = ""
    """UN/ECE Recommendation 20; empty: the order line's."""
    price: Decimal | None = None
    """What the list says one unit costs, if it says so."""
    amount: Decimal | None = None
    """Of money, negative where it was paid back."""
    currency: str = ""


def check_stated(item: ItemStated) -> Iterator[Finding]:
    """What stands against an item: goods are of a line and counted, money has an amount in a currency."""
    needed = ("amount", "currency") if item.subject == "remittance" else ("order_id", "line_id", "quantity")
    for name in needed:
        if getattr(item, name) in (None, ""):
            yield Finding("statement-incomplete", name, "", f"every item of a {item.subject} list needs one")
    if item.amount is not None and item.currency:
        if item.currency not in CURRENCIES:
            yield Finding("currency-unknown", "currency", item.currency, "use an active ISO 4217 code")
        elif not is_whole(item.amount, item.currency):
            remedy = f"{item.currency} has fewer decimals; write what was paid"
            yield Finding("amount-invalid", "amount", f"{item.amount:f}", remedy)
