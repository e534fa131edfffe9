"""Settlements and their journal as flat tables, for finance: amounts as they are recorded, `sign` says which way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from connectors.tables import Cell, Table, columns
from hub.domain.effects import SettlementPosted, SettlementRecorded

SETTLEMENTS = Table(
    "settlements",
    columns(
        "settlement_id order_id settled_at@ kind sign# cause preceding customer_id purchase_order currency "
        "delivered_on/ payment_due/ payment_terms line_total# allowance_total# charge_total# tax_exclusive# tax_total# "
        "tax_inclusive# prepaid# rounding# payable# tax_currency tax_total_accounting#"
    ),
)
LINES = Table(
    "settlement_lines",
    columns(
        "settlement_id order_id sign# currency line_id item_id description ordered# delivered# quantity# unit price# "
        "base_quantity# allowance# charge# net_amount# vat_category vat_rate# event_ids"
    ),
)
ADJUSTMENTS = Table(
    "settlement_adjustments",
    columns(
        "settlement_id order_id sign# currency kind amount# vat_category vat_rate# percent# base_amount# reason_code "
        "reason role event_ids"
    ),
)
VAT = Table(
    "settlement_vat",
    columns("settlement_id order_id sign# currency vat_category vat_rate# taxable_amount# tax_amount#"),
)
DIFFERENCES = Table(
    "settlement_differences", columns("settlement_id order_id currency line_id kind quantity# amount# detail")
)
JOURNAL = Table(
    "journal",
    columns("posting_id order_id customer_id posted_at@ cause currency account debit# credit# settlement_id event_ids"),
)
TABLES = (SETTLEMENTS, LINES, ADJUSTMENTS, VAT, DIFFERENCES, JOURNAL)

Row = tuple[Table, Sequence[Cell]]


def settlement_rows(each: SettlementRecorded) -> Iterator[Row]:
    """A settlement's rows in all tables but the journal."""
    sign = Decimal(1 if each.kind == "invoice" else -1)
    head = each.settlement_id, each.order_id
    of_document = (*head, sign, each.currency)
    yield (
        SETTLEMENTS,
        (
            *head, each.occurred_at, each.kind, sign, each.cause, " ".join(each.preceding), each.customer_id,
            each.purchase_order, each.currency, each.delivered_on, each.payment_due, each.payment_terms,
            each.line_total, each.allowance_total, each.charge_total, each.tax_exclusive, each.tax_total,
            each.tax_inclusive, each.prepaid, each.rounding, each.payable, each.tax_currency or None,
            each.tax_total_accounting,
        ),
    )  # fmt: skip
    for line in each.lines:
        yield (
            LINES,
            (
                *of_document, line.line_id, line.item_id, line.description, line.ordered, line.delivered,
                line.quantity, line.unit, line.price, line.base_quantity, line.allowance, line.charge, line.net_amount,
                line.vat_category, line.vat_rate, " ".join(line.event_ids),
            ),
        )  # fmt: skip
    for part in each.adjustments:
        yield (
            ADJUSTMENTS,
            (
                *of_document, part.kind, part.amount, part.vat_category, part.vat_rate, part.percent,
                part.base_amount, part.reason_code, part.reason, part.role, " ".join(part.event_ids),
            ),
        )  # fmt: skip
    for row in each.vat:
        yield VAT, (*of_document, row.category, row.rate, row.taxable_amount, row.tax_amount)
    for found in each.differences:
        cells = (*head, each.currency, found.line_id, found.kind, found.quantity, found.amount, found.detail)
        yield DIFFERENCES, cells


def journal_rows(each: SettlementPosted) -> Iterator[Row]:
    """A posting's entries, a row each."""
    for entry in each.entries:
        yield (
            JOURNAL,
            (
                each.event_id, each.order_id, each.customer_id, each.occurred_at, each.cause, each.currency,
                entry.account, entry.debit, entry.credit, entry.settlement_id or each.settlement_id,
                " ".join(each.event_ids),
            ),
        )  # fmt: skip
