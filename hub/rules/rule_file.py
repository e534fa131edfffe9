"""A file of rules: YAML that names, for whatever is wrong with it, the file, the line and the rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.errors import ConfigError
from hub.rules.condition import Vocabulary, fault
from hub.rules.marked import at, entries_of, lists_of, value_of

RULES_DIR = Path(__file__).resolve().parent.parent.parent / "rules"
"""The rule set that comes with the hub."""


class Named(BaseModel):
    """What everything in a list has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=100)


class NamedRule(Named):
    """What every rule has."""

    when: str = ""
    """A condition in CEL; empty: always."""


class Section(NamedTuple):
    """One list in a file: how each of its entries is written, and what their conditions are about, if they have any."""

    entry: type[Named]
    facts: Vocabulary = MappingProxyType({})
    about: str = ""
    """What the facts are facts of, for a person: `a line`."""
    noun: str = "rule"
    """What an entry is called."""


def directory_with(file_name: str, rules_dir: Path | None) -> Path:
    """A directory of one's own if it has the file, else the hub's."""
    return rules_dir if rules_dir is not None and (rules_dir / file_name).exists() else RULES_DIR


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


def parse_sections(
    text: str, origin: str, sections: Mapping[str, Section], known: Mapping[str, Any] | None = None
) -> dict[str, list[Any]]:
    """The entries of each section, in the order of the file. Raises ConfigError, naming `origin`, line and entry.

    `known`: what the entries may refer to, for their validators' context; the sections read before it are there too.
    """
    lists = lists_of(text, origin, sections)
    read: dict[str, list[Any]] = {}
    for name, section in sections.items():
        read[name] = list(_listed(lists[name], origin, section, {**(known or {}), **read}))
    return read


def _listed(nodes: Iterable[yaml.Node], origin: str, section: Section, known: Mapping[str, Any]) -> Iterator[Named]:
    names: set[str] = set()
    for each in nodes:
        entry = _entry(each, origin, section, known)
        if entry.name in names:
            where = f"{at(origin, each)}: a {section.noun}"
            raise ConfigError(f"{where} {entry.name} stands above already; rename one of the two")
        names.add(entry.name)
        yield entry


def _entry(node: yaml.Node, origin: str, section: Section, known: Mapping[str, Any]) -> Named:
    noun = section.noun
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{at(origin, node)}: a {noun} has a name and more; `- name: ...`")
    entries = entries_of(node, origin)
    data: dict[str, Any] = value_of(node, origin)
    name = data.get("name", "without a name")
    try:
        entry = section.entry.model_validate(data, context=known)
    except ValidationError as exc:
        problem = exc.errors()[0]
        field = str(problem["loc"][0]) if problem["loc"] else ""
        where = at(origin, entries.get(field, node))
        shown = ".".join(str(part) for part in problem["loc"])
        raise ConfigError(f"{where}: {noun} {name}: {shown}: {problem['msg']}") from exc
    if isinstance(entry, NamedRule) and entry.when and (wrong := fault(entry.when, section.facts, section.about)):
        raise ConfigError(f"{at(origin, entries['when'])}: {noun} {name}: when: {wrong}")
    return entry
