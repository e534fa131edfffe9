"""What holds for every document. `pytest tests/properties --hypothesis-profile=thorough` tries 10,000 of each."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_FLOOR, Context, Decimal, Inexact, localcontext
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.domain.en16931 import Adjustment, Document, DocumentAdjustment, Line, Refusal, Totals, Vat, totals
from hub.domain.en16931.discount import Discount, discounted
from hub.domain.en16931.partial import negated, rounding, split
from hub.domain.en16931.recompute import Claim, Recomputed, Term, derive, recompute
from hub.domain.money import allocate, quantum
from tests.support.en16931_documents import ZERO, adjustments, amounts, decimals, documents, percentages
from tests.support.en16931_oracle import answer, of_hub


def right(document: Document) -> Totals:
    computed = totals(document)
    assert isinstance(computed, Totals), computed
    return computed


def every_amount(computed: Totals) -> Iterator[Decimal]:
    for line in computed.lines:
        yield from (line.base_amount, line.allowance, line.charge, line.net_amount)
    for row in computed.vat:
        yield from (row.taxable_amount, row.tax_amount)
    yield from (computed.line_total, computed.allowance_total, computed.charge_total, computed.tax_exclusive)
    yield from (computed.tax_total, computed.tax_inclusive, computed.prepaid, computed.rounding, computed.payable)


@given(documents())
def test_totals_are_those_of_an_independent_program_on_fractions(document: Document) -> None:
    assert of_hub(right(document)) == answer(document)


@given(documents())
def test_parts_add_up_to_totals(document: Document) -> None:
    computed = right(document)
    for line in computed.lines:
        assert line.net_amount == line.base_amount - line.allowance + line.charge
    assert computed.line_total == sum(line.net_amount for line in computed.lines)
    assert computed.tax_exclusive == computed.line_total - computed.allowance_total + computed.charge_total
    assert computed.tax_exclusive == sum(row.taxable_amount for row in computed.vat)
    assert computed.tax_total == sum(row.tax_amount for row in computed.vat)
    assert computed.tax_inclusive == computed.tax_exclusive + computed.tax_total
    assert computed.payable == computed.tax_inclusive - computed.prepaid + computed.rounding + computed.third_party


@given(documents(), st.randoms(use_true_random=False))
def test_the_order_of_lines_and_adjustments_does_not_matter(document: Document, random: object) -> None:
    lines, others = list(document.lines), list(document.adjustments)
    random.shuffle(lines)  # type: ignore[attr-defined]
    random.shuffle(others)  # type: ignore[attr-defined]
    before, after = right(document), right(replace(document, lines=tuple(lines), adjustments=tuple(others)))
    assert replace(before, lines=(), adjustments=()) == replace(after, lines=(), adjustments=())
    assert {line.line_id: line for line in before.lines} == {line.line_id: line for line in after.lines}


@given(documents())
def test_what_is_settled_and_returned_in_full_nets_to_zero(document: Document) -> None:
    settled, returned = right(document), right(negated(document))
    assert [-amount for amount in every_amount(settled)] == list(every_amount(returned))
    assert negated(negated(document)) == document


@given(documents(), st.sampled_from(("0.05", "0.10", "1", "5")))
def test_a_rounding_step_is_reached_by_the_smallest_rounding(document: Document, step: str) -> None:
    assume(Decimal(step) >= quantum(document.currency))
    computed = right(replace(document, rounding=ZERO, rounding_step=Decimal(step)))
    assert computed.payable % Decimal(step) == 0
    assert abs(computed.rounding) * 2 <= Decimal(step)


@given(documents(), st.data())
def test_two_settlements_and_their_rounding_line_are_one_settlement(document: Document, data: st.DataObject) -> None:
    first = {
        line.line_id: (line.quantity * data.draw(st.sampled_from((Decimal(0), Decimal("0.25"), Decimal(1))))).quantize(
            Decimal("0.000001")
        )
        for line in document.lines
    }
    second = {line.line_id: line.quantity - first[line.line_id] for line in document.lines}
    parts = [part for part in split(document, (first, second)) if part.lines or part.adjustments or part.prepaid]
    assume(all(part.lines for part in parts))
    whole, settled = right(document), [right(part) for part in parts]
    stated = rounding(whole, settled)

    lacking = {(row.vat.category, row.vat.rate): (row.taxable_amount, row.tax_amount) for row in stated.groups}
    for row in whole.vat:
        taxable, tax = lacking.get((row.vat.category, row.vat.rate), (ZERO, ZERO))
        found = [each for part in settled for each in part.vat if each.vat == row.vat]
        assert sum(each.taxable_amount for each in found) + taxable == row.taxable_amount
        assert sum(each.tax_amount for each in found) + tax == row.tax_amount
    assert sum(part.payable for part in settled) + stated.payable == whole.payable

    # Each of a document's roundings is off by at most half a unit, and no other place may lose anything.
    unit = Fraction(quantum(document.currency))
    rounded = sum(1 + len(line.adjustments) for each in (document, *parts) for line in each.lines)
    rounded += sum(1 + len(document.lines) for each in (document, *parts) for _ in each.adjustments)
    assert sum(abs(Fraction(row.taxable_amount)) for row in stated.groups) <= rounded * unit
    absolute = [each for line in document.lines for each in line.adjustments if each.amount is not None]
    divided = [each for part in parts for line in part.lines for each in line.adjustments if each.amount is not None]
    if all(line.quantity != 0 for line in document.lines):
        assert sum(each.amount or ZERO for each in absolute) == sum(each.amount or ZERO for each in divided)


@given(documents(), percentages, st.randoms(use_true_random=False))
def test_an_order_discount_is_spread_without_remainder_whatever_the_order_of_lines(
    document: Document, percent: Decimal, random: object
) -> None:
    before = right(document)
    lines = list(document.lines)
    random.shuffle(lines)  # type: ignore[attr-defined]
    shuffled = replace(document, lines=tuple(lines))
    by_line = discounted(document, Discount(percent=percent, spread="lines"))
    by_vat = discounted(document, Discount(percent=percent, spread="vat"))
    if isinstance(by_line, Refusal) or isinstance(by_vat, Refusal):
        assert before.line_total == 0
        return
    spread, grouped = right(by_line), right(by_vat)
    discount = before.line_total - spread.line_total
    assert abs(Fraction(discount) - Fraction(before.line_total * percent / 100)) * 2 <= Fraction(
        quantum(before.currency)
    )
    assert grouped.allowance_total - before.allowance_total == discount
    again = discounted(shuffled, Discount(percent=percent, spread="lines"))
    assert isinstance(again, Document)
    assert {line.line_id: line for line in again.lines} == {line.line_id: line for line in by_line.lines}
    assert discounted(shuffled, Discount(percent=percent)) == replace(by_vat, lines=tuple(lines))


@given(
    amounts("EUR", "-1000", "1000"),
    st.dictionaries(st.integers(), decimals("0", "50", 3), min_size=1, max_size=9),
)
def test_an_allocation_adds_up_and_no_share_is_a_unit_off(total: Decimal, weights: dict[int, Decimal]) -> None:
    assume(sum(weights.values()) != 0)
    shares = allocate(total, weights, "EUR")
    assert sum(shares.values()) == total
    for key, share in shares.items():
        exact = Fraction(total) * Fraction(weights[key]) / Fraction(sum(weights.values()))
        assert abs(Fraction(share) - exact) < Fraction(1, 100)
    assert allocate(total, dict(reversed(weights.items())), "EUR") == shares
    assert allocate(-total, weights, "EUR") == {key: -share for key, share in shares.items()}


@given(documents())
def test_a_document_that_states_its_totals_right_has_no_differences(document: Document) -> None:
    judged = recompute(document, claims_of(document))
    assert isinstance(judged, Recomputed)
    assert judged.differences == ()
    assert judged.totals == right(document)


@given(documents(), st.data())
def test_one_false_amount_is_found_where_it_stands_and_where_it_goes(document: Document, data: st.DataObject) -> None:
    claims = claims_of(document)
    term = data.draw(
        st.sampled_from([term for term in claims if term.code not in ("BT-136", "BT-141", "BT-92", "BT-99")])
    )
    off = data.draw(amounts(document.currency).filter(bool))
    claims[term] = Claim(claims[term].amount + off, "there")
    judged = recompute(document, claims)
    assert isinstance(judged, Recomputed)
    assert [(found.term, found.amount, found.carried) for found in judged.differences] == [(term, off, False)]


def claims_of(document: Document) -> dict[Term, Claim]:
    return {each.term: Claim(each.amount, "") for each in derive(document, right(document))}


wild = (
    st.decimals(allow_nan=True, allow_infinity=True)
    | decimals("-9", "9", 2)
    | st.sampled_from((Decimal("1E+999999"), Decimal("-1E-999999"), Decimal(10) ** 18, Decimal("sNaN"), Decimal("-0")))
)
wild_vats = st.builds(Vat, st.sampled_from(("S", "Z", "O", "K", "X", "")), st.none() | wild)
wild_adjustments = st.builds(
    Adjustment, st.sampled_from(("allowance", "charge")), st.none() | wild, st.none() | wild, st.none() | wild
)
wild_lines = st.builds(
    Line,
    st.text(max_size=3),
    wild,
    wild,
    wild_vats,
    wild,
    st.lists(wild_adjustments, max_size=2).map(tuple),
    st.none() | wild,
    wild,
)
wild_documents = st.builds(
    Document,
    currency=st.sampled_from(("EUR", "JPY", "XXX", "")),
    lines=st.lists(wild_lines, max_size=3).map(tuple),
    adjustments=st.lists(
        st.builds(
            DocumentAdjustment,
            st.just("allowance"),
            st.none() | wild,
            st.none() | wild,
            st.none() | wild,
            vat=wild_vats,
        ),
        max_size=2,
    ).map(tuple),
    prepaid=wild,
    rounding=wild,
    rounding_step=st.none() | wild,
    third_party=wild,
    tax_currency=st.none() | st.sampled_from(("SEK", "EUR", "?")),
    tax_exchange_rate=st.none() | wild,
)


@given(wild_documents)
def test_nonsense_is_refused_with_its_rule_and_never_raises(document: Document) -> None:
    computed = totals(document)
    if isinstance(computed, Refusal):
        assert computed.findings
        assert all(finding.rule and finding.path.startswith("$") for finding in computed.findings)
    else:
        assert of_hub(computed) == answer(document) or document.rounding_step is not None


@given(documents())
def test_the_decimal_context_of_the_caller_does_not_matter(document: Document) -> None:
    expected = right(document)
    with localcontext(Context(prec=3, rounding=ROUND_FLOOR, traps=[Inexact])):
        assert totals(document) == expected


@given(documents(), st.data())
def test_a_line_allowance_equals_the_same_document_allowance_in_what_is_due(
    document: Document, data: st.DataObject
) -> None:
    """The standard lets a deduction stand at the line or at the document; the totals must not differ."""
    line = document.lines[0]
    given_amount = data.draw(adjustments(document.currency).filter(lambda each: each.amount is not None))
    at_line = replace(
        document, lines=(replace(line, adjustments=(*line.adjustments, given_amount)), *document.lines[1:])
    )
    if any(each.percent is not None and each.base_amount is None for each in document.adjustments):
        return  # a percentage of the line net amounts sees the one and not the other
    at_document = DocumentAdjustment(given_amount.kind, given_amount.amount, vat=line.vat)
    moved = replace(document, adjustments=(*document.adjustments, at_document))
    assert right(at_line).vat == right(moved).vat
    assert right(at_line).payable == right(moved).payable
