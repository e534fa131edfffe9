"""What a document is worth while it turns into another: every step says by how much the total changes.

Steps add up to the whole change whatever they are, so that nothing is left over between two totals.
"""

from __future__ import annotations

from decimal import Decimal

from hub.domain.en16931 import Vat
from hub.domain.en16931.totals import vat_amount
from hub.domain.money import round_half_up
from hub.domain.order import ZERO

_HUNDRED = Decimal(100)


class Bridge:
    """A document's total with VAT (BT-112), from net amounts by VAT category and rate.

    Within `exact()`, and in a currency that exists.
    """

    def __init__(self, currency: str, discount_percent: Decimal) -> None:
        self._currency = currency
        self._percent = discount_percent
        self._nets: dict[Vat, Decimal] = {}
        self._beside: dict[Vat, Decimal] = {}
        self._values: dict[Vat, Decimal] = {}
        self._discounts: dict[Vat, Decimal] | None = None
        self.total = ZERO

    def add(self, vat: Vat, net: Decimal) -> Decimal:
        """Adds to the line net amounts of a group, before the order's discount; by how much the total changes."""
        self._nets[vat] = self._nets.get(vat, ZERO) + net
        return self._changed(vat)

    def allow(self, vat: Vat, amount: Decimal) -> Decimal:
        """Adds a charge to a group, or an allowance as a negative amount; by how much the total changes."""
        self._beside[vat] = self._beside.get(vat, ZERO) + amount
        return self._changed(vat)

    def discount(self, given: dict[Vat, Decimal]) -> Decimal:
        """Takes these discounts instead of the order's percentage; by how much the total changes."""
        self._discounts = given
        return sum((self._changed(vat) for vat in {**self._nets, **given}), ZERO)

    def taxable(self, vat: Vat) -> Decimal:
        """BT-116 of a group."""
        net = self._nets.get(vat, ZERO)
        return net - self._discount_of(vat, net) + self._beside.get(vat, ZERO)

    def tax(self) -> Decimal:
        """BT-110."""
        return sum((vat_amount(self.taxable(vat), vat, self._currency) for vat in self._values), ZERO)

    def _discount_of(self, vat: Vat, net: Decimal) -> Decimal:
        if self._discounts is not None:
            return self._discounts.get(vat, ZERO)
        return round_half_up(net * self._percent / _HUNDRED, self._currency) if self._percent else ZERO

    def _changed(self, vat: Vat) -> Decimal:
        taxable = self.taxable(vat)
        value = taxable + vat_amount(taxable, vat, self._currency)
        change = value - self._values.get(vat, ZERO)
        self._values[vat] = value
        self.total += change
        return change
