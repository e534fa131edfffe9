"""UBL elements that are only there when they say something (PEPPOL-EN16931-R008 forbids empty ones)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from lxml import etree
from lxml.etree import _Element as Element

from connectors.ubl_head import NAMESPACES

Elements = list[Element]
"""One element or none: an absent one joins its parent as nothing."""

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write (production 2)."""
_EN_PLACES = -2
"""Decimals an amount is written with at least, unless its currency has fewer."""


def leaf(name: str, value: str | Decimal | date | None, **attributes: str) -> Elements:
    """`cbc:name` with a value; nothing for an empty one. Numbers are plain, without exponent and needless zeros."""
    text = _text(value)
    if not text:
        return []
    element = etree.Element(f"{{{NAMESPACES['cbc']}}}{name}", {key: each for key, each in attributes.items() if each})
    element.text = text
    return [element]


def group(name: str, *parts: Iterable[Element]) -> Elements:
    """`cac:name` around its parts; nothing around nothing."""
    element = etree.Element(f"{{{NAMESPACES['cac']}}}{name}")
    for part in parts:
        element.extend(part)
    return [element] if len(element) else []


def amount(name: str, value: Decimal | None, currency: str) -> Elements:
    """An amount: the decimals of its currency, beyond the second only those that say something (BR-DEC-*)."""
    if value is None:
        return []
    text = f"{value:f}"
    while _places(text) < _EN_PLACES and text.endswith("0"):
        text = text[:-1]
    return leaf(name, text, currencyID=currency)


def write(root: str, *parts: Iterable[Element]) -> bytes:
    """A document of the root `Invoice` or `CreditNote`: the same bytes for the same content."""
    prefixes = "".join(f' xmlns:{prefix}="{urn}"' for prefix, urn in NAMESPACES.items())
    document = etree.fromstring(f'<{root} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{root}-2"{prefixes}/>')
    for part in parts:
        document.extend(part)
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _places(text: str) -> int:
    return -len(text.partition(".")[2])


def _text(value: str | Decimal | date | None) -> str:
    match value:
        case None:
            return ""
        case Decimal():
            return f"{value.normalize() + 0:f}"
        case date():
            return value.isoformat()
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", value).strip()
