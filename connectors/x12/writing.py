"""X12 interchanges as text: one transaction set in its envelope.

Texts are cut to the standard's length; identifiers are not, as a cut one names nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from connectors.partners.book import Address, Partner

VERSION = "004010"
_ELEMENT, _COMPONENT, _TERMINATOR = "*", ">", "~"
_ISA_ID = 15
_CONTROL = 10**9

Segments = Iterable[Sequence[str]]


def interchange(partner: Partner, kind: tuple[str, str], number: int, at: datetime, body: Segments) -> bytes:
    """A transaction set in a functional group and an interchange, all of the same control number.

    `kind`: of the group (element 479) and of the set (element 143).
    """
    moment, control = at.astimezone(UTC), f"{number % _CONTROL:09}"
    segments = [["ST", kind[1], "0001"], *body]
    segments.append(["SE", str(len(segments) + 1), "0001"])
    return "".join(
        _line(each)
        for each in (
            [
                "ISA",
                "00",
                " " * 10,
                "00",
                " " * 10,
                *_isa(partner.us),
                *_isa(partner.them),
                f"{moment:%y%m%d}",
                f"{moment:%H%M}",
                "U",
                "00401",
                control,
                "0",
                "T" if partner.test else "P",
                _COMPONENT,
            ],
            _group(partner, kind[0], moment, control),
            *segments,
            ["GE", "1", control.lstrip("0") or "0"],
            ["IEA", "1", control],
        )
    ).encode("latin-1", "replace")


def text(value: str, longest: int) -> str:
    """A text without separators and control characters, cut to a length."""
    return identifier(value)[:longest].rstrip()


def identifier(value: str) -> str:
    """An identifier without separators and control characters."""
    return "".join(" " if letter in "*>~" or not letter.isprintable() else letter for letter in value).strip()


def _isa(address: Address) -> tuple[str, str]:
    return identifier(address.qualifier)[:2].ljust(2), identifier(address.number)[:_ISA_ID].ljust(_ISA_ID)


def _group(partner: Partner, group: str, moment: datetime, control: str) -> list[str]:
    us, them = (identifier(each.number)[:_ISA_ID] for each in (partner.us, partner.them))
    return ["GS", group, us, them, f"{moment:%Y%m%d}", f"{moment:%H%M}", control.lstrip("0") or "0", "X", VERSION]


def _line(elements: Sequence[str]) -> str:
    size = len(elements)
    while size and not elements[size - 1]:
        size -= 1
    return _ELEMENT.join(elements[:size]) + _TERMINATOR + "\n"
