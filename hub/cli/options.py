"""Options that several commands take: what documents may leave open."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from connectors import defaults as given
from connectors.mapped.mapping import TableMapping, load_mapping
from hub.domain.countries import COUNTRIES
from hub.domain.model import VatCategory
from hub.domain.money import CURRENCIES

Vat = Annotated[
    str | None, typer.Option(help="How to tax order lines without a VAT category: CATEGORY:PERCENT, e.g. S:20.")
]
Currency = Annotated[str | None, typer.Option(help="Of orders that name no currency, e.g. USD.")]
Country = Annotated[str | None, typer.Option(help="Of addresses that name no country, e.g. US.")]

Mappings = Annotated[
    list[Path] | None,
    typer.Option("--mapping", help="How to read CSV, JSON Lines or Parquet of others (YAML); may be given again."),
]

_RATE = re.compile(r"\d{1,3}(\.\d{1,6})?", re.ASCII)


def moment(text: str) -> datetime:
    """A time in ISO 8601, in UTC where it names no zone. Raises typer.BadParameter."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time like 2026-05-04 or 2026-05-04T09:30") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def mappings(files: list[Path] | None) -> tuple[TableMapping, ...]:
    """The mappings of files. Raises ConfigError."""
    return tuple(map(load_mapping, files or ()))


def defaults(vat: str | None, currency: str | None, country: str | None) -> given.Defaults:
    """The options as what documents may leave open. Raises typer.BadParameter."""
    if currency is not None and currency not in CURRENCIES:
        raise typer.BadParameter(f"{currency!r} is not a currency of ISO 4217, like USD", param_hint="--currency")
    if country is not None and country not in COUNTRIES:
        raise typer.BadParameter(f"{country!r} is not a country code of ISO 3166-1, like US", param_hint="--country")
    return given.Defaults(None if vat is None else _parse_vat(vat), currency or "", country or "")


def _parse_vat(text: str) -> given.Vat:
    category, _, rate = text.partition(":")
    if category not in get_args(VatCategory) or not _RATE.fullmatch(rate):
        raise typer.BadParameter(
            f"{text!r} is not CATEGORY:PERCENT with a category of {', '.join(get_args(VatCategory))}, like S:20",
            param_hint="--vat",
        )
    return given.Vat(cast("VatCategory", category), Decimal(rate))
