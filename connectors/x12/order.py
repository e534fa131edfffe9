"""850 to `OrderPlaced`, 860 to `OrderChanged` or `OrderCancelled`; `docs/input.md` tells the mapping.

Element names are those of version 004010; the elements read here are the same in every version since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType

from connectors.amounts import agree
from connectors.defaults import Defaults
from connectors.edi.message import Fields, Message, Read
from connectors.edi.orders import Parts, comes_to, default_currency, divide, known_currency, net
from connectors.edi.segments import Segment
from connectors.findings import Findings
from connectors.x12.agreement import on_whole
from connectors.x12.change_head import changed_head
from connectors.x12.codes import ORDER_TYPES, RELEASE, URGENT
from connectors.x12.line import read_line, requested_delivery
from connectors.x12.parties import customer_of, deliver_to, parties, seller_of

_SUMMARY = frozenset({"CTT", "AMT"})
_ACTIONS = {
    "AI": "add",
    "DI": "delete",
    **dict.fromkeys(("CA", "CB", "CT", "MU", "PC", "PQ", "QD", "QI", "RZ"), "change"),
}
_UNCHANGED = "NC"
_IN_CENTS = "USD"
"""Of a change that names no currency: amounts in SAC have two decimals whatever it is."""
_PURPOSES = {"01": "cancellation", "04": "change"}


def read_order(message: Message, defaults: Defaults, findings: Findings) -> Fields:
    """A purchase order (850)."""
    parts = divide(message.segments, "PO1", _SUMMARY)
    head = _head(parts, message, "BEG")
    purpose, kind = head.get(1), head.get(2)
    if purpose != "00":
        head.fail(1, f"an order of purpose {purpose!r} is no new one; send 00, and changes as an 860")
    if kind not in ORDER_TYPES:
        head.fail(2, f"order type {kind[:40]!r} is not an order to be delivered and billed; use SA")
    number = _number(head, 3, 4)
    found = parties(parts)
    currency = _currency(parts, head, defaults, findings)
    lines: list[Fields] = []
    for position, segments in enumerate(findings.bounded(parts.lines), 1):
        with findings:
            line_id = segments[0].get(1) or str(position)
            lines.append(read_line(segments, line_id, (2, 3), defaults, findings, currency=currency))
    if not parts.lines:
        head.fail(0, "an order needs at least one line (PO1)", "segment-missing")
    _check_count(parts)
    if findings.errors:
        return {}
    customer_id = customer_of(found, message)
    return {
        "type": "OrderPlaced",
        "event_id": message.id("x12"),
        "source": f"x12:{customer_id}",
        "occurred_at": head.moment(5).isoformat() if head.get(5) else message.sent_at.isoformat(),
        "order_id": f"{customer_id}/{number}",
        "customer_id": customer_id,
        "purchase_order": number,
        "currency": currency,
        "lines": tuple(lines),
        "deliver_to": deliver_to(found, head, defaults, findings),
        **_agreement(parts, lines, currency),
        "requested_delivery": requested_delivery(parts.head),
        "seller_id": seller_of(found),
        "priority": "urgent" if kind in URGENT else "normal",
        "note": "\n".join([*_notes(parts.head), *(f"Assumed: {text}" for text in findings.assumed)]),
    }


def read_change(message: Message, defaults: Defaults, findings: Findings) -> Fields:
    """A change or cancellation of an order (860)."""
    parts = divide(message.segments, "POC", _SUMMARY)
    head = _head(parts, message, "BCH")
    purpose = head.get(1)
    if purpose not in _PURPOSES:
        head.fail(
            1, f"an order change of purpose {purpose!r} is not accepted; send 04 with what changes, or 01 to cancel"
        )
    number = _number(head, 3, 4)
    customer_id = customer_of(parties(parts), message)
    day = next((place for place in (11, 10, 6) if head.get(place)), 0)
    fields: Fields = {
        "event_id": message.id("x12"),
        "source": f"x12:{customer_id}",
        "occurred_at": (head.moment(day) if day else message.sent_at).isoformat(),
        "order_id": f"{customer_id}/{number}",
        "reason": "\n".join(_notes(parts.head)),
    }
    if _PURPOSES[purpose] == "cancellation":
        return {"type": "OrderCancelled", **fields}
    found = parts.first("CUR")
    currency = known_currency(found, 2) if found else defaults.currency or _IN_CENTS
    if found:
        fields["currency"] = currency
    changes: list[Fields] = []
    for position, segments in enumerate(findings.bounded(parts.lines), 1):
        with findings:
            changes.extend(_change(segments, position, currency, defaults, findings))
    _check_count(parts)
    agreement = on_whole(parts.head, None, currency) if any(each.tag == "SAC" for each in parts.head) else {}
    amended = changed_head(parts, customer_id, defaults, findings) | agreement
    if not changes and not amended and not findings.errors:
        reason = "the change names nothing that changes: no line (POC), delivery address, date, allowance or charge"
        head.fail(0, reason, "segment-missing")
    revision = _revision(head, findings)
    return {"type": "OrderChanged", **fields, "revision": revision, "changes": tuple(changes), **amended}


def _head(parts: Parts, message: Message, tag: str) -> Segment:
    return parts.first(tag) or message.segments[0].fail(0, f"there is no {tag} after it", "segment-missing")


def _number(head: Segment, order: int, release: int) -> str:
    """The buyer's number; a release of a blanket order has both."""
    number = head.require(order, "an order needs its number")
    return f"{number}{RELEASE}{head.get(release)}" if head.get(release) else number


def _revision(head: Segment, findings: Findings) -> int:
    text = head.get(5)
    if not text:
        findings.assumed.append("revision 1; the change has no sequence number (BCH05)")
        return 1
    if not text.isdecimal() or not text.isascii() or len(text) > 8 or int(text) == 0:
        head.fail(5, f"{text[:40]!r} is not the sequence number of a change: 1 for the first, one more with each")
    return int(text)


def _change(
    segments: list[Segment], position: int, currency: str, defaults: Defaults, findings: Findings
) -> Iterable[Fields]:
    line = segments[0]
    code = line.get(2)
    line_id = line.get(1) or str(position)
    if code == _UNCHANGED:
        return ()
    action = _ACTIONS.get(code) or line.fail(
        2, f"{code[:40]!r} is not one of {', '.join(_ACTIONS)}: add, delete or change a line"
    )
    if action == "delete":
        return ({"action": action, "line_id": line_id},)
    read = read_line(segments, line_id, (3, 5), defaults, findings, currency=currency)
    return ({"action": action, "line_id": line_id, "line": read},)


def _currency(parts: Parts, head: Segment, defaults: Defaults, findings: Findings) -> str:
    found = parts.first("CUR")
    return known_currency(found, 2) if found else default_currency(head, defaults, findings)


def _agreement(parts: Parts, lines: list[Fields], currency: str) -> Fields:
    """What the order allows and charges, held against the stated total: with its charges, or of its goods alone."""
    agreement = on_whole(parts.head, sum((net(line, currency) for line in lines), Decimal(0)), currency)
    computed = comes_to(lines, agreement, currency)
    if computed is None:
        return agreement
    for segment in parts.summary:
        if segment.tag == "AMT" and segment.get(1) == "TT":
            goods = computed.line_total - computed.allowance_total
            stated, mine = segment.decimal(2), (goods, computed.tax_exclusive, computed.tax_inclusive)
            if not any(agree(stated, each, currency, len(lines)) for each in mine):
                shown = " or ".join(map(str, dict.fromkeys((goods, computed.tax_exclusive))))
                segment.fail(
                    2, f"the order says {segment.get(2)}, but its lines come to {shown}; ask the buyer which is meant"
                )
    return agreement


def _check_count(parts: Parts) -> None:
    for segment in parts.summary:
        if segment.tag == "CTT" and segment.get(1) and segment.decimal(1) != len(parts.lines):
            segment.fail(1, f"there are {len(parts.lines)} lines, not {segment.get(1)}; send the document whole")


def _notes(segments: Iterable[Segment]) -> list[str]:
    """Free text: MSG, and the older NTE."""
    texts = (each.get(1 if each.tag == "MSG" else 2) for each in segments if each.tag in {"MSG", "NTE"})
    return [text for text in texts if text]


READERS: Mapping[str, Read] = MappingProxyType({"850": read_order, "860": read_change})
"""The transaction sets the hub takes in."""
