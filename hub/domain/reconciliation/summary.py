"""What a reconciliation adds up to: by currency, by side and by cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from hub.domain.order import ZERO
from hub.domain.reconciliation.causes import CAUSES
from hub.domain.reconciliation.discrepancy import Discrepancy
from hub.domain.reconciliation.order import Outcome


@dataclass(slots=True)
class CauseTotal:
    """Discrepancies of one cause in one currency."""

    count: int = 0
    amount: Decimal = ZERO
    open: int = 0
    """Of them so many ask for action."""


@dataclass(slots=True)
class CurrencyTotal:
    """Orders in one currency."""

    orders: int = 0
    lines: int = 0
    ordered: Decimal = ZERO
    settled: Decimal = ZERO
    paid: Decimal = ZERO

    def plus(self, other: CurrencyTotal) -> CurrencyTotal:
        """Both together."""
        return CurrencyTotal(
            self.orders + other.orders,
            self.lines + other.lines,
            self.ordered + other.ordered,
            self.settled + other.settled,
            self.paid + other.paid,
        )


@dataclass(slots=True)
class Summary:
    """Totals of everything that was reconciled."""

    currencies: dict[str, CurrencyTotal] = field(default_factory=dict)
    causes: dict[tuple[str, str], CauseTotal] = field(default_factory=dict)
    """By currency and cause."""
    shapes: Counter[str] = field(default_factory=Counter)
    """Matches of items of lists, by shape."""

    @property
    def open(self) -> int:
        """Differences that ask for action."""
        return sum(total.open for total in self.causes.values())

    def add(self, outcome: Outcome) -> None:
        """Counts one order."""
        total = self.currencies.setdefault(outcome.currency, CurrencyTotal())
        total.orders += 1
        total.lines += outcome.lines
        total.ordered += outcome.matched.ordered
        total.settled += outcome.matched.settled
        total.paid += outcome.books.paid
        self.add_discrepancies(outcome.discrepancies)

    def add_discrepancies(self, found: Iterable[Discrepancy]) -> None:
        """Counts differences."""
        for each in found:
            cause = self.causes.setdefault((each.currency, each.cause), CauseTotal())
            cause.count += 1
            cause.amount += each.amount
            cause.open += each.open

    def add_shapes(self, shapes: Counter[str]) -> None:
        """Counts matches."""
        self.shapes += shapes

    def merge(self, other: Summary) -> None:
        """Adds another's totals."""
        for currency, total in other.currencies.items():
            self.currencies[currency] = self.currencies.get(currency, CurrencyTotal()).plus(total)
        for key, cause in other.causes.items():
            mine = self.causes.setdefault(key, CauseTotal())
            mine.count += cause.count
            mine.amount += cause.amount
            mine.open += cause.open
        self.shapes += other.shapes

    def between(self, currency: str, side: str) -> Decimal:
        """What the differences of one side add up to."""
        causes = self.causes.items()
        return sum((each.amount for (of, name), each in causes if of == currency and CAUSES[name].side == side), ZERO)

    def unexplained(self, currency: str) -> Decimal:
        """What no difference accounts for, and what only is known to be unexplained: nothing, or it is shown."""
        total = self.currencies.get(currency, CurrencyTotal())
        left = abs(total.settled - total.ordered - self.between(currency, "order"))
        left += abs(total.paid - total.settled - self.between(currency, "payment"))
        causes = self.causes.items()
        return left + sum(
            (abs(each.amount) for (of, name), each in causes if of == currency and CAUSES[name].kind == "unexplained"),
            ZERO,
        )
