"""What a document with right totals still lacks before it may be issued as an EN 16931 invoice: texts, not numbers."""

from __future__ import annotations

from collections.abc import Iterator

from hub.domain.en16931.document import Document
from hub.domain.en16931.rules import Finding
from hub.domain.en16931.totals import Totals
from hub.domain.en16931.vat import CATEGORIES, rule
from hub.domain.model import Adjustment
from hub.domain.money import minor_unit

_REASONS = {
    (False, "allowance"): "BR-42",
    (False, "charge"): "BR-44",
    (True, "allowance"): "BR-33",
    (True, "charge"): "BR-38",
}
"""That an allowance or charge has a reason or a reason code, by document level and kind."""


def lacking(document: Document, computed: Totals) -> tuple[Finding, ...]:
    """Reasons of allowances and charges, exemption reasons, and a currency that two decimals can carry (BR-DEC-23)."""
    return tuple(_lacking(document, computed))


def _lacking(document: Document, computed: Totals) -> Iterator[Finding]:
    if minor_unit(document.currency) > 2:
        message = f"EN 16931 amounts have at most 2 decimals, {document.currency} has {minor_unit(document.currency)}"
        yield Finding("BR-DEC-23", "$.currency", message)
    for index, line in enumerate(document.lines):
        for place, adjustment in enumerate(line.adjustments):
            yield from _reason(adjustment, f"$.lines[{index}].adjustments[{place}]", of_document=False)
    for index, adjustment in enumerate(document.adjustments):
        yield from _reason(adjustment, f"$.adjustments[{index}]", of_document=True)
    for row in computed.vat:
        category = row.vat.category
        if CATEGORIES[category].exemption == "required" and not (row.exemption_code or row.exemption_reason):
            message = f"VAT category {category} needs an exemption reason or its code"
            yield Finding(rule(category, "10"), "$.exemptions", message)
    for index, exemption in enumerate(document.exemptions):
        category = exemption.category
        if CATEGORIES[category].exemption == "forbidden" and (exemption.code or exemption.reason):
            message = f"VAT category {category} has no exemption reason"
            yield Finding(rule(category, "10"), f"$.exemptions[{index}]", message)


def _reason(adjustment: Adjustment, path: str, *, of_document: bool) -> Iterator[Finding]:
    if not (adjustment.reason or adjustment.reason_code):
        yield Finding(_REASONS[of_document, adjustment.kind], path, f"The {adjustment.kind} has no reason and no code")
