"""Settlements of our own, their amounts by the hub's arithmetic, and the parties on their documents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple, cast

from hypothesis import strategies as st

from hub.domain.effects import SettledAdjustment, SettledLine, SettlementRecorded, VatBreakdown
from hub.domain.en16931 import Adjustment, Document, DocumentAdjustment, Exemption, Line, Totals, Vat, totals
from hub.domain.model import Address, VatCategory
from hub.domain.money import minor_unit
from hub.domain.party import BankAccount, Party, Seller
from tests.support.en16931_documents import decimals

ZERO = Decimal(0)
ONE = Decimal(1)
SELLER = Seller(
    party=Party(
        name="Lindenhof Werke GmbH",
        trading_name="Lindenhof",
        street="Werftstraße 1",
        city="Bremen",
        postal_code="28195",
        country="DE",
        vat_id="DE123456788",
        registration_id="HRB 12345",
        electronic_address="4012345000009",
        electronic_scheme="0088",
        contact_name="Debitoren",
        phone="+49 421 5550100",
        email="debitoren@example.com",
    ),
    account=BankAccount(account="DE02120300000000202051", holder="Lindenhof Werke GmbH", bank="BYLADEM1001"),
    payment_terms="Payable on receipt.",
    credit_terms="Set off or refunded.",
    exemptions=(Exemption("E", "VATEX-EU-132", "Exempt"),),
)
BUYER = Party(
    name="Weserland Anlagenbau <&> Söhne",
    street="Hafenstrasse 12",
    additional_street="Hinterhaus",
    city="Wien",
    postal_code="1010",
    country="AT",
    vat_id="ATU12345675",
    registration_id="FN 56247 t",
    electronic_address="ATU12345675",
    electronic_scheme="9914",
    contact_name="Einkauf",
    phone="+43 1 5550100",
    email="einkauf@example.com",
)
RATES: dict[VatCategory, Decimal] = {
    category: Decimal(19 if category == "S" else 0) for category in ("S", "Z", "E", "AE", "K", "G", "O")
}


class Sold(NamedTuple):
    """A line before its amounts are computed."""

    quantity: Decimal = Decimal(3)
    price: Decimal = Decimal("12.345")
    vat: Vat = Vat("S", Decimal(19))
    base_quantity: Decimal = ONE
    discount_percent: Decimal = ZERO
    description: str = "Bearing bracket"


def settlement(
    sold: Sequence[Sold] = (Sold(),),
    adjustments: Sequence[DocumentAdjustment] = (),
    *,
    kind: Literal["invoice", "credit-note"] = "invoice",
    currency: str = "EUR",
    prepaid: Decimal = ZERO,
    rounding: Decimal = ZERO,
    **fields: Any,
) -> SettlementRecorded:
    """A settlement of lines; one of nothing but adjustments has no lines."""
    lines = tuple(map(_line, range(1, len(sold) + 1), sold)) or (Line("1", ZERO, ZERO, adjustments[0].vat),)
    computed = totals(Document(currency, lines, tuple(adjustments), prepaid, rounding))
    assert isinstance(computed, Totals), computed
    values: dict[str, Any] = {
        "event_id": "4e1f00000000000000000000000000a7",
        "source": "/orderhub/orders",
        "occurred_at": datetime(2026, 3, 31, 22, 30, tzinfo=UTC),
        "order_id": "SO-100417",
        "settlement_id": "4e1f00000000000000000000000000a7",
        "kind": kind,
        "cause": "close" if kind == "invoice" else "return",
        "preceding": () if kind == "invoice" else ("0c5500000000000000000000000000b1",),
        "customer_id": "0088:4098765000010",
        "purchase_order": "PO-2026-0418",
        "currency": currency,
        "deliver_to": Address("Weserland", "Hafenstrasse 12", "Wien", "1010", "AT"),
        "delivered_on": date(2026, 3, 30),
        "payment_due": date(2026, 4, 30) if kind == "invoice" else None,
        "payment_terms": "",
        "lines": tuple(
            _settled(number, each, computed.lines[number - 1].allowance, computed.lines[number - 1].net_amount)
            for number, each in enumerate(sold, 1)
        ),
        "adjustments": tuple(
            SettledAdjustment(
                given.kind,
                amount.amount,
                cast("VatCategory", given.vat.category),
                given.vat.rate or ZERO,
                given.percent,
                amount.base_amount,
                given.reason_code,
                given.reason,
                ("event-1",),
            )
            for given, amount in zip(adjustments, computed.adjustments, strict=True)
        ),
        "vat": tuple(
            VatBreakdown(
                cast("VatCategory", row.vat.category), row.vat.rate or ZERO, row.taxable_amount, row.tax_amount
            )
            for row in computed.vat
        ),
        "tax_currency": "",
        "tax_total_accounting": None,
        "differences": (),
    }
    names = ("line_total", "allowance_total", "charge_total", "tax_exclusive", "tax_total", "tax_inclusive")
    values |= {name: getattr(computed, name) for name in (*names, "prepaid", "rounding", "payable")}
    return SettlementRecorded(**(values | fields))


def _line(number: int, sold: Sold) -> Line:
    percent = sold.discount_percent
    discount = (Adjustment("allowance", percent=percent, reason_code="95"),) if percent else ()
    return Line(str(number), sold.quantity, sold.price, sold.vat, sold.base_quantity, discount)


def _settled(number: int, sold: Sold, allowance: Decimal, net: Decimal) -> SettledLine:
    return SettledLine(
        line_id=str(number),
        item_id=f"MK-{number}",
        description=sold.description,
        ordered=sold.quantity,
        delivered=sold.quantity,
        quantity=sold.quantity,
        unit="C62",
        price=sold.price,
        base_quantity=sold.base_quantity,
        allowance=allowance,
        net_amount=net,
        vat_category=cast("VatCategory", sold.vat.category),
        vat_rate=sold.vat.rate or ZERO,
        event_ids=("event-1",),
    )


def vat(category: VatCategory) -> Vat:
    return Vat(category, None if category == "O" else RATES[category])


_SUBJECT = (*(vat(category) for category in RATES if category != "O"), Vat("S", Decimal("5.5")))


def _settlements(vats: Sequence[Vat], currency: str) -> st.SearchStrategy[SettlementRecorded]:
    vat_of = st.sampled_from(vats)
    sold = st.builds(
        Sold,
        quantity=decimals("0.001", "300", 3) | decimals("1", "20", 0),
        price=decimals("0", "100", 2) | decimals("0", "5", 5),
        vat=vat_of,
        base_quantity=st.sampled_from((ONE, Decimal(7), Decimal(100))),
        discount_percent=st.just(ZERO) | decimals("0", "100", 2),
    )
    places = min(minor_unit(currency), 2)
    adjustment = st.one_of(
        st.builds(
            DocumentAdjustment,
            kind=st.sampled_from(("allowance", "charge")),
            amount=decimals("0.01" if places else "1", "20", places),
            reason=st.just("Agreed"),
            vat=vat_of,
        ),
        st.builds(
            DocumentAdjustment,
            kind=st.just("allowance"),
            percent=decimals("0", "30", 2),
            reason_code=st.just("95"),
            vat=vat_of,
        ),
    )
    return st.builds(
        settlement,
        st.lists(sold, min_size=1, max_size=5),
        st.lists(adjustment, max_size=3),
        kind=st.sampled_from(("invoice", "credit-note")),
        currency=st.just(currency),
        prepaid=st.just(ZERO) | decimals("1", "50", places),
        rounding=st.just(ZERO) | decimals("0", "0.5", places),
    )


SETTLEMENTS: st.SearchStrategy[SettlementRecorded] = st.one_of(
    *(_settlements(vats, currency) for currency in ("EUR", "JPY", "KWD") for vats in (_SUBJECT, (vat("O"),)))
)
