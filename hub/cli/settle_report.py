"""What `hub settle` prints: totals and verdicts, for a person or as JSON with every amount a string."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from connectors.ubl_invoice import UblInvoice
from hub.domain.en16931 import Document, Finding, Totals
from hub.domain.en16931.recompute import Difference, Recomputed

_NAMES = {
    "BT-146": "item net price",
    "BT-136": "line allowance",
    "BT-141": "line charge",
    "BT-131": "line net amount",
    "BT-92": "document allowance",
    "BT-99": "document charge",
    "BT-116": "VAT taxable amount",
    "BT-117": "VAT amount",
    "BT-106": "sum of line net amounts",
    "BT-107": "sum of allowances",
    "BT-108": "sum of charges",
    "BT-109": "total without VAT",
    "BT-110": "total VAT",
    "BT-111": "total VAT in accounting currency",
    "BT-112": "total with VAT",
    "BT-115": "amount due",
}
_SHOWN = 3
"""Differences a verdict for a person names; JSON has all."""


class Verdict(NamedTuple):
    """One file's outcome."""

    status: int
    """The exit status it asks for."""
    text: str
    fields: dict[str, Any]


def judged(file: Path, invoice: UblInvoice, outcome: Recomputed) -> Verdict:
    """Exact, or different in these amounts."""
    document, differences = invoice.document, outcome.differences
    verdict = "differs" if differences else "exact"
    fields = {
        "file": str(file),
        "verdict": verdict,
        "kind": invoice.kind,
        "number": invoice.number,
        **totals_fields(document, outcome.totals),
        "differences": [_difference_fields(each, document) for each in differences],
        "unverified": [term.code for term in invoice.unverified],
    }
    due = f"{invoice.kind} {invoice.number}, due {outcome.totals.payable} {document.currency}"
    text = (
        f"{file}: exact: {due}" if not differences else f"{file}: differs: {_differences_text(differences, document)}"
    )
    return Verdict(int(bool(differences)), text, fields)


def refused(file: Path, findings: Sequence[Finding]) -> Verdict:
    """No totals follow from the document."""
    text = f"{file}: refused: {_some(map(finding_text, findings), len(findings))}"
    return Verdict(1, text, {"file": str(file), "verdict": "refused", "errors": finding_fields(findings)})


def unreadable(file: Path, reason: str) -> Verdict:
    """The file is no UBL invoice or credit note."""
    errors = [{"rule": "FILE", "path": "", "message": reason}]
    return Verdict(3, f"{file}: unreadable: {reason}", {"file": str(file), "verdict": "unreadable", "errors": errors})


def totals_fields(document: Document, computed: Totals) -> dict[str, Any]:
    """Every total, by the names of docs/settlement.md."""
    adjustments = list(zip(document.adjustments, computed.adjustments, strict=True))
    return {
        "currency": computed.currency,
        "lines": [
            {
                "line_id": line.line_id,
                "base_amount": _plain(line.base_amount),
                "allowances": _plain(line.allowance),
                "charges": _plain(line.charge),
                "net_amount": _plain(line.net_amount),
            }
            for line in computed.lines
        ],
        "allowances": [_plain(found.amount) for given, found in adjustments if given.kind == "allowance"],
        "charges": [_plain(found.amount) for given, found in adjustments if given.kind == "charge"],
        "line_extension": _plain(computed.line_total),
        "allowance_total": _plain(computed.allowance_total),
        "charge_total": _plain(computed.charge_total),
        "tax_exclusive": _plain(computed.tax_exclusive),
        "tax_breakdown": [
            {
                "category": row.vat.category,
                "rate": None if row.vat.rate is None else _plain(row.vat.rate),
                "taxable_amount": _plain(row.taxable_amount),
                "tax_amount": _plain(row.tax_amount),
                "exemption_code": row.exemption_code,
                "exemption_reason": row.exemption_reason,
            }
            for row in computed.vat
        ],
        "tax_total": _plain(computed.tax_total),
        "tax_inclusive": _plain(computed.tax_inclusive),
        "prepaid": _plain(computed.prepaid),
        "third_party": _plain(computed.third_party),
        "rounding": _plain(computed.rounding),
        "payable": _plain(computed.payable),
        "tax_currency": computed.tax_currency,
        "tax_total_accounting": None
        if computed.tax_total_accounting is None
        else _plain(computed.tax_total_accounting),
    }


def totals_text(document: Document, computed: Totals) -> str:
    """The totals as a column of amounts."""
    rows = [(f"line {line.line_id}", line.net_amount) for line in computed.lines]
    rows.append((_NAMES["BT-106"], computed.line_total))
    if document.adjustments:
        rows += [(_NAMES["BT-107"], -computed.allowance_total), (_NAMES["BT-108"], computed.charge_total)]
    rows.append((_NAMES["BT-109"], computed.tax_exclusive))
    for row in computed.vat:
        rate = "" if row.vat.rate is None else f" {_plain(row.vat.rate)}%"
        rows.append((f"VAT {row.vat.category}{rate} on {_plain(row.taxable_amount)}", row.tax_amount))
    rows.append((_NAMES["BT-112"], computed.tax_inclusive))
    rows += [
        (name, amount)
        for name, amount in (
            ("prepaid", -computed.prepaid),
            ("for third parties", computed.third_party),
            ("rounding", computed.rounding),
        )
        if amount != 0
    ]
    rows.append((_NAMES["BT-115"], computed.payable))
    width = max(len(name) for name, _ in rows)
    size = max(len(_plain(amount)) for _, amount in rows)
    table = [f"{name:<{width}}  {_plain(amount):>{size}} {computed.currency}" for name, amount in rows]
    if computed.tax_total_accounting is not None:
        table.append(f"{_NAMES['BT-111']}: {_plain(computed.tax_total_accounting)} {computed.tax_currency}")
    return "\n".join(table)


def finding_fields(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """Findings as JSON."""
    return [{"rule": each.rule, "path": each.path, "message": each.message} for each in findings]


def finding_text(finding: Finding) -> str:
    """A finding in one sentence."""
    return f"{finding.path}: {finding.message} ({finding.rule})"


def _difference_fields(difference: Difference, document: Document) -> dict[str, Any]:
    term = difference.term
    on_line = bool(term.of) and term.code in ("BT-146", "BT-136", "BT-141", "BT-131")
    return {
        "term": term.code,
        "name": _NAMES[term.code],
        "rule": difference.rule,
        "line_id": document.lines[term.of[0]].line_id if on_line else None,
        "category": term.vat.category if term.vat else None,
        "rate": _plain(term.vat.rate) if term.vat and term.vat.rate is not None else None,
        "where": difference.where,
        "stated": None if difference.stated is None else _plain(difference.stated),
        "computed": _plain(difference.computed),
        "amount": _plain(difference.amount),
        "carried": difference.carried,
    }


def _differences_text(differences: Sequence[Difference], document: Document) -> str:
    roots = [each for each in differences if not each.carried]
    carried = [each.term.code for each in differences if each.carried]
    text = _some((_difference_text(each, document) for each in roots), len(roots))
    return f"{text}; carried into {', '.join(dict.fromkeys(carried))}" if carried else text


def _difference_text(difference: Difference, document: Document) -> str:
    fields = _difference_fields(difference, document)
    subject = f"{fields['name']} {fields['term']}"
    if fields["line_id"] is not None:
        subject = f"line {fields['line_id']}, {subject}"
    if fields["category"] is not None:
        rate = "" if fields["rate"] is None else f" {fields['rate']}%"
        subject = f"{subject} of {fields['category']}{rate}"
    if fields["stated"] is None:
        return f"{subject} is missing, it is {fields['computed']} ({fields['rule']})"
    where = f" at {fields['where']}" if fields["where"] else ""
    return (
        f"{subject} is stated {fields['stated']}, it is {fields['computed']}, "
        f"{fields['amount']} off{where} ({fields['rule']})"
    )


def _some(texts: Iterable[str], count: int) -> str:
    shown = "; ".join(text for text, _ in zip(texts, range(_SHOWN), strict=False))
    return f"{shown}; and {count - _SHOWN} more" if count > _SHOWN else shown


def _plain(value: Decimal) -> str:
    return f"{value:f}"
