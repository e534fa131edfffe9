"""Who supplies a line: the question, the answer, and who may give it (`hub.rules` does)."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from hub.domain.items import Supply
from hub.domain.model import Department, Frozen
from hub.domain.node import Node

OrderClass = str
"""As the rules name it."""


class LineFacts(Frozen):
    """What a rule may read about a line and its order; the names are the variables of the rules' conditions."""

    item_id: str
    quantity: Decimal
    """What is to be allocated, in `unit`."""
    unit: str
    price: Decimal
    country: str
    postal_code: str
    customer_id: str
    seller_id: str
    priority: str
    order_class: OrderClass
    currency: str
    group: str = ""
    """The customer's."""
    region: str = ""
    item_class: str = ""
    supply: Supply = ""
    """How the line is come by, as the rules say."""


class Candidate(Frozen):
    """A department, or one node of it, that may supply the line, and the rule that says so."""

    department: Department
    """production makes it, procurement buys it, logistics has it in stock."""
    rule: str
    node: Node | None = None
    """None: the department itself sees to it where."""

    @property
    def supplier(self) -> str:
        """Who refuses when this candidate does: the node, or else the department."""
        return self.department if self.node is None else self.node.name


class Router(Protocol):
    """Names who may supply a line, best first, each at most once. Pure."""

    def candidates(self, facts: LineFacts) -> tuple[Candidate, ...]:
        """The departments and nodes for a line."""
        ...

    def node(self, name: str) -> Node | None:
        """The node of this name, None if there is none any more."""
        ...
