"""YAML whose mistakes are named by file and line."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import yaml

from hub.errors import ConfigError
from hub.rules import plain_yaml


def lists_of(text: str, origin: str, names: Collection[str]) -> dict[str, list[yaml.Node]]:
    """The entries of the lists a file consists of, by their names. Raises ConfigError if it holds anything else."""
    try:
        document = plain_yaml.compose(text)
    except yaml.YAMLError as exc:
        raise ConfigError(f"{origin} is not YAML: {exc}") from exc
    shown = ", ".join(f"`{name}:`" for name in names)
    if not isinstance(document, yaml.MappingNode):
        raise ConfigError(f"{origin} holds no rules; begin with {shown}")
    entries = entries_of(document, origin)
    if set(entries) != set(names) or not all(isinstance(node, yaml.SequenceNode) for node in entries.values()):
        raise ConfigError(f"{origin} shall hold {shown} with a list, and nothing else beside it")
    return {name: entries[name].value for name in names}


def entries_of(node: yaml.MappingNode, origin: str) -> dict[str, yaml.Node]:
    """The keys of a mapping with the nodes of their values; YAML itself would let the last of two equal keys win."""
    entries: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = str(key.value)
        if name in entries:
            raise ConfigError(f"{at(origin, key)}: {name} is given twice")
        entries[name] = value
    return entries


def value_of(node: yaml.Node, origin: str) -> Any:
    """What a node stands for. Raises ConfigError where that is nothing, like the 31st of February."""
    try:
        return plain_yaml.construct(node)
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else node.start_mark.line + 1
        raise ConfigError(f"{origin}, line {line}: {exc.problem}") from exc


def at(origin: str, node: yaml.Node) -> str:
    """Where a node stands, for a person."""
    return f"{origin}, line {node.start_mark.line + 1}"
