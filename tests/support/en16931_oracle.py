"""EN 16931 totals once more, written independently of the hub: whole minor units, fractions, one plain loop each.

The arithmetic is a parameter, so that wrong ways to compute can be shown to be wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from hub.domain.en16931 import Adjustment, Document, Line, Totals, Vat
from hub.domain.money import minor_unit


class Arithmetic(NamedTuple):
    number: Callable[[Decimal], Any]
    """What amounts become before they are multiplied."""
    to_units: Callable[[Any, int], int]
    """An amount in minor units, given how many decimals the currency has."""
    vat_per_line: bool = False


def _scale(decimals: int) -> int:
    return int(10**decimals)


def _half_up(amount: Fraction, decimals: int) -> int:
    units = math.floor(abs(amount) * _scale(decimals) + Fraction(1, 2))
    return units if amount >= 0 else -units


def _half_even(amount: Fraction, decimals: int) -> int:
    return round(amount * _scale(decimals))


def _binary(amount: float, decimals: int) -> int:
    units = math.floor(abs(amount) * _scale(decimals) + 0.5)
    return units if amount >= 0 else -units


RIGHT = Arithmetic(Fraction, _half_up)
HALF_EVEN = Arithmetic(Fraction, _half_even)
BINARY = Arithmetic(float, _binary)
VAT_PER_LINE = Arithmetic(Fraction, _half_up, vat_per_line=True)


class Answer(NamedTuple):
    """Amounts in minor units."""

    lines: list[int]
    adjustments: list[int]
    line_total: int
    allowance_total: int
    charge_total: int
    tax_exclusive: int
    vat: dict[tuple[str, Fraction], tuple[int, int]]
    tax_total: int
    tax_inclusive: int
    payable: int


def answer(document: Document, by: Arithmetic = RIGHT) -> Answer:
    return _Oracle(document, by).answer()


class _Oracle:
    def __init__(self, document: Document, by: Arithmetic) -> None:
        self.document = document
        self.by = by
        self.decimals = minor_unit(document.currency)
        self.taxable: dict[tuple[str, Fraction], int] = {}
        self.taxes_by_line: dict[tuple[str, Fraction], int] = {}

    def answer(self) -> Answer:
        lines = [self.line(line) for line in self.document.lines]
        line_sums = dict(self.taxable)
        sums = {"allowance": 0, "charge": 0}
        adjustments = []
        for each in self.document.adjustments:
            amount = self.amount(each, line_sums.get(_key(each.vat), 0))
            adjustments.append(amount)
            sums[each.kind] += amount
            self.add(each.vat, amount if each.kind == "charge" else -amount)
        taxes = self.taxes_by_line if self.by.vat_per_line else self.taxes()
        tax_exclusive = sum(lines) - sums["allowance"] + sums["charge"]
        tax_inclusive = tax_exclusive + sum(taxes.values())
        paid = self.given(self.document.prepaid - self.document.rounding - self.document.third_party)
        return Answer(
            lines=lines,
            adjustments=adjustments,
            line_total=sum(lines),
            allowance_total=sums["allowance"],
            charge_total=sums["charge"],
            tax_exclusive=tax_exclusive,
            vat={key: (self.taxable[key], taxes[key]) for key in self.taxable},
            tax_total=sum(taxes.values()),
            tax_inclusive=tax_inclusive,
            payable=tax_inclusive - paid,
        )

    def line(self, line: Line) -> int:
        number = self.by.number
        base = self.units(number(line.quantity) * number(line.price) / number(line.base_quantity))
        net = base
        for each in line.adjustments:
            net += self.amount(each, base) if each.kind == "charge" else -self.amount(each, base)
        self.add(line.vat, net)
        return net

    def amount(self, adjustment: Adjustment, default_base: int) -> int:
        if adjustment.amount is not None:
            return self.given(adjustment.amount)
        base = default_base if adjustment.base_amount is None else self.given(adjustment.base_amount)
        return self.percentage(base, adjustment.percent or Decimal(0))

    def add(self, vat: Vat, amount: int) -> None:
        key = _key(vat)
        self.taxable[key] = self.taxable.get(key, 0) + amount
        self.taxes_by_line[key] = self.taxes_by_line.get(key, 0) + self.percentage(amount, vat.rate or Decimal(0))

    def taxes(self) -> dict[tuple[str, Fraction], int]:
        return {key: self.percentage(amount, _decimal(key[1])) for key, amount in self.taxable.items()}

    def percentage(self, base_units: int, percent: Decimal) -> int:
        number = self.by.number
        return self.units(number(Decimal(base_units).scaleb(-self.decimals)) * number(percent) / number(Decimal(100)))

    def units(self, amount: Any) -> int:
        return self.by.to_units(amount, self.decimals)

    def given(self, amount: Decimal) -> int:
        return int(amount * 10**self.decimals)


def in_binary(document: Document) -> list[float]:
    """The document's totals as programs on binary floating point add them up, every product rounded to cents."""
    taxable: dict[Vat, float] = {}

    def add(vat: Vat, amount: float) -> None:
        taxable[vat] = taxable.get(vat, 0.0) + amount

    def cents(amount: float) -> float:
        return round(amount, minor_unit(document.currency))

    def amount_of(each: Adjustment, base: float) -> float:
        found = float(each.amount) if each.amount is not None else cents(base * float(each.percent or 0) / 100)
        return found if each.kind == "charge" else -found

    line_total = 0.0
    for line in document.lines:
        net = cents(float(line.quantity) * float(line.price) / float(line.base_quantity))
        net += sum(amount_of(each, net) for each in line.adjustments)
        line_total += net
        add(line.vat, net)
    for each in document.adjustments:
        base = taxable.get(each.vat, 0.0) if each.base_amount is None else float(each.base_amount)
        add(each.vat, amount_of(each, base))
    tax_exclusive = sum(taxable.values())
    tax_total = sum(cents(amount * float(vat.rate or 0) / 100) for vat, amount in taxable.items())
    return [line_total, tax_exclusive, tax_total, tax_exclusive + tax_total]


def of_hub(computed: Totals) -> Answer:
    """The hub's totals in the oracle's terms."""
    decimals = minor_unit(computed.currency)

    def units(amount: Decimal) -> int:
        scaled = Fraction(amount) * 10**decimals
        assert scaled.denominator == 1, f"{amount} has a fraction of the minor unit"
        return int(scaled)

    return Answer(
        lines=[units(line.net_amount) for line in computed.lines],
        adjustments=[units(adjustment.amount) for adjustment in computed.adjustments],
        line_total=units(computed.line_total),
        allowance_total=units(computed.allowance_total),
        charge_total=units(computed.charge_total),
        tax_exclusive=units(computed.tax_exclusive),
        vat={
            (row.vat.category, Fraction(row.vat.rate or 0)): (units(row.taxable_amount), units(row.tax_amount))
            for row in computed.vat
        },
        tax_total=units(computed.tax_total),
        tax_inclusive=units(computed.tax_inclusive),
        payable=units(computed.payable),
    )


def _key(vat: Vat) -> tuple[str, Fraction]:
    return vat.category, Fraction(vat.rate or 0)


def _decimal(rate: Fraction) -> Decimal:
    return Decimal(rate.numerator) / Decimal(rate.denominator)
