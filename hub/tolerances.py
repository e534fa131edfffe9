"""How much a reconciliation may find without anybody looking: `rules/tolerances.yaml`."""

from __future__ import annotations

from pathlib import Path

import msgspec
import yaml

from hub.domain.reconciliation.discrepancy import Tolerances
from hub.errors import ConfigError
from hub.rules import RULES_DIR, plain_yaml

_FILE_NAME = "tolerances.yaml"


def load_tolerances(rules_dir: Path | None = None) -> Tolerances:
    """The tolerances of a directory, by default the hub's own; without such a file there nothing is tolerated.

    Raises ConfigError, naming file and measure.
    """
    path = (rules_dir or RULES_DIR) / _FILE_NAME
    if not path.exists():
        return Tolerances()
    try:
        document = plain_yaml.load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise ConfigError(f"The tolerances {path} cannot be read: {exc}") from exc
    try:
        return msgspec.convert(document, Tolerances, strict=False)
    except msgspec.ValidationError as exc:
        raise ConfigError(f"{path}: {exc}") from exc
