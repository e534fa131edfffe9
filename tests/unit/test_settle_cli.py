"""`hub settle` as another program or a person uses it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.domain.en16931 import Document, Finding, Refusal
from hub.domain.en16931.pricing import Price
from hub.intake import IntakeError
from hub.intake.invoices import in_json, invoice_from_json
from tests.support.ubl_invoices import Row, Tax, totals, ubl
from tests.support.ubl_samples import S19, SAMPLES

VAT = {"category": "S", "rate": "19"}
INVOICE = {
    "currency": "EUR",
    "lines": [
        {"line_id": "1", "quantity": "250", "price": "12.40", "base_quantity": "100", "vat": VAT},
        {
            "line_id": "2",
            "quantity": 2,
            "gross_price": 10.0,
            "price_discount_percent": "20",
            "vat": {"category": "S", "rate": 7},
            "allowances": [{"percent": "5", "reason": "Damage"}],
            "charges": [{"amount": "1.50", "reason_code": "PC"}],
        },
    ],
    "allowances": [{"percent": "10", "reason": "Framework contract", "vat": VAT}],
    "charges": [{"amount": "6.00", "reason_code": "FC", "vat": VAT}],
    "prepaid": "10.00",
}


def run(*arguments: str, stdin: object = None) -> tuple[int, str, str]:
    text = stdin if isinstance(stdin, str) else json.dumps(stdin)
    result = CliRunner().invoke(app, ["settle", *arguments], input=text)
    return result.exit_code, result.stdout, result.stderr


def compute(invoice: object) -> tuple[int, dict[str, Any]]:
    status, stdout, _ = run("compute", "--json", stdin=invoice)
    return status, json.loads(stdout)


def errors(invoice: object) -> tuple[int, list[tuple[str, str]]]:
    status, answer = compute(invoice)
    return status, [(error["rule"], error["path"]) for error in answer["errors"]]


def changed(*path: str | int, **fields: object) -> dict[str, Any]:
    """INVOICE with fields of the object at `path` set, or removed when None."""
    invoice: dict[str, Any] = json.loads(json.dumps(INVOICE))
    target: Any = invoice
    for step in path:
        target = target[step]
    target.update(fields)
    for name in [name for name, value in fields.items() if value is None]:
        del target[name]
    return invoice


def test_every_total_comes_back_as_a_string() -> None:
    status, answer = compute(INVOICE)
    assert status == 0
    assert answer == {
        "currency": "EUR",
        "lines": [
            {"line_id": "1", "base_amount": "31.00", "allowances": "0.00", "charges": "0.00", "net_amount": "31.00"},
            {"line_id": "2", "base_amount": "16.00", "allowances": "0.80", "charges": "1.50", "net_amount": "16.70"},
        ],
        "allowances": ["3.10"],
        "charges": ["6.00"],
        "line_extension": "47.70",
        "allowance_total": "3.10",
        "charge_total": "6.00",
        "tax_exclusive": "50.60",
        "tax_breakdown": [
            {"category": "S", "rate": "19", "taxable_amount": "33.90", "tax_amount": "6.44", "exemption_code": "",
             "exemption_reason": ""},
            {"category": "S", "rate": "7", "taxable_amount": "16.70", "tax_amount": "1.17", "exemption_code": "",
             "exemption_reason": ""},
        ],
        "tax_total": "7.61",
        "tax_inclusive": "58.21",
        "prepaid": "10.00",
        "third_party": "0.00",
        "rounding": "0.00",
        "payable": "48.21",
        "tax_currency": None,
        "tax_total_accounting": None,
        "warnings": [],
    }  # fmt: skip


def test_a_json_number_is_read_as_written_and_not_as_a_binary_fraction() -> None:
    raw = '{"currency":"EUR","lines":[{"line_id":"1","quantity":1,"price":1.005,"vat":{"category":"Z","rate":0}}]}'
    assert json.loads(run("compute", "--json", stdin=raw)[1])["payable"] == "1.01"


def test_a_file_can_be_named_instead_of_the_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "invoice.json"
    file.write_text(json.dumps(INVOICE))
    status, stdout, _ = run("compute", str(file))
    assert status == 0
    assert stdout.splitlines()[-1].split() == ["amount", "due", "48.21", "EUR"]


def test_what_an_issued_invoice_would_lack_is_a_warning() -> None:
    invoice = changed("charges", 0, reason_code=None)
    status, answer = compute(invoice)
    assert (status, [(each["rule"], each["path"]) for each in answer["warnings"]]) == (0, [("BR-38", "$.charges[0]")])
    assert "warning: $.charges[0]" in run("compute", stdin=invoice)[2]


@pytest.mark.parametrize(
    ("invoice", "found"),
    [
        (changed(currency="EUX"), ("BR-CL-04", "$.currency")),
        (changed("lines", 0, base_quantity="0"), ("PEPPOL-EN16931-R121", "$.lines[0].base_quantity")),
        (changed("lines", 0, vat={"category": "E", "rate": "19"}), ("BR-E-05", "$.lines[0].vat.rate")),
        (changed("lines", 1, charges=[{"amount": "1.505"}]), ("BR-DEC-27", "$.lines[1].charges[0].amount")),
        (changed("charges", 0, amount="0.005"), ("BR-DEC-05", "$.charges[0].amount")),
        (changed("allowances", 0, percent=None), ("HUB-ADJ-01", "$.allowances[0]")),
        (changed("lines", 0, price="1234567890123.4567890"), ("HUB-NUM-02", "$.lines[0].price")),
        (changed("lines", 0, price=None), ("HUB-PRC-01", "$.lines[0]")),
        (changed("lines", 0, price_breaks=[{"from_quantity": "1", "price": "2"}]), ("HUB-PRC-01", "$.lines[0]")),
        (changed("lines", 0, price_discount="1"), ("HUB-PRC-01", "$.lines[0]")),
        (changed("lines", 0, price_discount_percent="1"), ("HUB-PRC-01", "$.lines[0]")),
        (changed("lines", 1, price_discount="1"), ("HUB-PRC-01", "$.lines[1]")),
        (changed("lines", 1, price="8.01"), ("PEPPOL-EN16931-R046", "$.lines[1].price")),
        (changed(discount={"percent": "1", "amount": "1"}), ("HUB-DSC-01", "$.discount")),
    ],
)
def test_a_broken_rule_is_named_with_its_path_in_the_input(invoice: object, found: tuple[str, str]) -> None:
    assert errors(invoice) == (1, [found])


@pytest.mark.parametrize(
    ("invoice", "path"),
    [
        ("", "$"),
        ("[]", "$"),
        ("{", "$"),
        ('{"currency": "EUR", "currency": "USD"}', "$"),
        (changed("lines", 0, quantity="1e3"), "$.lines[0].quantity"),
        (changed("lines", 0, quantity=None), "$.lines[0].quantity"),
        (changed("lines", 1, quantity=True), "$.lines[1].quantity"),
        (changed(line="x"), "$.line"),
        (changed(lines=[]), "$.lines"),
        (changed("lines", 0, vat="19"), "$.lines[0].vat"),
    ],
)
def test_what_is_not_the_documented_json_is_said_so_with_its_path(invoice: object, path: str) -> None:
    assert errors(invoice) == (3, [("JSON", path)])


def test_for_a_person_an_error_is_a_sentence_on_standard_error() -> None:
    status, stdout, stderr = run("compute", stdin=changed(currency="EUX"))
    assert (status, stdout) == (1, "")
    assert stderr == "hub: $.currency: 'EUX' is not an active ISO 4217 currency code (BR-CL-04)\n"


def document(**fields: object) -> Document:
    made = invoice_from_json(json.dumps(INVOICE | fields).encode())
    assert isinstance(made, Document)
    return made


def scaled(scale: str, quantity: str) -> Document:
    steps = [{"from_quantity": "0", "price": "10"}, {"from_quantity": "100", "price": "9"}]
    line = {"line_id": "1", "quantity": quantity, "price_breaks": steps, "price_scale": scale, "vat": VAT}
    return document(lines=[line])


@pytest.mark.parametrize(
    ("scale", "quantity", "price"),
    [("volume", "120", Price(Decimal(9))), ("graduated", "120", Price(Decimal(1180), Decimal(120)))],
)
def test_price_breaks_become_one_price(scale: str, quantity: str, price: Price) -> None:
    line = scaled(scale, quantity).lines[0]
    assert (line.price, line.base_quantity) == (price.amount, price.base_quantity)


def test_an_order_discount_becomes_allowances() -> None:
    assert [each.amount for each in document(discount={"amount": "1.00"}).adjustments[2:]] == [
        Decimal("0.65"),
        Decimal("0.35"),
    ]
    assert document(discount={"amount": "1.00", "spread": "lines"}).lines[0].adjustments[0].amount == Decimal("0.65")


def test_a_finding_on_an_allowance_is_placed_in_its_list() -> None:
    finding = Finding("X", "$.lines[1].adjustments[1].amount", "")
    assert in_json(finding, document()).path == "$.lines[1].charges[0].amount"
    assert in_json(Finding("X", "$.adjustments[0]", ""), document()).path == "$.allowances[0]"
    assert in_json(Finding("X", "$.prepaid", ""), document()).path == "$.prepaid"


def test_a_document_that_is_too_large_is_not_parsed() -> None:
    with pytest.raises(IntakeError, match="at most 16777216"):
        invoice_from_json(b" " * (16 * 1024 * 1024 + 1))


def test_prices_are_checked_line_by_line() -> None:
    bare = {"line_id": "1", "quantity": "1", "vat": VAT}
    refused = invoice_from_json(json.dumps(INVOICE | {"lines": [bare, bare]}).encode())
    assert isinstance(refused, Refusal)
    assert [finding.path for finding in refused.findings] == ["$.lines[0]", "$.lines[1]"]


WRONG = ubl(
    [Row("2", "5.00", "11.00")],
    [Tax(S19, "11.00", "2.09")],
    totals("11.00", "11.00", "13.09", "13.09"),
    tax_total="2.09",
)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    contents = {
        "right.xml": SAMPLES["everything at once"],
        "wrong.xml": WRONG,
        "refused.xml": SAMPLES["yen"].replace(b"<cbc:Percent>10<", b"<cbc:Percent>0<"),
        "note.xml": SAMPLES["reverse charge credit note"],
        "order.xml": b'<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"/>',
    }
    for name, raw in contents.items():
        (tmp_path / name).write_bytes(raw)
    return {name: str(tmp_path / name) for name in contents} | {"absent.xml": str(tmp_path / "absent.xml")}


def test_each_file_gets_one_line_with_its_verdict(files: dict[str, str]) -> None:
    status, stdout, _ = run("recompute", *files.values())
    right, wrong, refused, note, order, absent = stdout.splitlines()
    assert right.endswith("right.xml: exact: invoice 2026-7, due 42.91 EUR")
    assert note.endswith("note.xml: exact: credit-note 2026-7, due 60.00 EUR")
    assert wrong.endswith(
        "wrong.xml: differs: line 1, line net amount BT-131 is stated 11.00, it is 10.00, 1.00 off at "
        "Invoice/InvoiceLine[1]/LineExtensionAmount (line 8) (PEPPOL-EN16931-R120); "
        "carried into BT-116, BT-117, BT-106, BT-109, BT-110, BT-112, BT-115"
    )
    assert "refused: Invoice/InvoiceLine[1] (line 6) vat.rate: The VAT rate of category S" in refused
    assert "unreadable: this is neither a UBL 2.1 Invoice nor a CreditNote" in order
    assert absent.endswith("unreadable: No such file or directory")
    assert status == 3


@pytest.mark.parametrize(
    ("names", "status"),
    [(["right.xml", "note.xml"], 0), (["right.xml", "wrong.xml"], 1), (["refused.xml"], 1), (["absent.xml"], 3)],
)
def test_the_exit_status_is_that_of_the_worst_file(files: dict[str, str], names: list[str], status: int) -> None:
    assert run("recompute", *(files[name] for name in names))[0] == status


def test_with_json_each_file_is_one_object(files: dict[str, str]) -> None:
    _, stdout, _ = run("recompute", "--json", *files.values())
    right, wrong, refused, note, order, absent = map(json.loads, stdout.splitlines())
    assert [each["verdict"] for each in (right, wrong, refused, note, order, absent)] == [
        "exact", "differs", "refused", "exact", "unreadable", "unreadable",
    ]  # fmt: skip
    assert (right["line_extension"], right["tax_exclusive"], right["tax_inclusive"], right["payable"]) == (
        "42.75", "45.80", "52.91", "42.91",
    )  # fmt: skip
    assert [line["net_amount"] for line in right["lines"]] == ["29.45", "17.50", "-4.20"]
    assert [(row["rate"], row["tax_amount"]) for row in right["tax_breakdown"]] == [("19", "6.18"), ("7", "0.93")]
    assert right["differences"] == []
    assert wrong["differences"][0] == {
        "term": "BT-131",
        "name": "line net amount",
        "rule": "PEPPOL-EN16931-R120",
        "line_id": "1",
        "category": None,
        "rate": None,
        "where": "Invoice/InvoiceLine[1]/LineExtensionAmount (line 8)",
        "stated": "11.00",
        "computed": "10.00",
        "amount": "1.00",
        "carried": False,
    }
    assert refused["errors"][0]["rule"] == "BR-S-05"
