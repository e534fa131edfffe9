"""UBL order changes and cancellations: `OrderChange` to `OrderChanged`, `OrderCancellation` to `OrderCancelled`.

Peppol's advanced ordering (transactions T114 and T115) sends them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from lxml.etree import _Element as Element

from connectors.defaults import Vat
from connectors.findings import Findings
from connectors.ubl_agreement import changed_agreement
from connectors.ubl_change_head import changed_head
from connectors.ubl_delivery import check_places
from connectors.ubl_head import NAMESPACES, currency_of, customer_of, event_id, issued
from connectors.ubl_line import read_line
from connectors.xmldoc import Node
from hub.domain.events import OrderCancelled, OrderChanged
from hub.domain.model import LineChange

_URN = "urn:oasis:names:specification:ubl:schema:xsd"
CHANGE = f"{{{_URN}:OrderChange-2}}OrderChange"
CANCELLATION = f"{{{_URN}:OrderCancellation-2}}OrderCancellation"
_ACTIONS: dict[str, Literal["add", "change", "delete"]] = {"1": "add", "2": "delete", "3": "change"}
"""UNCL 1229 (LineStatusCode)."""
_UNCHANGED = "4"
_MAX_REVISION_DIGITS = 8


def read_change(root: Element, default_vat: Vat | None, findings: Findings) -> OrderChanged:
    """An order change; problems of its lines are left in the findings."""
    change = Node(root, NAMESPACES)
    currency = currency_of(change, findings)
    changes: list[LineChange] = []
    for line in findings.bounded(change.all("cac:OrderLine")):
        with findings:
            changes.extend(_line(line, currency, default_vat, findings))
    discount, adjustments = changed_agreement(change, currency)
    address, wanted = changed_head(change, currency, findings)
    check_places(change, address, findings)
    if not changes and adjustments is None and address is None and wanted is None and not findings.errors:
        reason = "the change names nothing that changes: no line, delivery address, requested date, allowance or charge"
        change.fail(reason, below="cac:OrderLine")
    customer_id = customer_of(change)
    return OrderChanged(
        event_id=event_id(root),
        source=f"ubl:{customer_id}",
        occurred_at=issued(change),
        order_id=f"{customer_id}/{_order(change)}",
        revision=_revision(change, findings),
        changes=tuple(changes),
        reason=" ".join(note.text for note in change.all("cbc:Note")),
        deliver_to=address,
        requested_delivery=wanted,
        discount_percent=discount,
        adjustments=adjustments,
        currency=currency,
    )


def read_cancellation(root: Element) -> OrderCancelled:
    """An order cancellation."""
    cancellation = Node(root, NAMESPACES)
    customer_id = customer_of(cancellation)
    return OrderCancelled(
        event_id=event_id(root),
        source=f"ubl:{customer_id}",
        occurred_at=issued(cancellation),
        order_id=f"{customer_id}/{_order(cancellation)}",
        reason=" ".join(note.text for note in cancellation.all("cbc:CancellationNote")),
    )


def _order(document: Node) -> str:
    return document.require("cac:OrderReference/cbc:ID", "it does not say which order it is about").text


def _revision(change: Node, findings: Findings) -> int:
    node = change.one("cbc:SequenceNumberID")
    if node is None or not node.text:
        findings.assumed.append("revision 1; the change has no SequenceNumberID")
        return 1
    text = node.text
    if not (text.isascii() and text.isdecimal()) or len(text) > _MAX_REVISION_DIGITS or int(text) == 0:
        node.fail(f"{text[:40]!r} is not the number of a change: 1 for the first, one more with each")
    return int(text)


def _line(line: Node, currency: str, default_vat: Vat | None, findings: Findings) -> Iterator[LineChange]:
    item = line.one("cac:LineItem") or line.fail("the line has no LineItem", below="cac:LineItem")
    status = item.require("cbc:LineStatusCode", "a line of a change says what becomes of it")
    if status.text == _UNCHANGED:
        return
    action = _ACTIONS.get(status.text)
    if action is None:
        status.fail(f"{status.text[:40]!r} is none of 1 (added), 2 (deleted), 3 (changed) and 4 (no action)")
    line_id = item.require("cbc:ID", "an order line needs its number").text
    yield LineChange(action, line_id, None if action == "delete" else read_line(line, currency, default_vat, findings))
