"""EN 16931 arithmetic: a document's lines, allowances, charges and VAT in; every total, or the rules broken, out.

`totals(document)` returns `Totals`, or a `Refusal` with the findings: a document is never given a wrong total.
"""

from hub.domain.en16931.document import (
    Category,
    Document,
    DocumentAdjustment,
    Exemption,
    Line,
    Vat,
)
from hub.domain.en16931.rules import Finding, Refusal, check
from hub.domain.en16931.totals import AdjustmentTotal, LineTotal, Totals, VatTotal, line_total, totals
from hub.domain.model import Adjustment

__all__ = [
    "Adjustment",
    "AdjustmentTotal",
    "Category",
    "Document",
    "DocumentAdjustment",
    "Exemption",
    "Finding",
    "Line",
    "LineTotal",
    "Refusal",
    "Totals",
    "Vat",
    "VatTotal",
    "check",
    "line_total",
    "totals",
]
