"""X12's codes and what they are in the hub's terms."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

UNITS: Mapping[str, str] = MappingProxyType(
    {
        "BD": "XBE",
        "BG": "XBG",
        "BO": "XBO",
        "BX": "XBX",
        "CA": "XCS",
        "CM": "CMT",
        "CN": "XCA",
        "CT": "XCT",
        "DA": "DAY",
        "DR": "XDR",
        "DZ": "DZN",
        "FT": "FOT",
        "GA": "GLL",
        "GR": "GRM",
        "HR": "HUR",
        "IN": "INH",
        "KG": "KGM",
        "LB": "LBR",
        "LT": "LTR",
        "MO": "MON",
        "MP": "TNE",
        "MR": "MTR",
        "OZ": "ONZ",
        "PC": "H87",
        "PK": "XPK",
        "RL": "XRO",
        "SF": "FTK",
        "SH": "XST",
        "SM": "MTK",
        "ST": "SET",
        "SY": "YDK",
        "TH": "MIL",
        "TN": "STN",
        "UN": "C62",
        "YD": "YRD",
    }
)
"""X12 element 355 to UN/ECE Recommendations 20 and 21 (packages, with X before them); others are the same in both."""
TO_X12: Mapping[str, str] = MappingProxyType({**{rec: x12 for x12, rec in UNITS.items()}, "C62": "EA"})

PRICED_FOR: Mapping[str, Decimal] = MappingProxyType(
    {
        **dict.fromkeys(("", "PE", "TE", "UM", "NT", "CT", "CA", "CP", "QT", "LE", "WE", "ST", "NS"), Decimal(1)),
        "HP": Decimal(100),
        "HF": Decimal(100),
        "TP": Decimal(1000),
    }
)
"""X12 element 639: how many units the price is for."""

SCHEMES: Mapping[str, str] = MappingProxyType(
    {"1": "0060", "9": "0060", "01": "0060", "14": "0060", "UL": "0088", "8": "0088", "08": "0088", "91": ""}
)
"""Elements 66 and I05 to ISO 6523: DUNS numbers and GLNs. 91 is our own number for a party."""

ITEM_QUALIFIERS: tuple[tuple[str, ...], ...] = (
    ("VN", "VP", "VA", "VC"),
    ("UP", "UK", "EN", "UI", "EO", "UA"),
    ("MG", "MF", "MN"),
    ("SK", "BP", "IN", "PI", "CB", "PN"),
)
"""Element 235 in the order they are looked for: the seller's, global ones, the manufacturer's, the buyer's."""

DISCOUNT, UNNAMED = "C310", "ZZZZ"
SERVICES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "C310": ("95", ""),
        "D240": ("FC", "Freight"),
        "D270": ("", "Fuel surcharge"),
        "D500": ("HD", "Handling"),
        "F050": ("", "Other"),
        "G821": ("", "Shipping"),
        "G830": ("HD", "Shipping and handling"),
        "H550": ("", "Surcharge"),
    }
)
"""Element 1300 to UNCL 5189 and 7161 where they have it, and what it is called where SAC15 does not say."""
TAXES = frozenset({"D360", "H850"})
"""Element 1300: goods and services tax, tax."""
SERVICES_OF: Mapping[tuple[str, str], str] = MappingProxyType(
    {("allowance", "95"): DISCOUNT, ("charge", "FC"): "D240", ("charge", "HD"): "D500"}
)
"""The other way round, by kind."""

RELEASE = " release "
"""Between the number of a blanket order and that of a release in the buyer's number."""

ORDER_TYPES = frozenset({"", "SA", "NE", "DS", "OS", "RL", "RO", "EO", "KN", "IN"})
"""Element 92: orders to be delivered and billed. Not blanket orders, contracts and their like."""
URGENT = frozenset({"RO", "EO"})
"""Rush order, emergency order."""
