"""A file of one list whose entries have a name and are settings: holds, exceptions, roles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from hub.domain.model import Frozen
from hub.errors import ConfigError
from hub.rules.marked import at, entries_of, lists_of, value_of
from hub.rules.rule_file import directory_with, read_rules

S = TypeVar("S", bound=Frozen)
Check = Callable[[Mapping[str, S]], Iterable[tuple[str, str]]]
"""What makes no sense in the entries as a whole, as (name, sentence)."""


def load_named(directory: Path, what: str, kind: type[S], check: Check[S]) -> Mapping[str, S]:
    """The entries of `<what>.yaml`; a directory without the file has the hub's own.

    Raises:
        ConfigError: something is wrong; names file, line and entry.
    """
    name = f"{what}.yaml"
    text, origin = read_rules(directory_with(name, directory), name, what)
    return parse_named(text, origin, what, kind, check)


def parse_named(text: str, origin: str, what: str, kind: type[S], check: Check[S]) -> Mapping[str, S]:
    """The entries written in `text`. Raises ConfigError, naming `origin`, line and entry."""
    found: dict[str, S] = {}
    nodes: dict[str, yaml.Node] = {}
    for node in lists_of(text, origin, [what])[what]:
        name, settings = _named(node, origin)
        if name in found:
            raise ConfigError(f"{at(origin, node)}: {name} stands above already; rename one of the two")
        try:
            found[name], nodes[name] = msgspec.convert(settings, kind, strict=False), node
        except msgspec.ValidationError as exc:
            raise ConfigError(f"{at(origin, node)}: {name}: {exc}") from exc
    for name, mistake in check(found):
        raise ConfigError(f"{at(origin, nodes[name])}: {name}: {mistake}")
    return found


def _named(node: yaml.Node, origin: str) -> tuple[str, dict[str, Any]]:
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{at(origin, node)}: an entry has a name and more; `- name: ...`")
    entries_of(node, origin)
    settings: dict[str, Any] = value_of(node, origin)
    name = settings.pop("name", None)
    if not isinstance(name, str) or not name or ":" in name:
        raise ConfigError(f"{at(origin, node)}: an entry needs a name, which is a text without a colon")
    return name, settings
