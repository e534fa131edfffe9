"""`AllowanceCharge` of UBL orders, on a line and on the order, and the totals that an order expects."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import cast, get_args

from connectors.agreements import Stated, divided, on_order, understood, worth
from connectors.amounts import agree
from connectors.defaults import Vat, plain
from connectors.findings import Findings
from connectors.xmldoc import Node
from hub.domain import amounts
from hub.domain.en16931 import Totals
from hub.domain.model import Adjustment, OrderAdjustment, OrderLine, VatCategory

_INDICATORS = {"true": True, "1": True, "false": False, "0": False}
_EXPECTED = "cac:AnticipatedMonetaryTotal"


def line_agreement(item: Node, gross: Decimal, currency: str) -> tuple[Decimal, tuple[Adjustment, ...]]:
    """A line's discount in percent, and what else it allows and charges."""
    found = []
    for node in item.all("cac:AllowanceCharge"):
        found.append(_read(node, gross, currency))
        amount = node.require("cbc:Amount", "an allowance or charge needs its amount").decimal()
        if found[-1].kind == "allowance" and amount > gross:
            node.fail(f"an allowance of {plain(amount)} on {plain(gross)} is not between nothing and the whole")
    return divided(found)


def order_agreement(
    order: Node, lines: Sequence[OrderLine], currency: str, findings: Findings
) -> tuple[Decimal, tuple[OrderAdjustment, ...]]:
    """The order's discount in percent, and what else it allows and charges; held against the totals it states."""
    nets = [(Vat(line.vat_category, line.vat_rate), amounts.net(line, line.quantity, currency)) for line in lines]
    found = []
    for node in order.all("cac:AllowanceCharge"):
        vat = _vat_of(node)
        of = [net for each, net in nets if vat in (None, each)]
        read = _read(node, sum(of, Decimal(0)), currency)
        once = read.kind == "charge" and read.amount is not None
        if not of and not once:
            node.fail(f"it is taxed {vat}, and no line is", below="cac:TaxCategory")
        found.append(on_order(read, None if len(of) == len(nets) and not once else vat))
    discount, adjustments = divided(found)
    computed = worth(currency, lines, discount, adjustments)
    if computed is not None:
        _check_totals(order, computed, currency, len(lines), findings)
    return discount, adjustments


def changed_agreement(change: Node, currency: str) -> tuple[Decimal | None, tuple[OrderAdjustment, ...] | None]:
    """The same of an order change, which has but the lines that change; None if it says nothing of them."""
    total = change.one(f"{_EXPECTED}/cbc:LineExtensionAmount")
    whole = total.decimal() if total else None
    found = [on_order(_read(node, whole, currency), _vat_of(node)) for node in change.all("cac:AllowanceCharge")]
    return divided(found) if found else (None, None)


def is_charge(node: Node) -> bool:
    """What an AllowanceCharge is."""
    indicator = node.require("cbc:ChargeIndicator", "it does not say whether it is an allowance or a charge")
    if indicator.text not in _INDICATORS:
        indicator.fail(f"{indicator.text[:40]!r} is neither true (a charge) nor false (an allowance)")
    return _INDICATORS[indicator.text]


def vat_of(node: Node) -> Vat:
    """A TaxCategory: UNCL 5305 code and percent; standard rate is above zero, any other zero (R029, R030)."""
    code = node.require("cbc:ID", "a VAT category needs its code").text
    if code not in get_args(VatCategory):
        node.fail(f"VAT category {code!r} is not one of {', '.join(get_args(VatCategory))}")
    percent = node.one("cbc:Percent")
    rate = percent.decimal() if percent else Decimal(0)
    if (code == "S") != (rate > 0) or rate > 100:
        node.fail(f"VAT category {code} with {plain(rate)}%: S has a rate above zero, every other has none")
    return Vat(cast("VatCategory", code), rate)


def _read(node: Node, whole: Decimal | None, currency: str) -> Adjustment:
    """Its Amount binds, MultiplierFactorNumeric names it in percent, or as a fraction (R022)."""
    amount = node.require("cbc:Amount", "an allowance or charge needs its amount").decimal()
    factor, base = node.one("cbc:MultiplierFactorNumeric"), node.one("cbc:BaseAmount")
    stated = Stated(
        "charge" if is_charge(node) else "allowance",
        amount,
        factor.decimal() if factor else None,
        base.decimal() if base else None,
        node.value("cbc:AllowanceChargeReason"),
        node.value("cbc:AllowanceChargeReasonCode"),
    )
    try:
        return understood(stated, whole, currency, fractions=True)
    except ValueError as error:
        node.fail(str(error))


def _vat_of(node: Node) -> Vat | None:
    category = node.one("cac:TaxCategory")
    return vat_of(category) if category and category.value("cbc:ID") else None


def _check_totals(order: Node, computed: Totals, currency: str, lines: int, findings: Findings) -> None:
    """Refuses totals without VAT that are not what the order comes to; one with VAT is the buyer's expectation."""
    for name, what, amount in (
        ("LineExtensionAmount", "its lines come", computed.line_total),
        ("AllowanceTotalAmount", "its allowances come", computed.allowance_total),
        ("ChargeTotalAmount", "its charges come", computed.charge_total),
        ("TaxExclusiveAmount", "without VAT it comes", computed.tax_exclusive),
    ):
        stated = order.one(f"{_EXPECTED}/cbc:{name}")
        if stated and not agree(stated.decimal(), amount, currency, lines):
            stated.fail(f"the order says {stated.text}, but {what} to {amount}; ask the buyer which is meant")
    expected = _expected(order)
    if expected is not None and not agree(expected, computed.tax_inclusive, currency, lines):
        findings.assumed.append(
            f"VAT as its lines have it: {computed.tax_inclusive} in all; the buyer expects {plain(expected)}"
        )


def _expected(order: Node) -> Decimal | None:
    """BT-112: stated, or what is to be paid (BT-115) before payments and rounding."""
    stated = order.one(f"{_EXPECTED}/cbc:TaxInclusiveAmount")
    if stated:
        return stated.decimal()
    payable, prepaid, rounding = (
        order.one(f"{_EXPECTED}/cbc:{name}") for name in ("PayableAmount", "PrepaidAmount", "PayableRoundingAmount")
    )
    if payable is None:
        return None
    before = payable.decimal() + (prepaid.decimal() if prepaid else 0)
    return before - (rounding.decimal() if rounding else 0)
