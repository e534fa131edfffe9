"""What an order allows and charges, as the hub goes by it: each either follows the goods, or is billed once.

| | on a line | on the order |
|---|---|---|
| percentage | of what the line comes to | of the goods that are billed |
| allowance by amount | by quantity | by what the goods come to: it lowers their price |
| charge by amount | by quantity | once, with the first goods that are billed |

A percentage of a base that is given is an amount.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from msgspec.structs import replace

from hub.domain.amounts import fixed, is_of, net
from hub.domain.model import OrderAdjustment, OrderLine, VatCategory
from hub.domain.money import allocate, exact, round_half_up
from hub.domain.order import ZERO

_HUNDRED = Decimal(100)
Group = tuple[VatCategory, Decimal]


def agreed(
    adjustments: tuple[OrderAdjustment, ...], currency: str, lines: Iterable[OrderLine]
) -> tuple[OrderAdjustment, ...]:
    """The order's allowances and charges over these lines, as ordered. Doing it again changes nothing.

    An allowance by amount remembers what the goods it is for come to, before the discount; a charge by amount that
    names no VAT is divided over that of the goods (`hub.domain.money.allocate`).
    """
    if not adjustments:
        return ()
    nets: dict[Group, Decimal] = {}
    with exact():
        for line in lines:
            group = line.vat_category, line.vat_rate
            nets[group] = nets.get(group, ZERO) + net(line, line.quantity, currency)
        return tuple(part for each in adjustments for part in _agreed(each, currency, nets))


def _agreed(each: OrderAdjustment, currency: str, nets: Mapping[Group, Decimal]) -> Iterator[OrderAdjustment]:
    amount = fixed(each)
    if amount is None:
        yield each
        return
    amount = round_half_up(amount, currency)
    if amount == ZERO:
        return
    if each.kind == "allowance":
        base = sum((nets[group] for group in nets if is_of(each, *group)), ZERO)
        yield replace(each, amount=amount, percent=None, base_amount=base)
    elif each.vat_category is not None:
        yield _charge(each, amount, currency)
    else:
        yield from _divided(each, amount, currency, nets)


def _charge(each: OrderAdjustment, amount: Decimal, currency: str) -> OrderAdjustment:
    """With its percentage and base only where the amount follows from them (PEPPOL-EN16931-R040)."""
    percent, base = each.percent, each.base_amount
    if percent is None or base is None or round_half_up(base * percent / _HUNDRED, currency) != amount:
        percent = base = None
    return replace(each, amount=amount, percent=percent, base_amount=base)


def _divided(
    each: OrderAdjustment, amount: Decimal, currency: str, nets: Mapping[Group, Decimal]
) -> Iterator[OrderAdjustment]:
    groups = list(nets)
    weights = {place: nets[group] for place, group in enumerate(groups)}
    if not any(weights.values()):
        weights = {0: Decimal(1)}
    for place, share in allocate(amount, weights, currency).items():
        if share:
            category, rate = groups[place]
            yield replace(_charge(each, share, currency), vat_category=category, vat_rate=rate)
