"""The rules an order is reviewed by: `rules/review.yaml` says what is wrong with it, `rules/classes.yaml` what it is.

Everything that can be wrong with a rule is found when it is loaded; the error names the file, the line and the rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, TypeVar

from msgspec.structs import asdict, replace
from pydantic import Field, field_validator

from hub.domain.finding import Finding, Severity
from hub.domain.items import Supply
from hub.domain.model import Frozen
from hub.domain.review import ItemFacts, LineReview, OrderFacts, OrderReview
from hub.rules.condition import REMEMBERED, Condition, Vocabulary, reader, vocabulary_of
from hub.rules.rule_file import NamedRule, Section, directory_with, parse_sections, read_rules

_CHECKS_FILE = "review.yaml"
_CLASSES_FILE = "classes.yaml"
_ORDER = vocabulary_of(OrderFacts)
_ITEM = vocabulary_of(ItemFacts)
_STANDARD = "standard"

FactsT = TypeVar("FactsT", bound=Frozen)
RuleT = TypeVar("RuleT", bound=NamedRule)


class Check(NamedRule):
    """What must not be, as it is written."""

    facts: ClassVar[Vocabulary] = _ORDER
    when: str = Field(min_length=1)
    severity: Severity
    field: str
    remedy: str = Field(min_length=1)
    hold: str = Field(default="review", min_length=1)

    @field_validator("field")
    @classmethod
    def _is_fact(cls, field: str) -> str:
        if field not in cls.facts:
            raise ValueError(f"{field} is none of the facts, which are {', '.join(sorted(cls.facts))}")
        return field


class LineCheck(Check):
    """The same of a line."""

    facts: ClassVar[Vocabulary] = _ITEM
    holds: Literal["order", "line"] = "order"


class Class(NamedRule):
    """What an order is, as it is written."""

    value: str = Field(alias="is", min_length=1, max_length=60)


class SupplyClass(NamedRule):
    """How an item is come by, as it is written."""

    value: Supply = Field(alias="is")


class _Rules(Generic[RuleT]):
    """Rules in the order of their file, with their conditions compiled."""

    def __init__(self, rules: Sequence[RuleT], facts: Vocabulary) -> None:
        self.reads: set[str] = set()
        self._rules = [(rule, Condition(rule.name, rule.when, facts) if rule.when else None) for rule in rules]
        for _, condition in self._rules:
            if condition is not None:
                self.reads |= condition.reads

    @property
    def every(self) -> list[RuleT]:
        """All of them."""
        return [rule for rule, _ in self._rules]

    def holding(self, facts: Mapping[str, Any]) -> list[RuleT]:
        """Those whose conditions hold."""
        return [rule for rule, condition in self._rules if condition is None or condition.holds(facts)]

    def first(self, facts: Mapping[str, Any]) -> RuleT | None:
        """The first whose condition holds."""
        for rule, condition in self._rules:
            if condition is None or condition.holds(facts):
                return rule
        return None


class RuleReviewer:
    """A `Reviewer` (hub.domain.review) that follows the rules.

    What they say depends on the facts that some rule reads, and is remembered by those.
    """

    def __init__(self, checks: Mapping[str, list[Any]], classes: Mapping[str, list[Any]]) -> None:
        self._order_checks: _Rules[Check] = _Rules(checks["order"], _ORDER)
        self._classes: dict[str, _Rules[Class]] = {
            name: _Rules(classes[name], _ORDER) for name in ("order_class", "priority", "region")
        }
        self._line_checks: _Rules[LineCheck] = _Rules(checks["lines"], _ITEM)
        self._supply: _Rules[SupplyClass] = _Rules(classes["supply"], _ITEM)
        self._names = sorted(self._line_checks.reads | self._supply.reads)
        self._values = reader(self._names)
        self._answers = lru_cache(maxsize=REMEMBERED)(self._ask)

    @property
    def check_names(self) -> tuple[tuple[str, str], ...]:
        """Every check as its section and its name."""
        of_order = (("order", rule.name) for rule in self._order_checks.every)
        return (*of_order, *(("lines", rule.name) for rule in self._line_checks.every))

    @property
    def class_names(self) -> tuple[tuple[str, str, str], ...]:
        """Every rule of the classification as its section, its name and what it says."""
        of_order = (
            (section, each.name, each.value) for section, rules in self._classes.items() for each in rules.every
        )
        return (*of_order, *(("supply", each.name, each.value) for each in self._supply.every))

    def order(self, facts: OrderFacts) -> OrderReview:
        """The order's classes, and what is wrong with it as a whole."""
        named = asdict(facts)
        order_class, priority, region = [rules.first(named) for rules in self._classes.values()]
        broken = self._order_checks.holding(named)
        return OrderReview(
            _STANDARD if order_class is None else order_class.value,
            facts.priority if priority is None else priority.value,
            "" if region is None else region.value,
            (_name(order_class), _name(priority), _name(region)),
            tuple([_finding(rule, named, rule.field) for rule in broken]) if broken else (),
        )

    def line(self, facts: ItemFacts) -> LineReview:
        """How the line is come by, and what is wrong with it."""
        said, broken = self._answers(self._values(facts))
        if not broken:
            return said
        named = asdict(facts)
        findings = tuple(_finding(rule, named, rule.field, whole_order=rule.holds == "order") for rule in broken)
        return replace(said, findings=findings)

    def _ask(self, values: tuple[Any, ...]) -> tuple[LineReview, tuple[LineCheck, ...]]:
        """What is said of lines with these facts, and what is broken: how, depends on facts that no rule reads."""
        facts = dict(zip(self._names, values, strict=True))
        supply = self._supply.first(facts)
        said = LineReview("" if supply is None else supply.value, _name(supply))
        return said, tuple(self._line_checks.holding(facts))


def load_reviewer(rules_dir: Path | None = None) -> RuleReviewer:
    """The rules of a directory, or the hub's where it has none. Raises ConfigError, naming file, line and rule."""
    checks = read_rules(directory_with(_CHECKS_FILE, rules_dir), _CHECKS_FILE, "review rules")
    classes = read_rules(directory_with(_CLASSES_FILE, rules_dir), _CLASSES_FILE, "classification rules")
    return RuleReviewer(parse_checks(*checks), parse_classes(*classes))


def parse_checks(text: str, origin: str) -> dict[str, list[Any]]:
    """The checks written in `text`. Raises ConfigError, naming `origin`, line and rule."""
    sections = {"order": Section(Check, _ORDER, "an order"), "lines": Section(LineCheck, _ITEM, "a line")}
    return parse_sections(text, origin, sections)


def parse_classes(text: str, origin: str) -> dict[str, list[Any]]:
    """The classification written in `text`. Raises ConfigError, naming `origin`, line and rule."""
    order = Section(Class, _ORDER, "an order")
    sections = {
        "order_class": order,
        "priority": order,
        "region": order,
        "supply": Section(SupplyClass, _ITEM, "a line"),
    }
    return parse_sections(text, origin, sections)


def _name(rule: NamedRule | None) -> str:
    return "" if rule is None else rule.name


def _finding(rule: Check, facts: Mapping[str, Any], field: str, *, whole_order: bool = True) -> Finding:
    return Finding(
        rule.name,
        field,
        str(facts[field]),
        rule.remedy,
        severity=rule.severity,
        hold=rule.hold,
        whole_order=whole_order,
    )
