"""UBL order lines: quantity, price, discount and VAT of an `OrderLine`, checked against the amounts it states.

The hub's line has one discount percentage. An allowance by amount is taken as the percentage it is of its line
when that is exact, and refused otherwise; a charge is refused, as nothing says what becomes of it when only part
of the order is delivered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import cast, get_args

from connectors.amounts import agree, exact_percent
from connectors.defaults import Vat, plain
from connectors.findings import Findings
from connectors.xmldoc import Node
from hub.domain.model import OrderLine, VatCategory
from hub.domain.money import round_half_up


def read_line(line: Node, currency: str, default_vat: Vat | None, findings: Findings) -> OrderLine:
    """One OrderLine; raises DocumentError at its first problem."""
    item = line.one("cac:LineItem") or line.fail("the line has no LineItem", below="cac:LineItem")
    quantity, unit = _quantity(item.require("cbc:Quantity", "an order line needs a quantity"))
    price, base_quantity = _price(item, unit)
    gross = quantity * price / base_quantity
    discount = sum((_percent_of(node, gross, currency) for node in item.all("cac:AllowanceCharge")), Decimal(0))
    net = round_half_up(gross * (100 - discount) / 100, currency)
    stated = item.one("cbc:LineExtensionAmount")
    if stated and not agree(stated.decimal(), net, currency):
        reduced = f" less {plain(discount)}%" if discount else ""
        stated.fail(
            f"the line says {stated.text}, but {plain(quantity)} {unit} at {plain(price)} for {plain(base_quantity)}"
            f"{reduced} is {net}; ask the buyer which is meant"
        )
    vat = _vat(item, default_vat, findings)
    return OrderLine(
        line_id=item.require("cbc:ID", "an order line needs its number").text,
        item_id=_item_id(item, findings),
        description=item.value("cac:Item/cbc:Name") or item.value("cac:Item/cbc:Description"),
        quantity=quantity,
        unit=unit,
        price=price,
        base_quantity=base_quantity,
        discount_percent=discount,
        vat_category=vat.category,
        vat_rate=vat.rate,
        requested_delivery=requested_delivery(item),
    )


def requested_delivery(node: Node) -> date | None:
    """The last day asked for: the requested period's end, else its start."""
    deliveries = list(node.all("cac:Delivery"))
    if len(deliveries) > 1:
        deliveries[1].fail("an order or line is delivered to one place in one period; split it")
    period = "cac:Delivery/cac:RequestedDeliveryPeriod"
    found = node.first(f"{period}/cbc:EndDate", f"{period}/cbc:StartDate")
    return found.date() if found else None


def document_discount(order: Node, lines: Sequence[OrderLine], currency: str) -> Decimal:
    """Document level allowances as one percentage over every line, after the stated sum of lines was checked."""
    nets = [line.quantity * line.price / line.base_quantity * (100 - line.discount_percent) / 100 for line in lines]
    whole = sum((round_half_up(net, currency) for net in nets), Decimal(0))
    stated = order.one("cac:AnticipatedMonetaryTotal/cbc:LineExtensionAmount")
    if stated and not agree(stated.decimal(), whole, currency, len(lines)):
        stated.fail(f"the order says {stated.text}, but its lines come to {whole}; ask the buyer which is meant")
    total = Decimal(0)
    for node in order.all("cac:AllowanceCharge"):
        total += _percent_of(node, whole, currency)
        category = node.one("cac:TaxCategory")
        if category and any((line.vat_category, line.vat_rate) != _category(category) for line in lines):
            category.fail("an allowance on some of the lines only is not accepted; put it on those lines")
    return total


def _quantity(node: Node) -> tuple[Decimal, str]:
    quantity = node.decimal()
    if quantity <= 0:
        node.fail(f"the ordered quantity is {node.text}, not more than zero")
    unit = node.attribute("unitCode")
    if not unit:
        node.fail("the quantity has no unitCode; use one of UN/ECE Recommendation 20, like C62 or KGM")
    return quantity, unit


def _price(item: Node, unit: str) -> tuple[Decimal, Decimal]:
    """Net price (after Price/AllowanceCharge, which only informs) and the quantity it is for."""
    node = item.require("cac:Price/cbc:PriceAmount", "the line has no price, and the hub knows no other")
    price = node.decimal()
    if price < 0:
        node.fail(f"the price is {node.text}, less than zero")
    base = item.one("cac:Price/cbc:BaseQuantity")
    if base is None:
        return price, Decimal(1)
    if base.decimal() <= 0:
        base.fail(f"the price is for a quantity of {base.text}, not more than zero")
    if base.attribute("unitCode") not in {"", unit}:
        base.fail(f"the price is per {base.attribute('unitCode')}, but the quantity is in {unit}; use the same unit")
    return price, base.decimal()


def _percent_of(node: Node, gross: Decimal, currency: str) -> Decimal:
    """An allowance as a percentage of `gross`: its Amount binds, MultiplierFactorNumeric only names it (R022).

    The factor is taken as percent (10, as Peppol has it) or as a fraction (0.1), whichever gives the amount.
    """
    reason = node.value("cbc:AllowanceChargeReason") or node.value("cbc:AllowanceChargeReasonCode") or "no reason given"
    if node.value("cbc:ChargeIndicator") != "false":
        node.fail(f"a charge ({reason}) is not accepted; order it as a line of its own or agree a net price")
    amount = node.require("cbc:Amount", "an allowance needs its amount").decimal()
    if not 0 <= amount <= gross:
        node.fail(f"an allowance of {plain(amount)} ({reason}) on {plain(gross)} is not between nothing and the whole")
    factor = node.one("cbc:MultiplierFactorNumeric")
    for percent in (factor.decimal(), factor.decimal() * 100) if factor else ():
        if percent <= 100 and agree(amount, gross * percent / 100, currency):
            return percent
    exactly = exact_percent(amount, gross)
    if exactly is None:
        node.fail(f"an allowance of {plain(amount)} ({reason}) is no exact percentage of {plain(gross)}; state one")
    return exactly


def _vat(item: Node, default: Vat | None, findings: Findings) -> Vat:
    places = ("cac:Item/cac:ClassifiedTaxCategory", "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory")
    node = next((node for path in places if (node := item.one(path)) and node.value("cbc:ID")), None)
    if node is not None:
        return _category(node)
    if default is None:
        item.fail("the line has no VAT category; add one or name the default, e.g. --vat S:20", below=places[0])
    findings.assumed.append(f"VAT {default} for line {item.value('cbc:ID')}, which has no VAT category")
    return default


def _category(node: Node) -> Vat:
    """A TaxCategory: UNCL 5305 code and percent; standard rate is above zero, any other zero (R029, R030)."""
    code = node.require("cbc:ID", "a VAT category needs its code").text
    if code not in get_args(VatCategory):
        node.fail(f"VAT category {code!r} is not one of {', '.join(get_args(VatCategory))}")
    percent = node.one("cbc:Percent")
    rate = percent.decimal() if percent else Decimal(0)
    if (code == "S") != (rate > 0) or rate > 100:
        node.fail(f"VAT category {code} with {plain(rate)}%: S has a rate above zero, every other has none")
    return Vat(cast("VatCategory", code), rate)


def _item_id(item: Node, findings: Findings) -> str:
    node = item.first(
        "cac:Item/cac:SellersItemIdentification/cbc:ID",
        "cac:Item/cac:StandardItemIdentification/cbc:ID",
        "cac:Item/cac:ManufacturersItemIdentification/cbc:ID",
        "cac:Item/cac:BuyersItemIdentification/cbc:ID",
    )
    if node is None:
        node = item.require("cac:Item/cbc:Name", "the item has neither an identifier nor a name")
        findings.assumed.append(f"item {node.text!r} by its name; line {item.value('cbc:ID')} has no item identifier")
    return node.text
