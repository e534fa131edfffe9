"""The page itself: one HTML file with its style inside and nothing else, no script, no font, no network."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from connectors.settlement_page.content import content
from connectors.settlement_page.formats import Formats
from hub.domain.invoicing import Invoice


def to_html(invoice: Invoice, locale: str) -> bytes:
    """The page in a locale (BCP 47), in UTF-8; the same bytes for the same document."""
    formats = Formats.of(locale)
    template = _environment().get_template("page.html")
    page = template.render(page=content(invoice, formats), texts=formats.texts, language=formats.tag)
    return page.encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["css"] = _css_string
    return environment


def _css_string(text: str) -> str:
    """A text inside quotes in CSS, every character but plain ones by its number."""
    return "".join(each if each.isalnum() and each.isascii() else f"\\{ord(each):06x}" for each in text)
