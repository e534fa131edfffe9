"""Order responses as UBL 2.1 `OrderResponse` XML, as Peppol BIS Ordering 3 has them (transaction T76)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from connectors.partners.book import Address, Partner
from connectors.partners.saying import Answer, OrderResponse, SaidLine
from connectors.ubl_elements import Elements, group, leaf, write
from hub.domain.order import ZERO

CUSTOMIZATION = "urn:fdc:peppol.eu:poacc:trns:order_response:3"
PROFILE = "urn:fdc:peppol.eu:poacc:bis:ordering:3"
_ANSWERS: dict[Answer, str] = {"accepted": "AP", "changed": "CA", "rejected": "RE"}
"""UNCL 4343: accepted, conditionally accepted, rejected."""


def to_order_response(said: OrderResponse, partner: Partner, number: int) -> bytes:
    """The document's XML; its lines are there only where they are not taken as ordered."""
    return write(
        "OrderResponse",
        leaf("CustomizationID", CUSTOMIZATION),
        leaf("ProfileID", PROFILE),
        leaf("ID", str(number)),
        leaf("SalesOrderID", said.order_id),
        leaf("IssueDate", said.at.astimezone(UTC).date()),
        leaf("OrderResponseCode", _ANSWERS[said.answer]),
        leaf("DocumentCurrencyCode", said.terms.currency),
        group("OrderReference", leaf("ID", said.terms.purchase_order)),
        group("SellerSupplierParty", _party(partner.us)),
        group("BuyerCustomerParty", _party(partner.them)),
        *_lines(said),
    )


def _party(address: Address) -> Elements:
    return group(
        "Party",
        leaf("EndpointID", address.number, schemeID=address.qualifier),
        group("PartyIdentification", leaf("ID", address.number, schemeID=address.qualifier)),
    )


def _lines(said: OrderResponse) -> Iterator[Elements]:
    if said.answer == "changed":
        for each in said.lines:
            yield group("OrderLine", _line(each, said.terms.currency))


def _line(said: SaidLine, currency: str) -> Elements:
    line = said.line
    status = "7" if said.quantity == ZERO else "5" if said.quantity == line.quantity else "3"
    kept = said.quantity if status == "3" else None
    return group(
        "LineItem",
        leaf("ID", line.line_id),
        leaf("LineStatusCode", status),
        leaf("Quantity", kept, unitCode=line.unit),
        group(
            "Price",
            leaf("PriceAmount", line.price if kept is not None else None, currencyID=currency),
        ),
        group(
            "Item",
            leaf("Name", line.description or line.item_id),
            group("SellersItemIdentification", leaf("ID", line.item_id)),
        ),
    ) + group("OrderLineReference", leaf("LineID", line.line_id))
