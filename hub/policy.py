"""The company's policy of `rules/policy.yaml`: what it does not set keeps the default of `hub.domain.policy`.

The kinds of holds belong to it and have a file of their own; a directory without it has the hub's.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import yaml
from msgspec.structs import replace

from hub.domain.policy import Policy
from hub.errors import ConfigError
from hub.rules import RULES_DIR
from hub.rules.holds import HOLDS_FILE, load_holds

_FILE_NAME = "policy.yaml"
_OTHER_FILES = frozenset(("holds",))
"""What of the policy is read from elsewhere."""


def load_policy(rules_dir: Path | None = None) -> Policy:
    """The policy of a directory, by default the hub's own. Raises ConfigError, naming file and setting."""
    directory = rules_dir or RULES_DIR
    path = directory / _FILE_NAME
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise ConfigError(f"The policy {path} cannot be read: {exc}") from exc
    if not isinstance(settings, dict):
        raise ConfigError(f"{path} shall hold settings with their values, one a line: `stalled_after: P3D`")
    names = [name for name in Policy.__struct_fields__ if name not in _OTHER_FILES]
    unknown = sorted(set(settings) - set(names))
    if unknown:
        known = ", ".join(names)
        raise ConfigError(f"{path}: {', '.join(unknown)} is no setting of the policy; there are {known}")
    try:
        policy = msgspec.convert(settings, Policy, strict=False)
    except msgspec.ValidationError as exc:
        raise ConfigError(f"{path}: {exc}") from exc
    return replace(policy, holds=load_holds(_with(HOLDS_FILE, directory)))


def _with(name: str, directory: Path) -> Path:
    return directory if (directory / name).exists() else RULES_DIR
