"""The company as its documents name it: `rules/seller.yaml`."""

from __future__ import annotations

from pathlib import Path

import msgspec
import yaml

from hub.domain.countries import COUNTRIES
from hub.domain.party import Seller
from hub.errors import ConfigError
from hub.rules import RULES_DIR, plain_yaml

_FILE_NAME = "seller.yaml"


def load_seller(rules_dir: Path | None = None) -> Seller:
    """The seller of a directory, by default the hub's own. Raises ConfigError, naming file and field."""
    path = (rules_dir or RULES_DIR) / _FILE_NAME
    try:
        document = plain_yaml.load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise ConfigError(f"The seller {path} cannot be read: {exc}") from exc
    try:
        seller = msgspec.convert(document, Seller)
    except msgspec.ValidationError as exc:
        raise ConfigError(f"{path}: {exc}") from exc
    if not seller.party.name:
        raise ConfigError(f"{path}: party.name is empty; no document can be issued by nobody")
    if seller.party.country not in COUNTRIES:
        raise ConfigError(f"{path}: party.country {seller.party.country!r} is no ISO 3166-1 code, e.g. DE")
    for each in seller.exemptions:
        if not (each.code or each.reason):
            raise ConfigError(f"{path}: the exemption of category {each.category} gives neither code nor reason")
    return seller
