"""Whatever is settled, the document written of it is recomputed exactly, and breaks no rule of EN 16931."""

from __future__ import annotations

from hypothesis import given

from connectors.ubl_invoice import read
from connectors.ubl_writer import to_ubl
from hub.domain.effects import SettlementRecorded
from hub.domain.en16931.recompute import Recomputed, recompute
from hub.domain.invoicing import Invoice, invoice_of
from tests.support import official
from tests.support.settlements import BUYER, SELLER, SETTLEMENTS


@given(SETTLEMENTS)
def test_a_written_document_is_recomputed_exactly(settled: SettlementRecorded) -> None:
    invoice = invoice_of(settled, SELLER, BUYER)
    assert isinstance(invoice, Invoice), invoice
    again = read(to_ubl(invoice))
    judged = recompute(again.document, again.claims)
    assert isinstance(judged, Recomputed)
    assert judged.differences == ()
    assert again.kind == settled.kind
    assert judged.totals.payable == settled.payable
    assert judged.totals.tax_total == settled.tax_total


@given(SETTLEMENTS)
def test_a_written_document_is_valid_or_says_which_rule_it_cannot_meet(settled: SettlementRecorded) -> None:
    invoice = invoice_of(settled, SELLER, BUYER)
    assert isinstance(invoice, Invoice), invoice
    document = to_ubl(invoice)
    assert official.schema_errors(document) == []
    broken = {each.rule for each in official.broken(document)}
    if [gap.rule for gap in invoice.gaps] == ["BR-DEC-23"]:
        assert any(rule.startswith("BR-DEC-") for rule in broken)
    else:
        assert invoice.gaps == ()
        assert broken == set()
