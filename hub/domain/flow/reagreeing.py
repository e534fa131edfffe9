"""What an amendment makes of what the order allows and charges, and which settlements it concerns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from hub.domain.agreeing import agreed
from hub.domain.agreement_checks import check_agreement
from hub.domain.checks import refusal
from hub.domain.events import OrderChanged
from hub.domain.flow.correcting import repriced
from hub.domain.order import LineState, OrderState, Terms
from hub.domain.phrases import Phrase
from hub.domain.verdict import Refuse


def agreement_after(terms: Terms, event: OrderChanged, lines: tuple[LineState, ...]) -> Terms | Refuse:
    """The terms with what the order allows and charges from now on: an allowance by amount, for the goods of now."""
    discount, adjustments = event.discount_percent, event.adjustments
    if discount is None and adjustments is None and not terms.adjustments:
        return terms
    amended = replace(
        terms,
        discount_percent=terms.discount_percent if discount is None else discount,
        adjustments=terms.adjustments if adjustments is None else adjustments,
    )
    ordered = [line.line for line in lines]
    if findings := check_agreement(amended, ordered):
        return refusal(findings)
    return replace(amended, adjustments=agreed(amended.adjustments, terms.currency, ordered))


def restated_by(before: OrderState, agreement: Terms, lines: tuple[LineState, ...]) -> Sequence[int]:
    """The bills that come to something else now."""
    was = before.terms
    if was is None or (was.discount_percent, was.adjustments) == (agreement.discount_percent, agreement.adjustments):
        return repriced(before.lines, lines)
    goods = {part.bill for line in before.lines for part in line.billed}
    return sorted(goods | {number for number, bill in enumerate(before.bills) if bill.charges})


def told_agreed(event: OrderChanged, before: Terms) -> Iterator[str]:
    """That they change, for a person."""
    discount = event.discount_percent not in (None, before.discount_percent)
    if discount or event.adjustments not in (None, before.adjustments):
        yield Phrase("allowances and charges are changed")
