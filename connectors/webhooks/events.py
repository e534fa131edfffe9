"""What records say, as CloudEvents 1.0 in JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import orjson

from connectors.order_tables import order_rows
from connectors.outbound import decoded
from connectors.posting.queue import Letter
from connectors.tables import Cell, Table, plain
from connectors.webhooks.book import Filter
from hub.codec import Codec
from hub.domain.effects import CustomerNotified, ExceptionRaised, SettlementRecorded
from hub.domain.events import Fact
from hub.domain.headline import headline
from hub.domain.ids import effect_id
from hub.domain.order import OrderState
from hub.runtime.spec import Record

MEDIA_TYPE = "application/cloudevents+json; charset=utf-8"
_SOURCE = "/orderhub/orders"
_ENVELOPE = frozenset(Fact.__struct_fields__)
"""Of a fact, what stands in the event's own attributes."""


class _About(NamedTuple):
    """The attributes of an event."""

    record_type: str
    event_id: str
    source: str
    time: datetime


def letter_of(codec: Codec, record: Record, wanted: Filter) -> Letter | None:
    """The event of a record; None if it is not wanted. Raises CodecError."""
    if record.value is None:
        return None
    match record.topic:
        case "orders.state":
            return _order(decoded(codec, OrderState, record), record, wanted)
        case "customer.notifications":
            notified = decoded(codec, CustomerNotified, record)
            return _fact(notified, wanted, notified.order_id, notified.kind, notified.customer_id)
        case "settlements":
            settled = decoded(codec, SettlementRecorded, record)
            return _fact(settled, wanted, settled.order_id, settled.kind, settled.customer_id)
        case "orders.exceptions":
            raised = decoded(codec, ExceptionRaised, record)
            return _fact(raised, wanted, raised.order_id, raised.kind, "")
    raise ValueError(record.topic)


def _fact(fact: Fact, wanted: Filter, order_id: str, kind: str, customer_id: str) -> Letter | None:
    if not wanted.wants(kind, customer_id):
        return None
    data = {name: value for name, value in msgspec.to_builtins(fact).items() if name not in _ENVELOPE}
    return _letter(_About(type(fact).__name__, fact.event_id, fact.source, fact.occurred_at), order_id, data)


def _order(state: OrderState, record: Record, wanted: Filter) -> Letter | None:
    """As `hub deliver sql` has it. The number of its journal entry names the state."""
    if not wanted.wants(headline(state), state.terms.customer_id if state.terms else ""):
        return None
    order, *lines = (_object(table, cells) for table, cells in order_rows(state))
    event_id = effect_id(state.order_id, _SOURCE, f"state {state.entries}", 0)
    at = state.moved_at or datetime.fromtimestamp(record.timestamp / 1000, UTC)
    return _letter(_About("OrderState", event_id, _SOURCE, at), state.order_id, {**order, "lines": lines})


def _object(table: Table, cells: Sequence[Cell]) -> dict[str, Any]:
    return {
        name: cell if cell is None or isinstance(cell, int) else plain(cell)
        for name, cell in zip(table.columns, cells, strict=True)
    }


def _letter(fact: _About, order_id: str, data: Mapping[str, Any]) -> Letter:
    event = {
        "specversion": "1.0",
        "id": fact.event_id,
        "source": fact.source,
        "type": f"orderhub.{fact.record_type}",
        "time": fact.time,
        "subject": order_id,
        "datacontenttype": "application/json",
        "data": data,
    }
    return Letter(fact.event_id, order_id, fact.record_type, orjson.dumps(event))
