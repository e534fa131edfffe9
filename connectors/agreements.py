"""What documents allow and charge, whatever they are written in: as they state it, and as the hub takes it.

A percentage of what its line, or the lines, come to stays one; all else is an amount. What contradicts itself is
refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple, TypeVar

from msgspec.structs import replace

from connectors.amounts import agree
from connectors.defaults import Vat, plain
from hub.domain import amounts
from hub.domain.agreeing import agreed
from hub.domain.en16931 import Totals, totals
from hub.domain.en16931.reasons import DISCOUNT, MUTUALLY_DEFINED, REASON_CODES
from hub.domain.model import Adjustment, OrderAdjustment, OrderLine
from hub.domain.money import round_half_up

Kind = Literal["allowance", "charge"]
A = TypeVar("A", Adjustment, OrderAdjustment)
MAX_PERCENT: Mapping[Kind, int] = {"allowance": 100, "charge": 1000}


class Stated(NamedTuple):
    """An allowance or charge as a document states it."""

    kind: Kind
    amount: Decimal | None
    percent: Decimal | None
    base: Decimal | None
    reason: str
    code: str
    """UNCL 5189 or 7161; another is kept as the reason."""


def understood(stated: Stated, whole: Decimal | None, currency: str, *, fractions: bool = False) -> Adjustment:
    """The allowance or charge on something that comes to `whole`, if that is known.

    `fractions`: the percentage may be written as a fraction, 0.1 for 10, where only that gives the amount. Raises
    ValueError with what is wrong.
    """
    kind, amount, percent, base = stated.kind, stated.amount, stated.percent, stated.base
    what = f"{kind} ({_called(stated)})"
    if amount is None and percent is None:
        raise ValueError(f"the {what} has neither an amount nor a percentage")
    for number in (amount, percent, base):
        if number is not None and number < 0:
            raise ValueError(
                f"the {what} has a negative number; whether it is one or the other says which way it counts"
            )
    reason, code = _named(stated)
    of_whole = base is None or whole is None or agree(base, whole, currency)
    of = base if base is not None else whole
    if percent is None:
        return Adjustment(kind, amount=amount, reason=reason, reason_code=code)
    if amount is not None and of is not None:
        given = percent
        percent = next(
            (
                each
                for each in _candidates(kind, given, fractions=fractions)
                if agree(amount, of * each / 100, currency)
            ),
            None,
        )
        if percent is None:
            shown = round_half_up(of * given / 100, currency)
            raise ValueError(
                f"the {what} says {plain(amount)}, but {plain(given)}% of {plain(of)} is {shown}; "
                "ask the buyer which is meant"
            )
    if of_whole:
        return Adjustment(kind, percent=percent, reason=reason, reason_code=code)
    return Adjustment(kind, amount=amount, percent=percent, base_amount=base, reason=reason, reason_code=code)


def on_order(read: Adjustment, vat: Vat | None) -> OrderAdjustment:
    """The allowance or charge as one of the whole order, taxed so; None: as the goods are."""
    agreement = OrderAdjustment(read.kind, read.amount, read.percent, read.base_amount, read.reason, read.reason_code)
    return agreement if vat is None else replace(agreement, vat_category=vat.category, vat_rate=vat.rate)


def divided(adjustments: Iterable[A]) -> tuple[Decimal, tuple[A, ...]]:
    """The discount, in percent of everything and without another reason, and the other allowances and charges."""
    discount, others = Decimal(0), []
    for each in adjustments:
        everything = getattr(each, "vat_category", None) is None
        plainly = each.amount is None and each.base_amount is None and each.reason_code == DISCOUNT
        if each.kind == "allowance" and each.percent is not None and plainly and everything:
            discount += each.percent
        else:
            others.append(each)
    return discount, tuple(others)


def worth(
    currency: str, lines: Sequence[OrderLine], discount: Decimal, adjustments: tuple[OrderAdjustment, ...]
) -> Totals | None:
    """What an order comes to; None where that is not defined, as the hub's checks will say."""
    agreement = amounts.Agreement(currency, discount, agreed(adjustments, currency, lines))
    charges = amounts.once(agreement.adjustments)
    found = totals(amounts.document(agreement, ((line, line.quantity) for line in lines), charges))
    return found if isinstance(found, Totals) else None


def _candidates(kind: Kind, percent: Decimal, *, fractions: bool) -> Iterator[Decimal]:
    """What a percentage may mean."""
    for candidate in (percent, percent * 100) if fractions else (percent,):
        if candidate <= MAX_PERCENT[kind]:
            yield candidate


def _called(stated: Stated) -> str:
    return (stated.reason or stated.code or "no reason given")[:40]


def _named(stated: Stated) -> tuple[str, str]:
    """Its reason and its code, one of which an invoice states (BR-33, BR-38, BR-42, BR-44)."""
    reason, code = stated.reason, stated.code
    if code and code not in REASON_CODES[stated.kind]:
        reason, code = reason or code, ""
    if stated.kind == "allowance" and not code:
        code = DISCOUNT
    if not (reason or code):
        code = MUTUALLY_DEFINED
    return reason, code
