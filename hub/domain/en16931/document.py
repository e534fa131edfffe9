"""What is computed from: the amounts-bearing part of an EN 16931 invoice or credit note.

Fields carry the standard's business terms (BT) and groups (BG). Amounts are in the document's currency; quantities
in the line's unit, which does not enter the arithmetic. A credit note has the same positive amounts as the invoice
it credits; an invoice may also carry negative quantities (a correction).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from hub.domain.model import Adjustment, Frozen

Category = Literal["S", "Z", "E", "AE", "K", "G", "O", "L", "M", "B"]
"""VAT category code (UNCL 5305): standard, zero rated, exempt, reverse charge, intra-community, export, not subject
to VAT, Canary Islands (IGIC), Ceuta and Melilla (IPSI), Italian split payment."""

ZERO = Decimal(0)
ONE = Decimal(1)


class Vat(Frozen):
    """The VAT category and rate of a line, allowance or charge: what the breakdown (BG-23) groups by."""

    category: Category
    """BT-151, BT-95, BT-102."""
    rate: Decimal | None = None
    """Percent (BT-152, BT-96, BT-103); None, or 0, for O."""


class DocumentAdjustment(Adjustment, kw_only=True):
    """A document level allowance (BG-20) or charge (BG-21)."""

    vat: Vat


class Line(Frozen):
    """An invoice line (BG-25)."""

    line_id: str
    """BT-126."""
    quantity: Decimal
    """BT-129."""
    price: Decimal
    """Item net price (BT-146): after price discount, without VAT, not negative (BR-27)."""
    vat: Vat
    base_quantity: Decimal = ONE
    """BT-149: the quantity the price is for; positive."""
    adjustments: tuple[Adjustment, ...] = ()
    gross_price: Decimal | None = None
    """BT-148, not negative (BR-28). If given, price = gross price - price discount."""
    price_discount: Decimal = ZERO
    """BT-147, per price, not per line."""


class Exemption(Frozen):
    """Why no VAT is charged in a category: BT-121 (code, VATEX list) and BT-120 (text)."""

    category: Category
    code: str = ""
    reason: str = ""


class Document(Frozen):
    """All that the totals of an invoice or credit note follow from."""

    currency: str
    """BT-5, ISO 4217."""
    lines: tuple[Line, ...]
    adjustments: tuple[DocumentAdjustment, ...] = ()
    prepaid: Decimal = ZERO
    """BT-113."""
    rounding: Decimal = ZERO
    """BT-114, as given."""
    third_party: Decimal = ZERO
    """Sum of BT-DEX-002: what is collected for third parties with this invoice (XRechnung extension, BG-DEX-09)."""
    rounding_step: Decimal | None = None
    """The smallest coin: BT-114 is then computed, so that the payable amount is a multiple of it."""
    tax_currency: str | None = None
    """VAT accounting currency (BT-6), other than `currency`."""
    tax_exchange_rate: Decimal | None = None
    """Units of `tax_currency` for one of `currency`; needed with it."""
    exemptions: tuple[Exemption, ...] = ()
    """Exemption reasons by category; AE, K, G and O have the standard's own where none is given."""
