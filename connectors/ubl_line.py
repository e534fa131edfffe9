"""UBL order lines: quantity, price, allowances, charges and VAT of an `OrderLine`, checked against what it states."""

from __future__ import annotations

from decimal import Decimal

from connectors.amounts import agree
from connectors.defaults import Vat, plain
from connectors.findings import Findings
from connectors.ubl_agreement import is_charge, line_agreement, vat_of
from connectors.ubl_delivery import requested_delivery
from connectors.xmldoc import Node
from hub.domain import amounts
from hub.domain.model import OrderLine


def read_line(line: Node, currency: str, default_vat: Vat | None, findings: Findings) -> OrderLine:
    """One OrderLine; raises DocumentError at its first problem."""
    item = line.one("cac:LineItem") or line.fail("the line has no LineItem", below="cac:LineItem")
    quantity, unit = _quantity(item.require("cbc:Quantity", "an order line needs a quantity"))
    price, base_quantity = _price(item, unit)
    discount, adjustments = line_agreement(item, quantity * price / base_quantity, currency)
    vat = _vat(item, default_vat, findings)
    ordered = OrderLine(
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
        adjustments=adjustments,
    )
    _check_amount(item, ordered, currency)
    return ordered


def _check_amount(item: Node, line: OrderLine, currency: str) -> None:
    stated = item.one("cbc:LineExtensionAmount")
    net = amounts.net(line, line.quantity, currency)
    if stated and not agree(stated.decimal(), net, currency):
        reduced = f" less {plain(line.discount_percent)}%" if line.discount_percent else ""
        beside = " with its other allowances and charges" if line.adjustments else ""
        stated.fail(
            f"the line says {stated.text}, but {plain(line.quantity)} {line.unit} at {plain(line.price)} for "
            f"{plain(line.base_quantity)}{reduced}{beside} is {net}; ask the buyer which is meant"
        )


def _quantity(node: Node) -> tuple[Decimal, str]:
    quantity = node.decimal()
    if quantity <= 0:
        node.fail(f"the ordered quantity is {node.text}, not more than zero")
    unit = node.attribute("unitCode")
    if not unit:
        node.fail("the quantity has no unitCode; use one of UN/ECE Recommendation 20, like C62 or KGM")
    return quantity, unit


def _price(item: Node, unit: str) -> tuple[Decimal, Decimal]:
    """Net price (BT-146, after Price/AllowanceCharge) and the quantity it is for."""
    node = item.require("cac:Price/cbc:PriceAmount", "the line has no price, and the hub knows no other")
    price = node.decimal()
    if price < 0:
        node.fail(f"the price is {node.text}, less than zero")
    _check_price(item, node)
    base = item.one("cac:Price/cbc:BaseQuantity")
    if base is None:
        return price, Decimal(1)
    if base.decimal() <= 0:
        base.fail(f"the price is for a quantity of {base.text}, not more than zero")
    if base.attribute("unitCode") not in {"", unit}:
        base.fail(f"the price is per {base.attribute('unitCode')}, but the quantity is in {unit}; use the same unit")
    return price, base.decimal()


def _check_price(item: Node, net: Node) -> None:
    """A gross price (BT-148) less its discount (BT-147) is the net one (PEPPOL-EN16931-R046)."""
    node = item.one("cac:Price/cac:AllowanceCharge")
    base, amount = (node.one("cbc:BaseAmount"), node.one("cbc:Amount")) if node else (None, None)
    if node and base and amount:
        sign = 1 if is_charge(node) else -1
        computed = base.decimal() + sign * amount.decimal()
        if computed != net.decimal():
            net.fail(
                f"the price is {net.text}, but {plain(base.decimal())} {'plus' if sign > 0 else 'less'} "
                f"{plain(amount.decimal())} is {plain(computed)}; ask the buyer which is meant"
            )


def _vat(item: Node, default: Vat | None, findings: Findings) -> Vat:
    places = ("cac:Item/cac:ClassifiedTaxCategory", "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory")
    node = next((node for path in places if (node := item.one(path)) and node.value("cbc:ID")), None)
    if node is not None:
        return vat_of(node)
    if default is None:
        item.fail("the line has no VAT category; add one or name the default, e.g. --vat S:20", below=places[0])
    findings.assumed.append(f"VAT {default} for line {item.value('cbc:ID')}, which has no VAT category")
    return default


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
