"""The company's policy of `rules/policy.yaml`: what it does not set keeps the default of `hub.domain.policy`."""

from __future__ import annotations

from pathlib import Path

import msgspec
import yaml

from hub.domain.policy import Policy
from hub.errors import ConfigError
from hub.rules import RULES_DIR

_FILE_NAME = "policy.yaml"


def load_policy(rules_dir: Path | None = None) -> Policy:
    """The policy of a directory, by default the hub's own. Raises ConfigError, naming file and setting."""
    path = (rules_dir or RULES_DIR) / _FILE_NAME
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise ConfigError(f"The policy {path} cannot be read: {exc}") from exc
    if not isinstance(settings, dict):
        raise ConfigError(f"{path} shall hold settings with their values, one a line: `stalled_after: P3D`")
    unknown = sorted(set(settings) - set(Policy.__struct_fields__))
    if unknown:
        known = ", ".join(Policy.__struct_fields__)
        raise ConfigError(f"{path}: {', '.join(unknown)} is no setting of the policy; there are {known}")
    try:
        return msgspec.convert(settings, Policy, strict=False)
    except msgspec.ValidationError as exc:
        raise ConfigError(f"{path}: {exc}") from exc
