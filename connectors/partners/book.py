"""The trading partners: which customers get documents, in which format, and how both are called in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from connectors.declared import load_declared
from hub.domain.model import Frozen
from hub.errors import ConfigError

Kind = Literal["response", "despatch", "invoice"]
Format = Literal["x12", "edifact", "ubl"]
KINDS: Mapping[Format, tuple[Kind, ...]] = MappingProxyType(
    {
        "x12": ("response", "despatch", "invoice"),
        "edifact": ("response", "despatch", "invoice"),
        "ubl": ("response", "invoice"),
    }
)
"""What each format is written in."""


class Address(Frozen, forbid_unknown_fields=True):
    """How the format's network calls somebody."""

    qualifier: str
    """X12 I05 (`ZZ`, `01`), EDIFACT 0007 (`14`), the scheme of a Peppol endpoint (`0088`)."""
    number: str


class Partner(Frozen, forbid_unknown_fields=True, kw_only=True):
    """One customer and what is agreed with them."""

    customer_id: str
    format: Format
    us: Address
    them: Address
    documents: tuple[Kind, ...] | None = None
    """All that the format has, unless it says which."""
    test: bool = False
    """Whether the documents are marked as tests (ISA15, UNB 0035)."""

    def wants(self, kind: Kind) -> bool:
        """Whether the partner gets documents of a kind."""
        return kind in (KINDS[self.format] if self.documents is None else self.documents)


class _Book(Frozen, forbid_unknown_fields=True):
    partners: tuple[Partner, ...]


def load_partners(path: Path) -> Mapping[str, Partner]:
    """The partners of a file by their customer id. Raises ConfigError, naming file and line."""
    partners: dict[str, Partner] = {}
    for partner in load_declared(path, _Book, "trading partners").partners:
        if partner.customer_id in partners:
            raise ConfigError(f"{path}: customer {partner.customer_id} stands there twice")
        if missing := set(partner.documents or ()) - set(KINDS[partner.format]):
            raise ConfigError(
                f"{path}: customer {partner.customer_id}: {partner.format} has no {', '.join(missing)} here"
            )
        partners[partner.customer_id] = partner
    return partners
