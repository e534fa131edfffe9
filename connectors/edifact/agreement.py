"""ALC groups: what an order or a line allows and charges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from connectors.agreements import Kind, Stated, on_order
from connectors.defaults import Vat
from connectors.edi.message import Fields
from connectors.edi.orders import agreement, first, loops, percentage, read
from connectors.edi.orders import vat as known_vat
from connectors.edi.segments import Segment
from connectors.edifact.codes import UNITS
from hub.domain.en16931.reasons import DISCOUNT
from hub.domain.model import Adjustment
from hub.domain.money import round_half_up

_KINDS: dict[str, Kind] = {"A": "allowance", "C": "charge"}
"""5463."""
_NEITHER = "N"
_SETTLED = frozenset({"", "2", "6"})
"""4471: off the invoice, a charge to be paid by the customer. Others are settled by other means."""
_AMOUNTS = ("8", "204", "23")
"""5025: allowance or charge amount, allowance amount, charge amount."""
_BASE = "25"
_WITHIN = frozenset({"PCD", "MOA", "QTY", "RTE", "TAX", "CUX", "DTM"})
_ANY = Vat("Z", Decimal(0))
_DISCOUNTS = frozenset({"DI", "TD", "QD"})
"""7161: discount, trade discount, quantity discount."""


def on_line(segments: Iterable[Segment], line: Fields, currency: str) -> Fields:
    """What a line allows and charges, as its fields."""
    gross = line["quantity"] * line["price"] / line["base_quantity"]
    return agreement(each for each, _ in _adjustments(segments, currency, [(_ANY, gross)], line))


def on_whole(segments: Iterable[Segment], lines: Iterable[tuple[Vat, Decimal]] | None, currency: str) -> Fields:
    """What an order allows and charges whose lines come to these net amounts, if that is known, as its fields."""
    nets = None if lines is None else list(lines)
    return agreement(on_order(each, vat) for each, vat in _adjustments(segments, currency, nets))


def tax(segments: Iterable[Segment]) -> Vat | None:
    """TAX+7+VAT: category (5305) and rate (5278)."""
    found = next((each for each in segments if each.tag == "TAX" and each.get(2) == "VAT"), None)
    if found is None:
        return None
    rate = found.decimal(5, 4) if found.get(5, 4) else Decimal(0)
    return known_vat(found.get(6) or ("S" if rate else "Z"), rate, found, 6)


def outside(segments: Sequence[Segment]) -> list[Segment]:
    """The segments that are in no ALC group."""
    inside = {id(each) for group in loops(segments, "ALC", _WITHIN) for each in group}
    return [each for each in segments if id(each) not in inside]


def _adjustments(
    segments: Iterable[Segment], currency: str, of: Sequence[tuple[Vat, Decimal]] | None, line: Fields | None = None
) -> Iterator[tuple[Adjustment, Vat | None]]:
    """Each ALC group, and how it is taxed. `of`: what it is on, net by VAT, if that is known.

    A percentage of a later step (1227) is of what the steps before leave.
    """
    steps: dict[str, Decimal] = {}
    for group in loops(segments, "ALC", _WITHIN):
        head = group[0]
        if head.get(1) == _NEITHER:
            continue
        vat = tax(group)
        taxed = None if of is None else [net for each, net in of if line is not None or vat in (None, each)]
        whole = None if taxed is None else sum(taxed, Decimal(0))
        step, earlier = head.get(4), [amount for each, amount in steps.items() if each < head.get(4)]
        stated = _stated(group, currency, line)
        if whole is not None and stated.percent is not None and stated.base is None and any(earlier):
            stated = stated._replace(base=round_half_up(whole + sum(earlier), currency))
        adjustment = read(stated, whole, currency, head)
        if whole is not None:
            amount = adjustment.amount
            if amount is None:
                amount = (adjustment.base_amount or whole) * (adjustment.percent or 0) / 100
            steps[step] = steps.get(step, Decimal(0)) + (amount if adjustment.kind == "charge" else -amount)
        covers_all = of is not None and taxed is not None and len(taxed) == len(of)
        once = adjustment.kind == "charge" and adjustment.amount is not None
        yield adjustment, None if covers_all and not once else vat


def _stated(group: Sequence[Segment], currency: str, line: Fields | None) -> Stated:
    head = group[0]
    kind = _KINDS.get(head.get(1)) or head.fail(1, f"{head.get(1)[:40]!r} is neither an allowance (A) nor a charge (C)")
    if head.get(3) not in _SETTLED:
        head.fail(3, f"it is settled by other means than the invoice ({head.get(3)[:40]}); agree on 2")
    percent, amount, base = first(group, "PCD"), first(group, "MOA", *_AMOUNTS), first(group, "MOA", _BASE)
    stated = amount.decimal(1, 2) if amount else _by_rate(group, currency, line)
    if percent is None and stated is None:
        head.fail(0, "it needs its percentage (PCD), amount (MOA+8) or rate (RTE)", "segment-missing")
    code = head.get(5)
    if kind == "allowance" and code in _DISCOUNTS:
        code = DISCOUNT
    text = " ".join(filter(None, (head.get(5, 4), head.get(5, 5))))
    return Stated(
        kind,
        stated,
        percentage(percent, 1, kind, 2) if percent else None,
        base.decimal(1, 2) if base else None,
        text,
        code or head.get(2, 2) or head.get(2),
    )


def _by_rate(group: Sequence[Segment], currency: str, line: Fields | None) -> Decimal | None:
    """RTE: so much for each unit, of the quantity it names, else of the line's."""
    rate, counted = first(group, "RTE"), first(group, "QTY")
    if rate is None:
        return None
    per = rate.decimal(1, 3) if rate.get(1, 3) else Decimal(1)
    unit = rate.get(1, 4)
    if counted:
        quantity = counted.decimal(1, 2)
    elif line is None:
        rate.fail(0, "a rate on the whole order needs the quantity it is for (QTY)", "segment-missing")
    elif unit and UNITS.get(unit, unit) != line["unit"]:
        rate.fail(
            1, f"the rate is per {unit[:40]!r}, but the quantity is in another unit; state an amount", component=4
        )
    else:
        quantity = line["quantity"]
    if per <= 0:
        rate.fail(1, "a rate is for a quantity of more than zero", component=3)
    return round_half_up(rate.decimal(1, 2) * quantity / per, currency)
