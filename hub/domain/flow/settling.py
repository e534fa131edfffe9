"""The end of an order: all delivered and settled, or nothing left to deliver.

A settlement bills what was delivered and kept, by EN 16931; what differs from the order is listed with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal
from typing import cast

from hub.domain import amounts
from hub.domain.effects import (
    Difference,
    DifferenceKind,
    SettledAdjustment,
    SettledLine,
    SettlementRecorded,
    VatBreakdown,
)
from hub.domain.en16931 import Document, LineTotal, Refusal, Totals, totals
from hub.domain.flow.crediting import release_credit, settle_credit
from hub.domain.flow.notifying import notify
from hub.domain.flow.problems import ExceptionKind, close_exception, close_one, open_exception
from hub.domain.flow.turn import SOURCE, Turn
from hub.domain.ledger import is_open, wanted
from hub.domain.model import VatCategory
from hub.domain.order import ZERO, LineState
from hub.errors import InvariantError

_HUNDRED = Decimal(100)
_MICRO = Decimal("0.000001")

_ENDED_BY_DELIVERY: tuple[ExceptionKind, ...] = (
    "credit-refused",
    "no-candidate",
    "shipment-rejected",
    "production-problem",
    "procurement-problem",
)


def end_if_complete(turn: Turn, reason: str = "") -> bool:
    """Settles the order if everything wanted was delivered, or ends it as cancelled if nothing was and nothing is.

    `reason` is told to the customer when it ends as cancelled.
    """
    if any(is_open(line) for line in turn.state.lines):
        return False
    if any(line.delivered for line in turn.state.lines):
        _settle(turn)
    else:
        _end_cancelled(turn, reason)
    return True


def _end_cancelled(turn: Turn, reason: str) -> None:
    turn.move_commercial("cancel")
    turn.update(confirm_due=None)
    release_credit(turn)
    for exception in turn.state.exceptions:
        close_one(turn, exception, "The order was cancelled")
    notify(turn, "cancelled", reason=reason)
    if turn.state.paid:
        paid = f"{turn.state.paid} {turn.terms.currency}"
        open_exception(turn, "refund-due", f"The order was cancelled after {paid} had been paid", severity="critical")


def _settle(turn: Turn) -> None:
    state, terms = turn.state, turn.terms
    delivered = [line for line in state.lines if line.delivered]
    billed = [(line.line, billable(line, turn.policy.over_delivery_percent)) for line in delivered]
    document = amounts.document(terms.currency, terms.discount_percent, billed, state.paid)
    computed = totals(document)
    if isinstance(computed, Refusal):
        raise InvariantError(f"Order {state.order_id}: cannot be settled: {computed.findings[0].message}")
    settlement_id = turn.next_id()
    turn.emit(
        SettlementRecorded(
            event_id=settlement_id,
            source=SOURCE,
            occurred_at=turn.now,
            order_id=state.order_id,
            settlement_id=settlement_id,
            kind="invoice",
            cause="close",
            preceding=(),
            customer_id=terms.customer_id,
            purchase_order=terms.purchase_order,
            currency=terms.currency,
            deliver_to=terms.deliver_to,
            delivered_on=turn.today,
            payment_due=None,
            payment_terms="",
            lines=tuple(
                _settled_line(line, quantity, amount)
                for line, (_, quantity), amount in zip(delivered, billed, computed.lines, strict=True)
            ),
            adjustments=tuple(_adjustments(document, computed)),
            vat=_vat(computed),
            line_total=computed.line_total,
            allowance_total=computed.allowance_total,
            charge_total=computed.charge_total,
            tax_exclusive=computed.tax_exclusive,
            tax_total=computed.tax_total,
            tax_inclusive=computed.tax_inclusive,
            prepaid=computed.prepaid,
            rounding=computed.rounding,
            payable=computed.payable,
            tax_currency="",
            tax_total_accounting=None,
            differences=tuple(difference for line in state.lines for difference in _differences(line, terms.currency)),
        )
    )
    turn.explain(f"settled: {computed.tax_inclusive} {terms.currency} with VAT, {computed.payable} to pay")
    turn.update(settlement_id=settlement_id, payable=computed.tax_inclusive)
    turn.move_commercial("fulfil")
    for kind in _ENDED_BY_DELIVERY:
        close_exception(turn, kind, "The order was delivered", subject=None)
    settle_credit(turn, computed.tax_inclusive)
    notify(turn, "delivered")
    notify(turn, "settled", reason=f"{computed.payable} {terms.currency}")
    if computed.payable <= ZERO:
        close_paid(turn)
    else:
        turn.move_billing("settle")


def close_paid(turn: Turn) -> None:
    """Nothing is left to pay: the order is closed."""
    turn.move_billing("clear")
    turn.move_commercial("close")
    excess = turn.state.paid - turn.state.payable
    if excess > ZERO:
        open_exception(turn, "overpaid", f"{excess} {turn.terms.currency} were paid beyond what was settled")


def billable(line: LineState, over_delivery_percent: Decimal) -> Decimal:
    """What of a line is billed: delivered and kept, beyond what was wanted only within the tolerance."""
    kept = line.delivered - line.returned
    limit = wanted(line)
    if kept > limit and over_delivery_percent:
        limit += (limit * over_delivery_percent / _HUNDRED).quantize(_MICRO, ROUND_DOWN)
    return min(kept, limit)


def _settled_line(line: LineState, quantity: Decimal, amount: LineTotal) -> SettledLine:
    item = line.line
    return SettledLine(
        line_id=item.line_id,
        item_id=item.item_id,
        description=item.description,
        ordered=item.quantity,
        delivered=line.delivered - line.returned,
        quantity=quantity,
        unit=item.unit,
        price=item.price,
        base_quantity=item.base_quantity,
        allowance=amount.allowance,
        net_amount=amount.net_amount,
        vat_category=item.vat_category,
        vat_rate=item.vat_rate,
        event_ids=line.delivered_by,
    )


def _adjustments(document: Document, computed: Totals) -> Iterator[SettledAdjustment]:
    for given, amount in zip(document.adjustments, computed.adjustments, strict=True):
        yield SettledAdjustment(
            kind=given.kind,
            amount=amount.amount,
            vat_category=cast("VatCategory", given.vat.category),
            vat_rate=given.vat.rate or ZERO,
            percent=given.percent,
            base_amount=amount.base_amount,
            reason_code=given.reason_code,
            reason=given.reason,
            event_ids=(),
        )


def _vat(computed: Totals) -> tuple[VatBreakdown, ...]:
    return tuple(
        VatBreakdown(
            cast("VatCategory", each.vat.category), each.vat.rate or ZERO, each.taxable_amount, each.tax_amount
        )
        for each in computed.vat
    )


def _differences(line: LineState, currency: str) -> Iterator[Difference]:
    over = line.delivered - wanted(line)
    found: tuple[tuple[DifferenceKind, Decimal, str], ...] = (
        ("short", line.short, "not delivered by the seller"),
        ("over", over, "delivered beyond what was ordered"),
        ("cancelled", line.cancelled, "cancelled before it was shipped"),
        ("returned", line.returned, "sent back by the customer"),
    )
    for kind, quantity, detail in found:
        if quantity > ZERO:
            yield Difference(line.line.line_id, kind, quantity, amounts.net(line.line, quantity, currency), detail)
