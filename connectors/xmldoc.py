"""XML of strangers, read safely, and elements that say where they stand when something is wrong with them.

No DOCTYPE at all (so no entities, no external files, no expansion), no network, libxml2's own limits left in
place (depth 256, ten million bytes a text), and a bound on the whole document checked before parsing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import NoReturn, cast

from lxml import etree
from lxml.etree import _Element as Element

from connectors.findings import MAX_DOCUMENT_BYTES, DocumentError

_DECIMAL = re.compile(r"[+-]?(\d{1,18}(\.\d{0,12})?|\.\d{1,12})", re.ASCII)
_WHITESPACE = re.compile(r"\s+")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(Z|[+-]\d\d:\d\d)?", re.ASCII)


def parse(raw: bytes) -> Element:
    """The root of a document without comments, processing instructions and blank text.

    Raises DocumentError when it is too large, not well-formed or has a DOCTYPE.
    """
    if len(raw) > MAX_DOCUMENT_BYTES:
        raise DocumentError("", f"the document is larger than {MAX_DOCUMENT_BYTES} bytes; split it or send it by hand")
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_blank_text=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        text = "elements are nested deeper than 256" if "XML_PARSE_HUGE" in (error.msg or "") else error.msg
        raise DocumentError(f"line {line}, column {column}", f"not well-formed XML: {text}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise DocumentError("", "the document has a DOCTYPE, which is not accepted for security; send it without one")
    return root


def canonical(root: Element) -> bytes:
    """The document's content alone: C14N of what `parse` kept, the same however it was indented or encoded."""
    return etree.tostring(root, method="c14n")


class Node:
    """An element with the namespace prefixes of its document type; its errors name its path and line."""

    __slots__ = ("_element", "_namespaces")

    def __init__(self, element: Element, namespaces: Mapping[str, str]) -> None:
        self._element = element
        self._namespaces = namespaces

    @property
    def line(self) -> int:
        """The line of the document the element starts on, from 1; 0 when the parser did not keep it."""
        return cast("int | None", self._element.sourceline) or 0

    @property
    def name(self) -> str:
        """The element's name without its namespace."""
        return etree.QName(self._element).localname

    def where(self, below: str = "") -> str:
        """The element's path, or that of `below` which it lacks, with its line: `Order/OrderLine[2]/ID (line 88)`."""
        steps = [_step(element) for element in (*reversed(list(self._element.iterancestors())), self._element)]
        missing = [re.sub(r"\w+:", "", below)] if below else []
        return f"{'/'.join(steps + missing)} (line {self.line})"

    def fail(self, reason: str, below: str = "") -> NoReturn:
        """Refuse the document because of this element, or of `below` that it lacks."""
        raise DocumentError(self.where(below), reason)

    def all(self, path: str) -> Iterator[Node]:
        """Elements at `path` (prefixed steps, `cac:Price/cbc:PriceAmount`), in document order."""
        return (Node(element, self._namespaces) for element in self._element.iterfind(path, self._namespaces))

    def one(self, path: str) -> Node | None:
        """The element at `path`, if there is one; more than one is a problem."""
        nodes = list(self.all(path))
        if len(nodes) > 1:
            nodes[1].fail("there may be only one")
        return nodes[0] if nodes else None

    @property
    def text(self) -> str:
        """Text content with white space collapsed."""
        return _WHITESPACE.sub(" ", "".join(map(str, self._element.itertext()))).strip()

    def attribute(self, name: str) -> str:
        """An attribute's value, empty when absent."""
        return _WHITESPACE.sub(" ", str(self._element.get(name, ""))).strip()

    def value(self, path: str) -> str:
        """Text of the element at `path`, empty when there is none."""
        node = self.one(path)
        return node.text if node else ""

    def first(self, *paths: str) -> Node | None:
        """The first element with any text at the first of several paths that has one."""
        return next((node for path in paths for node in self.all(path) if node.text), None)

    def require(self, path: str, reason: str) -> Node:
        """The element at `path`; absent or empty fails with `reason`."""
        node = self.one(path)
        if node is None or not node.text:
            self.fail(reason, below=path)
        return node

    def decimal(self) -> Decimal:
        """The element's text as xs:decimal, at most 18 digits before and 12 after the point."""
        if not _DECIMAL.fullmatch(self.text):
            self.fail(f"{self.text[:40]!r} is not a decimal number of at most 18 digits and 12 decimals")
        return Decimal(self.text)

    def date(self) -> date:
        """The element's text as xs:date; a time zone suffix is dropped, the date is the sender's local one."""
        match = _DATE.fullmatch(self.text)
        try:
            return date.fromisoformat(match[1] if match else "")
        except ValueError:
            self.fail(f"{self.text[:40]!r} is not a date like 2026-03-31")


def _step(element: Element) -> str:
    """One step of an element's path: its local name, and its number when it has siblings of that name."""
    name = etree.QName(element).localname
    parent = element.getparent()
    siblings = [element] if parent is None else parent.findall(element.tag)
    return f"{name}[{siblings.index(element) + 1}]" if len(siblings) > 1 else name
