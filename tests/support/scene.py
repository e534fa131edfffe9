"""One scenario: who takes part, what they do to the hub, and what the last thing they did led to."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

from msgspec.structs import replace

from connectors.base import Event
from hub.domain.credit import CreditAccount
from hub.domain.events import (
    CustomerUpdated,
    ItemUpdated,
    OperatorCommanded,
    OrderCancelled,
    OrderChanged,
    OrderConfirmed,
    OrderPaid,
    OrderPlaced,
    StatusReported,
)
from hub.domain.ids import work_order_id
from hub.domain.items import Item
from hub.domain.model import LineChange, LineGroup, LineQuantity, OrderAdjustment, OrderLine
from hub.domain.order import LineState, OrderState
from tests.support.hubs import Entry, Hub
from tests.support.orders import ADDRESS, line

E = TypeVar("E")
Row = Mapping[str, str]
_FIELDS = {"item": "item_id", "quantity": "quantity", "unit": "unit", "price": "price", "per": "base_quantity"}
"""Columns of a table of lines; `wanted` is another, in days from now, and `delivered with` a group's name."""


class Scene:
    """Names in a scenario are its own: others on the same hub have the same."""

    def __init__(self, hub: Hub, suffix: str | None = None) -> None:
        """`suffix` makes the names its own; one that no other scene has, if none is given."""
        self.hub = hub
        self.order_id = ""
        self._suffix = f"-{uuid.uuid4().hex[:8]}" if suffix is None else suffix
        self._count = 0
        self._items: dict[str, str] = {}
        self._seen: dict[str, int] = {}
        self.agreed: dict[str, Any] = {}
        """What the next order says beside its lines."""
        self.told: Sequence[Event] = ()
        """What happened last."""

    # --- what happens ------------------------------------------------------------------------------

    def tell(self, *events: Event) -> None:
        """These happen now; what is asked of `news` and `became` is what follows."""
        self._mark(events)
        self.hub.tell(*events)

    def wait(self, days: float) -> None:
        self._mark(())
        self.hub.wait(timedelta(days=days))

    def customer(self, name: str, limit: str, currency: str, **fields: Any) -> None:
        self.tell(
            CustomerUpdated(
                customer_id=self.id_of(name),
                name=name,
                currency=currency,
                credit_limit=Decimal(limit),
                **(self.head() | fields),
            )
        )

    def item(self, name: str, **facts: Any) -> None:
        """The master data of an item; from now on the scene means this one by its name."""
        self._items[name] = self.id_of(name)
        self.tell(ItemUpdated(item=Item(item_id=self._items[name], **facts), **self.head()))

    def placed(self, order: str, customer: str, rows: Iterable[Row], **fields: Any) -> OrderPlaced:
        self.order_id = self.id_of(order)
        values: dict[str, Any] = {
            "order_id": self.order_id,
            "customer_id": self.id_of(customer),
            "purchase_order": order,
            "currency": "EUR",
            "lines": tuple(map(self.line_of, rows)),
            "deliver_to": ADDRESS,
        }
        agreed, self.agreed = self.agreed, {}
        return OrderPlaced(**(self.head() | values | agreed | fields))

    def changed(self, rows: Iterable[Row]) -> OrderChanged:
        changes = tuple(self._change(row) for row in rows)
        revision = self.order.revision + 1
        return OrderChanged(order_id=self.order_id, revision=revision, changes=changes, **self.head())

    def agree(self, rows: Iterable[Row]) -> OrderChanged:
        """All that is allowed and charged from now on."""
        head = self.head()
        adjustments = self.adjustments(rows)
        return OrderChanged(
            order_id=self.order_id, revision=self.order.revision + 1, changes=(), adjustments=adjustments, **head
        )

    def adjustments(self, rows: Iterable[Row]) -> tuple[OrderAdjustment, ...]:
        """Allowances and charges of the order; `percent` and `amount` are columns."""
        return tuple(
            OrderAdjustment(
                row["kind"],  # type: ignore[arg-type]
                amount=Decimal(row["amount"]) if row["amount"] else None,
                percent=Decimal(row["percent"]) if row["percent"] else None,
                reason=row["reason"],
            )
            for row in rows
        )

    def cancelled(self, reason: str = "", *, order_id: str = "") -> OrderCancelled:
        return OrderCancelled(order_id=order_id or self.order_id, reason=reason, **self.head())

    def confirmed(self, *, accepted: bool) -> OrderConfirmed:
        return OrderConfirmed(order_id=self.order_id, accepted=accepted, **self.head())

    def paid(self, amount: str, currency: str) -> OrderPaid:
        return OrderPaid(order_id=self.order_id, amount=Decimal(amount), currency=currency, **self.head())

    def reported(self, department: Any, kind: Any, rows: Iterable[Row] = (), **fields: Any) -> StatusReported:
        lines = tuple(LineQuantity(row["line"], Decimal(row["quantity"]), row.get("unit")) for row in rows)
        return StatusReported(
            order_id=self.order_id,
            work_order_id=work_order_id(self.order_id, department),
            department=department,
            kind=kind,
            lines=lines,
            **(self.head() | fields),
        )

    def commanded(self, command: Any, target: str, **who: Any) -> OperatorCommanded:
        return OperatorCommanded(order_id=self.order_id, command=command, target=target, **(self.head() | who))

    def head(self) -> dict[str, Any]:
        """What every event carries."""
        self._count += 1
        return {
            "event_id": f"{self._count}{self._suffix}",
            "source": "/scenario",
            "occurred_at": self.hub.now + timedelta(seconds=self._count),
        }

    def id_of(self, name: str) -> str:
        return name.replace(" ", "-") + self._suffix

    def line_of(self, row: Row) -> OrderLine:
        """A new line."""
        return self._as_told(line(row["line"]), row)

    def _change(self, row: Row) -> LineChange:
        """What is not told is as it was."""
        line_id = row["line"]
        if row["action"] == "delete":
            return LineChange("delete", line_id)
        if row["action"] == "add":
            return LineChange("add", line_id, self.line_of(row))
        return LineChange("change", line_id, self._as_told(self.line(line_id).line, row))

    def _as_told(self, line: OrderLine, row: Row) -> OrderLine:
        told = {_FIELDS[name]: cell for name, cell in row.items() if cell and name in _FIELDS}
        fields: dict[str, Any] = {
            name: cell if name in ("item_id", "unit") else Decimal(cell) for name, cell in told.items()
        }
        if item := row.get("item"):
            fields["item_id"] = self._items.get(item, item)
        if row.get("delivered with"):
            fields["group"] = LineGroup(row["delivered with"], "delivered")
        if row.get("wanted"):
            fields["requested_delivery"] = self.hub.now.date() + timedelta(days=int(row["wanted"]))
        return replace(line, **fields)

    # --- what came of it ---------------------------------------------------------------------------

    @property
    def order(self) -> OrderState:
        state = self.hub.order(self.order_id)
        assert state is not None, f"the hub knows no order {self.order_id}"
        return state

    def line(self, line_id: str) -> LineState:
        return next(each for each in self.order.lines if each.line.line_id == line_id)

    def account(self, customer: str) -> CreditAccount:
        account = self.hub.account(self.id_of(customer))
        assert account is not None, f"the hub has no account of {customer}"
        return account

    def sent(self, kind: type[E]) -> list[E]:
        """All effects of one type on the order."""
        return [effect for effect in self.hub.effects(self.order_id) if isinstance(effect, kind)]

    def news(self, kind: type[E]) -> list[E]:
        """The effects of one type that the last thing that happened led to."""
        return self.sent(kind)[self._seen.get(kind.__name__, 0) :]

    def became(self) -> Entry:
        """What became of the last event."""
        last = self.told[-1].event_id
        return next(entry for entry in reversed(self.hub.entries(self.order_id)) if entry.event.event_id == last)

    def _mark(self, events: Sequence[Event]) -> None:
        self.told = events
        self._seen = {}
        for effect in self.hub.effects(self.order_id):
            name = type(effect).__name__
            self._seen[name] = self._seen.get(name, 0) + 1
