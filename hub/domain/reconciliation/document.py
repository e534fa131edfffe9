"""One settlement, from what its quantities come to at the order's terms to the total it states."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from hub.domain import amounts
from hub.domain.effects import SettledAdjustment, SettledLine, SettlementRecorded
from hub.domain.en16931 import Vat
from hub.domain.en16931.reasons import DISCOUNT
from hub.domain.flow.drafting import EARLY_PAYMENT
from hub.domain.model import OrderLine
from hub.domain.money import round_half_up
from hub.domain.order import ZERO, Terms
from hub.domain.reconciliation.bridge import Bridge
from hub.domain.reconciliation.findings import Findings


def signed(settlement: SettlementRecorded) -> Decimal:
    """What a settlement claims with VAT: negative for a credit note."""
    return settlement.tax_inclusive if settlement.kind == "invoice" else -settlement.tax_inclusive


_ONE = Decimal(1)
_CHARGES = "/charges"
Off = set[tuple[str, str]]
"""Settlement and line, or settlement alone, of what is settled otherwise than ordered; `_CHARGES`: without goods."""


def audit(
    findings: Findings, settlement: SettlementRecorded, lines: Mapping[str, OrderLine], terms: Terms, off: Off
) -> Decimal:
    """What the settlement's quantities come to at the order's terms, negative for a credit note.

    With what it charges once, which is held against the order beside it (`match_goods`). All between that and the total
    it states is noted: other prices, other VAT, charges, penalties, wrong amounts. Within `exact()`. `off`: what of the
    settlements before was otherwise; this one's is added.
    """
    currency = terms.currency
    bridge = Bridge(terms)
    for part in settlement.lines:
        if part.quantity and (line := lines.get(part.line_id)) is not None:
            bridge.add(Vat(line.vat_category, line.vat_rate), amounts.net(line, part.quantity, currency))
    for vat, amount in once_of(settlement).items():
        bridge.allow(vat, amount)
    expected = bridge.total
    walk = _Audit(findings, settlement, bridge, currency, off)
    for part in settlement.lines:
        walk.line(part, lines.get(part.line_id))
    walk.adjustments()
    walk.sums()
    return walk.sign * expected


def once_of(settlement: SettlementRecorded) -> dict[Vat, Decimal]:
    """What a settlement charges once, by VAT category and rate."""
    found: dict[Vat, Decimal] = {}
    for each in settlement.adjustments:
        if each.role == "once":
            vat = Vat(each.vat_category, each.vat_rate)
            found[vat] = found.get(vat, ZERO) + each.amount
    return found


class _Audit:
    """Leads one settlement's total to what is stated."""

    def __init__(
        self, findings: Findings, settlement: SettlementRecorded, bridge: Bridge, currency: str, off: Off
    ) -> None:
        self._off = off
        self.sign = 1 if settlement.kind == "invoice" else -1
        self._findings = findings
        self._settlement = settlement
        self._bridge = bridge
        self._currency = currency

    def line(self, part: SettledLine, line: OrderLine | None) -> None:
        """Price, VAT and amount of one line."""
        own = round_half_up(part.quantity * part.price / part.base_quantity, self._currency)
        own += part.charge - part.allowance
        vat = Vat(part.vat_category, part.vat_rate)
        if line is None:
            self._note("no-such-line", self._bridge.add(vat, own), part, quantity=part.quantity)
        else:
            ordered = Vat(line.vat_category, line.vat_rate)
            at_terms = amounts.net(line, part.quantity, self._currency) if part.quantity else ZERO
            if self._is_off(part.line_id, differs=own != at_terms):
                change = self._bridge.add(ordered, own - at_terms)
                price, off = line.price / line.base_quantity, part.price / part.base_quantity
                self._note("price-differs", change, part, quantity=part.quantity, expected=price, price_off=off - price)
            if vat != ordered:
                change = self._bridge.add(ordered, -own) + self._bridge.add(vat, own)
                self._note("vat-differs", change, part, quantity=part.quantity, expected=own)
        if part.net_amount != own:
            self._note("amount-wrong", self._bridge.add(vat, part.net_amount - own), part, expected=own)

    def adjustments(self) -> None:
        """Discounts, charges, penalties, what was saved by paying early."""
        as_agreed = not self._settlement.adjustments and self._bridge.total == self._settlement.tax_inclusive
        agreed: dict[Vat, Decimal] = {}
        for each in self._settlement.adjustments:
            if _is_agreed(each):
                vat = Vat(each.vat_category, each.vat_rate)
                agreed[vat] = agreed.get(vat, ZERO) + _signed(each)
        change = ZERO if as_agreed else self._bridge.agreed(agreed)
        if self._is_off("", differs=change != ZERO):
            units = sum((part.quantity for part in self._settlement.lines), ZERO) or self._without_goods()
            self._note("discount-differs", change, units=units, expected=-sum(agreed.values(), ZERO))
        for each in self._settlement.adjustments:
            if each.role != "once" and not _is_agreed(each):
                change = self._bridge.allow(Vat(each.vat_category, each.vat_rate), _signed(each))
                self._note(_cause(each), change, events=each.event_ids)

    def _is_off(self, line_id: str, *, differs: bool) -> bool:
        """Whether the units of a line, or of the whole, are settled otherwise than ordered.

        What a credit note takes back is what it was on the settlement it is about, though it may round to the same.
        """
        settled = self._settlement
        taken_back = settled.kind == "credit-note" and any((each, line_id) in self._off for each in settled.preceding)
        if differs or taken_back:
            self._off.add((settled.settlement_id, line_id))
        return differs or taken_back

    def _without_goods(self) -> Decimal:
        """What counts as the units of a document over charges alone, so that it is level with the one it takes back.

        That is one, and none for what a credit note takes back last of a settlement whose goods are back already.
        """
        settled = self._settlement
        if settled.kind == "credit-note" and not any((each, _CHARGES) in self._off for each in settled.preceding):
            return ZERO
        self._off.add((settled.settlement_id, _CHARGES))
        return _ONE

    def sums(self) -> None:
        """VAT, and whether the parts add up to the total."""
        stated = sum((row.tax_amount for row in self._settlement.vat), ZERO)
        wrong = stated - self._bridge.tax()
        self._note("vat-wrong", wrong, expected=stated)
        self._note("sums-wrong", self._settlement.tax_inclusive - self._bridge.total - wrong)

    def _note(
        self,
        cause: str,
        change: Decimal,
        part: SettledLine | None = None,
        *,
        quantity: Decimal = ZERO,
        units: Decimal | None = None,
        expected: Decimal = ZERO,
        price_off: Decimal | None = None,
        events: tuple[str, ...] = (),
    ) -> None:
        if change or quantity or units:
            self._findings.note(
                cause,
                self.sign * change,
                line_id=part.line_id if part else "",
                apart=f"{part.price}/{part.base_quantity} {part.vat_category} {part.vat_rate}" if part else "",
                quantity=self.sign * quantity,
                units=None if units is None else self.sign * units,
                expected=expected,
                price_off=price_off,
                settlements=(self._settlement.settlement_id,),
                event_ids=events or (part.event_ids if part else ()),
            )


def _signed(each: SettledAdjustment) -> Decimal:
    return each.amount if each.kind == "charge" else -each.amount


def _is_agreed(each: SettledAdjustment) -> bool:
    """Whether the order allows or charges it in proportion to the goods."""
    if each.role:
        return each.role in {"discount", "agreed"}
    return each.kind == "allowance" and each.reason_code == DISCOUNT


def _cause(each: SettledAdjustment) -> str:
    """What an allowance or charge that is not the order's is for."""
    if each.role == "early-payment" or each.reason == EARLY_PAYMENT:
        return "early-payment"
    return "late-delivery" if each.kind == "allowance" else "cancellation-charge"
