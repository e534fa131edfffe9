"""A settlement as an EN 16931 document: the goods it is about, and what is allowed or charged beside them.

The same goods come to the same amounts on an invoice and on a credit note, so that what is billed and then credited
in full nets to zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Literal, cast

from msgspec.structs import replace

from hub.domain import amounts
from hub.domain.effects import AdjustmentRole, SettledAdjustment, SettledLine, VatBreakdown
from hub.domain.en16931 import Document, DocumentAdjustment, Line, LineTotal, Refusal, Totals, Vat, VatTotal, totals
from hub.domain.en16931.reasons import MUTUALLY_DEFINED
from hub.domain.flow.turn import Turn
from hub.domain.ledger import kept
from hub.domain.model import Frozen, OrderAdjustment, OrderLine, VatCategory
from hub.domain.money import exact, round_half_up
from hub.domain.order import ZERO, Fee, Late, LineState
from hub.errors import InvariantError

EARLY_PAYMENT = "Early payment"
"""The reason of what paying early saves."""

_HUNDRED = Decimal(100)
_SPECIAL_AGREEMENT = "64"
"""UNCL 5189, of an allowance by contract that has no code of its own."""


class Piece(Frozen):
    """Units of one line on a document."""

    place: int
    """Index into the order's lines."""
    quantity: Decimal
    """0 names the line without billing any of it."""
    late: tuple[Late, ...] = ()
    event_ids: tuple[str, ...] = ()


class Beside(Frozen):
    """An allowance or charge beside the lines, and where it comes from."""

    role: AdjustmentRole
    adjustment: DocumentAdjustment
    event_ids: tuple[str, ...] = ()


class Draft(Frozen):
    """A document that was computed and not issued yet."""

    lines: tuple[SettledLine, ...]
    beside: tuple[Beside, ...]
    totals: Totals


def draft(
    turn: Turn,
    pieces: Sequence[Piece],
    *,
    fees: Sequence[Fee] = (),
    charges: Sequence[OrderAdjustment] = (),
    early_percent: Decimal = ZERO,
    beside: Iterable[Beside] = (),
) -> Draft:
    """The document over `pieces` at the order's terms; InvariantError if EN 16931 has none for them.

    `charges` are those of the order's that are billed once. Lines that are charged for and not among the pieces are
    named with a quantity of 0, and all that were delivered where there are but charges: a document has lines (BR-16).
    `early_percent` is taken off what everything else comes to (early payment granted before).
    """
    lines, terms = turn.state.lines, turn.terms
    if fees:
        pieces = [*pieces, *_charged(lines, pieces, fees)]
    if charges and not pieces:
        pieces = [Piece(place, ZERO, (), (turn.event_id,)) for place, line in enumerate(lines) if line.delivered]
    goods = amounts.goods(terms.currency, [(lines[piece.place].line, piece.quantity) for piece in pieces])
    document = Document(terms.currency, goods)
    agreed = tuple(amounts.beside(terms, goods, charges))
    reports = _reports(pieces) if agreed or early_percent else ()
    everything = [
        *(Beside(role, adjustment, reports) for role, adjustment in agreed),
        *(each for piece in pieces if piece.late for each in _penalties(turn, piece)),
        *(_charge(turn, fee) for fee in fees),
        *beside,
    ]
    currency = turn.policy.vat_currency
    if currency and currency != terms.currency and (rate := turn.policy.exchange_rates.get(terms.currency)):
        document = replace(document, tax_currency=currency, tax_exchange_rate=rate)
    computed = _compute(turn, document, everything)
    if early_percent:
        everything += early_payment("allowance", computed.vat, early_percent, reports)
        computed = _compute(turn, document, everything)
    settled = [
        _settled_line(lines[piece.place], piece, line, each, terms.currency)
        for piece, line, each in zip(pieces, goods, computed.lines, strict=True)
    ]
    return Draft(tuple(settled), tuple(everything), computed)


def early_payment(
    kind: Literal["allowance", "charge"], vat: Iterable[VatTotal], percent: Decimal, event_ids: tuple[str, ...]
) -> Iterator[Beside]:
    """What paying early saves of these taxable amounts: taken off a document, or what a credit note is about.

    `event_ids` is where it comes from: the goods' reports, or the payment.
    """
    for row in vat:
        if row.taxable_amount != ZERO:
            adjustment = DocumentAdjustment(
                kind,
                percent=percent,
                base_amount=row.taxable_amount,
                reason=EARLY_PAYMENT,
                reason_code=_SPECIAL_AGREEMENT if kind == "allowance" else MUTUALLY_DEFINED,
                vat=row.vat,
            )
            yield Beside("early-payment", adjustment, event_ids)


def settled_adjustments(drawn: Draft) -> Iterator[SettledAdjustment]:
    """The allowances and charges as the settlement states them."""
    for each, amount in zip(drawn.beside, drawn.totals.adjustments, strict=True):
        given = each.adjustment
        yield SettledAdjustment(
            kind=given.kind,
            amount=amount.amount,
            vat_category=cast("VatCategory", given.vat.category),
            vat_rate=given.vat.rate or ZERO,
            percent=given.percent,
            base_amount=amount.base_amount,
            reason_code=given.reason_code,
            reason=given.reason,
            event_ids=each.event_ids,
            role=each.role,
        )


def breakdown(computed: Totals) -> tuple[VatBreakdown, ...]:
    """The VAT breakdown (BG-23) as the settlement states it."""
    return tuple(
        VatBreakdown(
            cast("VatCategory", each.vat.category), each.vat.rate or ZERO, each.taxable_amount, each.tax_amount
        )
        for each in computed.vat
    )


def _compute(turn: Turn, document: Document, beside: Sequence[Beside]) -> Totals:
    """The totals; without VAT in the accounting currency where that has too many digits there."""
    document = replace(document, adjustments=tuple(each.adjustment for each in beside))
    computed = totals(document)
    if isinstance(computed, Refusal) and document.tax_currency:
        computed = totals(replace(document, tax_currency=None, tax_exchange_rate=None))
    if isinstance(computed, Refusal):
        raise InvariantError(f"Order {turn.state.order_id}: cannot be settled: {computed.findings[0].message}")
    return computed


def _penalties(turn: Turn, piece: Piece) -> Iterator[Beside]:
    """What late units cost the seller: a percentage of what they come to after what the order allows (BG-20)."""
    terms = turn.terms
    line = turn.state.lines[piece.place].line
    for late in piece.late:
        net = amounts.net(line, late.quantity, terms.currency)
        with exact():
            allowed = amounts.allowed_percent(terms, _vat(line))
            base = round_half_up(net * (_HUNDRED - allowed) / _HUNDRED, terms.currency)
        adjustment = DocumentAdjustment(
            "allowance",
            percent=late.percent,
            base_amount=base,
            reason=f"Delivered {late.days} days late: {late.quantity} {line.unit} of line {line.line_id}",
            reason_code=_SPECIAL_AGREEMENT,
            vat=_vat(line),
        )
        yield Beside("penalty", adjustment, (late.event_id,))


def _charged(lines: tuple[LineState, ...], pieces: Sequence[Piece], fees: Sequence[Fee]) -> Iterator[Piece]:
    named = {fee.line_id: fee.event_ids for fee in fees}
    there = {piece.place for piece in pieces}
    for place, line in enumerate(lines):
        if place not in there and line.line.line_id in named:
            yield Piece(place, ZERO, (), named[line.line.line_id])


def _charge(turn: Turn, fee: Fee) -> Beside:
    """What is charged for cancelled units: a percentage of their net amount (BG-21)."""
    line = _lines(turn)[fee.line_id].line
    adjustment = DocumentAdjustment(
        "charge",
        percent=fee.percent,
        base_amount=amounts.net(line, fee.quantity, turn.terms.currency),
        reason=f"Cancelled after {fee.department} had begun: {fee.quantity} {line.unit} of line {line.line_id}",
        reason_code=MUTUALLY_DEFINED,
        vat=_vat(line),
    )
    return Beside("charge", adjustment, fee.event_ids)


def _reports(pieces: Iterable[Piece]) -> tuple[str, ...]:
    """The reports the goods come from, each once."""
    return tuple(dict.fromkeys(event_id for piece in pieces for event_id in piece.event_ids))


def _lines(turn: Turn) -> Mapping[str, LineState]:
    return {line.line.line_id: line for line in turn.state.lines}


def _vat(line: OrderLine) -> Vat:
    return Vat(line.vat_category, line.vat_rate)


def _settled_line(line: LineState, piece: Piece, billed: Line, computed: LineTotal, currency: str) -> SettledLine:
    item = line.line
    return SettledLine(  # Python puts more than 15 names of a call into a dictionary first
        item.line_id,
        item.item_id,
        item.description,
        ordered=item.quantity,
        delivered=kept(line),
        quantity=piece.quantity,
        unit=item.unit,
        price=item.price,
        base_quantity=item.base_quantity,
        allowance=computed.allowance,
        net_amount=computed.net_amount,
        vat_category=item.vat_category,
        vat_rate=item.vat_rate,
        event_ids=piece.event_ids,
        charge=computed.charge,
        adjustments=amounts.stated(billed, currency) if item.adjustments else (),
    )
