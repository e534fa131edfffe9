"""The public example invoices of EN 16931 (CEN/TC 434), recomputed: right ones exactly, wrong ones with the amount."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.ubl_invoice import read
from hub.domain.en16931 import Totals, totals
from hub.domain.en16931.recompute import Recomputed, recompute
from tests.support.en16931_oracle import HALF_EVEN, RIGHT, VAT_PER_LINE, Arithmetic, answer, in_binary, of_hub
from tests.support.official import examples

WRONG = {
    "guide-example1.xml": [("BT-131", 20, "-109.98", "109.98")],
    "guide-example2.xml": [("BT-131", 1, "1273.00", "2546.00"), ("BT-146", 3, "2.48", "2.00")],
    "guide-example3.xml": [("BT-131", 1, "400.00", "1600.00"), ("BT-131", 2, "400.00", "1600.00")],
    "ubl-tc434-example1.xml": [("BT-131", 20, "-109.98", "109.98")],
    "ubl-tc434-example10.xml": [("BT-131", 20, "-109.98", "109.98")],
    "ubl-tc434-example2.xml": [("BT-131", 1, "1273.00", "2546.00"), ("BT-146", 3, "2.48", "2.43")],
    "ubl-tc434-example3.xml": [("BT-131", 1, "800.00", "1600.00"), ("BT-131", 2, "800.00", "1600.00")],
}
"""Examples that contradict themselves: the term, which line, what is stated, what follows from quantity and price."""


@pytest.fixture(scope="module")
def documents() -> dict[str, bytes]:
    return examples()


@pytest.fixture(scope="module")
def judged(documents: dict[str, bytes]) -> dict[str, Recomputed]:
    outcomes = {}
    for name, raw in documents.items():
        invoice = read(raw)
        outcome = recompute(invoice.document, invoice.claims)
        assert isinstance(outcome, Recomputed), name
        outcomes[name] = outcome
    return outcomes


def test_consistent_examples_are_recomputed_exactly_and_the_others_named_with_line_and_amount(
    judged: dict[str, Recomputed],
) -> None:
    assert len(judged) == 19
    found = {
        name: [
            (each.term.code, each.term.of[0] + 1, str(each.stated), str(each.computed))
            for each in outcome.differences
            if not each.carried
        ]
        for name, outcome in judged.items()
    }
    assert {name: differences for name, differences in found.items() if differences} == WRONG


@pytest.mark.parametrize(
    ("arithmetic", "fails_on"),
    [
        (RIGHT, set()),
        (HALF_EVEN, {"BIS3_Invoice_negativ.XML", "BIS3_Invoice_positive.XML"}),
        (VAT_PER_LINE, {"ubl-tc434-example8.xml"}),
    ],
    ids=["right", "half-even", "VAT per line"],
)
def test_wrong_rounding_fails_on_consistent_examples(
    documents: dict[str, bytes], arithmetic: Arithmetic, fails_on: set[str]
) -> None:
    failed = set()
    for name in documents.keys() - WRONG.keys():
        document = read(documents[name]).document
        if answer(document, arithmetic) != of_hub(right(documents[name])):
            failed.add(name)
    assert failed == fails_on


def test_binary_floating_point_fails_on_consistent_examples(documents: dict[str, bytes]) -> None:
    failed = set()
    for name in documents.keys() - WRONG.keys():
        computed = right(documents[name])
        exact = [computed.line_total, computed.tax_exclusive, computed.tax_total, computed.tax_inclusive]
        if [Decimal(repr(amount)) for amount in in_binary(read(documents[name]).document)] != exact:
            failed.add(name)
    assert failed == {"sample-discount-price.xml", "ubl-tc434-example8.xml"}


def right(raw: bytes) -> Totals:
    computed = totals(read(raw).document)
    assert isinstance(computed, Totals)
    return computed
