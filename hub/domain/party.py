"""Who sells and who buys, as an invoice names them (EN 16931: BG-4 to BG-9, BG-16)."""

from __future__ import annotations

from hub.domain.en16931 import Exemption
from hub.domain.model import Frozen


class Party(Frozen, kw_only=True, forbid_unknown_fields=True):
    """A seller (BG-4) or a buyer (BG-7). What is empty is not known, or does not exist."""

    name: str
    """Registered name (BT-27, BT-44)."""
    trading_name: str = ""
    """BT-28, BT-45, if it is known by another name."""
    street: str = ""
    """Street and number (BT-35, BT-50)."""
    additional_street: str = ""
    """BT-36, BT-51."""
    city: str = ""
    """BT-37, BT-52."""
    postal_code: str = ""
    """BT-38, BT-53."""
    country: str = ""
    """ISO 3166-1 alpha-2 (BT-40, BT-55)."""
    vat_id: str = ""
    """VAT identifier with its country prefix (BT-31, BT-48)."""
    registration_id: str = ""
    """Legal registration identifier (BT-30, BT-47), e.g. the number in a register of companies."""
    electronic_address: str = ""
    """Where invoices are sent (BT-34, BT-49)."""
    electronic_scheme: str = ""
    """Code of the electronic address scheme (EAS), e.g. 0088 for a GLN, 9930 for a German VAT number."""
    contact_name: str = ""
    """BT-41, BT-56."""
    phone: str = ""
    """BT-42, BT-57."""
    email: str = ""
    """BT-43, BT-58."""


class BankAccount(Frozen, kw_only=True, forbid_unknown_fields=True):
    """Where the buyer pays to (BG-17)."""

    account: str
    """IBAN, or the national number (BT-84)."""
    holder: str = ""
    """BT-85."""
    bank: str = ""
    """BIC (BT-86)."""


class Seller(Frozen, kw_only=True, forbid_unknown_fields=True):
    """Who issues the documents, and what stands on each of them."""

    party: Party
    account: BankAccount | None = None
    payment_terms: str = ""
    """BT-20 of an invoice that has neither a due date nor terms of its own (BR-CO-25)."""
    credit_terms: str = ""
    """BT-20 of a credit note without terms of its own: how the buyer gets the amount."""
    exemptions: tuple[Exemption, ...] = ()
    """Why categories without VAT are so (BT-120, BT-121); E needs one, AE, K, G and O have the norm's own."""
