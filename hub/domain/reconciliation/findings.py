"""Collects what is found of one order: the same cause of the same line is one discrepancy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from hub.domain.order import ZERO
from hub.domain.reconciliation.causes import CAUSES
from hub.domain.reconciliation.discrepancy import Discrepancy, Tolerances

_OF_UNITS = frozenset(("price-differs", "vat-differs", "discount-differs"))
"""Causes that are about units: what is left when they were all taken back is what each document was rounded by."""


class _Sum:
    """One cause of one line while it adds up."""

    __slots__ = (
        "amount",
        "currency",
        "event_ids",
        "expected",
        "price_off",
        "quantity",
        "settlements",
        "stated",
        "units",
    )

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.amount = ZERO
        self.quantity = ZERO
        self.units = ZERO
        self.expected = ZERO
        self.price_off: Decimal | None = None
        self.settlements: dict[str, None] = {}
        self.event_ids: dict[str, None] = {}
        self.stated: dict[str, None] = {}


class Findings:
    """What is found of one order, or of one list; what adds up to nothing is not a discrepancy."""

    def __init__(self, currency: str, order_id: str = "", customer_id: str = "") -> None:
        self._currency = currency
        self._order_id = order_id
        self._customer_id = customer_id
        self._sums: dict[tuple[str, str, str], _Sum] = {}

    def note(
        self,
        cause: str,
        amount: Decimal,
        *,
        line_id: str = "",
        apart: str = "",
        currency: str = "",
        quantity: Decimal = ZERO,
        units: Decimal | None = None,
        expected: Decimal = ZERO,
        price_off: Decimal | None = None,
        settlements: Iterable[str] = (),
        event_ids: Iterable[str] = (),
        stated: Iterable[str] = (),
    ) -> None:
        """Adds a difference, if there is one. `apart` keeps those of one cause and line apart; `currency` is one of its
        own; `expected` and `price_off` are what a tolerance is held against. `units` are those it is about, if they are
        not `quantity`.
        """
        if not (amount or quantity or units):
            return
        key = cause, line_id, apart
        found = self._sums.get(key) or self._sums.setdefault(key, _Sum(currency or self._currency))
        found.amount += amount
        found.quantity += quantity
        found.units += quantity if units is None else units
        found.expected = max(found.expected, abs(expected))
        if price_off is not None:
            found.price_off = max(abs(price_off), found.price_off or ZERO)
        found.settlements.update(dict.fromkeys(settlements))
        found.event_ids.update(dict.fromkeys(event_ids))
        found.stated.update(dict.fromkeys(stated))

    def discrepancies(self, tolerances: Tolerances, items: dict[str, str] | None = None) -> Iterator[Discrepancy]:
        """What is left of all notes; `items` is each line's item."""
        for cause, line_id, found in self._rounded():
            if found.amount or found.quantity:
                each = Discrepancy(
                    cause=cause,
                    amount=found.amount,
                    currency=found.currency,
                    quantity=found.quantity,
                    order_id=self._order_id,
                    line_id=line_id,
                    customer_id=self._customer_id,
                    item_id=(items or {}).get(line_id, ""),
                    settlements=tuple(found.settlements),
                    event_ids=tuple(found.event_ids),
                    stated=tuple(found.stated),
                )
                if not CAUSES[cause].explained and tolerances.allow(each, found.expected, found.price_off):
                    each = each.as_tolerated()
                yield each

    def _rounded(self) -> Iterator[tuple[str, str, _Sum]]:
        rounding = _Sum(self._currency)
        for (cause, line_id, _), found in self._sums.items():
            if cause == "settled-in-parts" or (cause in _OF_UNITS and not found.units):
                rounding.amount += found.amount
                rounding.settlements.update(found.settlements)
            else:
                yield cause, line_id, found
        yield "settled-in-parts", "", rounding
