"""Records of the hub's topics as events and objects: what happened to which order, line, work order and so on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeGuard
from urllib.parse import quote

from connectors.ocel.log import Described, Event, Ref, Related, Value
from hub.domain.effects import CustomerNotified, ExceptionRaised, SettlementRecorded, WorkOrderIssued
from hub.domain.events import (
    CreditDecided,
    Fact,
    OperatorCommanded,
    OrderCancelled,
    OrderChanged,
    OrderConfirmed,
    OrderPaid,
    OrderPlaced,
    StatusReported,
)
from hub.domain.journal import JournalEntry
from hub.domain.model import LineQuantity, OrderLine
from hub.topics import (
    CUSTOMER_NOTIFICATIONS,
    LOGISTICS_ORDERS,
    ORDERS_EXCEPTIONS,
    ORDERS_JOURNAL,
    PROCUREMENT_ORDERS,
    PRODUCTION_ORDERS,
    SETTLEMENTS,
)

TOPICS = (
    ORDERS_JOURNAL,
    PRODUCTION_ORDERS,
    PROCUREMENT_ORDERS,
    LOGISTICS_ORDERS,
    ORDERS_EXCEPTIONS,
    SETTLEMENTS,
    CUSTOMER_NOTIFICATIONS,
)
"""Where the log comes from."""

Told = Event | Described
Sent = WorkOrderIssued | ExceptionRaised | SettlementRecorded | CustomerNotified

_HAPPENED = frozenset(("applied", "parked"))
"""What came early has happened all the same; what was ignored or came twice has not."""
_NAMES = {
    "OrderPlaced": "order placed",
    "OrderChanged": "order changed",
    "OrderCancelled": "order cancelled",
    "OrderPaid": "payment received",
    "CapacityDecided": "capacity answered",
    "DuplicateCleared": "duplicate cleared",
    "TimerFired": "time came",
}
_ISSUED = {"create": "asked", "change": "work changed", "cancel": "work cancelled"}
_MOVED = {"shipped": "ships", "delivered": "delivers", "returned": "returns"}


def is_sent(record: object) -> TypeGuard[Sent]:
    """Whether a record is one of those that tell what the hub has sent."""
    return isinstance(record, WorkOrderIssued | ExceptionRaised | SettlementRecorded | CustomerNotified)


def order(order_id: str) -> Ref:
    """An order as an object."""
    return Ref("order", order_id)


def line(order_id: str, line_id: str) -> Ref:
    """A line of an order."""
    return Ref("line", f"{quote(order_id, safe='')}/{line_id}")


def tell_entry(entry: JournalEntry, event: Any) -> Iterator[Told]:
    """An entry of the journal with its event decoded. Its time is the fact's own, or when the hub heard of it if that
    is earlier.
    """
    if entry.outcome not in _HAPPENED:
        return
    at = min(event.occurred_at, entry.decided_at)
    attributes: dict[str, Value] = {
        "source": event.source,
        "outcome": entry.outcome,
        "decided_at": entry.decided_at,
        "rules": entry.rules,
    }
    related: list[tuple[Ref, str]] = [(order(entry.order_id), "about")]
    for each in _described(entry, event):
        if isinstance(each, Described):
            yield each
        else:
            related.append(each)
    yield Event(
        f"{entry.order_id}#{entry.entry:06}", _name(entry, event), at, attributes | _of_event(event), tuple(related)
    )


def tell_sent(sent: Sent) -> Iterator[Told]:
    """What the hub sent: work to a department, an exception, a settlement, a message to the customer."""
    match sent:
        case WorkOrderIssued():
            yield from _issued(sent)
        case ExceptionRaised():
            yield from _raised(sent)
        case SettlementRecorded():
            yield from _settled(sent)
        case CustomerNotified(customer_id=customer_id):
            about = ((order(sent.order_id), "about"), (Ref("customer", customer_id), "told"))
            yield Event(sent.event_id, "customer told", sent.occurred_at, {"kind": sent.kind}, about)


def _name(entry: JournalEntry, event: Fact) -> str:
    match event:
        case OrderConfirmed(accepted=accepted):
            return "order confirmed" if accepted else "order declined"
        case CreditDecided(granted=granted):
            return "credit granted" if granted else "credit refused"
        case StatusReported(department=department, kind=kind):
            return f"{department} {kind}"
        case OperatorCommanded(command=command):
            return f"commanded {command}"
    return _NAMES.get(entry.event_type, entry.event_type)


def _of_event(event: Fact) -> dict[str, Value]:  # noqa: PLR0911 - one case for each type of event
    match event:
        case OrderChanged(revision=revision, reason=reason):
            return {"revision": revision, "reason": reason}
        case OrderCancelled(reason=reason) | OrderConfirmed(reason=reason):
            return {"reason": reason}
        case OrderPaid(amount=amount, currency=currency):
            return {"amount": amount, "currency": currency}
        case CreditDecided(reserved=reserved, currency=currency):
            failed = ", ".join(check.rule for check in event.checks if not check.passed)
            return {"amount": reserved, "currency": currency, "cause": failed}
        case StatusReported(reason=reason, cause=cause, node=node):
            return {"reason": reason, "cause": cause, "node": node, "quantity": _one(event.lines)}
        case OperatorCommanded(owner=owner, role=role, reason=reason):
            return {"owner": owner, "role": role, "reason": reason}
    return {}


def _one(lines: tuple[LineQuantity, ...]) -> Value:
    """The quantity of a report on a single line; quantities of several have no sum."""
    return lines[0].quantity if len(lines) == 1 else None


def _described(entry: JournalEntry, event: Fact) -> Iterator[Described | tuple[Ref, str]]:
    """What an event says of objects, and the objects it is about beside its order."""
    order_id, at = entry.order_id, entry.decided_at
    match event:
        case OrderPlaced():
            customer = Ref("customer", event.customer_id)
            yield Described(
                order(order_id),
                at,
                {
                    "purchase_order": event.purchase_order,
                    "currency": event.currency,
                    "priority": event.priority,
                    "country": event.deliver_to.country,
                    "requested_delivery": event.requested_delivery,
                    "revision": 0,
                },
                ((customer, "placed by"),),
            )
            yield customer, "by"
            for each in event.lines:
                yield from _of_line(order_id, each, entry)
        case OrderChanged():
            yield Described(order(order_id), at, _amended(event))
            for change in event.changes:
                if change.line is not None:
                    yield from _of_line(order_id, change.line, entry)
                else:
                    yield Described(line(order_id, change.line_id), at, {"deleted": "yes"})
                    yield line(order_id, change.line_id), change.action
        case OrderPaid():
            payment = Ref("payment", f"{quote(order_id, safe='')}/{event.event_id}")
            paid: dict[str, Value] = {"amount": event.amount, "currency": event.currency}
            yield Described(payment, at, paid, ((order(order_id), "for"),))
            yield payment, "pays"
        case CreditDecided(customer_id=customer_id):
            yield Ref("customer", customer_id), "of"
        case StatusReported():
            yield from _of_report(order_id, event, entry)


def _amended(event: OrderChanged) -> dict[str, Value]:
    """What an amendment says of the order as a whole."""
    amended: dict[str, Value] = {"revision": event.revision}
    if event.requested_delivery is not None:
        amended["requested_delivery"] = event.requested_delivery
    if event.deliver_to is not None:
        amended["country"] = event.deliver_to.country
    return amended


def _of_line(order_id: str, each: OrderLine, entry: JournalEntry) -> Iterator[Described | tuple[Ref, str]]:
    ref, item = line(order_id, each.line_id), Ref("item", each.item_id)
    attributes: dict[str, Value] = {
        "quantity": each.quantity,
        "unit": each.unit,
        "price": each.price,
        "requested_delivery": each.requested_delivery,
    }
    yield Described(ref, entry.decided_at, attributes, ((order(order_id), "part of"), (item, "of")))
    yield ref, "line"
    yield item, "item"


def _of_report(order_id: str, event: StatusReported, entry: JournalEntry) -> Iterator[Described | tuple[Ref, str]]:
    at = entry.decided_at
    work = Ref("work order", event.work_order_id)
    said: dict[str, Value] = {"department": event.department, "status": event.kind}
    if event.expected_at is not None:
        said["expected_at"] = event.expected_at
    yield Described(work, at, said, ((order(order_id), "for"),))
    yield work, "reports on"
    lines = tuple((line(order_id, each.line_id), "of") for each in event.lines)
    for ref, _ in lines:
        yield ref, event.kind
    moved = _MOVED.get(event.kind)
    document = event.reference or (event.event_id if event.kind == "shipped" else "")
    if moved and document:
        delivery = Ref("delivery", f"{quote(order_id, safe='')}/{document}")
        yield Described(delivery, at, {"status": event.kind}, ((order(order_id), "for"), *lines))
        yield delivery, moved


def _issued(issued: WorkOrderIssued) -> Iterator[Told]:
    ref, lines = Ref("work order", issued.work_order_id), _lines(issued.order_id, (x.line_id for x in issued.lines))
    attributes: dict[str, Value] = {
        "department": issued.department,
        "revision": issued.revision,
        "due": issued.due,
        "rule": issued.rule,
    }
    yield Described(ref, issued.occurred_at, attributes, ((order(issued.order_id), "for"), *lines))
    name = f"{issued.department} {_ISSUED[issued.action]}"
    about = ((order(issued.order_id), "about"), (ref, issued.action), *lines)
    yield Event(issued.event_id, name, issued.occurred_at, {"revision": issued.revision}, about)


def _raised(raised: ExceptionRaised) -> Iterator[Told]:
    ref = Ref("exception", raised.exception_id)
    attributes: dict[str, Value] = {
        "kind": raised.kind,
        "root": raised.root,
        "status": raised.action,
        "severity": raised.severity,
        "priority": raised.priority,
        "owner": raised.owner,
        "department": raised.department,
    }
    yield Described(ref, raised.occurred_at, attributes, ((order(raised.order_id), "concerns"),))
    said: dict[str, Value] = {"kind": raised.kind, "owner": raised.owner, "detail": raised.detail}
    about = ((order(raised.order_id), "about"), (ref, raised.action))
    yield Event(raised.event_id, f"exception {raised.action}", raised.occurred_at, said, about)


def _settled(settled: SettlementRecorded) -> Iterator[Told]:
    ref = Ref("settlement", settled.settlement_id)
    lines = _lines(settled.order_id, (each.line_id for each in settled.lines), "bills")
    before = tuple((Ref("settlement", each), "follows") for each in settled.preceding)
    attributes: dict[str, Value] = {
        "kind": settled.kind,
        "cause": settled.cause,
        "currency": settled.currency,
        "payable": settled.payable,
        "payment_due": settled.payment_due,
    }
    whose = (order(settled.order_id), "for"), (Ref("customer", settled.customer_id), "to")
    yield Described(ref, settled.occurred_at, attributes, (*whose, *lines, *before))
    said: dict[str, Value] = {"cause": settled.cause, "amount": settled.payable, "currency": settled.currency}
    about = ((order(settled.order_id), "about"), (ref, "records"), *lines)
    name = "settled" if settled.kind == "invoice" else "credited"
    yield Event(settled.event_id, name, settled.occurred_at, said, about)


def _lines(order_id: str, line_ids: Iterator[str], qualifier: str = "of") -> Related:
    return tuple((line(order_id, line_id), qualifier) for line_id in dict.fromkeys(line_ids))
