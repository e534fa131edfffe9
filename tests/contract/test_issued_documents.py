"""Every settlement the hub issues in an order's life becomes a document that the official rules accept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest
from msgspec.structs import replace

from connectors.settlement_page.page import to_html
from connectors.ubl_invoice import read
from connectors.ubl_writer import to_ubl
from hub.domain.effects import SettledAdjustment, SettlementCause, SettlementRecorded
from hub.domain.en16931 import Totals, totals
from hub.domain.en16931.reasons import REASON_CODES
from hub.domain.en16931.recompute import Recomputed, recompute
from hub.domain.flow.drafting import breakdown
from hub.domain.invoicing import Invoice, document_of, invoice_of
from hub.domain.model import Adjustment, LineChange, OrderAdjustment
from hub.domain.policy import EarlyPayment, LateDelivery, Policy
from tests.support import official
from tests.support.orders import START, Story, line
from tests.support.settlements import BUYER, SELLER

S19: dict[str, Any] = {"vat_category": "S", "vat_rate": Decimal(19)}
DEEP = Policy(
    settlement="per-delivery",
    late_delivery=LateDelivery(percent=Decimal("0.7"), per="day", cap=Decimal(5)),
    early_payment=EarlyPayment(percent=Decimal(2), days=10),
    cancellation_charges={"production": Decimal("33.3")},
    vat_currency="CHF",
    exchange_rates={"EUR": Decimal("0.9412")},
)


def late_and_sent_back() -> Story:
    """Two deliveries, the second late; most of it comes back; then more is delivered than was thought."""
    story = Story(DEEP)
    discounted = line("1", price=Decimal("3.337"), discount_percent=Decimal("2.5"))
    story.place(
        discounted, line("2", vat_rate=Decimal(7)), discount_percent=Decimal("1.5"), requested_delivery=START.date()
    )
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    story.report("logistics", "delivered", {"1": 4})
    story.report("logistics", "delivered", {"1": 6, "2": 10}, occurred_at=START + timedelta(days=3))
    story.report("logistics", "returned", {"1": 7, "2": 1})
    return story


def paid_early_and_sent_back() -> Story:
    story = Story(DEEP)
    story.place()
    for kind in ("accepted", "shipped", "delivered"):
        story.report("logistics", kind)
    story.pay("116.62")
    story.report("logistics", "returned", {"1": 3})
    return story


def corrected() -> Story:
    """Another price after half was paid; then an operator has it stated once more."""
    story = Story(DEEP)
    story.place()
    for kind in ("accepted", "shipped", "delivered"):
        story.report("logistics", kind)
    story.pay("50.00")
    story.change(1, LineChange("change", "1", line(price=Decimal("8.125"))))
    story.command("correct-settlement", story.sent(SettlementRecorded)[-1].settlement_id)
    return story


def cancelled_in_production() -> Story:
    story = Story(DEEP)
    story.place(line(item_id="MK-1"), line("2", vat_category="Z", vat_rate=Decimal(0)))
    story.report("production", "accepted")
    story.report("production", "produced", {"1": 4})
    story.cancel("not needed")
    return story


def supplemented() -> Story:
    """Closed short, and then the rest arrives."""
    story = Story(DEEP)
    story.place()
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    story.report("logistics", "delivered", {"1": 4})
    story.command("close-short")
    story.report("logistics", "delivered", {"1": 6})
    return story


def charged_in_parts() -> Story:
    """Allowances and charges of every kind on lines of two rates; delivered in parts, corrected, and all sent back."""
    story = Story(DEEP)
    engraving = Adjustment("charge", amount=Decimal("5.01"), reason="Engraving <1>")
    bonus = Adjustment("allowance", percent=Decimal("3.3"), reason_code="64")
    packed = Adjustment("charge", percent=Decimal("1.5"), base_amount=Decimal("33.33"), reason_code="ABL")
    story.place(
        line("1", price=Decimal("3.337"), discount_percent=Decimal("2.5"), adjustments=(engraving, bonus, packed)),
        line("2", quantity=7, vat_rate=Decimal(7), adjustments=(bonus,)),
        discount_percent=Decimal("1.5"),
        adjustments=(
            OrderAdjustment("charge", amount=Decimal("12.34"), reason="Freight", reason_code="FC"),
            OrderAdjustment("charge", amount=Decimal("4.00"), reason="Deposit", vat_category="Z"),
            OrderAdjustment("charge", percent=Decimal("0.7"), reason="Insurance", reason_code="IS"),
            OrderAdjustment("charge", percent=Decimal(2), base_amount=Decimal(103), reason="Toll", **S19),
            OrderAdjustment("allowance", amount=Decimal("7.77"), reason="Voucher"),
        ),
    )
    story.report("logistics", "accepted")
    story.report("logistics", "shipped")
    story.report("logistics", "delivered", {"1": 3})
    story.report("logistics", "delivered", {"1": 7, "2": 7})
    story.command("correct-settlement", story.sent(SettlementRecorded)[0].settlement_id)
    story.report("logistics", "returned", {"1": 9, "2": 7})
    story.report("logistics", "returned", {"1": 1})
    assert story.order.payable == -sum(row.taxable_amount + row.tax_amount for row in story.order.rounding)
    return story


LIVES: tuple[tuple[Callable[[], Story], set[SettlementCause]], ...] = (
    (late_and_sent_back, {"delivery", "close", "return"}),
    (paid_early_and_sent_back, {"close", "early-payment", "return"}),
    (corrected, {"close", "reversal", "replacement"}),
    (cancelled_in_production, {"cancellation"}),
    (supplemented, {"delivery", "close", "supplement"}),
    (charged_in_parts, {"delivery", "close", "reversal", "replacement", "return"}),
)


@pytest.mark.parametrize(("life", "causes"), LIVES, ids=[life.__name__ for life, _ in LIVES])
def test_every_settlement_of_a_life_is_written_valid_and_exact(
    life: Callable[[], Story], causes: set[SettlementCause]
) -> None:
    issued = life().sent(SettlementRecorded)
    assert {each.cause for each in issued} == causes
    for settled in issued:
        invoice = invoice_of(settled, SELLER, BUYER)
        assert isinstance(invoice, Invoice), invoice
        assert invoice.gaps == ()
        document = to_ubl(invoice)
        assert official.schema_errors(document) == []
        assert official.broken(document) == set()
        again = read(document)
        judged = recompute(again.document, again.claims)
        assert isinstance(judged, Recomputed)
        assert (judged.differences, judged.totals.payable) == ((), settled.payable)
        assert settled.settlement_id.encode() in to_html(invoice, "zh")


def test_the_codes_of_reasons_are_those_of_the_norm() -> None:
    issued = charged_in_parts().sent(SettlementRecorded)[0]
    for kind, codes in REASON_CODES.items():
        stated = tuple(
            SettledAdjustment(kind, Decimal(1), "S", Decimal(19), None, None, code, "", ()) for code in sorted(codes)
        )
        wrong = SettledAdjustment(kind, Decimal(1), "S", Decimal(19), None, None, "D240", "", ())
        for given, rules in ((stated, set()), ((wrong,), {"BR-CL-19" if kind == "allowance" else "BR-CL-20"})):
            invoice = invoice_of(with_adjustments(issued, given), SELLER, BUYER)
            assert isinstance(invoice, Invoice), invoice
            assert {each.rule for each in official.broken(to_ubl(invoice))} == rules


def with_adjustments(issued: SettlementRecorded, given: tuple[SettledAdjustment, ...]) -> SettlementRecorded:
    """The settlement with these allowances and charges instead of its own."""
    document = document_of(replace(issued, adjustments=given), SELLER)
    computed = totals(document)
    assert isinstance(computed, Totals)
    names = ("line_total", "allowance_total", "charge_total", "tax_exclusive", "tax_total", "tax_inclusive", "payable")
    return replace(
        issued,
        adjustments=given,
        vat=breakdown(computed),
        tax_currency="",
        tax_total_accounting=None,
        **{name: getattr(computed, name) for name in names},
    )


def test_the_lives_have_settlements_of_every_cause() -> None:
    assert set.union(*(causes for _, causes in LIVES)) == set(get_args(SettlementCause))
