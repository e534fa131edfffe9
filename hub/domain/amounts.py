"""What an order is worth: its lines as an EN 16931 document, in whatever quantities are asked about.

What is allowed and charged follows the goods, but for the order's charges by amount: those are billed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar, cast

from msgspec.structs import replace

from hub.domain.effects import AdjustmentRole
from hub.domain.en16931 import Document, DocumentAdjustment, Line, Vat
from hub.domain.en16931.reasons import DISCOUNT
from hub.domain.en16931.totals import adjustment_amount, line_total
from hub.domain.events import OrderPlaced
from hub.domain.ledger import wanted
from hub.domain.model import Adjustment, Frozen, OrderAdjustment, OrderLine, VatCategory
from hub.domain.money import exact, round_half_up
from hub.domain.order import ZERO, LineState, Terms

_HUNDRED = Decimal(100)


class Agreement(Frozen):
    """What an order allows and charges, apart from the order."""

    currency: str
    discount_percent: Decimal
    adjustments: tuple[OrderAdjustment, ...]


Order = Terms | OrderPlaced | Agreement
"""What says of an order which currency it is in and what it allows and charges, as `hub.domain.agreeing` has it."""
Beside = tuple[AdjustmentRole, DocumentAdjustment]
A = TypeVar("A", Adjustment, DocumentAdjustment)


def document(
    order: Order, lines: Iterable[tuple[OrderLine, Decimal]], charges: Sequence[OrderAdjustment] = ()
) -> Document:
    """The lines in the given quantities, with what the order allows and charges; `charges`: what is billed once."""
    billed = goods(order.currency, lines)
    adjustments = tuple(adjustment for _, adjustment in beside(order, billed, charges))
    return Document(order.currency, billed, adjustments)


def goods(currency: str, lines: Iterable[tuple[OrderLine, Decimal]]) -> tuple[Line, ...]:
    """The lines in the given quantities (BG-25)."""
    return tuple([_line(line, quantity, currency) for line, quantity in lines])


def beside(order: Order, lines: Sequence[Line], charges: Sequence[OrderAdjustment] = ()) -> Iterator[Beside]:
    """What the order allows (BG-20) and charges (BG-21) beside these lines, and what each is for.

    Of lines without a quantity nothing is allowed or charged.
    """
    if order.discount_percent or order.adjustments:
        nets: dict[Vat, Decimal] = {}
        for line in lines:
            if line.quantity:
                net_amount = line_total(line, order.currency).net_amount if order.adjustments else ZERO
                nets[line.vat] = nets.get(line.vat, ZERO) + net_amount
        yield from _with_goods(order, nets)
    yield from map(_once, charges)


def value(order: Order, lines: Iterable[LineState], charges: Sequence[OrderAdjustment] = ()) -> Decimal:
    """What the wanted quantities come to with VAT: BT-112 of their `document`, without the rest of its totals.

    `charges`: what is billed once if anything is wanted. For an order that passed `hub.domain.checks`: what it comes
    to is defined.
    """
    currency = order.currency
    with exact():
        taxable: dict[tuple[VatCategory, Decimal], Decimal] = {}
        for line in lines:
            quantity = wanted(line)
            if quantity > ZERO:
                item = line.line
                group = (item.vat_category, item.vat_rate)
                taxable[group] = taxable.get(group, ZERO) + _net(item, quantity, currency)
        if order.adjustments:
            _add_adjustments(order, taxable, charges)
        discount_percent = ZERO if order.adjustments else order.discount_percent
        total = ZERO
        for (_, rate), amount in taxable.items():
            if discount_percent:
                amount -= round_half_up(amount * discount_percent / _HUNDRED, currency)  # noqa: PLW2901
            total += amount + round_half_up(amount * rate / _HUNDRED, currency)
        return total


def net(line: OrderLine, quantity: Decimal, currency: str) -> Decimal:
    """Net amount (BT-131) of `quantity` of a line."""
    with exact():
        return _net(line, quantity, currency)


def stated(line: Line, currency: str) -> tuple[Adjustment, ...]:
    """The allowances and charges of a line with their amounts, and what each percentage is of."""
    base = line_total(line, currency).base_amount
    with exact():
        return tuple(
            replace(
                each,
                amount=adjustment_amount(each, base, currency),
                base_amount=base if each.percent is not None else None,
            )
            for each in line.adjustments
        )


def in_proportion(order: Order, vat: Vat, net_amount: Decimal) -> Decimal:
    """What the order charges less what it allows in proportion to goods of this net amount and VAT.

    Within `exact()`.
    """
    total = ZERO
    for _, each in _with_goods(order, {vat: net_amount}):
        amount = adjustment_amount(each, net_amount, order.currency)
        total += amount if each.kind == "charge" else -amount
    return total


def allowed_percent(order: Order, vat: Vat) -> Decimal:
    """What the order allows of goods of this VAT category and rate, in percent of their net amount.

    Within `exact()`.
    """
    percent = order.discount_percent
    for each in order.adjustments:
        if each.kind == "allowance" and is_of(each, vat.category, vat.rate):
            if each.amount is not None and each.base_amount:
                percent += _HUNDRED * each.amount / each.base_amount
            else:
                percent += each.percent or ZERO
    return percent


def once(adjustments: Sequence[OrderAdjustment]) -> tuple[OrderAdjustment, ...]:
    """The charges that are billed once: those by amount."""
    return tuple(each for each in adjustments if is_once(each))


def is_once(each: OrderAdjustment) -> bool:
    """Whether an order's allowance or charge is billed once: a charge by amount."""
    return each.kind == "charge" and fixed(each) is not None


def fixed(adjustment: Adjustment) -> Decimal | None:
    """The amount of an allowance or charge by amount, or in percent of a base that is given; None in percent of the
    goods. Within `exact()`.
    """
    if adjustment.amount is None and adjustment.base_amount is not None and adjustment.percent is not None:
        return adjustment.base_amount * adjustment.percent / _HUNDRED
    return adjustment.amount


def is_of(each: OrderAdjustment, category: str, rate: Decimal | None) -> bool:
    """Whether an order's allowance or charge is about goods of this VAT category and rate."""
    return each.vat_category is None or (each.vat_category == category and each.vat_rate == (rate or ZERO))


def _net(line: OrderLine, quantity: Decimal, currency: str) -> Decimal:
    if line.adjustments:
        if quantity < ZERO:
            return -_net(line, -quantity, currency)
        return line_total(_line(line, quantity, currency), currency).net_amount
    base = round_half_up(quantity * line.price / line.base_quantity, currency)
    discount = line.discount_percent
    return base - round_half_up(base * discount / _HUNDRED, currency) if discount else base


def _line(line: OrderLine, quantity: Decimal, currency: str) -> Line:
    discount = line.discount_percent
    adjustments: tuple[Adjustment, ...] = ()
    if discount:
        adjustments = (Adjustment("allowance", percent=discount, reason_code=DISCOUNT),)
    if line.adjustments:
        with exact():
            adjustments = _shares(line, quantity, currency, (*adjustments, *line.adjustments))
    vat = Vat(line.vat_category, line.vat_rate)
    return Line(line.line_id, quantity, line.price, vat, line.base_quantity, adjustments)


def _shares(line: OrderLine, quantity: Decimal, currency: str, given: Iterable[Adjustment]) -> tuple[Adjustment, ...]:
    """What `quantity` of a line has of its allowances and charges."""
    base = round_half_up(quantity * line.price / line.base_quantity, currency)
    shares: list[Adjustment] = []
    room = base
    for each in given:
        amount = fixed(each)
        share = each
        if amount is not None:
            amount = round_half_up(amount * quantity / line.quantity, currency)
            share = replace(each, amount=amount, percent=None, base_amount=None)
        if amount != ZERO:
            shares.append(share)
            if each.kind == "charge":
                room += adjustment_amount(share, base, currency)
    return tuple(_within(room, base, shares, currency))


def _with_goods(order: Order, nets: Mapping[Vat, Decimal]) -> list[Beside]:
    """What is allowed and charged in proportion to goods of these net amounts: the discount first."""
    discount = order.discount_percent
    found: list[Beside] = []
    with exact():
        for vat, net_amount in nets.items():
            shares: list[DocumentAdjustment] = []
            if discount:
                shares.append(DocumentAdjustment("allowance", percent=discount, reason_code=DISCOUNT, vat=vat))
            if order.adjustments:
                shares += (
                    share for each in order.adjustments if (share := _share(each, vat, net_amount, order.currency))
                )
                shares = list(_within(net_amount, net_amount, shares, order.currency))
            for place, share in enumerate(shares):
                found.append(("agreed" if place or not discount else "discount", share))
    return found


def _share(each: OrderAdjustment, vat: Vat, net_amount: Decimal, currency: str) -> DocumentAdjustment | None:
    """What goods have of an allowance or charge; None if nothing, or if it is billed once."""
    if is_once(each) or not is_of(each, vat.category, vat.rate):
        return None
    amount = None
    if each.amount is not None:
        amount = round_half_up(each.amount * net_amount / each.base_amount, currency) if each.base_amount else ZERO
    if ZERO in {amount, net_amount}:
        return None
    percent = each.percent if amount is None else None
    return DocumentAdjustment(
        each.kind, amount=amount, percent=percent, reason=each.reason, reason_code=each.reason_code, vat=vat
    )


def _once(each: OrderAdjustment) -> Beside:
    vat = Vat(each.vat_category or "S", each.vat_rate)
    return "once", DocumentAdjustment(
        each.kind, each.amount, each.percent, each.base_amount, each.reason, each.reason_code, vat=vat
    )


def _add_adjustments(
    order: Order, taxable: dict[tuple[VatCategory, Decimal], Decimal], charges: Iterable[OrderAdjustment]
) -> None:
    nets = {Vat(*group): amount for group, amount in taxable.items()}
    for _, each in [*_with_goods(order, nets), *map(_once, charges if nets else ())]:
        amount = adjustment_amount(each, nets.get(each.vat, ZERO), order.currency)
        group = cast("tuple[VatCategory, Decimal]", (each.vat.category, each.vat.rate))
        taxable[group] = taxable.get(group, ZERO) + (amount if each.kind == "charge" else -amount)


def _within(room: Decimal, base: Decimal, given: Iterable[A], currency: str) -> Iterator[A]:
    """No more than `room` is allowed in all: rounding each could allow a cent more than there is."""
    for each in given:
        if each.kind == "allowance":
            amount = adjustment_amount(each, base, currency)
            yield each if amount <= room else replace(each, amount=room, percent=None, base_amount=None)
            room -= min(amount, room)
        else:
            yield each
