"""One pydantic model per inbound event, field for field the struct of the same name in `hub.domain.events`."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Struct
from pydantic import BaseModel, ConfigDict

from hub.domain import credit_terms, events, items, model, party, statements
from hub.domain.customer import NotificationKind
from hub.domain.model import Department, VatCategory
from hub.intake.values import (
    SOME,
    Amount,
    Count,
    Country,
    Currency,
    Day,
    ElectronicScheme,
    Flag,
    Id,
    Instant,
    Locale,
    Name,
    Number,
    Percent,
    Positive,
    Revision,
    Text,
    Unit,
    VatId,
)


class Document(BaseModel):
    """A JSON object that becomes one struct of the domain."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    struct: ClassVar[type[Struct]]

    def to_domain(self) -> Struct:
        """The struct, with everything inside it."""
        return self.struct(**{name: _to_domain(getattr(self, name)) for name in self.struct.__struct_fields__})


def _to_domain(value: Any) -> Any:
    if isinstance(value, Document):
        return value.to_domain()
    if isinstance(value, tuple):
        return tuple(map(_to_domain, value))
    return value


class Address(Document):
    """Deliver-to address."""

    struct = model.Address
    name: Name
    street: Text
    city: Text
    postal_code: Text
    country: Country


class Adjustment(Document):
    """What is allowed or charged beside a line's price."""

    struct = model.Adjustment
    kind: Literal["allowance", "charge"]
    amount: Amount | None = None
    percent: Amount | None = None
    base_amount: Amount | None = None
    reason: Text = ""
    reason_code: Text = ""


class OrderAdjustment(Adjustment):
    """What is allowed or charged on an order as a whole."""

    struct = model.OrderAdjustment
    vat_category: VatCategory | None = None
    vat_rate: Percent = Decimal(0)


class LineGroup(Document):
    """Lines of an order that belong together."""

    struct = model.LineGroup
    name: Id
    together: Literal["shipped", "delivered"]


class OrderLine(Document):
    """An ordered line; what a buyer rarely says has the usual value."""

    struct = model.OrderLine
    line_id: Id
    item_id: Id
    description: Text = ""
    quantity: Positive
    unit: Unit
    price: Amount
    base_quantity: Positive = Decimal(1)
    discount_percent: Percent = Decimal(0)
    vat_category: VatCategory
    vat_rate: Percent
    requested_delivery: Day | None = None
    group: LineGroup | None = None
    adjustments: tuple[Adjustment, ...] = ()


class LineChange(Document):
    """What an amendment does to one line."""

    struct = model.LineChange
    action: Literal["add", "change", "delete"]
    line_id: Id
    line: OrderLine | None = None


class LineQuantity(Document):
    """A quantity of one line."""

    struct = model.LineQuantity
    line_id: Id
    quantity: Number
    unit: Unit | None = None


class EventDocument(Document):
    """What every event carries; `type` names which it is."""

    event_id: Id
    source: Id
    occurred_at: Instant
    sequence: Count | None = None


class OrderDocument(EventDocument):
    """An event about one order."""

    order_id: Id


class CustomerDocument(EventDocument):
    """An event about one customer."""

    customer_id: Id


class OrderPlaced(OrderDocument):
    """The buyer placed an order."""

    struct = events.OrderPlaced
    type: Literal["OrderPlaced"]
    customer_id: Id
    purchase_order: Text
    currency: Currency
    lines: Annotated[tuple[OrderLine, ...], SOME]
    deliver_to: Address
    discount_percent: Percent = Decimal(0)
    requested_delivery: Day | None = None
    seller_id: Text = ""
    priority: Literal["normal", "urgent"] = "normal"
    locale: Locale | Literal[""] = ""
    note: Text = ""
    settlement: Literal["", "at-close", "per-delivery"] = ""
    adjustments: tuple[OrderAdjustment, ...] = ()


class OrderChanged(OrderDocument):
    """The buyer amended the order."""

    struct = events.OrderChanged
    type: Literal["OrderChanged"]
    revision: Revision
    changes: tuple[LineChange, ...] = ()
    reason: Text = ""
    deliver_to: Address | None = None
    requested_delivery: Day | None = None
    discount_percent: Percent | None = None
    adjustments: tuple[OrderAdjustment, ...] | None = None
    currency: Currency | Literal[""] = ""


class OrderCancelled(OrderDocument):
    """The buyer cancelled what can still be cancelled."""

    struct = events.OrderCancelled
    type: Literal["OrderCancelled"]
    reason: Text = ""


class OrderConfirmed(OrderDocument):
    """The buyer answered the request for confirmation."""

    struct = events.OrderConfirmed
    type: Literal["OrderConfirmed"]
    accepted: Flag = True
    reason: Text = ""


class OrderPaid(OrderDocument):
    """A payment for the order arrived, or money was sent back to the customer (a negative amount)."""

    struct = events.OrderPaid
    type: Literal["OrderPaid"]
    amount: Number
    currency: Currency


class StatusReported(OrderDocument):
    """A department reports about a work order."""

    struct = events.StatusReported
    type: Literal["StatusReported"]
    work_order_id: Id
    department: Department
    kind: events.StatusKind
    lines: tuple[LineQuantity, ...] = ()
    expected_at: Instant | None = None
    reason: Text = ""
    reference: Text = ""
    cause: Text = ""
    node: Text = ""


class OperatorCommanded(OrderDocument):
    """An operator's action on an order."""

    struct = events.OperatorCommanded
    type: Literal["OperatorCommanded"]
    command: events.Command
    owner: Name
    reason: Name
    target: Text = ""
    role: Text = ""
    assignee: Text = ""


class CreditTerms(Document):
    """Thresholds of the credit rules; what is not set, the customer's group or the company decides."""

    struct = credit_terms.CreditTerms
    limit: Amount | None = None
    limit_until: Day | None = None
    max_limit_used_percent: Percent | None = None
    max_order_amount: Amount | None = None
    max_payment_days: Count | None = None
    max_overdue_amount: Amount | None = None
    max_days_overdue: Count | None = None
    exclude: tuple[Text, ...] | None = None


class Party(Document):
    """Who a customer is on an invoice."""

    struct = party.Party
    name: Name
    trading_name: Text = ""
    street: Text = ""
    additional_street: Text = ""
    city: Text = ""
    postal_code: Text = ""
    country: Country | Literal[""] = ""
    vat_id: VatId | Literal[""] = ""
    registration_id: Text = ""
    electronic_address: Text = ""
    electronic_scheme: ElectronicScheme | Literal[""] = ""
    contact_name: Text = ""
    phone: Text = ""
    email: Text = ""


class CurrencyLimit(Document):
    """A credit limit in another currency than the customer's own."""

    struct = events.CurrencyLimit
    currency: Currency
    limit: Amount


class CustomerUpdated(CustomerDocument):
    """Credit terms of a customer, whole."""

    struct = events.CustomerUpdated
    type: Literal["CustomerUpdated"]
    name: Name
    currency: Currency
    credit_limit: Amount | None = None
    blocked: Flag = False
    confirmation: Literal["automatic", "required"] = "automatic"
    payment_days: Count = 30
    group: Text = ""
    credit_terms: CreditTerms = CreditTerms()
    party: Party | None = None
    locale: Locale | Literal[""] = ""
    notifications: tuple[NotificationKind, ...] | None = None
    over_delivery_percent: Percent | None = None
    under_delivery_percent: Percent | None = None
    other_limits: tuple[CurrencyLimit, ...] = ()


class ItemUnit(Document):
    """A unit an item is sold in beside its own."""

    struct = items.ItemUnit
    unit: Unit
    quantity: Positive


class Item(Document):
    """An item the company sells."""

    struct = items.Item
    item_id: Id
    item_class: Text = ""
    unit: Unit | Literal[""] = ""
    units: tuple[ItemUnit, ...] = ()
    supply: items.Supply = ""
    status: items.ItemStatus = "active"
    replaced_by: Text = ""
    list_price: Amount | None = None
    currency: Currency | Literal[""] = ""
    min_quantity: Positive | None = None
    multiple_of: Positive | None = None
    lead_days: Count | None = None
    over_delivery_percent: Percent | None = None
    under_delivery_percent: Percent | None = None


class ItemUpdated(EventDocument):
    """Master data of an item, whole."""

    struct = events.ItemUpdated
    type: Literal["ItemUpdated"]
    item: Item


class PaymentReceived(CustomerDocument):
    """The customer paid."""

    struct = events.PaymentReceived
    type: Literal["PaymentReceived"]
    amount: Amount
    currency: Currency
    order_id: Text = ""


class ItemStated(EventDocument):
    """One item of a list that somebody outside keeps."""

    struct = statements.ItemStated
    type: Literal["ItemStated"]
    statement_id: Id
    subject: statements.StatedSubject
    party: Id
    order_id: Id | Literal[""] = ""
    line_id: Id | Literal[""] = ""
    references: tuple[Id, ...] = ()
    quantity: Number | None = None
    unit: Unit | Literal[""] = ""
    price: Amount | None = None
    amount: Number | None = None
    currency: Currency | Literal[""] = ""


EVENTS: dict[str, type[EventDocument]] = {
    document.struct.__name__: document
    for document in (
        OrderPlaced,
        OrderChanged,
        OrderCancelled,
        OrderConfirmed,
        OrderPaid,
        StatusReported,
        OperatorCommanded,
        CustomerUpdated,
        PaymentReceived,
        ItemUpdated,
        ItemStated,
    )
}
"""Every event that may come in as JSON, by the value of its `type`."""
