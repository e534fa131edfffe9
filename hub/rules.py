"""The allocation rules of `rules/allocation.yaml`: loaded, checked, and asked for candidates.

Everything that can be wrong with a rule is found when it is loaded; the error names the file, the line and the rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice, product
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any

import cel
import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hub.domain.model import Department
from hub.domain.routing import Candidate, LineFacts, OrderClass
from hub.errors import ConfigError

RULES_DIR = Path(__file__).resolve().parent.parent / "rules"
"""The rule set that comes with the hub."""

_FILE_NAME = "allocation.yaml"
_NUMBERS = frozenset(("quantity", "price"))
_VARIABLES = frozenset(LineFacts.__struct_fields__)
_REMEMBERED = 65_536
"""How many different combinations of facts the answers are kept of."""
_MAX_TRIALS = 512
"""How many made-up lines a condition is tried on when it is loaded."""


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


class Match(BaseModel):
    """Attributes that must have one of some values. The fields are in the order of their weight."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seller_id: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    order_class: Annotated[tuple[OrderClass, ...], BeforeValidator(_as_list)] = ()
    item_id: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    country: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()


class Rule(BaseModel):
    """One rule as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=100)
    match: Match = Match()
    when: str = ""
    assign: Annotated[tuple[Department, ...], BeforeValidator(_as_list), Field(min_length=1)]
    priority: int = 0

    def rank(self) -> tuple[tuple[bool, ...], int, str]:
        """Sorting key: most specific first, then priority from high to low, then name."""
        unmatched = tuple(not values for values in _match_values(self.match).values())
        return unmatched, -self.priority, self.name


class RuleRouter:
    """A `Router` (hub.domain.routing) that follows the rules.

    An answer depends on the facts that some rule reads, and on nothing else: it is remembered by those.
    """

    def __init__(self, rules: list[Rule]) -> None:
        compiled = [_Compiled(rule) for rule in sorted(rules, key=Rule.rank)]
        self._rules = compiled
        names = sorted({name for rule in compiled for name in rule.reads})
        self._facts = _getter(names)
        self._answers = lru_cache(maxsize=_REMEMBERED)(self._ask)
        self._names = names

    def candidates(self, facts: LineFacts) -> tuple[Candidate, ...]:
        """The departments that may supply the line, best first, each with the first rule that names it."""
        return self._answers(self._facts(facts))

    def _ask(self, values: tuple[Any, ...]) -> tuple[Candidate, ...]:
        facts = dict(zip(self._names, values, strict=True))
        found: dict[Department, Candidate] = {}
        for rule in self._rules:
            if rule.holds(facts):
                for department in rule.assign:
                    found.setdefault(department, Candidate(department, rule.name))
        return tuple(found.values())


class _Compiled:
    """A rule ready to be asked."""

    def __init__(self, rule: Rule) -> None:
        self.name = rule.name
        self.assign = rule.assign
        self._match = {name: frozenset(values) for name, values in _match_values(rule.match).items() if values}
        program = cel.compile(rule.when) if rule.when else None
        variables = program.variables() if program else []
        self.reads = frozenset((*self._match, *variables))
        self._condition = _remembered(rule.name, program, variables) if program else None

    def holds(self, facts: dict[str, Any]) -> bool:
        """Whether the rule is about a line with these facts."""
        for name, values in self._match.items():
            if facts[name] not in values:
                return False
        return self._condition is None or self._condition(facts)


def load_router(rules_dir: Path | None = None) -> RuleRouter:
    """The rules of a directory, by default the hub's own. Raises ConfigError, naming file, line and rule."""
    path = (rules_dir or RULES_DIR) / _FILE_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"The allocation rules {path} cannot be read: {exc}") from exc
    return RuleRouter(parse_rules(text, str(path)))


def parse_rules(text: str, origin: str) -> list[Rule]:
    """The rules written in `text`. Raises ConfigError, naming `origin`, line and rule."""
    try:
        document = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as exc:
        raise ConfigError(f"{origin} is not YAML: {exc}") from exc
    if not isinstance(document, yaml.MappingNode):
        raise ConfigError(f"{origin} holds no rules; begin with `rules:`")
    entries = _entries(document, origin)
    if set(entries) != {"rules"} or not isinstance(entries["rules"], yaml.SequenceNode):
        raise ConfigError(f"{origin} shall hold `rules:` with a list, and nothing else beside it")
    rules: dict[str, Rule] = {}
    for node in entries["rules"].value:
        rule = _rule(node, origin)
        if rule.name in rules:
            raise ConfigError(f"{_at(origin, node)}: a rule {rule.name} stands above already; rename one of the two")
        rules[rule.name] = rule
    return list(rules.values())


def _rule(node: yaml.Node, origin: str) -> Rule:
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{_at(origin, node)}: a rule has a name and more; `- name: ...`")
    entries = _entries(node, origin)
    data: dict[str, Any] = yaml.SafeLoader("").construct_document(node)
    name = data.get("name", "without a name")
    try:
        rule = Rule.model_validate(data)
    except ValidationError as exc:
        problem = exc.errors()[0]
        field = str(problem["loc"][0]) if problem["loc"] else ""
        where = _at(origin, entries.get(field, node))
        shown = ".".join(str(part) for part in problem["loc"])
        raise ConfigError(f"{where}: rule {name}: {shown}: {problem['msg']}") from exc
    if rule.when:
        for fault in islice(_faults(rule.when), 1):
            raise ConfigError(f"{_at(origin, entries['when'])}: rule {name}: when: {fault}")
    return rule


def _faults(condition: str) -> Iterator[str]:
    """What is wrong with a condition: not CEL, unknown names, or no truth value for some line."""
    try:
        program = cel.compile(condition)
    except ValueError as exc:
        yield str(exc).splitlines()[0]
        return
    unknown = sorted(set(program.variables()) - _VARIABLES)
    if unknown:
        yield f"{', '.join(unknown)} is no fact of a line; the facts are {', '.join(sorted(_VARIABLES))}"
        return
    for facts in _trials(condition, program.variables()):
        try:
            value = program.execute(facts)
        except (RuntimeError, TypeError, ValueError) as exc:
            yield f"{str(exc).split('. ')[0]} (tried with {facts})"
            return
        if not isinstance(value, bool):
            yield f"gives {value!r} where it must give true or false (tried with {facts})"
            return


def _trials(condition: str, variables: list[str]) -> Iterator[dict[str, Any]]:
    """Made-up facts that reach every branch of a condition: each variable with each literal of its kind, and more."""
    texts = ["", *re.findall(r"\"([^\"\\]*)\"", condition), *re.findall(r"'([^'\\]*)'", condition)]
    numbers = [0.0, 0.5]
    for literal in re.findall(r"\d+(?:\.\d+)?", condition):
        numbers.extend((float(literal), float(literal) + 1))
    choices = [numbers if name in _NUMBERS else texts for name in variables]
    for values in islice(product(*choices), _MAX_TRIALS):
        yield dict(zip(variables, values, strict=True))


def _remembered(name: str, program: cel.Program, variables: list[str]) -> Callable[[dict[str, Any]], bool]:
    """The condition as a function of all facts, each different answer computed once."""

    @lru_cache(maxsize=_REMEMBERED)
    def ask(*values: Any) -> bool:
        facts = {
            variable: float(value) if variable in _NUMBERS else value
            for variable, value in zip(variables, values, strict=True)
        }
        try:
            return bool(program.execute(facts))
        except (RuntimeError, TypeError, ValueError) as exc:
            raise ConfigError(f"Allocation rule {name}: when: {exc} (for {facts})") from exc

    return lambda facts: ask(*(facts[variable] for variable in variables))


def _getter(names: list[str]) -> Callable[[LineFacts], tuple[Any, ...]]:
    """Reads the named facts as a tuple; `attrgetter` gives a bare value for one name and takes no empty list."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda facts: tuple(getattr(facts, name) for name in names)


def _match_values(match: Match) -> dict[str, tuple[str, ...]]:
    return {name: getattr(match, name) for name in Match.model_fields}


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
