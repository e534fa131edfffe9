"""UBL 2.x and Peppol BIS ordering: `Order` to `OrderPlaced`, and its change and cancellation.

Element names are those of UBL 2.1; checks cite Peppol's rules for the order transaction (PEPPOL-T01-Rnnn).
`docs/input.md` tells the mapping and every decision about what an order may leave open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import BinaryIO

import msgspec
from lxml.etree import _Element as Element

from connectors.base import Accepted, Event, Refusal
from connectors.defaults import Vat
from connectors.findings import MAX_DOCUMENT_BYTES, DocumentError, Findings, checked
from connectors.ubl_agreement import order_agreement
from connectors.ubl_change import CANCELLATION, CHANGE, read_cancellation, read_change
from connectors.ubl_delivery import check_places, deliver_to, requested_delivery
from connectors.ubl_head import NAMESPACES, currency_of, customer_of, event_id, issued, party_id
from connectors.ubl_line import read_line
from connectors.xmldoc import Node, parse
from hub.domain.events import OrderCancelled, OrderChanged, OrderPlaced
from hub.domain.model import OrderAdjustment, OrderLine
from hub.domain.money import exact

ORDER = "{urn:oasis:names:specification:ubl:schema:xsd:Order-2}Order"
ORDER_TYPES = frozenset({"", "105", "220", "221", "226", "227", "402"})
"""UNCL 1001 codes that Peppol (transaction T01, order type code) says to process like 220, an order."""
URGENT = frozenset({"1", "2"})
"""UNCL 4219 express and high speed, in Delivery/Shipment/ShippingPriorityLevelCode."""


@dataclass(frozen=True, slots=True)
class UblOrders:
    """Reads one UBL order, order change or order cancellation a stream."""

    default_vat: Vat | None = None
    """How a line without a VAT category is taxed; without it an order with such a line is refused."""

    def read(self, stream: BinaryIO, name: str) -> Iterator[Accepted | Refusal]:
        """The document; or the first problem of its head, of each of its lines and of its totals."""
        raw = stream.read(MAX_DOCUMENT_BYTES + 1)
        findings = Findings()
        event: Event | None = None
        with findings, exact():
            read = _read(parse(raw), self.default_vat, findings)
            event = None if findings.errors else checked({"type": type(read).__name__, **msgspec.to_builtins(read)})
        if event is None:
            yield Refusal(name, findings.problems, raw[:MAX_DOCUMENT_BYTES])
        else:
            yield Accepted(name, event, tuple(findings.assumed))


def _read(root: Element, default_vat: Vat | None, findings: Findings) -> OrderPlaced | OrderChanged | OrderCancelled:
    if root.tag == ORDER:
        return _order(root, default_vat, findings)
    if root.tag == CHANGE:
        return read_change(root, default_vat, findings)
    if root.tag == CANCELLATION:
        return read_cancellation(root)
    reason = f"this is no UBL Order, OrderChange or OrderCancellation but {root.tag}; convert it to one of them first"
    raise DocumentError("", reason)


def _order(root: Element, default_vat: Vat | None, findings: Findings) -> OrderPlaced:
    order = Node(root, NAMESPACES)
    currency = currency_of(order, findings)
    lines: list[OrderLine] = []
    for line in findings.bounded(order.all("cac:OrderLine")):
        with findings:
            lines.append(read_line(line, currency, default_vat, findings))
    if not lines and not findings.errors:
        order.fail("an order needs at least one line", below="cac:OrderLine")
    discount = Decimal(0)
    adjustments: tuple[OrderAdjustment, ...] = ()
    if not findings.errors:
        discount, adjustments = order_agreement(order, lines, currency, findings)
    purchase_order = order.require("cbc:ID", "an order needs its number").text
    customer_id = customer_of(order)
    type_code = order.one("cbc:OrderTypeCode")
    if type_code and type_code.text not in ORDER_TYPES:
        type_code.fail(f"order type {type_code.text!r} is not an order to be delivered and billed; use 220")
    address = deliver_to(order, findings)
    check_places(order, address, findings)
    level = order.value("cac:Delivery/cac:Shipment/cbc:ShippingPriorityLevelCode")
    notes = [note for note in order.all("cbc:Note") if note.text]
    return OrderPlaced(
        event_id=event_id(root),
        source=f"ubl:{customer_id}",
        occurred_at=issued(order),
        order_id=f"{customer_id}/{purchase_order}",
        customer_id=customer_id,
        purchase_order=purchase_order,
        currency=currency,
        lines=tuple(lines),
        deliver_to=address,
        discount_percent=discount,
        requested_delivery=requested_delivery(order),
        seller_id=party_id(order.one("cac:SellerSupplierParty")),
        priority="urgent" if level in URGENT else "normal",
        locale=next((language for note in notes if (language := note.attribute("languageID"))), "en").lower(),
        note="\n".join([*(note.text for note in notes), *(f"Assumed: {text}" for text in findings.assumed)]),
        adjustments=adjustments,
    )
