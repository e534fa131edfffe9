"""The settlement record: what the document says, when it is to be paid, and what differs from the order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from msgspec.structs import replace

from hub.domain.effects import Difference, SettlementCause, SettlementKind, SettlementRecorded, VatBreakdown
from hub.domain.flow.differing import line_differences, rounding, rounding_differences
from hub.domain.flow.drafting import Draft, breakdown, settled_adjustments
from hub.domain.flow.problems import open_exception
from hub.domain.flow.turn import SOURCE, Turn
from hub.domain.model import Frozen
from hub.domain.money import round_half_up
from hub.domain.order import ZERO, OrderState


class Occasion(Frozen, kw_only=True):
    """Why a settlement is issued."""

    cause: SettlementCause
    before: OrderState | None = None
    """The order as differences were stated of it last; None when none were: this settlement closes the order."""
    closing: bool = False
    preceding: tuple[str, ...] = ()


def record_settlement(
    turn: Turn, kind: SettlementKind, occasion: Occasion, settlement_id: str, drawn: Draft, *, prepaid: Decimal = ZERO
) -> SettlementRecorded:
    """The settlement; the state counts it."""
    state, terms, computed = turn.state, turn.terms, drawn.totals
    sign = 1 if kind == "invoice" else -1
    vat = breakdown(computed)
    turn.update(
        payable=state.payable + sign * computed.tax_inclusive,
        settlements=state.settlements + 1,
        vat=_added(state.vat, vat, sign),
    )
    due = payment_due(turn) if kind == "invoice" else None
    accounting = computed.tax_currency if computed.tax_total_accounting is not None else None
    if turn.policy.vat_currency not in ("", terms.currency) and accounting is None:
        detail = f"The policy has no exchange rate that gives VAT of {terms.currency} in {turn.policy.vat_currency}"
        open_exception(turn, "no-exchange-rate", detail, root=f"currency {terms.currency}")
    return SettlementRecorded(
        event_id=settlement_id,
        source=SOURCE,
        occurred_at=turn.now,
        order_id=state.order_id,
        settlement_id=settlement_id,
        kind=kind,
        cause=occasion.cause,
        preceding=occasion.preceding,
        customer_id=terms.customer_id,
        purchase_order=terms.purchase_order,
        currency=terms.currency,
        deliver_to=terms.deliver_to,
        delivered_on=state.delivered_on if kind == "invoice" and any(line.quantity for line in drawn.lines) else None,
        payment_due=due,
        payment_terms="" if due is None else _payment_terms(turn, due),
        lines=drawn.lines,
        adjustments=tuple(settled_adjustments(drawn)),
        vat=vat,
        line_total=computed.line_total,
        allowance_total=computed.allowance_total,
        charge_total=computed.charge_total,
        tax_exclusive=computed.tax_exclusive,
        tax_total=computed.tax_total,
        tax_inclusive=computed.tax_inclusive,
        prepaid=round_half_up(prepaid, terms.currency),
        rounding=computed.rounding,
        payable=computed.tax_inclusive - prepaid,
        tax_currency=accounting or "",
        tax_total_accounting=computed.tax_total_accounting,
        differences=tuple(_differences(turn, occasion)),
    )


def payment_due(turn: Turn) -> date:
    """The last day to pay an invoice that is issued now (BT-9)."""
    return turn.today + timedelta(days=turn.state.payment_days)


def _payment_terms(turn: Turn, due: date) -> str:
    """BT-20, of the bill that was issued last."""
    bill = turn.state.bills[-1]
    if bill.early_until is None or bill.early_taken or bill.open <= ZERO:
        return ""
    return f"{bill.early_percent.normalize():f}% off if paid by {bill.early_until}, in full by {due}"


def _differences(turn: Turn, occasion: Occasion) -> Iterable[Difference]:
    """Differences are stated when the order is over, and by every settlement that comes after."""
    if not (occasion.closing or turn.state.settlement_id):
        return
    yield from line_differences(turn, occasion.before)
    if turn.state.settlements > 1:
        stated, now = turn.state.rounding, rounding(turn)
        turn.update(rounding=now)
        yield from rounding_differences(now, stated)


def _added(sums: tuple[VatBreakdown, ...], rows: tuple[VatBreakdown, ...], sign: int) -> tuple[VatBreakdown, ...]:
    if not sums and sign == 1:
        return rows
    added = {(row.category, row.rate): row for row in sums}
    for row in rows:
        group = row.category, row.rate
        old = added.get(group) or VatBreakdown(*group, ZERO, ZERO)
        added[group] = replace(
            old,
            taxable_amount=old.taxable_amount + sign * row.taxable_amount,
            tax_amount=old.tax_amount + sign * row.tax_amount,
        )
    return tuple(added.values())
