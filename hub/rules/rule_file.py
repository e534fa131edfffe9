"""A file of rules: YAML that names, for whatever is wrong with it, the file, the line and the rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.errors import ConfigError
from hub.rules.condition import Vocabulary, fault

RULES_DIR = Path(__file__).resolve().parent.parent.parent / "rules"
"""The rule set that comes with the hub."""


class NamedRule(BaseModel):
    """What every rule has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=100)
    when: str = ""
    """A condition in CEL; empty: always."""


class Section(NamedTuple):
    """One list of rules in a file: how each is written, and what their conditions are about."""

    rule: type[NamedRule]
    facts: Vocabulary
    about: str
    """What the facts are facts of, for a person: `a line`."""


def read_rules(rules_dir: Path | None, file_name: str, what: str) -> tuple[str, str]:
    """The text of a file of the rules directory, by default the hub's own, and its name for messages.

    Raises:
        ConfigError: it cannot be read; names `what` it holds.
    """
    path = (rules_dir or RULES_DIR) / file_name
    try:
        return path.read_text(encoding="utf-8"), str(path)
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"The {what} {path} cannot be read: {exc}") from exc


def parse_sections(text: str, origin: str, sections: Mapping[str, Section]) -> dict[str, list[Any]]:
    """The rules of each section, in the order of the file. Raises ConfigError, naming `origin`, line and rule."""
    try:
        document = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as exc:
        raise ConfigError(f"{origin} is not YAML: {exc}") from exc
    names = ", ".join(f"`{name}:`" for name in sections)
    if not isinstance(document, yaml.MappingNode):
        raise ConfigError(f"{origin} holds no rules; begin with {names}")
    entries = _entries(document, origin)
    if set(entries) != set(sections) or not all(isinstance(node, yaml.SequenceNode) for node in entries.values()):
        raise ConfigError(f"{origin} shall hold {names} with a list, and nothing else beside it")
    return {name: list(_rules(entries[name], origin, section)) for name, section in sections.items()}


def _rules(node: yaml.Node, origin: str, section: Section) -> Iterator[NamedRule]:
    known: set[str] = set()
    for each in node.value:
        rule = _rule(each, origin, section)
        if rule.name in known:
            raise ConfigError(f"{_at(origin, each)}: a rule {rule.name} stands above already; rename one of the two")
        known.add(rule.name)
        yield rule


def _rule(node: yaml.Node, origin: str, section: Section) -> NamedRule:
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{_at(origin, node)}: a rule has a name and more; `- name: ...`")
    entries = _entries(node, origin)
    data: dict[str, Any] = yaml.SafeLoader("").construct_document(node)
    name = data.get("name", "without a name")
    try:
        rule = section.rule.model_validate(data)
    except ValidationError as exc:
        problem = exc.errors()[0]
        field = str(problem["loc"][0]) if problem["loc"] else ""
        where = _at(origin, entries.get(field, node))
        shown = ".".join(str(part) for part in problem["loc"])
        raise ConfigError(f"{where}: rule {name}: {shown}: {problem['msg']}") from exc
    if rule.when and (wrong := fault(rule.when, section.facts, section.about)):
        raise ConfigError(f"{_at(origin, entries['when'])}: rule {name}: when: {wrong}")
    return rule


def _entries(node: yaml.MappingNode, origin: str) -> dict[str, yaml.Node]:
    """The keys of a mapping with the nodes of their values; YAML itself would let the last of two equal keys win."""
    entries: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = str(key.value)
        if name in entries:
            raise ConfigError(f"{_at(origin, key)}: {name} is given twice")
        entries[name] = value
    return entries


def _at(origin: str, node: yaml.Node) -> str:
    return f"{origin}, line {node.start_mark.line + 1}"
