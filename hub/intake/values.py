"""The vocabulary of the edge models: what a field of an inbound document may hold.

Stricter than the structs behind them. Kafka may bring anything and the hub judges it there; whoever sends a
document through an edge is told at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StrictBool,
    StrictInt,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

_MAX_PLACES = 9
_PLAIN = re.compile(rf"-?[0-9]{{1,18}}(\.[0-9]{{1,{_MAX_PLACES}}})?", re.ASCII)


def _decimal(value: object) -> Decimal:
    """A plain decimal: a JSON string such as "12.50", or a JSON number, read without binary rounding."""
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        small = isinstance(exponent, int) and -_MAX_PLACES <= exponent <= 0
        value = format(value, "f") if small else str(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not _PLAIN.fullmatch(value):
        raise ValueError(
            'is not a plain decimal number; write it as a string such as "12.50", without exponent, with at most '
            "18 digits before and 9 after the point"
        )
    return Decimal(value)


def _date(value: object) -> date:
    if isinstance(value, str) and len(value) == 10:
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise ValueError('is not a date; write it as "2025-01-31"')


def _instant(value: object) -> datetime:
    moment = None
    if isinstance(value, str) and len(value) <= 40:
        with suppress(ValueError):
            moment = datetime.fromisoformat(value)
    if moment is None or moment.tzinfo is None:
        raise ValueError('is not a moment with its time zone; write it as "2025-01-31T12:00:00Z"')
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside the years 1 to 9999") from None


def _positive(value: Decimal) -> Decimal:
    if value <= 0:
        raise ValueError("must be greater than 0")
    return value


def _not_negative(value: Decimal) -> Decimal:
    if value < 0:
        raise ValueError("must not be negative")
    return value


def _percent(value: Decimal) -> Decimal:
    if not 0 <= value <= 100:
        raise ValueError("is not a percentage; it must lie from 0 to 100")
    return value


def _some(value: tuple[object, ...]) -> tuple[object, ...]:
    if not value:
        raise ValueError("is empty; give at least one")
    return value


class _Checked:
    """Annotates a type with a check of its values, and tells JSON Schema of it."""

    def __init__(self, check: Callable[[Any], Any], **schema: Any) -> None:
        self._check = check
        self._schema = schema

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(schema) | self._schema


def _fits(pattern: str, what: str) -> _Checked:
    """A check of a text against a pattern, with a message of its own."""
    compiled = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(f"is not {what}")
        return value

    return _Checked(check, pattern=f"^(?:{pattern})$")


SOME = _Checked(_some, minItems=1)
"""Annotates a list that must not be empty."""
Flag = StrictBool
Count = Annotated[StrictInt, Field(ge=0, le=2**31 - 1)]
Revision = Annotated[StrictInt, Field(ge=1, le=2**31 - 1)]
Number = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": f"^(?:{_PLAIN.pattern})$"}, {"type": "number"}]}),
]
Positive = Annotated[Number, AfterValidator(_positive)]
Amount = Annotated[Number, AfterValidator(_not_negative)]
Percent = Annotated[Number, AfterValidator(_percent)]
Day = Annotated[date, BeforeValidator(_date)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
Name = Annotated[str, _fits(r"[^\x00-\x1f\x7f]{1,500}", "a text of 1 to 500 characters on one line")]
Text = Annotated[
    str, _fits(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]{0,4000}", "a text of at most 4000 characters without control codes")
]
Id = Annotated[
    str,
    _fits(
        r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,198}[^\s\x00-\x1f\x7f])?",
        "an identifier; it has 1 to 200 characters, none of them a control character, no space at either end",
    ),
]
Currency = Annotated[str, _fits(r"[A-Z]{3}", 'an ISO 4217 currency code such as "EUR"')]
Country = Annotated[str, _fits(r"[A-Z]{2}", 'an ISO 3166-1 country code such as "DE"')]
Unit = Annotated[str, _fits(r"[A-Z0-9]{2,3}", 'a UN/ECE Recommendation 20 unit code such as "C62" or "KGM"')]
Locale = Annotated[
    str, _fits(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}", 'a BCP 47 language tag such as "en" or "de-AT"')
]
VatId = Annotated[
    str, _fits(r"[A-Z]{2}[A-Z0-9+*.]{2,14}", 'a VAT identifier with its country prefix, such as "DE123456789"')
]
ElectronicScheme = Annotated[
    str, _fits(r"[0-9A-Z]{2,4}", 'a code of the electronic address schemes (EAS), such as "0088" or "EM"')
]
