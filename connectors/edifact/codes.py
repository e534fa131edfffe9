"""EDIFACT's codes and what they are in the hub's terms."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

UNITS: Mapping[str, str] = MappingProxyType({"": "C62", "PCE": "H87"})
"""6411 to UN/ECE Recommendation 20; others are the same. GS1 leaves the unit away where pieces are meant."""

AGENCIES: Mapping[str, str] = MappingProxyType({"9": "0088", "16": "0060", "91": ""})
"""3055 to ISO 6523: GS1's GLNs and DUNS numbers; 91 is our own number for a party."""
INTERCHANGE_SCHEMES: Mapping[str, str] = MappingProxyType({"14": "0088", "1": "0060"})
"""0007, the same for who sends an interchange."""

ITEM_TYPES: tuple[tuple[str, ...], ...] = (
    ("SA", "VN", "VP"),
    ("EN", "SRV", "UP", "GTIN"),
    ("MF", "MN"),
    ("BP", "IN", "PD"),
)
"""7143 in the order they are looked for: the seller's, global ones, the manufacturer's, the buyer's."""

ORDER_TYPES = frozenset({"", "105", "220", "221", "222", "224", "226", "227", "402"})
"""1001: orders to be delivered and billed, as Peppol has them, and spot and rush orders."""
URGENT = frozenset({"224"})

CHARSETS: Mapping[str, str] = MappingProxyType(
    {"UNOC": "latin-1", "UNOD": "iso8859-2", "UNOE": "iso8859-5", "UNOF": "iso8859-7"}
)
"""0001; UNOA and UNOB are ASCII, of which UTF-8 (UNOY) is more."""
