"""Orders and documents that must never get a total, as each edge of the hub meets them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from hub.domain.events import OrderPlaced

_EXAMPLES = Path(__file__).parents[2] / "examples"
ORDER: dict[str, Any] = json.loads((_EXAMPLES / "orders.jsonl").read_text().splitlines()[1])
UBL = (_EXAMPLES / "order.xml").read_text()
INVOICE: dict[str, Any] = {
    "currency": "EUR",
    "lines": [
        {
            "line_id": "1",
            "quantity": "40",
            "price": "2.70",
            "base_quantity": "1",
            "vat": {"category": "S", "rate": "19"},
        }
    ],
}
_LONG = "1234567890123456789"
"""Nineteen digits."""


class Bad(NamedTuple):
    """One kind of bad input; what an edge has no way to say is left out there."""

    code: str = ""
    """Of the hub's dead letter, and of `hub send` where the document could be read."""
    order: Mapping[str, Any] = {}
    """Fields of the order to set."""
    line: Mapping[str, Any] = {}
    """Fields of its first line to set."""
    contract: str = ""
    """Of the dead letter where the contract of the message cannot hold it, so that it is refused unread."""
    raw: bool = True
    """Whether Avro can carry it."""
    ubl: tuple[str, str] = ("", "")
    """What to replace in the example, by what."""
    says: str = ""
    """In what `hub send` says of the UBL order."""
    invoice: Mapping[str, Any] = {}
    """Fields of the invoice to set for `hub settle compute`."""
    invoice_line: Mapping[str, Any] = {}
    rule: str = ""
    """That `hub settle compute` names."""


BAD: dict[str, Bad] = {
    "base quantity zero": Bad(
        "base-quantity-not-positive",
        line={"base_quantity": "0"},
        ubl=('<cbc:BaseQuantity unitCode="C62">100', '<cbc:BaseQuantity unitCode="C62">0'),
        says="for a quantity of 0",
        invoice_line={"base_quantity": "0"},
        rule="PEPPOL-EN16931-R121",
    ),
    "base quantity negative": Bad(
        "base-quantity-not-positive",
        line={"base_quantity": "-100"},
        ubl=('<cbc:BaseQuantity unitCode="C62">100', '<cbc:BaseQuantity unitCode="C62">-100'),
        says="for a quantity of -100",
        invoice_line={"base_quantity": "-1"},
        rule="PEPPOL-EN16931-R121",
    ),
    "currency unknown": Bad(
        "unknown-currency",
        order={"currency": "EUX"},
        ubl=(">EUR<", ">EUX<"),
        says="'EUX' is not an active currency",
        invoice={"currency": "EUX"},
        rule="BR-CL-04",
    ),
    "currency without a minor unit": Bad(
        "unknown-currency",
        order={"currency": "XAU"},
        ubl=(">EUR<", ">XAU<"),
        says="'XAU' is not an active currency",
        invoice={"currency": "XAU"},
        rule="BR-CL-04",
    ),
    "standard rate of nothing": Bad(
        "vat-inconsistent",
        line={"vat_category": "S", "vat_rate": "0"},
        ubl=(">19<", ">0<"),
        says="S has a rate above zero",
        invoice_line={"vat": {"category": "S", "rate": "0"}},
        rule="BR-S-05",
    ),
    "reverse charge with a rate": Bad(
        "vat-inconsistent",
        line={"vat_category": "AE", "vat_rate": "19"},
        ubl=("<cbc:ID>S</cbc:ID>", "<cbc:ID>AE</cbc:ID>"),
        says="VAT category AE with 19%",
        invoice_line={"vat": {"category": "AE", "rate": "19"}},
        rule="BR-AE-05",
    ),
    "VAT category unknown": Bad(
        "vat-inconsistent",
        line={"vat_category": "SR"},
        contract="invalid-value",
        ubl=("<cbc:ID>S</cbc:ID>", "<cbc:ID>SR</cbc:ID>"),
        says="VAT category 'SR' is not one of",
        invoice_line={"vat": {"category": "SR", "rate": "19"}},
        rule="BR-CL-18",
    ),
    "two currencies": Bad(
        line={"currency": "USD"},
        raw=False,
        ubl=('"EUR">270', '"USD">270'),
        says="the amount is in USD in an order in EUR",
        invoice_line={"currency": "USD"},
        rule="JSON",
    ),
    "quantity in ten-millionths": Bad(
        "quantity-not-positive",
        line={"quantity": "40.0000001"},
        ubl=(">400<", ">400.0000001<"),
        says="at most 6 decimals",
        invoice_line={"quantity": "40.0000001"},
        rule="HUB-NUM-03",
    ),
    "quantity zero": Bad(
        "quantity-not-positive",
        line={"quantity": "0"},
        ubl=(">400<", ">0<"),
        says="the ordered quantity is 0",
    ),
    "quantity negative": Bad(
        "quantity-not-positive",
        line={"quantity": "-40"},
        ubl=(">400<", ">-400<"),
        says="the ordered quantity is -400",
    ),
    "price negative": Bad(
        "price-invalid",
        line={"price": "-2.70"},
        ubl=(">270.00<", ">-270.00<"),
        says="less than zero",
        invoice_line={"price": "-2.70"},
        rule="BR-27",
    ),
    "price of nineteen digits": Bad(
        "price-invalid",
        line={"price": _LONG},
        contract="invalid-value",
        ubl=(">270.00<", f">{_LONG}<"),
        says="at most 18 digits",
        invoice_line={"price": f"{_LONG[:13]}.{_LONG[13:]}"},
        rule="HUB-NUM-02",
    ),
    "a line of more than eighteen digits": Bad(
        "line-too-large",
        line={"price": "999999999999", "quantity": "999999999999"},
        invoice_line={"price": "999999999999", "quantity": "999999999999"},
        rule="HUB-NUM-02",
    ),
    "lines that add up to too much": Bad(
        "value-too-large",
        line={"price": "900000000000", "quantity": "10"},
        invoice_line={"price": "999999999999999.99", "quantity": "1000"},
        rule="HUB-NUM-02",
    ),
}  # fmt: skip
"""By what is wrong."""


def order(bad: Bad, order_id: str = "SO-BAD") -> dict[str, Any]:
    """The example order with its fault, as JSON says it."""
    line = {**ORDER["lines"][0], **bad.line}
    return {**ORDER, "event_id": order_id, "order_id": order_id, **bad.order, "lines": [line, *ORDER["lines"][1:]]}


def invoice(bad: Bad) -> dict[str, Any]:
    """The invoice with its fault."""
    return {**INVOICE, **bad.invoice, "lines": [{**INVOICE["lines"][0], **bad.invoice_line}]}


def placed(bad: Bad, right: OrderPlaced) -> OrderPlaced:
    """A right order with the fault in its first line or its head, as a message can carry it past every edge."""
    first, *rest = right.lines
    fields = {name: value if name == "vat_category" else Decimal(value) for name, value in bad.line.items()}
    return replace(right, lines=(replace(first, **fields), *rest), **bad.order)
