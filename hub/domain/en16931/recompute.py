"""Another party's totals, recomputed: every amount a document states against the one that follows from its facts.

The facts are what the standard's formulas begin with: quantities, net prices, amounts of allowances and charges, VAT
categories and rates, prepaid and rounding amounts. All other amounts are claims. So is a fact beside its own
derivation: a net price (BT-146) beside a gross price and discount, an allowance beside its percentage and base amount;
the totals go on from the fact all the same. Each false claim is a `Difference`, and a claim that is wrong only because
it correctly adds up wrong ones is marked as carried: the error is elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TypeVar

from msgspec.structs import replace

from hub.domain.en16931.document import ZERO, Document, DocumentAdjustment, Line, Vat
from hub.domain.en16931.rules import Refusal
from hub.domain.en16931.totals import LineTotal, Totals, adjustment_amount, totals, vat_amount
from hub.domain.en16931.vat import group, rule
from hub.domain.model import Adjustment, Frozen
from hub.domain.money import exact, round_half_up

A = TypeVar("A", Adjustment, DocumentAdjustment)


class Term(Frozen):
    """One amount of a document: its business term, and of which line, allowance or VAT group it is."""

    code: str
    """BT-131, BT-106, ..."""
    of: tuple[int, ...] = ()
    """Position of the line, or of the document level adjustment; for a line's adjustment, line and adjustment."""
    vat: Vat | None = None
    """The breakdown group of BT-116 and BT-117."""


class Claim(Frozen):
    """An amount as a document states it, and where."""

    amount: Decimal
    where: str
    """For a person: element and line of the file."""


class Difference(Frozen):
    """A claim that is not what follows from the facts, or that should be there and is not."""

    term: Term
    rule: str
    where: str
    stated: Decimal | None
    computed: Decimal
    carried: bool
    """The stated amount does follow from the other stated amounts: only they are wrong."""

    @property
    def amount(self) -> Decimal:
        """Stated less computed."""
        return (self.stated or ZERO) - self.computed


class Recomputed(Frozen):
    """The right totals, and every difference to the stated ones, in the document's order; empty if it is right."""

    totals: Totals
    differences: tuple[Difference, ...]


def recompute(document: Document, claims: Mapping[Term, Claim]) -> Recomputed | Refusal:
    """Judge a document's own amounts. Refused when no totals follow from it, as `totals` does."""
    computed = totals(_facts(document))
    if isinstance(computed, Refusal):
        return computed
    with exact():
        return Recomputed(computed, tuple(_differences(document, computed, claims)))


def _facts(document: Document) -> Document:
    """The document without the derivations of its facts, which may contradict them."""
    lines = (
        replace(line, gross_price=None, adjustments=tuple(map(_fact, line.adjustments))) for line in document.lines
    )
    return replace(document, lines=tuple(lines), adjustments=tuple(map(_fact, document.adjustments)))


def _fact(adjustment: A) -> A:
    return adjustment if adjustment.amount is None else replace(adjustment, percent=None, base_amount=None)


class Derivation(Frozen):
    """How a term follows from facts and other terms: `fact` + the sum of `plus` - the sum of `minus`.

    Only the VAT of a group (BT-117) is not a sum: it has its taxable amount in `plus`, to be multiplied and rounded.
    """

    term: Term
    amount: Decimal
    rule: str
    plus: tuple[Term, ...] = ()
    minus: tuple[Term, ...] = ()
    fact: Decimal = ZERO


def derive(document: Document, computed: Totals) -> Iterator[Derivation]:
    """Every amount that follows from a document's facts, with what it follows from, parts before sums."""
    lines: list[Term] = []
    groups: dict[Vat, tuple[list[Term], list[Term]]] = {row.vat: ([], []) for row in computed.vat}
    for index, (line, total) in enumerate(zip(document.lines, computed.lines, strict=True)):
        derivations = list(_line(index, line, total, document.currency))
        yield from derivations
        lines.append(derivations[-1].term)
        groups[group(line.vat)][0].append(lines[-1])
    charges: list[Term] = []
    allowances: list[Term] = []
    for index, (adjustment, resolved) in enumerate(zip(document.adjustments, computed.adjustments, strict=True)):
        is_charge = adjustment.kind == "charge"
        term = Term("BT-99" if is_charge else "BT-92", (index,))
        yield _derivation(term, adjustment, resolved.amount, document.currency)
        (charges if is_charge else allowances).append(term)
        groups[group(adjustment.vat)][0 if is_charge else 1].append(term)
    for row in computed.vat:
        taxable, tax = Term("BT-116", vat=row.vat), Term("BT-117", vat=row.vat)
        plus, minus = groups[row.vat]
        yield Derivation(taxable, row.taxable_amount, rule(row.vat.category, "08"), tuple(plus), tuple(minus))
        yield Derivation(tax, row.tax_amount, rule(row.vat.category, "09"), (taxable,))
    taxes = tuple(Term("BT-117", vat=row.vat) for row in computed.vat)
    yield from _document(computed, tuple(lines), tuple(allowances), tuple(charges), taxes)


def _line(index: int, line: Line, total: LineTotal, currency: str) -> Iterator[Derivation]:
    if line.gross_price is not None:
        net_price = line.gross_price - line.price_discount
        yield Derivation(Term("BT-146", (index,)), net_price, "PEPPOL-EN16931-R046", fact=net_price)
    plus: list[Term] = []
    minus: list[Term] = []
    for place, adjustment in enumerate(line.adjustments):
        is_charge = adjustment.kind == "charge"
        term = Term("BT-141" if is_charge else "BT-136", (index, place))
        yield _derivation(term, adjustment, adjustment_amount(adjustment, total.base_amount, currency), currency)
        (plus if is_charge else minus).append(term)
    net = Term("BT-131", (index,))
    yield Derivation(net, total.net_amount, "PEPPOL-EN16931-R120", tuple(plus), tuple(minus), total.base_amount)


def _derivation(term: Term, adjustment: Adjustment, amount: Decimal, currency: str) -> Derivation:
    """An allowance or charge: percent of its base amount where both are there, else the amount it has."""
    if adjustment.percent is not None and adjustment.base_amount is not None:
        amount = round_half_up(adjustment.base_amount * adjustment.percent / 100, currency)
    return Derivation(term, amount, "PEPPOL-EN16931-R040", fact=amount)


def _document(
    computed: Totals,
    lines: tuple[Term, ...],
    allowances: tuple[Term, ...],
    charges: tuple[Term, ...],
    taxes: tuple[Term, ...],
) -> Iterator[Derivation]:
    line_sum, allowance_sum, charge_sum = Term("BT-106"), Term("BT-107"), Term("BT-108")
    exclusive, tax, inclusive = Term("BT-109"), Term("BT-110"), Term("BT-112")
    yield Derivation(line_sum, computed.line_total, "BR-CO-10", lines)
    yield Derivation(allowance_sum, computed.allowance_total, "BR-CO-11", allowances)
    yield Derivation(charge_sum, computed.charge_total, "BR-CO-12", charges)
    yield Derivation(exclusive, computed.tax_exclusive, "BR-CO-13", (line_sum, charge_sum), (allowance_sum,))
    yield Derivation(tax, computed.tax_total, "BR-CO-14", taxes)
    if computed.tax_total_accounting is not None:
        amount = computed.tax_total_accounting
        yield Derivation(Term("BT-111"), amount, "BR-53", fact=amount)
    yield Derivation(inclusive, computed.tax_inclusive, "BR-CO-15", (exclusive, tax))
    settled = computed.rounding - computed.prepaid + computed.third_party
    yield Derivation(Term("BT-115"), computed.payable, "BR-CO-16", (inclusive,), fact=settled)


_REQUIRED = {
    "BT-92": "BR-31",
    "BT-99": "BR-36",
    "BT-106": "BR-12",
    "BT-109": "BR-13",
    "BT-112": "BR-14",
    "BT-115": "BR-15",
    "BT-116": "BR-45",
    "BT-117": "BR-46",
    "BT-131": "BR-24",
    "BT-136": "BR-41",
    "BT-141": "BR-43",
}
"""Terms a document shall state, and the rule that says so."""
_ZERO_IF_ABSENT = frozenset({"BT-107", "BT-108", "BT-110"})


def _differences(document: Document, computed: Totals, claims: Mapping[Term, Claim]) -> Iterator[Difference]:
    derivations = {derivation.term: derivation for derivation in derive(document, computed)}
    unfounded = [term for term in claims if term not in derivations]
    total = derivations[Term("BT-110")]
    surplus = tuple(term for term in unfounded if term.code == "BT-117")
    derivations[total.term] = replace(total, plus=total.plus + surplus)
    stated = {term: derivation.amount for term, derivation in derivations.items()}
    stated |= {term: claim.amount for term, claim in claims.items()}
    for term, derivation in derivations.items():
        claim, amount = claims.get(term), derivation.amount
        if claim is None:
            missing = derivation.rule if term.code in _ZERO_IF_ABSENT and amount != 0 else _REQUIRED.get(term.code)
            if missing is not None:
                yield Difference(term, missing, "", None, amount, carried=False)
        elif claim.amount != amount:
            carried = claim.amount == _following(derivation, stated, document.currency)
            yield Difference(term, derivation.rule, claim.where, claim.amount, amount, carried)
    for term in unfounded:
        if claims[term].amount != 0:
            yield Difference(term, "BR-CO-18", claims[term].where, claims[term].amount, ZERO, carried=False)


def _following(derivation: Derivation, stated: Mapping[Term, Decimal], currency: str) -> Decimal:
    """The amount a term would have if the ones it follows from were as stated."""
    amount = derivation.fact
    amount += sum((stated[term] for term in derivation.plus), ZERO)
    amount -= sum((stated[term] for term in derivation.minus), ZERO)
    vat = derivation.term.vat
    return vat_amount(amount, vat, currency) if vat is not None and derivation.term.code == "BT-117" else amount
