"""The demonstration's world: a maker of machine parts with three branches, its customers and what it sells.

Everything is invented. Amounts are realistic for small and medium machine building.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from hub.domain.model import Address, VatCategory
from hub.domain.party import Party

Vat = tuple[tuple[VatCategory, str], ...]
"""VAT categories with their rates in percent."""


@dataclass(frozen=True, slots=True)
class Customer:
    """Someone who orders, and how."""

    customer_id: str
    name: str
    seller_id: str
    """The branch that sells to them."""
    currency: str
    credit_limit: int
    vat: Vat
    """Categories and rates their lines have: the first for most, the others now and then."""
    address: Address
    locale: str = "en"
    confirmation: Literal["automatic", "required"] = "automatic"
    discount: str = "0"
    """Their frame contract's discount on every order, in percent."""
    vat_id: str = ""

    @property
    def party(self) -> Party:
        """Who they are on an invoice."""
        at = self.address
        return Party(
            name=self.name,
            street=at.street,
            city=at.city,
            postal_code=at.postal_code,
            country=at.country,
            vat_id=self.vat_id,
        )


@dataclass(frozen=True, slots=True)
class Item:
    """Something sold; the prefix says where it comes from: made, bought or on stock."""

    item_id: str
    description: str
    unit: str
    price: str
    """Euro for `base_quantity` units."""
    base_quantity: int
    usual: tuple[int, int]
    """Smallest and largest quantity of an ordinary order line."""


EURO_RATES = {
    "EUR": Decimal(1),
    "USD": Decimal("1.08"),
    "GBP": Decimal("0.86"),
    "SEK": Decimal("11.30"),
    "CHF": Decimal("0.95"),
    "JPY": Decimal(163),
    "CNY": Decimal("7.80"),
    "KWD": Decimal("0.334"),
}
"""Units of a currency for one euro, for the price lists."""

_HOME: Vat = (("S", "19"), ("S", "7"))
_UNION: Vat = (("K", "0"),)
_EXPORT: Vat = (("G", "0"),)

CUSTOMERS = (
    Customer(
        "C-1001", "Weserland Anlagenbau GmbH", "PARTS-DE", "EUR", 400_000, _HOME,
        Address("Weserland Anlagenbau", "Hafenstrasse 12", "Bremen", "28217", "DE"), "de", discount="2",
    ),
    Customer(
        "C-1002", "Stadtwerke Ilmenau", "PARTS-DE", "EUR", 150_000, _HOME,
        Address("Stadtwerke, Lager", "Am Vogelherd 40", "Ilmenau", "98693", "DE"), "de", confirmation="required",
    ),
    Customer(
        "C-1003", "Atelier Lumiere SARL", "PARTS-DE", "EUR", 120_000, _UNION,
        Address("Atelier Lumiere", "8 rue des Forges", "Dijon", "21000", "FR"), vat_id="FR61954506077",
    ),
    Customer(
        "C-1004", "Skanor Verkstad AB", "PARTS-DE", "SEK", 2_500_000, _UNION,
        Address("Skanor Verkstad", "Varvsgatan 3", "Malmo", "21175", "SE"), discount="1.5",
        vat_id="SE556000475701",
    ),
    Customer(
        "C-1005", "Uhrwerk Vallee SA", "PARTS-DE", "CHF", 90_000, _EXPORT,
        Address("Uhrwerk Vallee", "Rue du Lac 17", "Le Sentier", "1347", "CH"),
    ),
    Customer(
        "C-1006", "Pennine Mills Ltd", "PARTS-DE", "GBP", 160_000, _EXPORT,
        Address("Pennine Mills", "2 Canal Wharf", "Halifax", "HX1 5AX", "GB"),
    ),
    Customer(
        "C-2001", "Harbour Robotics Inc", "PARTS-DE", "USD", 350_000, _EXPORT,
        Address("Harbour Robotics", "410 Pier Road", "Portland", "97209", "US"), discount="3",
    ),
    Customer(
        "C-3001", "Huadong Precision Machinery", "PARTS-CN", "CNY", 3_000_000, (("S", "13"), ("S", "9")),
        Address("华东精密机械", "工业园区星湖街 218 号", "苏州", "215123", "CN"), "zh", confirmation="required",
    ),
    Customer(
        "C-4001", "Kyoto Seimitsu KK", "PARTS-JP", "JPY", 40_000_000, (("S", "10"), ("S", "8")),
        Address("Kyoto Seimitsu", "Kamitoba 5-1", "Kyoto", "601-8101", "JP"),
    ),
    Customer(
        "C-5001", "Gulf Desalination WLL", "PARTS-DE", "KWD", 60_000, (("O", "0"),),
        Address("Gulf Desalination", "Block 3, Street 14", "Shuaiba", "65000", "KW"),
    ),
)  # fmt: skip
"""Who orders. The last three groups buy from the branches in China and Japan, and from the Gulf."""

ITEMS = (
    Item("MK-BRACKET-20", "Bearing bracket, galvanised", "C62", "2.70", 1, (20, 400)),
    Item("MK-SHAFT-35", "Drive shaft 35 mm, ground", "C62", "84.50", 1, (2, 40)),
    Item("MK-HOUSING-7", "Gear housing, cast", "C62", "212.00", 1, (1, 12)),
    Item("MK-RAIL-3000", "Guide rail, cut to length", "MTR", "31.20", 1, (6, 90)),
    Item("BU-BOLT-M8", "Hexagon bolt M8 x 40", "C62", "12.00", 100, (100, 5_000)),
    Item("BU-SEAL-NBR", "Shaft seal NBR", "C62", "1.85", 1, (10, 300)),
    Item("BU-MOTOR-0K75", "Motor 0.75 kW", "C62", "168.00", 1, (1, 20)),
    Item("ST-GREASE-2", "Bearing grease, class 2", "KGM", "9.40", 1, (5, 120)),
    Item("ST-PRIMER-G", "Primer, grey", "LTR", "7.15", 1, (10, 200)),
    Item("ST-SHEET-DC01", "Sheet steel DC01", "KGM", "1140.00", 1_000, (50, 4_000)),
)
"""What they order: MK is made, BU is bought, ST is on stock."""
