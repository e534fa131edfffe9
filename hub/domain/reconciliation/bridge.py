"""What a document is worth while it turns into another: every step says by how much the total changes.

Steps add up to the whole change whatever they are, so that nothing is left over between two totals.
"""

from __future__ import annotations

from decimal import Decimal

from hub.domain.amounts import in_proportion
from hub.domain.en16931 import Vat
from hub.domain.en16931.totals import vat_amount
from hub.domain.order import ZERO, Terms


class Bridge:
    """A document's total with VAT (BT-112), from net amounts by VAT category and rate.

    Within `exact()`, and in a currency that exists.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._nets: dict[Vat, Decimal] = {}
        self._beside: dict[Vat, Decimal] = {}
        self._values: dict[Vat, Decimal] = {}
        self._agreed: dict[Vat, Decimal] | None = None
        self.total = ZERO

    def add(self, vat: Vat, net: Decimal) -> Decimal:
        """Adds to the line net amounts of a group, before what the order allows and charges in proportion to them.

        By how much the total changes.
        """
        self._nets[vat] = self._nets.get(vat, ZERO) + net
        return self._changed(vat)

    def allow(self, vat: Vat, amount: Decimal) -> Decimal:
        """Adds a charge to a group, or an allowance as a negative amount; by how much the total changes."""
        self._beside[vat] = self._beside.get(vat, ZERO) + amount
        return self._changed(vat)

    def agreed(self, given: dict[Vat, Decimal]) -> Decimal:
        """Takes these charges less allowances instead of what the order says of its goods.

        By how much the total changes.
        """
        self._agreed = given
        return sum((self._changed(vat) for vat in {**self._nets, **given}), ZERO)

    def taxable(self, vat: Vat) -> Decimal:
        """BT-116 of a group."""
        net = self._nets.get(vat, ZERO)
        return net + self._with_goods(vat, net) + self._beside.get(vat, ZERO)

    def tax(self) -> Decimal:
        """BT-110."""
        return sum((vat_amount(self.taxable(vat), vat, self._terms.currency) for vat in self._values), ZERO)

    def _with_goods(self, vat: Vat, net: Decimal) -> Decimal:
        if self._agreed is not None:
            return self._agreed.get(vat, ZERO)
        return in_proportion(self._terms, vat, net)

    def _changed(self, vat: Vat) -> Decimal:
        taxable = self.taxable(vat)
        value = taxable + vat_amount(taxable, vat, self._terms.currency)
        change = value - self._values.get(vat, ZERO)
        self._values[vat] = value
        self.total += change
        return change
