"""The holds of `rules/holds.yaml`: whatever is wrong with one is found when it is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import yaml

from hub.domain.holds import HoldRule, HoldRules, check
from hub.errors import ConfigError
from hub.rules.marked import at, entries_of, lists_of
from hub.rules.rule_file import read_rules

HOLDS_FILE = "holds.yaml"


def load_holds(rules_dir: Path | None = None) -> HoldRules:
    """The holds of a directory, by default the hub's own. Raises ConfigError, naming file, line and hold."""
    return parse_holds(*read_rules(rules_dir, HOLDS_FILE, "holds"))


def parse_holds(text: str, origin: str) -> HoldRules:
    """The holds written in `text`. Raises ConfigError, naming `origin`, line and hold."""
    rules: dict[str, HoldRule] = {}
    nodes: dict[str, yaml.Node] = {}
    for node in lists_of(text, origin, ["holds"])["holds"]:
        name, rule = _hold(node, origin)
        if name in rules:
            raise ConfigError(f"{at(origin, node)}: a hold {name} stands above already; rename one of the two")
        rules[name], nodes[name] = rule, node
    for name, mistake in check(rules):
        raise ConfigError(f"{at(origin, nodes[name])}: hold {name}: {mistake}")
    return rules


def _hold(node: yaml.Node, origin: str) -> tuple[str, HoldRule]:
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{at(origin, node)}: a hold has a name and more; `- name: ...`")
    entries_of(node, origin)
    data: dict[str, Any] = yaml.SafeLoader("").construct_document(node)
    name = data.pop("name", None)
    if not isinstance(name, str) or not name or ":" in name:
        raise ConfigError(f"{at(origin, node)}: a hold needs a name, which is a text without a colon")
    try:
        return name, msgspec.convert(data, HoldRule, strict=False)
    except msgspec.ValidationError as exc:
        raise ConfigError(f"{at(origin, node)}: hold {name}: {exc}") from exc
