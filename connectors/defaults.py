"""What documents of a sender may leave open, as whoever takes them in has decided it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from hub.domain.model import VatCategory


class Vat(NamedTuple):
    """A VAT category and its rate in percent."""

    category: VatCategory
    rate: Decimal

    def __str__(self) -> str:
        return f"{self.category} {plain(self.rate)}%"


@dataclass(frozen=True, slots=True)
class Defaults:
    """Without one, a document that leaves it open is refused; with it, the document's `assumed` says so."""

    vat: Vat | None = None
    """How a line is taxed that says nothing of it."""
    currency: str = ""
    """Of an order that names none (ISO 4217)."""
    country: str = ""
    """Of an address that names none (ISO 3166-1 alpha-2)."""


NO_DEFAULTS = Defaults()


def plain(number: Decimal) -> str:
    """A number without exponent and trailing zeros."""
    return f"{number.normalize():f}"
