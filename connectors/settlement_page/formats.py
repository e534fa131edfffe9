"""Numbers, dates and words as a locale has them; an amount always with exactly the decimals of its currency."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

from hub.domain.money import minor_unit

Texts = Mapping[str, Any]
_DEFAULT = "en"
_DIGITS = re.compile(r"[#0,.]+")
_FINEST = "#,##0.############"


@cache
def catalogue() -> Mapping[str, Texts]:
    """What the page says, by language."""
    text = Path(__file__).with_name("texts.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Texts] = yaml.safe_load(text)
    return loaded


@dataclass(frozen=True, slots=True)
class Formats:
    """How one locale writes things."""

    locale: Locale
    texts: Texts

    @classmethod
    def of(cls, tag: str) -> Formats:
        """Those of a BCP 47 tag; of English where the page does not speak the language."""
        language = tag.partition("-")[0].lower()
        if language not in catalogue():
            return cls(Locale.parse(_DEFAULT), catalogue()[_DEFAULT])
        try:
            locale = Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            locale = Locale.parse(language)
        return cls(locale, catalogue()[language])

    @property
    def tag(self) -> str:
        """The locale's BCP 47 tag."""
        return str(self.locale).replace("_", "-")

    def date(self, day: date) -> str:
        """A day, without a chance to take its month for its day."""
        return format_date(day, "long", locale=self.locale)

    def amount(self, value: Decimal, currency: str) -> str:
        """An amount, its currency being said elsewhere."""
        return format_decimal(value, _money_digits(currency), self.locale, decimal_quantization=False)

    def money(self, value: Decimal, currency: str) -> str:
        """An amount with its currency. CLDR's own decimals are not ISO 4217's everywhere, so they are not used."""
        pattern = _DIGITS.sub(_money_digits(currency), self.locale.currency_formats["standard"].pattern)
        return format_currency(value, currency, pattern, self.locale, currency_digits=False, decimal_quantization=False)

    def number(self, value: Decimal) -> str:
        """A quantity or a price with the decimals it has."""
        return format_decimal(value, _FINEST, self.locale, decimal_quantization=False)

    def price(self, value: Decimal, currency: str) -> str:
        """A price: at least the decimals of its currency, more if it has more."""
        more = "#" * 6
        digits = _money_digits(currency)
        pattern = f"{digits}{more}" if "." in digits else f"{digits}.{more}"
        return format_decimal(value, pattern, self.locale, decimal_quantization=False)

    def percent(self, value: Decimal) -> str:
        """A percentage, given in percent."""
        pattern = _DIGITS.sub(_FINEST, self.locale.percent_formats[None].pattern)
        return format_percent(value / 100, pattern, self.locale, decimal_quantization=False)

    def country(self, code: str) -> str:
        """A country by its name, or the code where it has none."""
        return str(self.locale.territories.get(code, code))

    def quantity(self, value: Decimal, unit: str) -> str:
        """A quantity with its unit (UN/ECE Recommendation 20); the code itself where it has no name here."""
        return f"{self.number(value)}\N{NO-BREAK SPACE}{self.texts['units'].get(unit, unit)}"


def _money_digits(currency: str) -> str:
    places = minor_unit(currency)
    return f"#,##0.{'0' * places}" if places else "#,##0"
