"""The totals of an invoice or credit note (EN 16931-1, 6.4.3 and BR-CO-10 to BR-CO-17), to the cent.

Rounding is half-up, halves away from zero, to the minor unit of the currency, and happens in these places only: the
product of quantity and price of a line, a percentage allowance or charge, the VAT of each breakdown group, and the
conversion to the VAT accounting currency. Everything else adds up rounded amounts, so that parts equal totals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from hub.domain.en16931.document import ZERO, Document, DocumentAdjustment, Line, Vat
from hub.domain.en16931.rules import Finding, Refusal, check, is_usable, number
from hub.domain.en16931.vat import CATEGORIES, exemption, group, group_order
from hub.domain.model import Adjustment, Frozen
from hub.domain.money import cash_rounding, exact, round_half_up


class LineTotal(Frozen):
    """The amounts of one line: net_amount = base_amount - allowance + charge."""

    line_id: str
    base_amount: Decimal
    """Quantity x price / base quantity, rounded."""
    allowance: Decimal
    """Sum of the line's allowances (BT-136)."""
    charge: Decimal
    """Sum of the line's charges (BT-141)."""
    net_amount: Decimal
    """BT-131."""


class AdjustmentTotal(Frozen):
    """The amount a document level allowance (BT-92) or charge (BT-99) came to."""

    amount: Decimal
    base_amount: Decimal | None
    """What a percentage was taken of (BT-93, BT-100); None with a given amount."""


class VatTotal(Frozen):
    """One VAT breakdown group (BG-23)."""

    vat: Vat
    """BT-118 and BT-119; the rate is None for O."""
    taxable_amount: Decimal
    """BT-116."""
    tax_amount: Decimal
    """BT-117."""
    exemption_code: str
    """BT-121."""
    exemption_reason: str
    """BT-120."""


class Totals(Frozen):
    """Document totals (BG-22) and what they add up from, in the document's currency unless said otherwise."""

    currency: str
    lines: tuple[LineTotal, ...]
    """In the document's order, as are the adjustments."""
    adjustments: tuple[AdjustmentTotal, ...]
    line_total: Decimal
    """BT-106 = sum of BT-131 (BR-CO-10)."""
    allowance_total: Decimal
    """BT-107 = sum of BT-92 (BR-CO-11)."""
    charge_total: Decimal
    """BT-108 = sum of BT-99 (BR-CO-12)."""
    tax_exclusive: Decimal
    """BT-109 = BT-106 - BT-107 + BT-108 (BR-CO-13)."""
    vat: tuple[VatTotal, ...]
    """BG-23 (BR-CO-18), by category and falling rate."""
    tax_total: Decimal
    """BT-110 = sum of BT-117 (BR-CO-14)."""
    tax_inclusive: Decimal
    """BT-112 = BT-109 + BT-110 (BR-CO-15)."""
    prepaid: Decimal
    """BT-113."""
    rounding: Decimal
    """BT-114."""
    third_party: Decimal
    """Sum of BT-DEX-002."""
    payable: Decimal
    """BT-115 = BT-112 - BT-113 + BT-114 (BR-CO-16), + `third_party` (BR-DEX-09)."""
    tax_currency: str | None
    """BT-6."""
    tax_total_accounting: Decimal | None
    """BT-111 = BT-110 x exchange rate, in `tax_currency` (BR-53)."""


def totals(document: Document) -> Totals | Refusal:
    """All totals of a document, or the rules that stand against it; never a wrong total.

    The order of lines and adjustments has no influence on any amount.
    """
    if findings := check(document):
        return Refusal(findings)
    with exact():
        computed = _totals(document)
        too_long = tuple(_oversized(computed))
    return Refusal(too_long) if too_long else computed


def line_total(line: Line, currency: str) -> LineTotal:
    """The amounts of one line (PEPPOL-EN16931-R120): BT-131 = BT-129 x BT-146 / BT-149 - BT-136 + BT-141.

    For a line without findings: anything else gives a meaningless amount or an arithmetic exception.
    """
    with exact():
        return _line_total(line, currency, round_half_up(ZERO, currency))


def _line_total(line: Line, currency: str, zero: Decimal) -> LineTotal:
    base = round_half_up(line.quantity * line.price / line.base_quantity, currency)
    if not line.adjustments:
        return LineTotal(line.line_id, base, zero, zero, base)
    amounts = [(adjustment.kind, adjustment_amount(adjustment, base, currency)) for adjustment in line.adjustments]
    allowance, charge = _by_kind(amounts, zero)
    return LineTotal(line.line_id, base, allowance, charge, base - allowance + charge)


def adjustment_amount(adjustment: Adjustment, base: Decimal, currency: str) -> Decimal:
    """The amount of an allowance or charge: the one given, else percent of its base amount, by default `base`.

    Within `exact()`.
    """
    if adjustment.amount is not None:
        return round_half_up(adjustment.amount, currency)
    assert adjustment.percent is not None  # noqa: S101  HUB-ADJ-01
    return round_half_up(_base_amount(adjustment, base) * adjustment.percent / 100, currency)


def vat_amount(taxable: Decimal, vat: Vat, currency: str) -> Decimal:
    """BT-117 = BT-116 x BT-119 / 100, rounded half-up (BR-CO-17); 0 where no rate applies (BR-E-09 and its kin).

    Within `exact()`.
    """
    return round_half_up(taxable * (vat.rate or ZERO) / 100, currency)


def _totals(document: Document) -> Totals:
    currency = document.currency
    zero = round_half_up(ZERO, currency)
    lines = tuple([_line_total(line, currency, zero) for line in document.lines])
    nets: dict[Vat, Decimal] = {}
    for line, amounts in zip(document.lines, lines, strict=True):
        nets[line.vat] = nets.get(line.vat, zero) + amounts.net_amount
    taxable: dict[Vat, Decimal] = {}
    for vat_of_lines, net_amount in nets.items():
        key = group(vat_of_lines)
        taxable[key] = taxable.get(key, zero) + net_amount
    adjustments = tuple(_document_adjustment(each, taxable, currency) for each in document.adjustments)
    for adjustment, resolved in zip(document.adjustments, adjustments, strict=True):
        key = group(adjustment.vat)
        signed = resolved.amount if adjustment.kind == "charge" else -resolved.amount
        taxable[key] = taxable.get(key, zero) + signed
    vat = tuple(_vat_total(document, key, taxable[key]) for key in sorted(taxable, key=group_order))

    line_sum = sum(nets.values(), zero)
    kinds = (adjustment.kind for adjustment in document.adjustments)
    allowances, charges = _by_kind(zip(kinds, (each.amount for each in adjustments), strict=True), zero)
    tax_exclusive = line_sum - allowances + charges
    tax_total = sum((each.tax_amount for each in vat), zero)
    tax_inclusive = tax_exclusive + tax_total
    prepaid, third_party = round_half_up(document.prepaid, currency), round_half_up(document.third_party, currency)
    due = tax_inclusive - prepaid + third_party
    step = document.rounding_step
    rounding = round_half_up(document.rounding if step is None else cash_rounding(due, step), currency)
    return Totals(  # Python puts more than 15 names of a call into a dictionary first
        currency,
        lines,
        adjustments,
        line_total=line_sum,
        allowance_total=allowances,
        charge_total=charges,
        tax_exclusive=tax_exclusive,
        vat=vat,
        tax_total=tax_total,
        tax_inclusive=tax_inclusive,
        prepaid=prepaid,
        rounding=rounding,
        third_party=third_party,
        payable=due + rounding,
        tax_currency=document.tax_currency,
        tax_total_accounting=_accounting(document, tax_total),
    )


def _document_adjustment(
    adjustment: DocumentAdjustment, line_sums: dict[Vat, Decimal], currency: str
) -> AdjustmentTotal:
    base = line_sums.get(group(adjustment.vat), ZERO)
    amount = adjustment_amount(adjustment, base, currency)
    return AdjustmentTotal(amount, None if adjustment.percent is None else _base_amount(adjustment, base))


def _base_amount(adjustment: Adjustment, default: Decimal) -> Decimal:
    return default if adjustment.base_amount is None else adjustment.base_amount


def _by_kind(amounts: Iterable[tuple[str, Decimal]], zero: Decimal) -> tuple[Decimal, Decimal]:
    """Sums of the allowances and of the charges."""
    sums = {"allowance": zero, "charge": zero}
    for kind, amount in amounts:
        sums[kind] += amount
    return sums["allowance"], sums["charge"]


def _vat_total(document: Document, vat: Vat, taxable: Decimal) -> VatTotal:
    forbidden = CATEGORIES[vat.category].exemption == "forbidden"
    reason = None if forbidden else exemption(vat.category, document.exemptions)
    return VatTotal(
        vat=vat,
        taxable_amount=taxable,
        tax_amount=vat_amount(taxable, vat, document.currency),
        exemption_code=reason.code if reason else "",
        exemption_reason=reason.reason if reason else "",
    )


def _accounting(document: Document, tax_total: Decimal) -> Decimal | None:
    if document.tax_currency is None or document.tax_exchange_rate is None:
        return None
    return round_half_up(tax_total * document.tax_exchange_rate, document.tax_currency)


def _oversized(computed: Totals) -> Iterator[Finding]:
    """HUB-NUM-02 on what was computed: every part is at most as long as the sums of absolute values."""
    for index, line in enumerate(computed.lines):
        if not is_usable(line.base_amount):
            yield from number(line.base_amount, f"$.lines[{index}]")
    for name in ("line_total", "tax_exclusive", "tax_inclusive", "payable", "tax_total_accounting"):
        amount = getattr(computed, name)
        if amount is not None and not is_usable(amount):
            yield from number(amount, f"$ ({name})")
