"""The company's policy of `rules/policy.yaml`: what it does not set keeps the default of `hub.domain.policy`.

Plan, monitor, holds, exceptions and roles belong to it and have files of their own; a directory without one has the
hub's.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import yaml
from msgspec.structs import replace

from hub.domain import exceptions, holds, monitor, roles
from hub.domain.exceptions import ExceptionRule
from hub.domain.holds import HoldRule
from hub.domain.monitor import Monitor, MonitorRule
from hub.domain.policy import Policy
from hub.domain.roles import Role
from hub.domain.schedule import ScheduleRules
from hub.errors import ConfigError
from hub.rules import RULES_DIR, load_plan, plain_yaml
from hub.rules.named import load_named
from hub.rules.texts import load_texts

_FILE_NAME = "policy.yaml"
_OTHER_FILES = frozenset(("texts", "schedule", "monitor", "holds", "exceptions", "roles"))
"""What of the policy is read from elsewhere."""


def load_policy(rules_dir: Path | None = None) -> Policy:
    """The policy of a directory, by default the hub's own. Raises ConfigError, naming file and setting."""
    directory = rules_dir or RULES_DIR
    path = directory / _FILE_NAME
    try:
        settings = plain_yaml.load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise ConfigError(f"The policy {path} cannot be read: {exc}") from exc
    if not isinstance(settings, dict):
        raise ConfigError(f"{path} shall hold settings with their values, one a line: `credit_wait: PT5M`")
    names = [name for name in Policy.__struct_fields__ if name not in _OTHER_FILES]
    unknown = sorted(set(settings) - set(names))
    if unknown:
        known = ", ".join(names)
        raise ConfigError(f"{path}: {', '.join(unknown)} is no setting of the policy; there are {known}")
    try:
        policy = msgspec.convert(settings, Policy, strict=False)
    except msgspec.ValidationError as exc:
        raise ConfigError(f"{path}: {exc}") from exc
    rules = load_named(directory, "holds", HoldRule, holds.check)
    schedule = load_plan(directory)
    return replace(
        policy,
        texts=load_texts(directory),
        schedule=schedule,
        monitor=load_monitor(directory, schedule),
        holds=rules,
        exceptions=load_named(directory, "exceptions", ExceptionRule, exceptions.check),
        roles=load_named(directory, "roles", Role, lambda found: roles.check(found, rules)),
    )


def load_monitor(directory: Path, schedule: ScheduleRules) -> Monitor:
    """What orders are watched by. Raises ConfigError, naming file, line and rule."""
    rules = load_named(directory, "monitor", MonitorRule, lambda found: monitor.check(found, schedule.calendars))
    return Monitor(rules, schedule.calendars)
