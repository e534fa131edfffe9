"""The rules a document must meet before its totals mean anything: each breach is a finding, never an exception.

Rule numbers are those of EN 16931-1 (BR-*) and its extension XRechnung (BR-DEX-*), of Peppol BIS Billing 3
(PEPPOL-EN16931-R*) where these are silent, and HUB-* where all are:

HUB-NUM-01  a number is finite
HUB-NUM-02  a number has at most 18 digits before and after the decimal point together; so has every total
HUB-NUM-03  a quantity has at most 6 decimals
HUB-PCT-01  an allowance percentage is between 0 and 100, a charge percentage and a VAT rate not negative
HUB-ADJ-01  an allowance or charge has an amount or a percentage
HUB-TAX-01  a VAT accounting currency comes with a positive exchange rate
HUB-RND-01  a rounding step is positive and excludes a rounding amount
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from msgspec.structs import replace

from hub.domain.en16931.document import ZERO, Document, DocumentAdjustment, Line, Vat
from hub.domain.en16931.vat import CATEGORIES, rate_is_legal, rule
from hub.domain.model import Adjustment, Frozen
from hub.domain.money import CURRENCIES, MAX_DIGITS, exact, is_whole, round_half_up, round_to

_FINEST_QUANTITY = Decimal("0.000001")


class Finding(Frozen):
    """One rule that a document breaks, and where."""

    rule: str
    path: str
    """JSON path into the document, e.g. `$.lines[2].base_quantity`."""
    message: str
    """What is wrong and what would be right, for a person."""


class Refusal(Frozen):
    """No totals: the document breaks these rules."""

    findings: tuple[Finding, ...]


def check(document: Document) -> tuple[Finding, ...]:
    """Every rule the document breaks whose breach would make its totals wrong or meaningless; empty if none.

    Where numbers are unusable only they are reported, as nothing can be said of the rest.
    """
    with exact():
        unusable = [each for each in _numbers(document) if each[0] and not is_usable(each[0])]
        if unusable:
            return tuple(_unusable(value, path.format(*at)) for value, path, *at in unusable)
        return tuple(_document(document))


def _numbers(document: Document) -> Iterator[tuple[Decimal, str, *tuple[int, ...]]]:
    """Every number there is, with its path and what to format it with: few paths are ever needed."""
    for at, line in enumerate(document.lines):
        yield line.quantity, "$.lines[{}].quantity", at
        yield line.price, "$.lines[{}].price", at
        yield line.base_quantity, "$.lines[{}].base_quantity", at
        yield line.gross_price or ZERO, "$.lines[{}].gross_price", at
        yield line.price_discount, "$.lines[{}].price_discount", at
        yield line.vat.rate or ZERO, "$.lines[{}].vat.rate", at
        for place, adjustment in enumerate(line.adjustments):
            yield adjustment.amount or ZERO, "$.lines[{}].adjustments[{}].amount", at, place
            yield adjustment.percent or ZERO, "$.lines[{}].adjustments[{}].percent", at, place
            yield adjustment.base_amount or ZERO, "$.lines[{}].adjustments[{}].base_amount", at, place
    for at, each in enumerate(document.adjustments):
        yield each.amount or ZERO, "$.adjustments[{}].amount", at
        yield each.percent or ZERO, "$.adjustments[{}].percent", at
        yield each.base_amount or ZERO, "$.adjustments[{}].base_amount", at
        yield each.vat.rate or ZERO, "$.adjustments[{}].vat.rate", at
    yield document.prepaid, "$.prepaid"
    yield document.rounding, "$.rounding"
    yield document.third_party, "$.third_party"
    yield document.rounding_step or ZERO, "$.rounding_step"
    yield document.tax_exchange_rate or ZERO, "$.tax_exchange_rate"


def number(value: Decimal, path: str) -> Iterator[Finding]:
    """HUB-NUM-01 and -02: finite, and 18 digits at most."""
    if not is_usable(value):
        yield _unusable(value, path)


def is_usable(value: Decimal) -> bool:
    """Whether a number is finite and has 18 digits at most; 0 is."""
    if not value.is_finite():
        return False
    text = str(value)
    return (len(text) <= MAX_DIGITS and "E" not in text) or not _too_long(value)


def _unusable(value: Decimal, path: str) -> Finding:
    if not value.is_finite():
        return Finding("HUB-NUM-01", path, f"{value} is not a number that can be computed with")
    return Finding("HUB-NUM-02", path, f"The number has more than {MAX_DIGITS} digits")


def _too_long(value: Decimal) -> bool:
    """Whether a finite number has more than 18 digits, trailing zeros after the decimal point apart."""
    with exact():
        shortest = value.normalize()
    exponent = shortest.as_tuple().exponent
    assert isinstance(exponent, int)  # noqa: S101  a finite number has one
    return max(shortest.adjusted() + 1, 0) + max(-exponent, 0) > MAX_DIGITS


def _document(document: Document) -> Iterator[Finding]:
    currency = document.currency
    if currency not in CURRENCIES:
        yield Finding("BR-CL-04", "$.currency", f"{currency!r} is not an active ISO 4217 currency code")
        return
    if not document.lines:
        yield Finding("BR-16", "$.lines", "A document has at least one line")
    for index, line in enumerate(document.lines):
        for found in _line(line, currency):
            yield replace(found, path=f"$.lines[{index}].{found.path}")
    for index, adjustment in enumerate(document.adjustments):
        path = f"$.adjustments[{index}]"
        yield from _adjustment(adjustment, currency, path)
        yield from _vat(adjustment.vat, "06" if adjustment.kind == "allowance" else "07", f"{path}.vat")
    for index, exemption in enumerate(document.exemptions):
        if exemption.category not in CATEGORIES:
            yield _unknown_category(exemption.category, "BR-CL-17", f"$.exemptions[{index}].category")
    yield from _amount(document.prepaid, currency, "BR-DEC-16", "$.prepaid")
    yield from _amount(document.rounding, currency, "BR-DEC-17", "$.rounding")
    yield from _amount(document.third_party, currency, "BR-DEX-13", "$.third_party")
    yield from _rounding_step(document)
    yield from _tax_currency(document)
    yield from _not_subject_to_vat(document)


def _line(line: Line, currency: str) -> Iterator[Finding]:
    """With paths into the line."""
    if line.quantity != round_to(line.quantity, _FINEST_QUANTITY):
        yield Finding("HUB-NUM-03", "quantity", f"The quantity {line.quantity} has more than 6 decimals")
    if line.price < ZERO:
        yield Finding("BR-27", "price", f"The item net price {line.price} is negative; use a negative quantity")
    if line.base_quantity <= ZERO:
        yield Finding(
            "PEPPOL-EN16931-R121",
            "base_quantity",
            f"The price base quantity {line.base_quantity} is not above zero",
        )
    if line.gross_price is not None:
        yield from _gross_price(line, line.gross_price)
    yield from _vat(line.vat, "05", "vat")
    for index, adjustment in enumerate(line.adjustments):
        yield from _adjustment(adjustment, currency, f"adjustments[{index}]")


def _gross_price(line: Line, gross: Decimal) -> Iterator[Finding]:
    if gross < ZERO:
        yield Finding("BR-28", "gross_price", f"The item gross price {gross} is negative")
    if line.price != gross - line.price_discount:
        yield Finding(
            "PEPPOL-EN16931-R046",
            "price",
            f"The item net price {line.price} is not the gross price {gross} less the discount {line.price_discount}",
        )


_DECIMALS = {
    (False, "allowance"): ("BR-DEC-24", "BR-DEC-25"),
    (False, "charge"): ("BR-DEC-27", "BR-DEC-28"),
    (True, "allowance"): ("BR-DEC-01", "BR-DEC-02"),
    (True, "charge"): ("BR-DEC-05", "BR-DEC-06"),
}
"""Rules on the decimals of an allowance's or charge's amount and base amount, by document level and kind."""


def _adjustment(adjustment: Adjustment, currency: str, path: str) -> Iterator[Finding]:
    amount, percent, base = adjustment.amount, adjustment.percent, adjustment.base_amount
    amount_rule, base_rule = _DECIMALS[isinstance(adjustment, DocumentAdjustment), adjustment.kind]
    if amount is None and percent is None:
        yield Finding("HUB-ADJ-01", path, f"The {adjustment.kind} has neither an amount nor a percentage")
    if amount is not None:
        yield from _amount(amount, currency, amount_rule, f"{path}.amount")
    if base is not None:
        yield from _amount(base, currency, base_rule, f"{path}.base_amount")
    if percent is None:
        return
    if percent < 0 or (percent > 100 and adjustment.kind == "allowance"):
        message = f"The {adjustment.kind} percentage {percent} is not between 0 and 100"
        yield Finding("HUB-PCT-01", f"{path}.percent", message)
    if amount is not None and base is not None:
        computed = round_half_up(base * percent / 100, currency)
        if computed != amount:
            message = f"The amount {amount} is not {percent}% of {base}, {computed}"
            yield Finding("PEPPOL-EN16931-R040", f"{path}.amount", message)


def _vat(vat: Vat, number_of_rule: str, path: str) -> tuple[Finding, ...]:
    if vat.category not in CATEGORIES:
        return (_unknown_category(vat.category, "BR-CL-18", f"{path}.category"),)
    if rate_is_legal(vat):
        return ()
    wanted = {"positive": "above zero", "not negative": "not negative", "zero": "0", "none": "absent"}
    message = (
        f"The VAT rate of category {vat.category} shall be {wanted[CATEGORIES[vat.category].rate]}, not {vat.rate}"
    )
    return (Finding(rule(vat.category, number_of_rule), f"{path}.rate", message),)


def _unknown_category(category: str, rule_on_codes: str, path: str) -> Finding:
    return Finding(rule_on_codes, path, f"{category!r} is not a VAT category of EN 16931")


def _rounding_step(document: Document) -> Iterator[Finding]:
    step = document.rounding_step
    if step is None:
        return
    yield from _amount(step, document.currency, "BR-DEC-17", "$.rounding_step")
    if step <= 0:
        yield Finding("HUB-RND-01", "$.rounding_step", f"The rounding step {step} is not above zero")
    if document.rounding != 0:
        yield Finding("HUB-RND-01", "$.rounding", "A rounding amount and a rounding step contradict each other")


def _tax_currency(document: Document) -> Iterator[Finding]:
    currency, rate = document.tax_currency, document.tax_exchange_rate
    if currency is None:
        return
    if currency not in CURRENCIES:
        yield Finding("BR-CL-05", "$.tax_currency", f"{currency!r} is not an active ISO 4217 currency code")
    if currency == document.currency:
        yield Finding("PEPPOL-EN16931-R005", "$.tax_currency", "The VAT accounting currency is the document currency")
    if rate is None or rate <= 0:
        yield Finding("HUB-TAX-01", "$.tax_exchange_rate", f"{currency} needs a positive exchange rate, not {rate}")


def _not_subject_to_vat(document: Document) -> Iterator[Finding]:
    """BR-O-11 to -14: a document not subject to VAT is so as a whole."""
    carriers: tuple[Line | DocumentAdjustment, ...] = (*document.lines, *document.adjustments)
    if "O" not in [carrier.vat.category for carrier in carriers]:
        return
    message = "A document that is not subject to VAT (O) has no other VAT category, not {}"
    for index, line in enumerate(document.lines):
        if line.vat.category != "O":
            yield Finding("BR-O-12", f"$.lines[{index}].vat", message.format(line.vat.category))
    for index, adjustment in enumerate(document.adjustments):
        if adjustment.vat.category != "O":
            broken = "BR-O-13" if adjustment.kind == "allowance" else "BR-O-14"
            yield Finding(broken, f"$.adjustments[{index}].vat", message.format(adjustment.vat.category))


def _amount(value: Decimal, currency: str, decimals_rule: str, path: str) -> Iterator[Finding]:
    """An amount has no more decimals than its currency (BR-DEC-*, by the currency's minor unit)."""
    if not is_whole(value, currency):
        yield Finding(decimals_rule, path, f"The amount {value} has more decimals than {currency}")
