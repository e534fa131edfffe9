"""A file of rules: YAML that names, for whatever is wrong with it, the file, the line and the rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.errors import ConfigError
from hub.rules.condition import Vocabulary, fault
from hub.rules.marked import at, entries_of, lists_of

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
    lists = lists_of(text, origin, sections)
    return {name: list(_rules(lists[name], origin, section)) for name, section in sections.items()}


def _rules(nodes: Iterable[yaml.Node], origin: str, section: Section) -> Iterator[NamedRule]:
    known: set[str] = set()
    for each in nodes:
        rule = _rule(each, origin, section)
        if rule.name in known:
            raise ConfigError(f"{at(origin, each)}: a rule {rule.name} stands above already; rename one of the two")
        known.add(rule.name)
        yield rule


def _rule(node: yaml.Node, origin: str, section: Section) -> NamedRule:
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{at(origin, node)}: a rule has a name and more; `- name: ...`")
    entries = entries_of(node, origin)
    data: dict[str, Any] = yaml.SafeLoader("").construct_document(node)
    name = data.get("name", "without a name")
    try:
        rule = section.rule.model_validate(data)
    except ValidationError as exc:
        problem = exc.errors()[0]
        field = str(problem["loc"][0]) if problem["loc"] else ""
        where = at(origin, entries.get(field, node))
        shown = ".".join(str(part) for part in problem["loc"])
        raise ConfigError(f"{where}: rule {name}: {shown}: {problem['msg']}") from exc
    if rule.when and (wrong := fault(rule.when, section.facts, section.about)):
        raise ConfigError(f"{at(origin, entries['when'])}: rule {name}: when: {wrong}")
    return rule
