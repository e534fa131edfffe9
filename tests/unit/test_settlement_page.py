"""The page a customer gets: every amount there, in the reader's language, and nothing else let in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from io import StringIO
from typing import Any, get_args

import pytest
from lxml import html
from msgspec.structs import replace
from rich.console import Console

from connectors.settlement_page.formats import Formats, catalogue
from connectors.settlement_page.page import to_html
from hub.cli.settle_show import render
from hub.domain.effects import Difference, DifferenceKind, SettlementCause, SettlementKind, SettlementRecorded
from hub.domain.en16931 import DocumentAdjustment
from hub.domain.invoicing import Invoice, invoice_of
from hub.domain.model import Adjustment, OrderAdjustment
from hub.domain.party import Party
from tests.support.orders import Story, line
from tests.support.settlements import BUYER, SELLER, Sold, settlement, vat

DISCOUNT = DocumentAdjustment("allowance", percent=Decimal("7.5"), reason_code="95", vat=vat("S"))
RICH = settlement(
    [Sold(Decimal(1250), Decimal("12.345"), discount_percent=Decimal(3)), Sold(vat=vat("K"))],
    [DISCOUNT],
    prepaid=Decimal("100.00"),
    differences=(Difference("1", "short", Decimal(50), Decimal("617.25"), "not delivered by the seller"),),
)


def page(settled: SettlementRecorded, locale: str, buyer: Party | None = BUYER) -> html.HtmlElement:
    return html.fromstring(written(settled, locale, buyer))


def written(settled: SettlementRecorded, locale: str, buyer: Party | None = BUYER) -> bytes:
    invoice = invoice_of(settled, SELLER, buyer)
    assert isinstance(invoice, Invoice), invoice
    return to_html(invoice, locale)


def text(document: html.HtmlElement, selector: str) -> str:
    found = document.xpath(selector)
    assert found, selector
    return " ".join(" ".join(each.text_content().split()) for each in found)


def keys(texts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: keys(each) if isinstance(each, Mapping) else None for name, each in texts.items()}


def test_every_language_says_the_same_things() -> None:
    english = catalogue()["en"]
    assert set(catalogue()) >= {"en", "de", "zh"}
    for language, texts in catalogue().items():
        assert keys(texts) == keys(english), language
    assert set(english["kind"]) == set(english["payable"]) == set(get_args(SettlementKind))
    assert set(english["cause"]) == set(get_args(SettlementCause))
    assert set(english["kinds"]) == set(get_args(DifferenceKind))


@pytest.mark.parametrize(
    ("locale", "net", "due", "issued"),
    [
        ("en", "14,968.31", "€16,413.41", "March 31, 2026"),
        ("de", "14.968,31", "16.413,41 €", "31. März 2026"),
        ("zh", "14,968.31", "€16,413.41", "2026年3月31日"),
    ],
)
def test_amounts_and_dates_are_written_as_the_reader_does(locale: str, net: str, due: str, issued: str) -> None:
    document = page(RICH, locale)
    assert document.get("lang") == locale
    assert text(document, "//table[@class='items']/tbody/tr[1]/td[last()]") == net
    assert text(document, "//div[@class='due']/dd") == due
    assert issued in text(document, "//dl[@class='facts']")


def test_every_total_of_the_settlement_stands_on_the_page() -> None:
    sums = text(page(RICH, "en"), "//dl[@class='sums']")
    amounts = (RICH.line_total, -RICH.allowance_total, RICH.tax_exclusive, RICH.tax_total, RICH.tax_inclusive)
    for amount in (*amounts, -RICH.prepaid, RICH.payable):
        assert f"{amount:,}" in sums
    assert "Discount (7.5% of 14,968.31)" in sums


def test_differences_and_reasons_are_told_in_the_readers_language() -> None:
    document = page(RICH, "de-AT")
    assert "nicht geliefert 50 Stk. 617,25" in text(document, "//table[@class='differences']/tbody/tr")
    assert "Steuerfreie innergemeinschaftliche Lieferung" in text(document, "//table[@class='taxes']")


@pytest.mark.parametrize("locale", ["fr", "", "xx-YY-ZZ", "-", "de-ZZ", "zh-Hans-CN-u-x"])
def test_a_language_or_region_nobody_knows_still_gets_a_page(locale: str) -> None:
    assert page(RICH, locale).get("lang", "")[:2] in {"en", "de", "zh"}


@pytest.mark.parametrize(
    ("currency", "shown"), [("JPY", "¥44"), ("KWD", "KWD44.070"), ("IQD", "IQD44.070"), ("EUR", "€44.07")]
)
def test_an_amount_has_the_decimals_of_iso_4217_whatever_the_locale_data_say(currency: str, shown: str) -> None:
    formats = Formats.of("en")
    amount = settlement([Sold(Decimal(1), Decimal("44.07"))], currency=currency).line_total
    assert formats.money(amount, currency).replace("\N{NO-BREAK SPACE}", "") == shown


def test_an_amount_of_eighteen_digits_keeps_every_one() -> None:
    assert Formats.of("en").amount(Decimal("9999999999999999.99"), "EUR") == "9,999,999,999,999,999.99"


def test_texts_of_others_are_only_texts() -> None:
    hostile = '</style><script>alert(1)</script><img src="http://example.com/x">"; } body { display: none'
    settled = replace(settlement([Sold(description=hostile)]), settlement_id=hostile, order_id=hostile)
    raw = written(settled, "en", replace(BUYER, name=hostile))
    document = html.fromstring(raw)
    assert document.xpath("//script | //img | //link | //iframe | //*[@src] | //*[@href]") == []
    assert hostile in text(document, "//table[@class='items']/tbody/tr[1]/th")
    (style,) = document.iter("style")
    assert "example.com" not in str(style.text)


def test_a_page_needs_nothing_from_outside_and_runs_nothing() -> None:
    raw = written(RICH, "en").decode()
    assert "default-src 'none'" in raw
    assert "url(" not in raw
    assert "@import" not in raw


def test_a_document_that_lacks_something_says_so_on_its_face() -> None:
    assert "What is missing" in text(page(settlement(), "en", None), "//section[@class='gaps']")
    assert not page(settlement(), "en").xpath("//section[@class='gaps']")


def test_a_credit_note_asks_for_no_payment() -> None:
    document = page(settlement(kind="credit-note"), "en")
    assert text(document, "//h1") == "Credit note"
    assert "DE02 1203" not in document.text_content()
    assert "0c5500000000000000000000000000b1" in text(document, "//dl[@class='facts']")


def test_tables_can_be_read_by_a_screen_reader() -> None:
    document = page(RICH, "en")
    for table in document.xpath("//table"):
        assert table.xpath("caption")
        assert all(cell.get("scope") == "col" for cell in table.xpath("thead//th"))
        assert all(row.xpath("th[@scope='row']") for row in table.xpath("tbody/tr[not(@class='reason')]"))


def test_the_same_document_gives_the_same_page() -> None:
    assert written(RICH, "de") == written(RICH, "de")


def charged() -> SettlementRecorded:
    """Ten pieces at 10.00 with engraving and a bonus on the line, and 3.00 for freight."""
    story = Story()
    engraving = Adjustment("charge", amount=Decimal("5.00"), reason="Engraving")
    bonus = Adjustment("allowance", percent=Decimal(2), reason_code="64")
    freight = OrderAdjustment("charge", amount=Decimal(3), reason_code="FC")
    story.place(line(adjustments=(engraving, bonus)), adjustments=(freight,))
    for kind in ("accepted", "shipped", "delivered"):
        story.report("logistics", kind)
    return story.sent(SettlementRecorded)[0]


def test_what_a_line_and_the_order_charge_and_allow_stands_on_the_page_one_by_one() -> None:
    document = page(charged(), "de")
    items = text(document, "//table[@class='items']")
    assert "Ab-/Zuschlag" in items
    assert "Engraving 5,00" in items
    assert "Sondervereinbarung (2 % von 100,00) -2,00" in items.replace("\xa0", " ").replace("\N{MINUS SIGN}", "-")
    assert "103,00" in items
    assert "Fracht3,00" in text(document, "//dl[@class='sums']")


def test_a_settlement_on_the_terminal_names_what_was_charged_and_allowed() -> None:
    invoice = invoice_of(charged(), SELLER, BUYER)
    assert isinstance(invoice, Invoice)
    out = StringIO()
    render(Console(file=out, width=160), invoice)
    shown = out.getvalue()
    assert re.search(r"Engraving +5\.00 ", shown)
    assert re.search(r"64 +-2\.00 ", shown)
    assert re.search(r"charge FC +3\.00", shown)
