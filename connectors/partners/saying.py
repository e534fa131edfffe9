"""What is to be said of an order: the difference between how it stands and what its customer was told last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Literal

from hub.domain.en16931.reasons import DISCOUNT
from hub.domain.invoicing import Invoice
from hub.domain.ledger import wanted
from hub.domain.model import Adjustment, Frozen, OrderLine
from hub.domain.order import ZERO, OrderState, Terms

Answer = Literal["accepted", "changed", "rejected"]
"""accepted: as ordered. changed: not every line in full. rejected: nothing of it."""


class UnwritableError(Exception):
    """A format has no way to say a document; the message says why."""


class SaidLine(Frozen):
    """A line and a quantity of it, in the line's unit."""

    line: OrderLine
    quantity: Decimal
    """What will be delivered of it (a response) or is on its way (a despatch advice)."""


class Saying(Frozen, kw_only=True):
    """What both documents about an order have in common."""

    document_id: str
    """The same for the same content."""
    order_id: str
    terms: Terms
    placed_on: date | None
    at: datetime
    lines: tuple[SaidLine, ...]


class OrderResponse(Saying, kw_only=True):
    """Whether and how the order will be carried out."""

    answer: Answer
    revision: int


class DespatchAdvice(Saying, kw_only=True):
    """What has left the house since the last one."""


Document = OrderResponse | DespatchAdvice | Invoice


class Told(Frozen):
    """What the customer of one order was told last."""

    answer: str = ""
    """`document_id` of the last response."""
    shipped: Mapping[str, Decimal] = {}
    """By line."""


NOTHING_TOLD = Told()


def response_to(state: OrderState, at: datetime) -> OrderResponse | None:
    """The answer to an order as it stands; None while that is open."""
    if state.terms is None or state.commercial not in {"confirmed", "fulfilled", "closed", "cancelled"}:
        return None
    lines = tuple(SaidLine(line.line, wanted(line)) for line in state.lines)
    answer: Answer = "accepted"
    if all(each.quantity == ZERO for each in lines):
        answer = "rejected"
    elif any(each.quantity != each.line.quantity for each in lines):
        answer = "changed"
    shown = (f"{each.line.line_id}={each.quantity.normalize()}" for each in lines)
    return OrderResponse(
        document_id=_id(state.order_id, "response", str(state.revision), answer, *shown),
        order_id=state.order_id,
        terms=state.terms,
        placed_on=state.placed_at.date() if state.placed_at else None,
        at=at,
        lines=lines,
        answer=answer,
        revision=state.revision,
    )


def despatch_of(state: OrderState, told: Told, at: datetime) -> DespatchAdvice | None:
    """What was shipped beyond what the customer was told; None if nothing was."""
    if state.terms is None:
        return None
    lines = tuple(_shipped(state, told))
    if not lines:
        return None
    shown = (f"{line.line.line_id}={line.shipped.normalize()}" for line in state.lines)
    return DespatchAdvice(
        document_id=_id(state.order_id, "despatch", *shown),
        order_id=state.order_id,
        terms=state.terms,
        placed_on=state.placed_at.date() if state.placed_at else None,
        at=at,
        lines=lines,
    )


def agreed_on(ordered: Terms | OrderLine) -> tuple[Adjustment, ...]:
    """What an order or a line of it allows and charges, the discount among it, as it was agreed."""
    percent = ordered.discount_percent
    discount = (Adjustment("allowance", percent=percent, reason_code=DISCOUNT),) if percent else ()
    return (*discount, *ordered.adjustments)


def _shipped(state: OrderState, told: Told) -> Iterator[SaidLine]:
    for line in state.lines:
        more = line.shipped - told.shipped.get(line.line.line_id, ZERO)
        if more > ZERO:
            yield SaidLine(line.line, more)


def _id(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode(), digest_size=10).hexdigest()
