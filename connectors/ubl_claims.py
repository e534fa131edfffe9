"""What reading a UBL invoice brings up beside its facts: the amounts it claims, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NoReturn

from connectors.findings import DocumentError
from connectors.xmldoc import Node
from hub.domain.en16931 import Finding
from hub.domain.en16931.recompute import Claim, Term

MAX_FINDINGS = 100
"""How many a rejection names: telling where in a document each one is costs time that grows with the document."""


class InvoiceRejectedError(Exception):
    """A document that cannot be recomputed; carries its findings, each with element and line as its path."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(f"{finding.path}: {finding.message}" for finding in findings))
        self.findings = tuple(findings)


class RuleError(DocumentError):
    """A DocumentError that a rule of the standard stands behind."""

    def __init__(self, rule: str, where: str, reason: str) -> None:
        super().__init__(where, reason)
        self.rule = rule


def breaks(rule: str, where: str, reason: str) -> NoReturn:
    """Refuse the document by a rule."""
    raise RuleError(rule, where, reason)


def need(parent: Node, path: str, rule: str, reason: str) -> Node:
    """The element at `path`, which a rule wants to be there and not empty."""
    node = parent.one(path)
    if node is None or not node.text:
        breaks(rule, parent.where(path), reason)
    return node


@dataclass(slots=True)
class Reading:
    """What reading one document has brought up so far."""

    currency: str
    root: str
    """`Invoice` or `CreditNote`."""
    claims: dict[Term, Claim] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    """Element and line of the file of each line and document level adjustment, by its path in a finding's."""
    unverified: list[Term] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Note the block's DocumentError and go on, so that a rejection names more than the first finding."""
        try:
            yield
        except DocumentError as error:
            rule = error.rule if isinstance(error, RuleError) else "UBL"
            self.findings.append(Finding(rule, error.problem.what, error.problem.reason))
            if len(self.findings) == MAX_FINDINGS:
                raise InvoiceRejectedError(self.findings) from None

    def amount(self, parent: Node, path: str) -> tuple[Node, Decimal] | None:
        """The amount at `path` in the document's currency, if there is one."""
        node = parent.one(path)
        if node is None:
            return None
        currency = node.attribute("currencyID")
        if currency not in ("", self.currency):
            reason = f"the amount is in {currency}, the document in {self.currency}"
            breaks("PEPPOL-EN16931-R051", node.where(), reason)
        return node, node.decimal()

    def fact(self, parent: Node, path: str) -> Decimal | None:
        """An amount other amounts follow from."""
        found = self.amount(parent, path)
        return found[1] if found else None

    def claim(self, term: Term, parent: Node, path: str, within: str) -> None:
        """An amount that should follow from others; several of one term are summed."""
        found = self.amount(parent, path)
        if found is None:
            return
        node, amount = found
        earlier = self.claims.get(term)
        unprefixed = path.replace("cac:", "").replace("cbc:", "")
        where = f"{self.root}/{within}{unprefixed} (line {node.line})"
        self.claims[term] = Claim(amount + earlier.amount, earlier.where) if earlier else Claim(amount, where)
