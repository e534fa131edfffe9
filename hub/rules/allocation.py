"""The allocation rules of `rules/allocation.yaml`: loaded, checked, and asked for candidates.

Everything that can be wrong with a rule is found when it is loaded; the error names the file, the line and the rule.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from hub.domain.model import DEPARTMENTS
from hub.domain.node import Node
from hub.domain.routing import Candidate, LineFacts, OrderClass
from hub.rules.condition import REMEMBERED, Condition, reader, vocabulary_of
from hub.rules.nodes import Nodes, load_nodes
from hub.rules.rule_file import NamedRule, Section, parse_sections, read_rules

_FILE_NAME = "allocation.yaml"
_FACTS = vocabulary_of(LineFacts)


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


class Match(BaseModel):
    """Attributes that must have one of some values. The fields are in the order of their weight."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seller_id: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    order_class: Annotated[tuple[OrderClass, ...], BeforeValidator(_as_list)] = ()
    item_id: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    item_class: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    country: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    region: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()


class Rule(NamedRule):
    """One rule as it is written."""

    match: Match = Match()
    assign: Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(min_length=1)]
    priority: int = 0

    @field_validator("assign")
    @classmethod
    def _supply(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        nodes: Nodes = (info.context or {})["supplied by"]
        for name in names:
            if name not in DEPARTMENTS and name not in nodes:
                known = ", ".join((*DEPARTMENTS, *nodes))
                raise ValueError(f"{name} is neither a department nor a node; there are {known}")
        return names

    def rank(self) -> tuple[tuple[bool, ...], int, str]:
        """Sorting key: most specific first, then priority from high to low, then name."""
        unmatched = tuple(not values for values in _match_values(self.match).values())
        return unmatched, -self.priority, self.name


class RuleVerdict(NamedTuple):
    """What one rule says to a line."""

    rule: str
    assign: tuple[str, ...]
    priority: int
    objection: str
    """Why the rule is not about the line; empty if it is."""


class RuleRouter:
    """A `Router` (hub.domain.routing) that follows the rules.

    An answer depends on the facts that some rule reads, and on nothing else: it is remembered by those.
    """

    def __init__(self, rules: list[Rule], nodes: Nodes | None = None) -> None:
        self._nodes = nodes or {}
        compiled = [_Compiled(rule) for rule in sorted(rules, key=Rule.rank)]
        self._rules = compiled
        names = sorted({name for rule in compiled for name in rule.reads})
        self._facts = reader(names)
        self._answers = lru_cache(maxsize=REMEMBERED)(self._ask)
        self._names = names

    @property
    def rule_names(self) -> tuple[str, ...]:
        """The rules, in the order in which they are asked."""
        return tuple(rule.name for rule in self._rules)

    def candidates(self, facts: LineFacts) -> tuple[Candidate, ...]:
        """Who may supply the line, best first, each with the first rule that names it."""
        return self._answers(self._facts(facts))

    def verdicts(self, facts: LineFacts) -> tuple[RuleVerdict, ...]:
        """Every rule in the order in which they are asked, and why it is about the line or is not."""
        return tuple(RuleVerdict(rule.name, rule.assign, rule.priority, rule.objection(facts)) for rule in self._rules)

    def node(self, name: str) -> Node | None:
        """The node of this name, None if there is none."""
        return self._nodes.get(name)

    def _ask(self, values: tuple[Any, ...]) -> tuple[Candidate, ...]:
        facts = dict(zip(self._names, values, strict=True))
        found: dict[str, Candidate] = {}
        for rule in self._rules:
            if rule.holds(facts):
                for name in rule.assign:
                    if name not in found:
                        found[name] = self._candidate(name, rule.name)
        return tuple(found.values())

    def _candidate(self, name: str, rule: str) -> Candidate:
        node = self._nodes.get(name)
        department = next(each for each in DEPARTMENTS if each == (node.department if node else name))
        return Candidate(department, rule, node)


class _Compiled:
    """A rule ready to be asked."""

    def __init__(self, rule: Rule) -> None:
        self.name = rule.name
        self.assign = rule.assign
        self.priority = rule.priority
        self._when = rule.when
        self._match = {name: frozenset(values) for name, values in _match_values(rule.match).items() if values}
        self._condition = Condition(rule.name, rule.when, _FACTS) if rule.when else None
        self.reads = frozenset(self._match) | (self._condition.reads if self._condition else frozenset())

    def holds(self, facts: dict[str, Any]) -> bool:
        """Whether the rule is about a line with these facts."""
        for name, values in self._match.items():
            if facts[name] not in values:
                return False
        return self._condition is None or self._condition.holds(facts)

    def objection(self, facts: LineFacts) -> str:
        """Why the rule is not about the line; empty if it is."""
        for name, values in self._match.items():
            if (value := getattr(facts, name)) not in values:
                return f"{name} is {value!r}, not {' or '.join(sorted(values))}"
        read = {name: getattr(facts, name) for name in self.reads}
        if self._condition is None or self._condition.holds(read):
            return ""
        shown = ", ".join(f"{name} is {value}" for name, value in sorted(read.items()) if name not in self._match)
        return f"not true: {self._when} ({shown})"


def load_router(rules_dir: Path | None = None) -> RuleRouter:
    """The rules of a directory, by default the hub's own. Raises ConfigError, naming file, line and rule."""
    nodes = load_nodes(rules_dir)
    return RuleRouter(parse_rules(*read_rules(rules_dir, _FILE_NAME, "allocation rules"), nodes), nodes)


def parse_rules(text: str, origin: str, nodes: Nodes | None = None) -> list[Rule]:
    """The rules written in `text`, which may assign to `nodes`. Raises ConfigError, naming `origin`, line and rule."""
    sections = {"rules": Section(Rule, _FACTS, "a line")}
    return parse_sections(text, origin, sections, {"supplied by": nodes or {}})["rules"]


def _match_values(match: Match) -> dict[str, tuple[str, ...]]:
    return {name: getattr(match, name) for name in Match.model_fields}
