"""SAC: what an order or a line allows and charges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from connectors.agreements import Kind, Stated, on_order
from connectors.edi.message import Fields
from connectors.edi.orders import agreement, percentage, read
from connectors.edi.segments import Segment
from connectors.x12.codes import SERVICES, TAXES, UNITS
from hub.domain.model import Adjustment
from hub.domain.money import round_half_up

_KINDS: dict[str, Kind] = {"A": "allowance", "C": "charge"}
"""Element 248."""
_NEITHER = "N"
_SETTLED = frozenset({"", "02", "06"})
"""Element 331: off the invoice, a charge to be paid by the customer. Others are settled by other means."""


def on_line(segments: Iterable[Segment], line: Fields, currency: str) -> Fields:
    """What a line allows and charges, as its fields."""
    gross = line["quantity"] * line["price"] / line["base_quantity"]
    return agreement(_adjustments(segments, gross, currency, line))


def on_whole(segments: Iterable[Segment], whole: Decimal | None, currency: str) -> Fields:
    """What an order whose lines come to `whole`, if that is known, allows and charges, as its fields."""
    return agreement(on_order(each, None) for each in _adjustments(segments, whole, currency))


def _adjustments(
    segments: Iterable[Segment], whole: Decimal | None, currency: str, line: Fields | None = None
) -> Iterator[Adjustment]:
    for segment in segments:
        if segment.tag == "SAC" and segment.get(1) != _NEITHER:
            yield _adjustment(segment, whole, currency, line)


def _adjustment(segment: Segment, whole: Decimal | None, currency: str, line: Fields | None) -> Adjustment:
    kind = _KINDS.get(segment.get(1)) or segment.fail(
        1, f"{segment.get(1)[:40]!r} is neither an allowance (A) nor a charge (C)"
    )
    service = segment.get(2)
    if service in TAXES:
        segment.fail(2, f"{service} is a tax, which is no charge; state VAT by TXI*VA")
    if segment.get(12) not in _SETTLED:
        segment.fail(12, f"it is settled by other means than the invoice ({segment.get(12)[:40]}); agree on 02")
    code, called = SERVICES.get(service, ("", ""))
    amount = segment.decimal(5) / 100 if segment.get(5) else None
    if amount is None and segment.get(8):
        amount = round_half_up(_by_rate(segment, line), currency)
    if amount is None and not segment.get(7):
        segment.fail(5, "it needs its amount (SAC05), percentage (SAC07) or rate (SAC08)", "missing")
    percent = percentage(segment, 7, kind) if segment.get(7) else None
    reason = segment.get(15) or called or (service if not code else "")
    return read(Stated(kind, amount, percent, None, reason, code), whole, currency, segment, 5)


def _by_rate(segment: Segment, line: Fields | None) -> Decimal:
    """So much for each unit: of the quantity it names, else of the line's."""
    rate, unit = segment.decimal(8), segment.get(9)
    if segment.get(10):
        return rate * segment.decimal(10)
    if line is None:
        segment.fail(10, "a rate on the whole order needs the quantity it is for (SAC10)", "missing")
    if unit and UNITS.get(unit, unit) != line["unit"]:
        segment.fail(9, f"the rate is per {unit[:40]!r}, but the quantity is in another unit; state an amount")
    quantity: Decimal = line["quantity"]
    return rate * quantity
