"""What every inbound connector is: bytes of the world outside in, the hub's events or reasoned refusals out.

A connector never guesses silently. What a document leaves open is either refused or filled in and said so in
`Accepted.assumed`. One bad document does not end the others: a refusal is a value like an event.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from hub.domain.events import CustomerEvent, CustomerFact, ItemUpdated, OrderEvent, OrderFact
from hub.domain.statements import ItemStated

Event = OrderEvent | CustomerEvent | ItemUpdated | ItemStated


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a document."""

    what: str
    """The field or element, e.g. `Order/OrderLine[2]/LineItem/Price (line 88)`; empty for the whole document."""
    reason: str
    """What is wrong with it and what to do, in one sentence."""

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}" if self.what else self.reason


@dataclass(frozen=True, slots=True)
class Accepted:
    """A document the connector understood."""

    where: str
    """File, and line where one file holds many documents: `orders.jsonl:12`."""
    event: Event
    assumed: tuple[str, ...] = ()
    """What the document left open and how it was filled in, for a person to check."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A document the connector would not pass on."""

    where: str
    problems: tuple[Problem, ...]
    raw: bytes
    """The document as it came; cut to the connector's bound where it was longer."""

    @property
    def reason(self) -> str:
        """Every problem in one line."""
        return "; ".join(map(str, self.problems))


@dataclass(frozen=True, slots=True)
class Receipt:
    """A functional acknowledgement: what goes back to the sender, where the format has one.

    It comes after the documents it speaks of, and must not leave before these are safe.
    """

    where: str
    """The part of the file it acknowledges: `orders.edi:1`, its first interchange."""
    name: str
    """What to call a file of it."""
    raw: bytes


Read = Accepted | Refusal | Receipt
"""What comes of reading."""


class Inbound(Protocol):
    """A format the hub can take in."""

    def read(self, stream: BinaryIO, name: str) -> Iterator[Read]:
        """Every document of `stream` in order, in bounded memory; `name` is what messages call it.

        Never raises for what a document says: only for the stream itself (OSError).
        """
        ...


def key_of(event: Event) -> str:
    """The record key an event travels under: its order, customer, item or statement."""
    match event:
        case OrderFact(order_id=order_id):
            return order_id
        case CustomerFact(customer_id=customer_id):
            return customer_id
        case ItemUpdated(item=item):
            return item.item_id
        case ItemStated(statement_id=statement_id):
            return statement_id
    raise TypeError(type(event).__name__)
