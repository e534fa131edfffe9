"""The JSON that `hub settle compute` reads: lines, allowances, charges and VAT to an EN 16931 document.

Field names are the document's, `docs/settlement.md` lists them. What JSON can say more conveniently than the standard
(price scales, price discounts in percent, a discount on the whole order) becomes the terms the standard has for it.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Literal, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from hub.domain import en16931
from hub.domain.en16931 import Category, Document, Finding, Refusal
from hub.domain.en16931.discount import Discount, discounted
from hub.domain.en16931.document import ONE, ZERO
from hub.domain.en16931.pricing import Price, PriceBreak, graduated_price, price_discount, volume_price
from hub.intake.json_events import explained, object_from_json
from hub.intake.values import SOME, Id, Number, Text

MAX_INVOICE_BYTES = 16 * 1024 * 1024
"""Largest document read: about a hundred thousand lines."""


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Vat(_Input):
    category: Text
    rate: Number | None = None

    def to_domain(self) -> en16931.Vat:
        """With any category: `en16931.check` knows which there are."""
        return en16931.Vat(cast("Category", self.category), self.rate)


class _Adjustment(_Input):
    amount: Number | None = None
    percent: Number | None = None
    base_amount: Number | None = None
    reason: Text = ""
    reason_code: Text = ""

    def to_domain(self, kind: Literal["allowance", "charge"]) -> en16931.Adjustment:
        return en16931.Adjustment(kind, self.amount, self.percent, self.base_amount, self.reason, self.reason_code)


class _DocumentAdjustment(_Adjustment):
    vat: _Vat

    def to_domain(self, kind: Literal["allowance", "charge"]) -> en16931.DocumentAdjustment:
        return en16931.DocumentAdjustment(
            kind, self.amount, self.percent, self.base_amount, self.reason, self.reason_code, vat=self.vat.to_domain()
        )


class _PriceBreak(_Input):
    from_quantity: Number
    price: Number


class _Line(_Input):
    line_id: Id
    quantity: Number
    vat: _Vat
    price: Number | None = None
    base_quantity: Number = ONE
    gross_price: Number | None = None
    price_discount: Number | None = None
    price_discount_percent: Number | None = None
    price_breaks: tuple[_PriceBreak, ...] = ()
    price_scale: Literal["volume", "graduated"] = "volume"
    allowances: tuple[_Adjustment, ...] = ()
    charges: tuple[_Adjustment, ...] = ()

    def to_domain(self, path: str) -> en16931.Line | Finding:
        discount = self._discount()
        price = self._price(discount)
        if price is None:
            return Finding("HUB-PRC-01", path, _NO_PRICE)
        return en16931.Line(
            line_id=self.line_id,
            quantity=self.quantity,
            price=price.amount,
            vat=self.vat.to_domain(),
            base_quantity=price.base_quantity,
            adjustments=(
                *(each.to_domain("allowance") for each in self.allowances),
                *(each.to_domain("charge") for each in self.charges),
            ),
            gross_price=self.gross_price,
            price_discount=discount or ZERO,
        )

    def _discount(self) -> Decimal | None:
        """What comes off the gross price; None if that is said in two ways, or without one to take it off."""
        given = self.price_discount is not None, self.price_discount_percent is not None
        if all(given) or (any(given) and self.gross_price is None):
            return None
        if self.gross_price is not None and self.price_discount_percent is not None:
            return price_discount(self.gross_price, self.price_discount_percent)
        return self.price_discount or ZERO

    def _price(self, discount: Decimal | None) -> Price | None:
        """The net price, from whichever field says it: a scale, the net price, or the gross price."""
        if discount is None:
            return None
        if self.price_breaks:
            alone = self.price is None and self.gross_price is None
            steps = [PriceBreak(step.from_quantity, step.price) for step in self.price_breaks]
            distinct = len({step.from_quantity for step in steps}) == len(steps)
            scale = volume_price if self.price_scale == "volume" else graduated_price
            return scale(steps, self.quantity, self.base_quantity) if alone and distinct else None
        if self.price is not None:
            return Price(self.price, self.base_quantity)
        return None if self.gross_price is None else Price(self.gross_price - discount, self.base_quantity)


_NO_PRICE = (
    "The line has no price, or more than one: give price, or gross_price with one discount, or price_breaks that "
    "start at or below the quantity (graduated ones at 0), each from another quantity"
)


class _Discount(_Input):
    percent: Number | None = None
    amount: Number | None = None
    reason: Text = "Discount"
    reason_code: Text = "95"
    spread: Literal["vat", "lines"] = "vat"


class _Exemption(_Input):
    category: Text
    code: Text = ""
    reason: Text = ""


class _Invoice(_Input):
    currency: Text
    lines: Annotated[tuple[_Line, ...], SOME]
    allowances: tuple[_DocumentAdjustment, ...] = ()
    charges: tuple[_DocumentAdjustment, ...] = ()
    discount: _Discount | None = None
    prepaid: Number = ZERO
    rounding: Number = ZERO
    rounding_step: Number | None = None
    third_party: Number = ZERO
    tax_currency: Text | None = None
    tax_exchange_rate: Number | None = None
    exemptions: tuple[_Exemption, ...] = ()

    def to_domain(self) -> Document | Refusal:
        lines = [line.to_domain(f"$.lines[{index}]") for index, line in enumerate(self.lines)]
        if unpriced := tuple(line for line in lines if isinstance(line, Finding)):
            return Refusal(unpriced)
        document = Document(
            currency=self.currency,
            lines=tuple(line for line in lines if isinstance(line, en16931.Line)),
            adjustments=(
                *(each.to_domain("allowance") for each in self.allowances),
                *(each.to_domain("charge") for each in self.charges),
            ),
            prepaid=self.prepaid,
            rounding=self.rounding,
            third_party=self.third_party,
            rounding_step=self.rounding_step,
            tax_currency=self.tax_currency,
            tax_exchange_rate=self.tax_exchange_rate,
            exemptions=tuple(
                en16931.Exemption(cast("Category", each.category), each.code, each.reason) for each in self.exemptions
            ),
        )
        return document if self.discount is None else discounted(document, Discount(**self.discount.model_dump()))


def invoice_from_json(raw: bytes) -> Document | Refusal:
    """The document, or the rules its prices or its discount break. Raises IntakeError for what is not such JSON."""
    fields = object_from_json(raw, MAX_INVOICE_BYTES)
    try:
        return _Invoice.model_validate(fields).to_domain()
    except ValidationError as error:
        raise explained(error, tuple(_Invoice.model_fields)) from None


_ADJUSTMENT = re.compile(r"adjustments\[(\d+)\]")


def in_json(finding: Finding, document: Document) -> Finding:
    """The finding with its path as the JSON has it, where allowances and charges are two lists."""
    found = _ADJUSTMENT.search(finding.path)
    if found is None:
        return finding
    on_line = re.match(r"\$\.lines\[(\d+)\]", finding.path)
    adjustments = document.lines[int(on_line[1])].adjustments if on_line else document.adjustments
    index = int(found[1])
    kind = adjustments[index].kind
    place = sum(each.kind == kind for each in adjustments[:index])
    return Finding(finding.rule, _ADJUSTMENT.sub(f"{kind}s[{place}]", finding.path, count=1), finding.message)
