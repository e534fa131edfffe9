"""ORDERS to `OrderPlaced`, ORDCHG to `OrderChanged` or `OrderCancelled`; `docs/input.md` tells the mapping.

Codes are those of directory D.96A, which later directories and EANCOM keep.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

from connectors.amounts import agree
from connectors.defaults import Defaults, Vat, plain
from connectors.edi.message import Fields, Message, Read
from connectors.edi.orders import Parts, comes_to, default_currency, divide, known_currency, net
from connectors.edi.segments import Segment
from connectors.edifact.agreement import on_whole
from connectors.edifact.change_head import changed_head
from connectors.edifact.codes import ORDER_TYPES, URGENT
from connectors.edifact.line import moment, read_line, requested_delivery
from connectors.edifact.parties import customer_of, deliver_to, seller_of
from connectors.findings import Findings

_SUMMARY = frozenset({"UNS"})
_DOCUMENT_DATE = "137"
_ORDER_CURRENCY = "2"
_LINES_TOTAL, _TAXABLE, _TOTAL = "79", "125", "86"
"""5025: total of the line items, taxable amount, total of the message."""
_LINE_COUNT = "2"
_ORDER_NUMBER = "ON"
_ACTIONS = {"1": "add", "2": "delete", "3": "change"}
_UNCHANGED = frozenset({"4", "5"})
_CHANGES = frozenset({"", "4", "5", "9"})
_CANCELLATION = "1"


def read_order(message: Message, defaults: Defaults, findings: Findings) -> Fields:
    """An order (ORDERS)."""
    parts = divide(message.segments, "LIN", _SUMMARY)
    head = _head(parts, message)
    kind, purpose = head.get(1), head.get(3)
    if kind not in ORDER_TYPES:
        head.fail(1, f"order type {kind[:40]!r} is not an order to be delivered and billed; use 220")
    if purpose not in {"", "9"}:
        head.fail(3, f"an order of function {purpose[:40]!r} is no new one; send 9, and changes as ORDCHG")
    number = head.require(2, "an order needs its number")
    customer_id = customer_of(parts, message)
    currency = _currency(parts, head, defaults, findings)
    lines: list[Fields] = []
    for position, segments in enumerate(findings.bounded(parts.lines), 1):
        with findings:
            line_id = segments[0].get(1) or str(position)
            lines.append(read_line(segments, line_id, currency, defaults, findings))
    if not parts.lines:
        head.fail(0, "an order needs at least one line (LIN)", "segment-missing")
    _check_count(parts)
    if findings.errors:
        return {}
    return {
        "type": "OrderPlaced",
        "event_id": message.id("edifact"),
        "source": f"edifact:{customer_id}",
        "occurred_at": _issued(parts, message).isoformat(),
        "order_id": f"{customer_id}/{number}",
        "customer_id": customer_id,
        "purchase_order": number,
        "currency": currency,
        "lines": tuple(lines),
        "deliver_to": deliver_to(parts, head, defaults, findings),
        **_agreement(parts, lines, currency),
        "requested_delivery": requested_delivery(parts.head),
        "seller_id": seller_of(parts),
        "priority": "urgent" if kind in URGENT else "normal",
        "locale": _language(parts),
        "note": "\n".join([*_notes(parts.head), *(f"Assumed: {text}" for text in findings.assumed)]),
    }


def read_change(message: Message, defaults: Defaults, findings: Findings) -> Fields:
    """A change or cancellation of an order (ORDCHG)."""
    parts = divide(message.segments, "LIN", _SUMMARY)
    head = _head(parts, message)
    purpose = head.get(3)
    if purpose not in {*_CHANGES, _CANCELLATION}:
        head.fail(3, f"an order change of function {purpose[:40]!r} is not accepted; send 4, or 1 to cancel the order")
    reference = parts.first("RFF", _ORDER_NUMBER)
    number = reference.get(1, 2) if reference else head.require(2, "a change needs the number of its order (RFF+ON)")
    customer_id = customer_of(parts, message)
    fields: Fields = {
        "event_id": message.id("edifact"),
        "source": f"edifact:{customer_id}",
        "occurred_at": _issued(parts, message).isoformat(),
        "order_id": f"{customer_id}/{number}",
        "reason": "\n".join(_notes(parts.head)),
    }
    if purpose == _CANCELLATION:
        return {"type": "OrderCancelled", **fields}
    currency = _currency(parts, head, defaults, findings)
    if parts.first("CUX", _ORDER_CURRENCY):
        fields["currency"] = currency
    changes: list[Fields] = []
    for position, segments in enumerate(findings.bounded(parts.lines), 1):
        with findings:
            changes.extend(_change(segments, position, currency, defaults, findings))
    _check_count(parts)
    agreement = on_whole(parts.head, None, currency) if any(each.tag == "ALC" for each in parts.head) else {}
    amended = changed_head(parts, customer_id, defaults, findings) | agreement
    if not changes and not amended and not findings.errors:
        reason = "the change names nothing that changes: no line (LIN), delivery address, date, allowance or charge"
        head.fail(0, reason, "segment-missing")
    revision = _revision(head, findings)
    return {"type": "OrderChanged", **fields, "revision": revision, "changes": tuple(changes), **amended}


def _head(parts: Parts, message: Message) -> Segment:
    return parts.first("BGM") or message.segments[0].fail(0, "there is no BGM after it", "segment-missing")


def _issued(parts: Parts, message: Message) -> datetime:
    found = parts.first("DTM", _DOCUMENT_DATE)
    return moment(found) if found else message.sent_at


def _currency(parts: Parts, head: Segment, defaults: Defaults, findings: Findings) -> str:
    found = parts.first("CUX", _ORDER_CURRENCY)
    return known_currency(found, 1, 2) if found else default_currency(head, defaults, findings)


def _revision(head: Segment, findings: Findings) -> int:
    """1060, else 1056, of the document's identification."""
    component = 3 if head.get(2, 3) else 2
    text = head.get(2, component)
    if not text:
        findings.assumed.append("revision 1; the change has no revision number (BGM 1060)")
        return 1
    if not (text.isascii() and text.isdecimal()) or len(text) > 8 or int(text) == 0:
        reason = f"{text[:40]!r} is not the number of a change: 1 for the first, one more with each"
        head.fail(2, reason, component=component)
    return int(text)


def _change(
    segments: list[Segment], position: int, currency: str, defaults: Defaults, findings: Findings
) -> Iterable[Fields]:
    line = segments[0]
    code, line_id = line.get(2), line.get(1) or str(position)
    if code in _UNCHANGED:
        return ()
    action = _ACTIONS.get(code) or line.fail(
        2, f"action {code[:40]!r} is none of 1 (added), 2 (deleted), 3 (changed) and 4 (no action)"
    )
    if action == "delete":
        return ({"action": action, "line_id": line_id},)
    read = read_line(segments, line_id, currency, defaults, findings)
    return ({"action": action, "line_id": line_id, "line": read},)


def _agreement(parts: Parts, lines: list[Fields], currency: str) -> Fields:
    """What the order allows and charges, held against the totals it states."""
    nets = [(Vat(line["vat_category"], line["vat_rate"]), net(line, currency)) for line in lines]
    agreement = on_whole(parts.head, nets, currency)
    computed = comes_to(lines, agreement, currency)
    if computed is None:
        return agreement
    without, with_vat = computed.tax_exclusive, computed.tax_inclusive
    for segment in parts.summary:
        code = segment.get(1) if segment.tag == "MOA" else ""
        mine = {_LINES_TOTAL: (computed.line_total,), _TAXABLE: (without,), _TOTAL: (with_vat, without)}.get(code, ())
        if mine and not any(agree(segment.decimal(1, 2), each, currency, len(lines)) for each in mine):
            what = "its lines come" if code == _LINES_TOTAL else "it comes"
            shown = " or ".join(dict.fromkeys(map(plain, mine)))
            reason = f"the order says {plain(segment.decimal(1, 2))}, but {what} to {shown}"
            segment.fail(1, f"{reason}; ask the buyer which is meant", component=2)
    return agreement


def _check_count(parts: Parts) -> None:
    for segment in parts.summary:
        if segment.tag == "CNT" and segment.get(1) == _LINE_COUNT and segment.decimal(1, 2) != len(parts.lines):
            reason = f"there are {len(parts.lines)} lines, not {segment.get(1, 2)}; send the document whole"
            segment.fail(1, reason, component=2)


def _notes(segments: Iterable[Segment]) -> list[str]:
    texts = (
        " ".join(filter(None, (each.get(4, part) for part in range(1, 6)))) for each in segments if each.tag == "FTX"
    )
    return [text for text in texts if text]


def _language(parts: Parts) -> str:
    """The language of the first free text that names one (3453)."""
    return next((each.get(5).lower() for each in parts.head if each.tag == "FTX" and each.get(5)), "en")


READERS: Mapping[str, Read] = MappingProxyType({"ORDERS": read_order, "ORDCHG": read_change})
"""The messages the hub takes in."""
