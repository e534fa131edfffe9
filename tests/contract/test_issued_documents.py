"""Every settlement the hub issues in an order's life becomes a document that the official rules accept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import get_args

import pytest

from connectors.settlement_page.page import to_html
from connectors.ubl_invoice import read
from connectors.ubl_writer import to_ubl
from hub.domain.effects import SettlementCause, SettlementRecorded
from hub.domain.en16931.recompute import Recomputed, recompute
from hub.domain.invoicing import Invoice, invoice_of
from hub.domain.model import LineChange
from hub.domain.policy import EarlyPayment, LateDelivery, Policy
from tests.support import official
from tests.support.orders import START, Story, line
from tests.support.settlements import BUYER, SELLER

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


LIVES: tuple[tuple[Callable[[], Story], set[SettlementCause]], ...] = (
    (late_and_sent_back, {"delivery", "close", "return"}),
    (paid_early_and_sent_back, {"close", "early-payment", "return"}),
    (corrected, {"close", "reversal", "replacement"}),
    (cancelled_in_production, {"cancellation"}),
    (supplemented, {"delivery", "close", "supplement"}),
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


def test_the_lives_have_settlements_of_every_cause() -> None:
    assert set.union(*(causes for _, causes in LIVES)) == set(get_args(SettlementCause))
